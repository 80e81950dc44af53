/* number.h — numbers as a person reads them. Each function returns its text by value, so that calls can be arguments of
 * one print statement; NaN is an en dash, "no such number", everywhere. */
#ifndef REPORTS_NUMBER_H
#define REPORTS_NUMBER_H

struct text {
  char characters[64];
};

struct text number_nanoseconds(double value); /* 8.24, 61.3, 1,498 */
struct text number_short(double value);       /* 61, 1.5k, 12M: at most five characters, for the cell of a picture */
struct text number_count(double value);       /* 1,234,567, or one decimal below 10 when it is not whole */
struct text number_bytes(double value);       /* 512 B, 5.1 KiB, 1.2 GiB */
struct text number_ratio(double value);       /* 6.4×, 0.85× */
struct text number_ratio_short(double value); /* 6.4×, 12×: for the cell of a picture */
struct text number_ratio_range(double low, double high); /* 5.8–6.9×; nothing for NaN */
struct text number_duration(double nanoseconds);         /* 250 ns, 5 ms, 2.5 s */
struct text number_share(double fraction);               /* 3.1 %, without a sign of its own */
struct text number_percent(double fraction);             /* +3.1 %, −12 % */
struct text number_exponent(double value);               /* 0.98, −0.03 */

#endif
