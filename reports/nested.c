/* nested.c — see nested.h. */
#include "nested.h"

#include "allocation.h"
#include "statistics.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_samples(const void *left, const void *right) {
  const struct sample *a = left, *b = right;
  if (a->process != b->process)
    return a->process < b->process ? -1 : 1;
  return (a->ns > b->ns) - (a->ns < b->ns);
}

static void find_middles(struct nested *nested) {
  nested->middles = allocation_array(nested->processes + 1, sizeof *nested->middles);
  for (size_t i = 0; i < nested->processes; i++)
    nested->middles[i] =
        statistics_median(nested->values + nested->starts[i], nested->starts[i + 1] - nested->starts[i]);
}

/* Sorted within each process, so that the order in which samples stand in a file changes nothing. */
struct nested nested_of(const struct cell *cell) {
  struct nested nested = {.values = allocation_array(cell->count + 1, sizeof(double)),
                          .starts = allocation_array(cell->count + 1, sizeof(size_t)),
                          .names = allocation_array(cell->count + 1, sizeof(unsigned)),
                          .count = cell->count};
  struct sample *samples = allocation_array(cell->count + 1, sizeof *samples);
  if (cell->count > 0)
    memcpy(samples, cell->samples, cell->count * sizeof *samples);
  qsort(samples, cell->count, sizeof *samples, compare_samples);
  for (size_t i = 0; i < cell->count; i++) {
    if (i == 0 || samples[i].process != samples[i - 1].process) {
      nested.names[nested.processes] = samples[i].process;
      nested.starts[nested.processes++] = i;
    }
    nested.values[i] = log(samples[i].ns);
  }
  nested.starts[nested.processes] = cell->count;
  free(samples);
  find_middles(&nested);
  return nested;
}

void nested_free(struct nested *nested) {
  free(nested->values);
  free(nested->starts);
  free(nested->middles);
  free(nested->names);
  *nested = (struct nested){0};
}

struct nested nested_part(const struct nested *whole, const size_t *positions, size_t count) {
  struct nested part = {.values = allocation_array(whole->count + 1, sizeof(double)),
                        .starts = allocation_array(count + 1, sizeof(size_t)),
                        .names = allocation_array(count + 1, sizeof(unsigned)),
                        .processes = count};
  for (size_t i = 0; i < count; i++) {
    size_t start = whole->starts[positions[i]], size = whole->starts[positions[i] + 1] - start;
    part.starts[i] = part.count;
    part.names[i] = whole->names[positions[i]];
    memcpy(part.values + part.count, whole->values + start, size * sizeof *part.values);
    part.count += size;
  }
  part.starts[count] = part.count;
  find_middles(&part);
  return part;
}

double nested_median(const struct nested *nested) {
  return statistics_median(nested->values, nested->count);
}

double nested_squares(const struct nested *nested) {
  return nested->processes < 2
             ? 0
             : gsl_stats_variance(nested->middles, 1, nested->processes) * (double)(nested->processes - 1);
}

size_t nested_scratch(const struct nested *nested) {
  size_t most = 0;
  for (size_t i = 0; i < nested->processes; i++)
    most = nested->starts[i + 1] - nested->starts[i] > most ? nested->starts[i + 1] - nested->starts[i] : most;
  return most * nested->processes;
}

double nested_resampled(const struct nested *nested, gsl_rng *generator, double *scratch) {
  size_t drawn = 0;
  for (size_t i = 0; i < nested->processes; i++) {
    size_t process = gsl_rng_uniform_int(generator, nested->processes);
    size_t start = nested->starts[process], size = nested->starts[process + 1] - start;
    for (size_t j = 0; j < size; j++)
      scratch[drawn++] = nested->values[start + gsl_rng_uniform_int(generator, size)];
  }
  gsl_sort(scratch, 1, drawn);
  return gsl_stats_median_from_sorted_data(scratch, 1, drawn);
}

struct interval nested_interval(const struct nested *nested) {
  gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
  double medians[NESTED_RESAMPLES], tail = (1 - STATISTICS_CONFIDENCE) / 2;
  double *scratch = allocation_array(nested_scratch(nested) + 1, sizeof *scratch);
  gsl_rng_set(generator, STATISTICS_SEED);
  for (size_t i = 0; i < NESTED_RESAMPLES; i++)
    medians[i] = nested_resampled(nested, generator, scratch);
  gsl_sort(medians, 1, NESTED_RESAMPLES);
  struct interval interval = {
      .middle = exp(nested_median(nested)),
      .low = exp(gsl_stats_quantile_from_sorted_data(medians, 1, NESTED_RESAMPLES, tail)),
      .high = exp(gsl_stats_quantile_from_sorted_data(medians, 1, NESTED_RESAMPLES, 1 - tail)),
      .coverage = STATISTICS_CONFIDENCE,
      .count = nested->count,
  };
  free(scratch);
  gsl_rng_free(generator);
  return interval;
}
