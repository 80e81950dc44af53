/* Statistics on paper, and verdicts on series of which the answer is known. */
#include "trend.h"

#include "check.h"
#include "random.h"

#include <math.h>

enum { COUNT = 1000 };

static double values[COUNT];

#define CHECK_NEAR(a, b) CHECK(fabs((a) - (b)) < 0.001)

/* 10 pairs of 5 values, 3 of 3: worked out by hand. */
static void as_on_paper(void) {
  const double line[] = {1, 2, 3, 4, 5};
  CHECK_NEAR(trend_mann_kendall(line, 5), 9 / sqrt(300 / 18.0));
  const double tied[] = {1, 1, 2};
  CHECK_NEAR(trend_mann_kendall(tied, 3), 1 / sqrt(48 / 18.0));
  const double falling[] = {3, 2, 1};
  CHECK(trend_mann_kendall(falling, 3) < 0);
  const double same[] = {7, 7, 7, 7};
  CHECK(trend_mann_kendall(same, 4) == 0);
  const double bent[] = {0, 1, 2, 3, 100}; /* slopes 1 1 1 1 1 1 25 33 49.5 97: the median does not see the spike */
  CHECK_NEAR(trend_theil_sen(bent, 5, 1.96).middle, 1);
  CHECK_NEAR(trend_theil_sen(line, 5, 1.96).low, 1);
  CHECK_NEAR(trend_theil_sen(line, 5, 1.96).high, 1);
  /* Sen: the interval's ends are the slopes number (N - C) / 2 and (N + C) / 2 + 1, C = 0.9 sqrt(16.67) = 3.67. */
  const double uneven[] = {0, 1, 3, 6, 10}; /* slopes 1 1.5 2 2 2.5 2.5 3 3 3.5 4 … sorted */
  CHECK_NEAR(trend_theil_sen(uneven, 5, 0.9).middle, 2.5);
  CHECK_NEAR(trend_theil_sen(uneven, 5, 0.9).low, 2);
  CHECK_NEAR(trend_theil_sen(uneven, 5, 0.9).high, 3);
}

static void deviates(void) {
  CHECK_NEAR(trend_normal_deviate(0.5), 0);
  CHECK_NEAR(trend_normal_deviate(0.025), 1.95996);
  CHECK_NEAR(trend_normal_deviate(0.001), 3.09023);
  CHECK_NEAR(trend_normal_deviate(0.000001), 4.75342);
}

/* Bytes after round i of a program that leaks `each` once in `period` rounds from `from` to `until`. */
static struct trend judge_leak(double each, uint32_t period, uint32_t phase, uint32_t from, uint32_t until) {
  double level = 5000;
  for (uint32_t i = 0; i < COUNT; i++) {
    if (i >= from && i < until && i % period == phase)
      level += each;
    values[i] = level;
  }
  return trend_judge(values, COUNT, 0, 100);
}

static void nothing_is_flat(void) {
  CHECK_EQ_INT(judge_leak(0, 1, 0, 0, COUNT).verdict, TREND_FLAT);
  CHECK_EQ_INT(judge_leak(0, 1, 0, 0, COUNT).since, 0);
  CHECK_EQ_INT(trend_judge(values, 1, 0, 1).verdict, TREND_FLAT);
}

static void a_leak_grows_to_the_byte(void) {
  struct trend trend = judge_leak(112, 1, 0, 0, COUNT);
  CHECK_EQ_INT(trend.verdict, TREND_GROWS);
  CHECK(fabs(trend.slope.middle - 112) < 1e-6 && fabs(trend.slope.low - 112) < 1e-6 &&
        fabs(trend.slope.high - 112) < 1e-6);
  trend = trend_judge(values, COUNT, 112, 1);
  CHECK_EQ_INT(trend.verdict, TREND_UNSURE); /* the budget allows it */
}

static void once_in_a_hundred_is_a_leak_wherever_it_falls(void) {
  for (uint32_t phase = 0; phase < 100; phase++) {
    struct trend trend = judge_leak(104, 100, phase, 0, COUNT);
    CHECK_EQ_INT(trend.verdict, TREND_GROWS);
    CHECK(trend.slope.low > 0 && trend.slope.low <= 1.04 && trend.slope.high >= 1.04);
  }
}

static void a_plateau_never_grows(void) {
  for (uint32_t period = 1; period < 200; period += 7)
    for (uint32_t until = 0; until <= 990; until += 10) {
      struct trend trend = judge_leak(104, period, 0, 0, until);
      if (until <= 950 && period <= 4)
        CHECK_EQ_INT(trend.verdict, TREND_FLAT);
      if (until <= 500)
        CHECK_EQ_INT(trend.verdict, TREND_FLAT);
      if (period == 1 || until <= 750) /* 25 readings without a rise are no news when one in 8 rises */
        CHECK(trend.verdict != TREND_GROWS);
    }
}

static void slower_and_slower_is_unsure(void) {
  for (uint32_t i = 0; i < COUNT; i++)
    values[i] = floor(100000 * (1 - exp(-(double)i / 150)));
  CHECK(trend_judge(values, COUNT, 0, 1).verdict != TREND_GROWS);
  for (uint32_t i = 0; i < COUNT; i++)
    values[i] = 64 << (31 - __builtin_clz(i + 1)); /* a table that doubles */
  CHECK(trend_judge(values, COUNT, 0, 1).verdict != TREND_GROWS);
}

static void few_rounds_tell_little(void) {
  for (uint32_t i = 0; i < COUNT; i++)
    values[i] = i;
  CHECK_EQ_INT(trend_judge(values, 7, 0, 1).verdict, TREND_UNSURE);
  CHECK_EQ_INT(trend_judge(values, 8, 0, 1).verdict, TREND_GROWS);
}

static double noise(struct random *random) {
  double sum = 0;
  for (int i = 0; i < 4; i++)
    sum += random_below(random, 1000);
  return sum; /* mean 2000, deviation 577 */
}

/* The false alarms of pure noise: 1 in 1000 were allowed a series. */
static void noise_is_seldom_called_growth(void) {
  struct random random = {1};
  int grows = 0, flat = 0, runs = SCALED(2000);
  for (int run = 0; run < runs; run++) {
    for (uint32_t i = 0; i < COUNT; i++)
      values[i] = 2000 + noise(&random);
    struct trend trend = trend_judge(values, COUNT, 0, 1);
    grows += trend.verdict == TREND_GROWS;
    flat += trend.verdict == TREND_FLAT;
  }
  CHECK_INT(grows, <=, 2 + runs / 250);
  CHECK_INT(flat, >=, runs - runs / 10);
}

/* 64 places, one of which gets another block at each reading: what the heap of a busy program looks like. */
static void a_slow_store_is_seldom_called_growth(void) {
  struct random random = {1};
  int grows = 0, runs = SCALED(2000);
  for (int run = 0; run < runs; run++) {
    double places[64] = {0}, level = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
      double *place = &places[random_below(&random, 64)];
      level -= *place;
      *place = 1 + random_below(&random, 5000);
      level += *place;
      values[i] = level;
    }
    grows += trend_judge(values, COUNT, 0, 10).verdict == TREND_GROWS;
  }
  CHECK_INT(grows, <=, 2 + runs / 250);
}

static void a_leak_under_noise_grows(void) {
  struct random random = {1};
  for (int run = 0; run < 100; run++) {
    for (uint32_t i = 0; i < COUNT; i++)
      values[i] = noise(&random) + 10 * i;
    struct trend trend = trend_judge(values, COUNT, 0, 100);
    CHECK_EQ_INT(trend.verdict, TREND_GROWS);
    CHECK(trend.slope.low > 8 && trend.slope.high < 12);
  }
}

/* As abandoned timers are: a line up to the timeout, and then as many as were made within it. */
static void a_noisy_plateau_does_not_grow(void) {
  struct random random = {1};
  for (int run = 0; run < 100; run++) {
    for (uint32_t i = 0; i < COUNT; i++)
      values[i] = noise(&random) / 10 + 100 * fmin(i, 300 + 4 * run);
    CHECK(trend_judge(values, COUNT, 0, 100).verdict != TREND_GROWS);
  }
}

static const struct check_case cases[] = {
    CHECK_CASE(as_on_paper),
    CHECK_CASE(deviates),
    CHECK_CASE(nothing_is_flat),
    CHECK_CASE(a_leak_grows_to_the_byte),
    CHECK_CASE(once_in_a_hundred_is_a_leak_wherever_it_falls),
    CHECK_CASE(a_plateau_never_grows),
    CHECK_CASE(slower_and_slower_is_unsure),
    CHECK_CASE(few_rounds_tell_little),
    CHECK_CASE(noise_is_seldom_called_growth),
    CHECK_CASE(a_slow_store_is_seldom_called_growth),
    CHECK_CASE(a_leak_under_noise_grows),
    CHECK_CASE(a_noisy_plateau_does_not_grow),
};
CHECK_MAIN(cases)
