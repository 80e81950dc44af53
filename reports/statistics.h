/* statistics.h — what may be said from a few repetitions.
 *
 * The median is reported, never the mean: a repetition disturbed by the machine must not move the figure. Its interval
 * needs no assumption about the distribution: it runs from the k-th smallest to the k-th largest value, k as large as
 * leaves at least 95 % of the binomial(n, 1/2) inside. Below six repetitions no k does; then it is the whole range and
 * `coverage` says how little that is (n = 5: 94 %, 3: 75 %, 1: 0).
 *
 * A ratio of two medians has no such closed form; its interval is a percentile bootstrap, always from the same seed, so
 * that the same input gives the same page, byte for byte, and on sorted values, so that their order does not matter.
 * With few repetitions it is narrower than its nominal 95 %; the pages say so.
 *
 * Rejected: the normal approximation (five repetitions are not normal), the pooled standard deviation (one outlier
 * makes every interval useless), a seed from the clock (a page must be reproducible). */
#ifndef REPORTS_STATISTICS_H
#define REPORTS_STATISTICS_H

#include <stddef.h>

#define STATISTICS_CONFIDENCE 0.95
#define STATISTICS_RESAMPLES  2000
#define STATISTICS_SEED       20220801u

struct interval {
  double middle, low, high; /* NaN when there is nothing to say */
  double coverage;          /* of the median by [low, high]; for a ratio the bootstrap's nominal 0.95, or 0 */
  size_t count;             /* repetitions; for a ratio the smaller of the two counts */
};

/* All of these accept values in any order and leave them alone. count 0 gives NaN. */
double statistics_median(const double *values, size_t count);
struct interval statistics_interval(const double *values, size_t count);

/* How likely the k-th smallest and the k-th largest of n independent values enclose the median; 1 <= k <= n. */
double statistics_coverage(size_t k, size_t n);

/* median(numerator) / median(denominator); NaN when a value is not positive: nothing is so many times 0. With fewer than three values on either side there is nothing to resample:
 * low and high are NaN and coverage is 0. */
struct interval statistics_ratio(const double *numerator, size_t numerator_count, const double *denominator,
                                 size_t denominator_count);

#endif
