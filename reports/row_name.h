/* row_name.h — the names of rows.
 *
 *   <benchmark>/workers:<W>               Weir's own
 *   <benchmark>/workers:<W>/peer:<NAME>   another system doing the same work
 *
 * A benchmark is a path whose components are words or key:value pairs, fixed by GOALS. What Google Benchmark itself
 * appends (iterations:, repeats:, min_time:, manual_time, …) says nothing about the work and is dropped. */
#ifndef REPORTS_ROW_NAME_H
#define REPORTS_ROW_NAME_H

#include <stdbool.h>
#include <stddef.h>

struct problem; /* problem.h */

struct row_name {
  char *benchmark;
  char *peer; /* NULL: Weir */
  long workers;
};

/* false with `problem` filled when `text` is no such name. The strings are the caller's to free. */
bool row_name_parse(const char *text, struct row_name *name, struct problem *problem);

/* The value of `key` among a benchmark's components, copied into `value`; false when it is absent or too long. */
bool row_name_value(const char *benchmark, const char *key, char *value, size_t size);

/* The same as a whole number of at least 0; `absent` when there is none, -1 when it is not such a number. */
long row_name_number(const char *benchmark, const char *key, long absent);

/* Whether the benchmark's first component is `family`. */
bool row_name_family(const char *benchmark, const char *family);

#endif
