/* axis.h — axes: a range that ends on round numbers, and ticks a person would have chosen. */
#ifndef REPORTS_AXIS_H
#define REPORTS_AXIS_H

#include <stdbool.h>
#include <stdio.h>

struct axis {
  double low, high; /* low > high: nothing has been added yet */
};

struct axis axis_empty(void);
void axis_add(struct axis *axis, double value); /* ignores NaN and what is not positive */
bool axis_is_empty(const struct axis *axis);

/* Widens to the nearest of 1, 2, 5 × 10^k, at least by a factor of two in all. An empty axis becomes 1…10. */
void axis_round(struct axis *axis);

/* `set AXIStics (…)`: 1, 2, 5 or 1, 3 in each decade when few decades are seen, else the decades; bytes in
 * powers of 1024. The labels pass through number.h. */
void axis_ticks(FILE *script, const char *name, const struct axis *axis);
void axis_ticks_bytes(FILE *script, const char *name, const struct axis *axis, double floor_bytes);

/* The same for a linear scale from 0 to `most`, of which about four steps of 1, 2 or 5 × 10^k, or of bytes of 2^k, are
 * ticks. */
void axis_ticks_linear(FILE *script, const char *name, double most, bool bytes);

#endif
