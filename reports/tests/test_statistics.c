/* test_statistics.c — medians and intervals against hand-computed and brute-force values. */
#include "check.h"
#include "statistics.h"

#include <stdlib.h>

/* Every way n independent values can lie below (1) or above (0) the median, all equally likely: the k-th smallest and
 * the k-th largest enclose it when at least k lie on each side. */
static double coverage_by_counting(size_t k, size_t n) {
  size_t enclosed = 0;
  for (unsigned long pattern = 0; pattern < 1ul << n; pattern++) {
    size_t below = (size_t)__builtin_popcountl(pattern);
    enclosed += below >= k && n - below >= k;
  }
  return (double)enclosed / (double)(1ul << n);
}

static void coverage_is_the_counted_one(void) {
  for (size_t n = 1; n <= 16; n++)
    for (size_t k = 1; 2 * k <= n + 1; k++)
      CHECK_NEAR(statistics_coverage(k, n), coverage_by_counting(k, n), 1e-12);
  CHECK_NEAR(statistics_coverage(1, 1), 0, 1e-12);
  CHECK_NEAR(statistics_coverage(1, 5), 0.9375, 1e-12);
  CHECK_NEAR(statistics_coverage(1, 6), 0.96875, 1e-12);
}

/* The k that the interval must use: the largest that keeps 95 %, found by counting. */
static void interval_uses_the_greatest_k(void) {
  for (size_t n = 1; n <= 16; n++) {
    double values[16];
    for (size_t i = 0; i < n; i++)
      values[i] = (double)((i * 7) % n) + 1; /* 1 … n in some order, for n no multiple of 7; else with repeats */
    if (n % 7 == 0)
      for (size_t i = 0; i < n; i++)
        values[i] = (double)(n - i);
    size_t k = 1;
    while (2 * (k + 1) <= n && coverage_by_counting(k + 1, n) >= 0.95)
      k++;
    struct interval interval = statistics_interval(values, n);
    CHECK_NEAR(interval.low, (double)k, 0);
    CHECK_NEAR(interval.high, (double)(n + 1 - k), 0);
    CHECK_NEAR(interval.middle, (double)(n + 1) / 2, 1e-12);
    CHECK(interval.count == n);
    CHECK((interval.coverage >= 0.95) == (n >= 6));
  }
}

static void interval_by_hand(void) {
  const double values[] = {9, 1, 8, 2, 7, 3, 6, 4, 5};
  struct interval interval = statistics_interval(values, 9);
  CHECK_NEAR(interval.middle, 5, 0);
  CHECK_NEAR(interval.low, 2, 0); /* k = 2: 1 - 2 (1 + 9) / 512 = 0.961; k = 3 would be 0.820 */
  CHECK_NEAR(interval.high, 8, 0);
  CHECK_NEAR(interval.coverage, 1 - 20.0 / 512, 1e-12);
  CHECK_NEAR(values[0], 9, 0);
  struct interval none = statistics_interval(values, 0);
  CHECK(isnan(none.middle) && isnan(none.low) && none.count == 0);
  const double even[] = {10, 20};
  CHECK_NEAR(statistics_median(even, 2), 15, 0);
  CHECK(isnan(statistics_median(even, 0)));
}

/* A ratio of two samples of three: all 27 × 27 resamples, and the quantiles of that exact distribution. */
static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static size_t all_medians(const double *values, double *medians) {
  size_t count = 0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 3; k++) {
        double drawn[] = {values[i], values[j], values[k]};
        qsort(drawn, 3, sizeof *drawn, compare);
        medians[count++] = drawn[1];
      }
  return count;
}

static void ratio_against_all_resamples(void) {
  const double above[] = {60, 75, 64}, below[] = {11, 10, 13};
  double over[27], under[27], ratios[27 * 27];
  size_t count = 0, overs = all_medians(above, over), unders = all_medians(below, under);
  for (size_t i = 0; i < overs; i++)
    for (size_t j = 0; j < unders; j++)
      ratios[count++] = over[i] / under[j];
  qsort(ratios, count, sizeof *ratios, compare);
  struct interval ratio = statistics_ratio(above, 3, below, 3);
  CHECK_NEAR(ratio.middle, 64.0 / 11, 1e-12);
  CHECK_NEAR(ratio.low, ratios[(size_t)(0.025 * (double)count)], 1e-12);
  CHECK_NEAR(ratio.high, ratios[(size_t)(0.975 * (double)count)], 1e-12);
  CHECK(ratio.count == 3);
}

static void ratio_is_reproducible(void) {
  const double above[] = {60, 75, 64, 61, 70, 66, 63}, below[] = {11, 10, 13, 12, 11.5, 10.5, 12.5};
  const double shuffled[] = {63, 66, 70, 61, 64, 75, 60};
  double doubled[7];
  for (int i = 0; i < 7; i++)
    doubled[i] = 2 * above[i];
  struct interval first = statistics_ratio(above, 7, below, 7), again = statistics_ratio(above, 7, below, 7);
  struct interval other = statistics_ratio(shuffled, 7, below, 7), twice = statistics_ratio(doubled, 7, below, 7);
  CHECK_NEAR(first.low, again.low, 0);
  CHECK_NEAR(first.high, again.high, 0);
  CHECK_NEAR(first.low, other.low, 0);
  CHECK_NEAR(first.high, other.high, 0);
  CHECK_NEAR(twice.low, 2 * first.low, 1e-12);
  CHECK_NEAR(twice.high, 2 * first.high, 1e-12);
  CHECK(first.low < first.middle && first.middle < first.high);
}

static void ratio_says_when_it_cannot(void) {
  const double values[] = {4, 2};
  struct interval few = statistics_ratio(values, 2, values, 2), none = statistics_ratio(values, 0, values, 2);
  CHECK_NEAR(few.middle, 1, 0);
  CHECK(isnan(few.low) && isnan(few.high) && few.coverage == 0);
  CHECK(isnan(none.middle) && none.count == 0);
}

int main(void) {
  coverage_is_the_counted_one();
  interval_uses_the_greatest_k();
  interval_by_hand();
  ratio_against_all_resamples();
  ratio_is_reproducible();
  ratio_says_when_it_cannot();
  return check_end();
}
