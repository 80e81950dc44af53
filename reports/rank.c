/* rank.c — see rank.h. */
#include "rank.h"

#include "allocation.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_LIMIT 20

struct value {
  double value;
  bool left;
};

static int compare_values(const void *left, const void *right) {
  double a = ((const struct value *)left)->value, b = ((const struct value *)right)->value;
  return (a > b) - (a < b);
}

/* The share of all orders of m + n different values in which U is at most `u`. count[i][j][k] = the orders of i and j
 * values with U = k follows from who is last: count[i-1][j][k-j] + count[i][j-1][k]. */
static double exact_lower_tail(size_t m, size_t n, size_t u) {
  size_t width = m * n + 1;
  double *counts = allocation_array((n + 1) * width, sizeof *counts);
  for (size_t j = 0; j <= n; j++)
    counts[j * width] = 1;
  for (size_t i = 1; i <= m; i++)
    for (size_t j = 1; j <= n; j++)
      for (size_t k = width; k-- > 0;)
        counts[j * width + k] = (k >= j ? counts[j * width + k - j] : 0) + counts[(j - 1) * width + k];
  double below = 0, all = 0;
  for (size_t k = 0; k < width; k++) {
    all += counts[n * width + k];
    below += k <= u ? counts[n * width + k] : 0;
  }
  free(counts);
  return below / all;
}

double rank_mann_whitney(const double *left, size_t left_count, const double *right, size_t right_count) {
  size_t count = left_count + right_count;
  if (left_count == 0 || right_count == 0)
    return 1;
  struct value *values = allocation_array(count, sizeof *values);
  for (size_t i = 0; i < count; i++)
    values[i] = i < left_count ? (struct value){left[i], true} : (struct value){right[i - left_count], false};
  qsort(values, count, sizeof *values, compare_values);
  double ranks = 0, ties = 0;
  for (size_t i = 0; i < count;) {
    size_t end = i + 1, lefts = values[i].left;
    for (; end < count && values[end].value == values[i].value; end++)
      lefts += values[end].left;
    double same = (double)(end - i);
    ranks += (double)lefts * ((double)(i + end + 1) / 2);
    ties += same * same * same - same;
    i = end;
  }
  free(values);
  double m = (double)left_count, n = (double)right_count, all = m + n;
  double u = ranks - m * (m + 1) / 2, least = fmin(u, m * n - u);
  if (ties == 0 && left_count <= EXACT_LIMIT && right_count <= EXACT_LIMIT)
    return fmin(1, 2 * exact_lower_tail(left_count, right_count, (size_t)least));
  double variance = m * n / 12 * (all + 1 - ties / (all * (all - 1)));
  if (!(variance > 0))
    return 1;
  return fmin(1, 2 * gsl_cdf_ugaussian_P(fmin(0, least + 0.5 - m * n / 2) / sqrt(variance)));
}

void rank_holm(double *p, size_t count) {
  size_t *order = allocation_array(count + 1, sizeof *order);
  gsl_sort_index(order, p, 1, count);
  double greatest = 0;
  for (size_t i = 0; i < count; i++) {
    greatest = fmax(greatest, fmin(1, p[order[i]] * (double)(count - i)));
    p[order[i]] = greatest;
  }
  free(order);
}
