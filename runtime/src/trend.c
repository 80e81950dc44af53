/* trend.c — see trend.h. */
#include "trend.h"

#include <math.h>
#include <stdlib.h>

#define STOPPED    0.001 /* an end without a rise that is less likely than this */
#define DOUBTFUL   0.02
#define FALSE_RATE 0.001
#define Z_95       1.959964

enum { BATCHES = 20, PAIRS_MOST = TREND_BLOCKS * (TREND_BLOCKS - 1) / 2, RISES_MANY = 32 };

/* ---- the statistics ---------------------------------------------------------------------------------------------- */

double trend_normal_deviate(double tail) {
  double t = sqrt(-2 * log(tail));
  return t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}

/* The deviate of the middle 95 % of Student's t. */
static double student_deviate(uint32_t freedom) {
  double z = Z_95, z3 = z * z * z;
  return z + (z3 + z) / (4.0 * freedom) + (5 * z3 * z * z + 16 * z3 + 3 * z) / (96.0 * freedom * freedom);
}

/* The variance of Kendall's S, ties taken out. */
static double kendall_variance(const double *values, uint32_t count) {
  double n = count, variance = n * (n - 1) * (2 * n + 5);
  for (uint32_t i = 0; i < count; i++) {
    double equal = 0;
    int first = 1;
    for (uint32_t j = 0; j < count; j++) {
      equal += values[j] == values[i];
      first &= j >= i || values[j] != values[i];
    }
    if (first)
      variance -= equal * (equal - 1) * (2 * equal + 5);
  }
  return variance / 18;
}

double trend_mann_kendall(const double *values, uint32_t count) {
  double score = 0;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t j = i + 1; j < count; j++)
      score += (values[j] > values[i]) - (values[j] < values[i]);
  double variance = kendall_variance(values, count);
  if (score == 0 || variance <= 0)
    return 0;
  return (score > 0 ? score - 1 : score + 1) / sqrt(variance);
}

static int ascending(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

struct trend_slope trend_theil_sen(const double *values, uint32_t count, double z) {
  double slopes[PAIRS_MOST];
  int pairs = 0;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t j = i + 1; j < count; j++)
      slopes[pairs++] = (values[j] - values[i]) / (j - i);
  if (pairs == 0)
    return (struct trend_slope){.middle = 0};
  qsort(slopes, (size_t)pairs, sizeof slopes[0], ascending);
  double reach = z * sqrt(kendall_variance(values, count));
  int low = (int)((pairs - reach) / 2), high = (int)ceil((pairs + reach) / 2);
  return (struct trend_slope){
      .middle = (slopes[(pairs - 1) / 2] + slopes[pairs / 2]) / 2,
      .low = slopes[low > 0 ? low : 0],
      .high = slopes[high < pairs ? high : pairs - 1],
  };
}

/* ---- a half that never falls ------------------------------------------------------------------------------------- */

static double power(double base, uint32_t exponent) {
  double product = 1;
  for (; exponent > 0 && product > 0; exponent--)
    product *= base;
  return product;
}

/* The mean rise a reading, from the rises of equal batches of readings (what does not fill one is left out in front). */
static struct trend_slope mean_rise(const double *values, uint32_t rises) {
  uint32_t batches = rises < BATCHES ? rises : BATCHES, length = rises / batches;
  const double *first = values + rises - batches * length;
  double mean = (first[batches * length] - first[0]) / (batches * length), squares = 0;
  for (uint32_t i = 0; i < batches; i++) {
    double difference = (first[(i + 1) * length] - first[i * length]) / length - mean;
    squares += difference * difference;
  }
  double reach = student_deviate(batches - 1) * sqrt(squares / (batches - 1) / batches);
  return (struct trend_slope){mean, mean > reach ? mean - reach : 0, mean + reach};
}

static struct trend judge_counts(const double *values, uint32_t last, uint32_t since, double budget) {
  struct trend trend = {.slope = mean_rise(values, last)};
  uint32_t rises = 0, third = last / 3, gap = 0, before = 0;
  for (uint32_t i = 1; i <= last; i++) {
    if (values[i] == values[i - 1])
      continue;
    gap = i - before > gap ? i - before : gap;
    before = i;
    rises++;
  }
  double chance = power((double)since / last, rises);
  double share = (values[last] - values[0]) * third / last;
  if (chance < STOPPED)
    return (struct trend){.verdict = TREND_FLAT, .reason = "it rose and has stopped: a plateau"};
  trend.verdict = TREND_UNSURE;
  if (chance < DOUBTFUL || last - since > 3 * gap)
    trend.reason = "it rose and may have stopped: run longer";
  else if (rises >= RISES_MANY && values[last] - values[last - third] < share / 4)
    trend.reason = "it rises ever more slowly: run longer";
  else if (trend.slope.low <= 0)
    trend.reason = "it rose too few times to tell: run longer";
  else if (trend.slope.low <= budget)
    trend.reason = "it rises, perhaps by no more than the budget";
  else
    trend = (struct trend){TREND_GROWS, "it rises on and on and never falls", trend.slope, 0};
  return trend;
}

/* ---- a half that falls here and there ---------------------------------------------------------------------------- */

static uint32_t block_minima(const double *values, uint32_t count, double *minima) {
  uint32_t blocks = count < TREND_BLOCKS ? count : TREND_BLOCKS, length = count / blocks;
  const double *first = values + count - blocks * length;
  for (uint32_t block = 0; block < blocks; block++) {
    minima[block] = first[block * length];
    for (uint32_t i = 1; i < length; i++)
      minima[block] = fmin(minima[block], first[block * length + i]);
  }
  return blocks;
}

static double median(const double *values, uint32_t count) {
  double sorted[TREND_BLOCKS];
  for (uint32_t i = 0; i < count; i++)
    sorted[i] = values[i];
  qsort(sorted, count, sizeof sorted[0], ascending);
  return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

/* By what factor a deviate of these values is too great because neighbours are alike: the root of (1 + r) / (1 - r), r
 * their correlation once the slope is taken out; not below 1. */
static double inflation(const double *values, uint32_t count, double slope) {
  double mean = 0, squares = 0, products = 0, before = 0;
  for (uint32_t i = 0; i < count; i++)
    mean += (values[i] - slope * i) / count;
  for (uint32_t i = 0; i < count; i++) {
    double rest = values[i] - slope * i - mean;
    squares += rest * rest;
    products += i > 0 ? rest * before : 0;
    before = rest;
  }
  double r = squares > 0 ? fmin(products / squares, 0.98) : 0;
  return r > 0 ? sqrt((1 + r) / (1 - r)) : 1;
}

static struct trend judge_noise(const double *values, uint32_t count, double budget, uint32_t together) {
  double minima[TREND_BLOCKS] = {0};
  uint32_t blocks = block_minima(values, count, minima), third = blocks / 3;
  double length = count / blocks; /* NOLINT(bugprone-integer-division): readings a block */
  double alike = inflation(minima, blocks, trend_theil_sen(minima, blocks, Z_95).middle);
  double z = trend_normal_deviate(FALSE_RATE / together) * alike;
  struct trend_slope usual = trend_theil_sen(minima, blocks, Z_95 * alike), strict = trend_theil_sen(minima, blocks, z);
  struct trend_slope end = trend_theil_sen(minima + blocks - third, third, Z_95);
  struct trend trend = {.verdict = TREND_UNSURE};
  trend.slope = (struct trend_slope){usual.middle / length, usual.low / length, usual.high / length};
  if (blocks < 2 * TREND_LEAST)
    trend.reason = "it varies, and the rounds are too few: run more";
  else if (trend_mann_kendall(minima, blocks) <= z && usual.high * blocks <= median(minima, blocks) * 2 / 3)
    trend = (struct trend){TREND_FLAT, "it varies without a trend", trend.slope, 0};
  else if (trend_mann_kendall(minima, blocks) <= z)
    trend.reason = "it varies too much to tell: run longer";
  else if (strict.low <= budget * length)
    trend.reason = "it rises, perhaps by no more than the budget";
  else if (end.middle <= 0 || end.middle < usual.middle / 4)
    trend.reason = "it rose, and does so no longer or more slowly: run longer";
  else
    trend = (struct trend){TREND_GROWS, "what stays rises on and on", trend.slope, 0};
  return trend;
}

/* ------------------------------------------------------------------------------------------------------------------ */

struct trend trend_judge(const double *values, uint32_t count, double budget, uint32_t together) {
  uint32_t since = count - 1, half = count / 2;
  while (since > 0 && values[since - 1] == values[count - 1])
    since--;
  int falls = 0;
  for (uint32_t i = half; i + 1 < count; i++)
    falls |= values[i + 1] < values[i];
  struct trend trend = {.verdict = TREND_UNSURE, .reason = "it changed, and the rounds are too few: run more"};
  if (since == 0)
    trend = (struct trend){.verdict = TREND_FLAT, .reason = "every round ended as the first"};
  else if (count >= 2 * TREND_LEAST && since <= half)
    trend = (struct trend){.verdict = TREND_FLAT, .reason = "nothing changed in the second half"};
  else if (count >= 2 * TREND_LEAST && falls)
    trend = judge_noise(values + half, count - half, budget, together);
  else if (count >= 2 * TREND_LEAST)
    trend = judge_counts(values + half, count - 1 - half, since - half, budget);
  trend.since = since;
  return trend;
}
