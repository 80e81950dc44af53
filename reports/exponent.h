/* exponent.h — how the time of a message grows along the two axes of the sweep: nanoseconds ~ subscribers^a × concurrency^b.
 *
 * Least squares on the logarithms of the medians, both axes at once; the interval is Student's, of the points' distance
 * from the plane. So it is wide where the cost is no power of anything, a step at a cache's size for one, and that is as
 * it should be: 0 is a flat cost, 1 one that doubles with the axis. */
#ifndef REPORTS_EXPONENT_H
#define REPORTS_EXPONENT_H

#include "sweep.h"

/* NaN: that axis has one value only, or moves with the other; an interval needs more points than the plane has. */
struct exponent {
  double value, low, high; /* 95 % */
};

struct exponents {
  struct exponent subscribers, concurrency;
  size_t points; /* cells with a time */
};

/* peer NULL is Weir. */
struct exponents exponents_of(const struct results *results, const struct sweep_group *group, enum policy policy,
                              enum mode mode, const char *peer);

#endif
