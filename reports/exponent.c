/* exponent.c — see exponent.h. */
#include "exponent.h"

#include "allocation.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#define TOO_ALIKE 0.99 /* the correlation from which on two axes cannot be told apart */

struct cloud {
  double *subscribers, *concurrency, *ns; /* logarithms */
  size_t count;
};

static struct cloud cloud_of(const struct results *results, const struct sweep_group *group, enum policy policy,
                             enum mode mode, const char *peer) {
  size_t most = group->subscriber_count * group->concurrency_count;
  struct cloud cloud = {allocation_array(most + 1, sizeof(double)), allocation_array(most + 1, sizeof(double)),
                        allocation_array(most + 1, sizeof(double)), 0};
  for (size_t s = 0; s < group->subscriber_count; s++)
    for (size_t c = 0; c < group->concurrency_count; c++) {
      const struct cell *cell =
          sweep_cell(results, group, policy, mode, group->subscribers[s], group->concurrency[c], peer);
      if (cell == NULL || cell->count == 0)
        continue;
      cloud.subscribers[cloud.count] = log((double)group->subscribers[s]);
      cloud.concurrency[cloud.count] = log((double)group->concurrency[c]);
      cloud.ns[cloud.count++] = log(cell->ns.middle);
    }
  return cloud;
}

static bool varies(const double *values, size_t count) {
  return count > 1 && gsl_stats_max(values, 1, count) > gsl_stats_min(values, 1, count);
}

/* The plane through the points over one axis or two; fills the exponent of each. */
static void fit(const struct cloud *cloud, const double *const *axes, struct exponent *const *exponents, size_t count) {
  size_t columns = count + 1;
  if (count == 0 || cloud->count < columns)
    return;
  gsl_matrix *points = gsl_matrix_alloc(cloud->count, columns), *covariance = gsl_matrix_alloc(columns, columns);
  gsl_vector *coefficients = gsl_vector_alloc(columns);
  gsl_multifit_linear_workspace *workspace = gsl_multifit_linear_alloc(cloud->count, columns);
  for (size_t i = 0; i < cloud->count; i++) {
    gsl_matrix_set(points, i, 0, 1);
    for (size_t a = 0; a < count; a++)
      gsl_matrix_set(points, i, a + 1, axes[a][i]);
  }
  gsl_vector_const_view times = gsl_vector_const_view_array(cloud->ns, cloud->count);
  double squares, freedom = (double)(cloud->count - columns);
  gsl_multifit_linear(points, &times.vector, coefficients, covariance, &squares, workspace);
  for (size_t a = 0; a < count; a++) {
    double value = gsl_vector_get(coefficients, a + 1), half = NAN;
    if (freedom > 0)
      half = gsl_cdf_tdist_Pinv(0.975, freedom) * sqrt(gsl_matrix_get(covariance, a + 1, a + 1));
    *exponents[a] = (struct exponent){value, value - half, value + half};
  }
  gsl_multifit_linear_free(workspace);
  gsl_vector_free(coefficients);
  gsl_matrix_free(covariance);
  gsl_matrix_free(points);
}

struct exponents exponents_of(const struct results *results, const struct sweep_group *group, enum policy policy,
                              enum mode mode, const char *peer) {
  struct cloud cloud = cloud_of(results, group, policy, mode, peer);
  struct exponents exponents = {{NAN, NAN, NAN}, {NAN, NAN, NAN}, cloud.count};
  const double *axes[2];
  struct exponent *wanted[2];
  size_t count = 0;
  if (varies(cloud.subscribers, cloud.count)) {
    axes[count] = cloud.subscribers;
    wanted[count++] = &exponents.subscribers;
  }
  if (varies(cloud.concurrency, cloud.count)) {
    axes[count] = cloud.concurrency;
    wanted[count++] = &exponents.concurrency;
  }
  if (count < 2 || fabs(gsl_stats_correlation(axes[0], 1, axes[1], 1, cloud.count)) < TOO_ALIKE)
    fit(&cloud, axes, wanted, count);
  free(cloud.subscribers);
  free(cloud.concurrency);
  free(cloud.ns);
  return exponents;
}
