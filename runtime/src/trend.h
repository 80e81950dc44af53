/* trend.h — does a series grow for ever? Pure: numbers in, a verdict out.
 *
 * The values are readings at equal distances. Only the second half is judged: the first one may warm up. A leak that
 * began with the first reading adds as much in the second half as it had added before; a plateau adds nothing any more.
 *
 * A half that never falls is counted exactly: each rise is an event.
 *   no rise                                          flat
 *   the rises stopped long ago: were they spread by
 *     chance, so long an end without one had a
 *     probability below 1 in 1000                    flat (a plateau)
 *   the same, below 1 in 50; or an end three times as
 *     long as the longest gap between rises; or the
 *     last third rose by less than a quarter of its
 *     share                                          unsure
 *   the mean rise, with its 95 % interval from the
 *     means of 20 batches, lies above the budget     grows
 *   else (too few rises)                             unsure
 *
 * A half that falls here and there is noise with or without a trend. The least value of each of 32 blocks says what
 * stays; over these
 *   Mann-Kendall significant at 1 in 1000 (shared among all series judged together), the lower bound of Theil and Sen's
 *   slope at that level above the budget, the last third still rising at a quarter of the slope or more       grows
 *   not significant, and the upper bound of the slope (95 %) adds less than two thirds of the median: what
 *   a leak from nothing would have added                                                                         flat
 *   else                                                                                                      unsure
 * Neighbours that are alike (a store that fills and empties slowly) make a trend of chance: deviates are first divided by
 * what their correlation has added.
 *
 * Sources: H. Theil, "A rank-invariant method of linear and polynomial regression analysis" (1950); P. K. Sen, "Estimates
 * of the regression coefficient based on Kendall's tau" (1968), whose interval it is; H. B. Mann, "Nonparametric tests
 * against trend" (1945); M. G. Kendall, "Rank correlation methods" (1948), for the variance with ties; S. Yue, C. Wang, "The
 * Mann-Kendall test modified by effective sample size" (2004), for the correlation. Quantiles:
 * M. Abramowitz, I. Stegun, "Handbook of mathematical functions" (1964), 26.2.23; of Student's t: R. A. Fisher,
 * E. A. Cornish (1960).
 *
 * Rejected: Mann-Kendall on counts that never fall (their errors add up: one late step is "significant"); least squares
 * (one spike turns the line); the last reading against the first (a warm-up is growth, then).
 */
#ifndef WEIR_SRC_TREND_H
#define WEIR_SRC_TREND_H

#include <stdint.h>

enum trend_verdict { TREND_FLAT, TREND_GROWS, TREND_UNSURE };

/* Of a slope, in units a reading. */
struct trend_slope {
  double middle, low, high;
};

struct trend {
  enum trend_verdict verdict;
  const char *reason; /* static */
  struct trend_slope slope;
  uint32_t since; /* nothing has changed after this reading; count - 1 when the last one still did */
};

enum { TREND_LEAST = 4, TREND_BLOCKS = 32 };

/* count readings, at least 1; fewer than TREND_LEAST that are not all the same are unsure. budget: what a reading may
 * rise for ever. together: how many series are judged at once. Needs about 12 KiB of stack. */
struct trend trend_judge(const double *values, uint32_t count, double budget, uint32_t together);

/* Theil and Sen's slope of at most TREND_BLOCKS values, with the interval that a normal deviate of z gives. */
struct trend_slope trend_theil_sen(const double *values, uint32_t count, double z);

/* Mann-Kendall's statistic as a normal deviate: positive when the values rise. 0 when all are the same. */
double trend_mann_kendall(const double *values, uint32_t count);

/* The deviate that a normal variable exceeds with the probability tail, 0 < tail <= 0.5; to 0.0005. */
double trend_normal_deviate(double tail);

#endif
