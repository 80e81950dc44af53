/* floor.c — see floor.h. */
#include "floor.h"

#include "allocation.h"
#include "statistics.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#define PRIOR_FREEDOM 4.0
#define QUANTILE      0.95

static double drawn_variance(const struct floor *floor, double squares, double freedom) {
  return (PRIOR_FREEDOM * floor->usual + squares) / (PRIOR_FREEDOM + freedom);
}

/* By what a difference of the medians of so many processes is divided. */
static double unit(double variance, size_t left, size_t right) {
  return sqrt(variance * (1 / (double)left + 1 / (double)right));
}

static double usual_variance(const struct floor_cell *cells, size_t count) {
  double *variances = allocation_array(count + 1, sizeof *variances);
  size_t usable = 0;
  for (size_t i = 0; i < count; i++) {
    const struct nested *before = &cells[i].before, *after = &cells[i].after;
    if (cells[i].usable)
      variances[usable++] =
          (nested_squares(before) + nested_squares(after)) / (double)(before->processes + after->processes - 2);
  }
  double usual = usable == 0 ? 0 : statistics_median(variances, usable);
  free(variances);
  return usual;
}

static const struct nested *side(const struct floor_cell *cell, bool after) {
  return after ? &cell->after : &cell->before;
}

/* The names of all processes of one session; returns how many. */
static size_t gather_names(const struct floor_cell *cells, size_t count, bool after, unsigned **names) {
  size_t name_count = 0;
  *names = NULL;
  for (size_t i = 0; i < count; i++)
    for (size_t p = 0; cells[i].usable && p < side(&cells[i], after)->processes; p++) {
      unsigned name = side(&cells[i], after)->names[p];
      size_t known = 0;
      while (known < name_count && (*names)[known] != name)
        known++;
      if (known < name_count)
        continue;
      *names = allocation_append(*names, name_count, sizeof **names);
      (*names)[name_count++] = name;
    }
  return name_count;
}

static bool holds(const unsigned *names, size_t count, unsigned name) {
  for (size_t i = 0; i < count; i++)
    if (names[i] == name)
      return true;
  return false;
}

/* How far apart the halves of a cell are, in its units; the rest of its processes, in the other session and within the
 * halves, say how large these are. */
static double halves_apart(const struct floor *floor, const struct nested *whole, const struct nested *other,
                           const unsigned *first, size_t first_count) {
  size_t *positions = allocation_array(2 * whole->processes, sizeof *positions), left = 0, right = 0;
  for (size_t p = 0; p < whole->processes; p++) {
    if (holds(first, first_count, whole->names[p]))
      positions[left++] = p;
    else
      positions[whole->processes + right++] = p;
  }
  double apart = 0;
  if (left > 0 && right > 0) {
    struct nested one = nested_part(whole, positions, left);
    struct nested two = nested_part(whole, positions + whole->processes, right);
    double squares = nested_squares(&one) + nested_squares(&two) + nested_squares(other);
    double variance = drawn_variance(floor, squares, (double)(whole->processes - 2 + other->processes - 1));
    if (variance > 0)
      apart = fabs(nested_median(&one) - nested_median(&two)) / unit(variance, left, right);
    nested_free(&one);
    nested_free(&two);
  }
  free(positions);
  return apart;
}

/* The differences of FLOOR_SPLITS splits of one session, in units: a row of usable cells for each split. */
static void split_session(const struct floor *floor, const struct floor_cell *cells, size_t count, bool after,
                          gsl_rng *generator, double *differences) {
  unsigned *names;
  size_t name_count = gather_names(cells, count, after, &names);
  for (size_t s = 0; s < FLOOR_SPLITS; s++) {
    gsl_ran_shuffle(generator, names, name_count, sizeof *names);
    for (size_t i = 0; i < count; i++)
      if (cells[i].usable)
        *differences++ = halves_apart(floor, side(&cells[i], after), side(&cells[i], !after), names, name_count / 2);
  }
  free(names);
}

double floor_unit(const struct floor *floor, const struct floor_cell *cell) {
  size_t before = cell->before.processes, after = cell->after.processes;
  double squares = nested_squares(&cell->before) + nested_squares(&cell->after);
  return unit(drawn_variance(floor, squares, (double)(before + after - 2)), before, after);
}

/* What the controls show between the sessions, in units; returns how many there are. */
static size_t compare_controls(const struct floor *floor, const struct floor_cell *cells, size_t count,
                               double *differences) {
  size_t controls = 0;
  for (size_t i = 0; i < count; i++) {
    double measure = cells[i].usable && cells[i].is_control ? floor_unit(floor, &cells[i]) : 0;
    if (measure > 0)
      differences[controls++] = fabs(nested_median(&cells[i].after) - nested_median(&cells[i].before)) / measure;
  }
  return controls;
}

/* Sorts. */
static double quantile(double *values, size_t count) {
  gsl_sort(values, 1, count);
  return values[(size_t)ceil(QUANTILE * (double)count) - 1];
}

struct floor floor_of(const struct floor_cell *cells, size_t count) {
  struct floor floor = {.usual = usual_variance(cells, count)};
  for (size_t i = 0; i < count; i++)
    floor.cells += cells[i].usable;
  if (floor.cells == 0)
    return floor;
  size_t splits = (size_t)2 * FLOOR_SPLITS;
  double *differences = allocation_array(splits * floor.cells, sizeof *differences), greatest[2 * FLOOR_SPLITS];
  gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
  gsl_rng_set(generator, STATISTICS_SEED);
  split_session(&floor, cells, count, false, generator, differences);
  split_session(&floor, cells, count, true, generator, differences + FLOOR_SPLITS * floor.cells);
  gsl_rng_free(generator);
  for (size_t s = 0; s < splits; s++)
    greatest[s] = gsl_stats_max(differences + s * floor.cells, 1, floor.cells);
  floor.extreme = quantile(greatest, splits);
  floor.constant = quantile(differences, splits * floor.cells);
  floor.controls = compare_controls(&floor, cells, count, differences);
  if (floor.controls > 0) {
    floor.extreme = fmax(floor.extreme, gsl_stats_max(differences, 1, floor.controls));
    floor.constant = fmax(floor.constant, quantile(differences, floor.controls));
  }
  free(differences);
  return floor;
}
