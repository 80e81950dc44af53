/* statistics.c — see statistics.h. */
#include "statistics.h"

#include "allocation.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static double *sorted_copy(const double *values, size_t count) {
  double *copy = allocation_array(count, sizeof(double));
  memcpy(copy, values, count * sizeof *copy);
  gsl_sort(copy, 1, count);
  return copy;
}

double statistics_median(const double *values, size_t count) {
  if (count == 0)
    return NAN;
  double *sorted = sorted_copy(values, count);
  double median = gsl_stats_median_from_sorted_data(sorted, 1, count);
  free(sorted);
  return median;
}

double statistics_coverage(size_t k, size_t n) {
  return 1 - 2 * gsl_cdf_binomial_P((unsigned)(k - 1), 0.5, (unsigned)n);
}

struct interval statistics_interval(const double *values, size_t count) {
  struct interval result = {.middle = NAN, .low = NAN, .high = NAN, .coverage = 0, .count = count};
  if (count == 0)
    return result;
  double *sorted = sorted_copy(values, count);
  size_t k = 1;
  while (2 * (k + 1) <= count && statistics_coverage(k + 1, count) >= STATISTICS_CONFIDENCE)
    k++;
  result.middle = gsl_stats_median_from_sorted_data(sorted, 1, count);
  result.low = sorted[k - 1];
  result.high = sorted[count - k];
  result.coverage = statistics_coverage(k, count);
  free(sorted);
  return result;
}

static double resampled_median(gsl_rng *generator, const double *values, size_t count, double *scratch) {
  for (size_t i = 0; i < count; i++)
    scratch[i] = values[gsl_rng_uniform_int(generator, count)];
  gsl_sort(scratch, 1, count);
  return gsl_stats_median_from_sorted_data(scratch, 1, count);
}

static bool all_positive(const double *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!(values[i] > 0))
      return false;
  return true;
}

struct interval statistics_ratio(const double *numerator, size_t numerator_count, const double *denominator,
                                 size_t denominator_count) {
  size_t least = numerator_count < denominator_count ? numerator_count : denominator_count;
  size_t most = numerator_count < denominator_count ? denominator_count : numerator_count;
  struct interval result = {.middle = NAN, .low = NAN, .high = NAN, .coverage = 0, .count = least};
  if (least == 0 || !all_positive(numerator, numerator_count) || !all_positive(denominator, denominator_count))
    return result;
  result.middle = statistics_median(numerator, numerator_count) / statistics_median(denominator, denominator_count);
  if (least < 3)
    return result;
  gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
  double *above = sorted_copy(numerator, numerator_count);
  double *below = sorted_copy(denominator, denominator_count);
  double *scratch = allocation_array(most, sizeof *scratch);
  double *ratios = allocation_array(STATISTICS_RESAMPLES, sizeof *ratios);
  gsl_rng_set(generator, STATISTICS_SEED);
  for (size_t i = 0; i < STATISTICS_RESAMPLES; i++) {
    double over = resampled_median(generator, above, numerator_count, scratch);
    ratios[i] = over / resampled_median(generator, below, denominator_count, scratch);
  }
  gsl_sort(ratios, 1, STATISTICS_RESAMPLES);
  double tail = (1 - STATISTICS_CONFIDENCE) / 2;
  result.low = gsl_stats_quantile_from_sorted_data(ratios, 1, STATISTICS_RESAMPLES, tail);
  result.high = gsl_stats_quantile_from_sorted_data(ratios, 1, STATISTICS_RESAMPLES, 1 - tail);
  result.coverage = STATISTICS_CONFIDENCE;
  free(ratios);
  free(scratch);
  free(below);
  free(above);
  gsl_rng_free(generator);
  return result;
}
