/* nested.h — a cell's times as they were taken: some processes, some repetitions in each, on a logarithmic scale.
 *
 * The repetitions of one process resemble each other more than those of two, so that n of them are worth less than n
 * independent values: what is said here of an uncertainty is drawn over processes first. */
#ifndef REPORTS_NESTED_H
#define REPORTS_NESTED_H

#include "results.h"

#include <gsl/gsl_rng.h>

struct nested {
  double *values;  /* logarithms of nanoseconds, process by process */
  size_t *starts;  /* where each process begins; starts[processes] = count */
  double *middles; /* the median of each process */
  unsigned *names; /* sample.process of each */
  size_t processes, count;
};

struct nested nested_of(const struct cell *cell);
void nested_free(struct nested *nested);

/* Some processes of it, by their positions; free it like the whole. */
struct nested nested_part(const struct nested *whole, const size_t *positions, size_t count);

/* Of all values; NaN when there is none. */
double nested_median(const struct nested *nested);

/* The sum of the squares of how far the processes' medians are from their mean: a variance, times one less than they are. */
double nested_squares(const struct nested *nested);

/* The median of as many processes drawn with replacement, as many repetitions of each drawn likewise. `scratch` has room
 * for nested_scratch() values. */
double nested_resampled(const struct nested *nested, gsl_rng *generator, double *scratch);
size_t nested_scratch(const struct nested *nested);

/* From so many processes on an interval can be drawn over them. */
#define NESTED_ENOUGH    3
#define NESTED_RESAMPLES 500

/* The median of all times and its 95 % interval, in nanoseconds, drawn over processes first. */
struct interval nested_interval(const struct nested *nested);

#endif
