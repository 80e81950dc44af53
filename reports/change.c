/* change.c — see change.h. */
#include "change.h"

#include "allocation.h"
#include "context.h"
#include "rank.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *change_word(enum change_word word) {
  static const char *const words[CHANGE_WORDS] = {"changed", "not changed", "cannot tell"};
  return words[word];
}

double change_share(double logarithm) {
  return expm1(logarithm);
}

static bool same_version(const struct results *before, const struct results *after, const char *peer) {
  const char *old = context_peer(before, peer), *new = context_peer(after, peer);
  return old != NULL && new != NULL &&strcmp(old, new) == 0;
}

static size_t processes_of(const struct results *results) {
  size_t most = 0;
  for (size_t i = 0; i < results->count; i++) {
    struct nested nested = nested_of(&results->cells[i]);
    most = nested.processes > most ? nested.processes : most;
    nested_free(&nested);
  }
  return most;
}

static void bootstrap(struct change *change, const struct floor_cell *cell) {
  gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
  size_t before = nested_scratch(&cell->before), after = nested_scratch(&cell->after);
  double *scratch = allocation_array((before > after ? before : after) + 1, sizeof *scratch);
  double *differences = allocation_array(CHANGE_RESAMPLES, sizeof *differences);
  gsl_rng_set(generator, STATISTICS_SEED);
  for (size_t i = 0; i < CHANGE_RESAMPLES; i++) {
    double later = nested_resampled(&cell->after, generator, scratch);
    differences[i] = later - nested_resampled(&cell->before, generator, scratch);
  }
  double tail = (1 - STATISTICS_CONFIDENCE) / 2;
  gsl_sort(differences, 1, CHANGE_RESAMPLES);
  change->low = gsl_stats_quantile_from_sorted_data(differences, 1, CHANGE_RESAMPLES, tail);
  change->high = gsl_stats_quantile_from_sorted_data(differences, 1, CHANGE_RESAMPLES, 1 - tail);
  free(differences);
  free(scratch);
  gsl_rng_free(generator);
}

static const char *why_not(const struct change *change, const struct floor_cell *cell) {
  if (change->after->count == 0)
    return "it failed";
  if (change->before->count == 0)
    return "it failed in the baseline";
  if (cell->before.processes < FLOOR_PROCESSES)
    return "fewer than 3 processes in the baseline";
  return cell->after.processes < FLOOR_PROCESSES ? "fewer than 3 processes" : NULL;
}

static void measure(struct change *change, const struct floor_cell *cell) {
  change->difference = nested_median(&cell->after) - nested_median(&cell->before);
  change->low = change->high = change->floor = change->least = change->p = NAN;
  change->why = why_not(change, cell);
  if (change->why != NULL)
    return;
  bootstrap(change, cell);
  change->p =
      rank_mann_whitney(cell->before.middles, cell->before.processes, cell->after.middles, cell->after.processes);
}

static void judge(struct change *change) {
  double size = fabs(change->difference);
  change->word = CHANGE_CANNOT_TELL;
  if (change->why != NULL)
    return;
  change->least = fmax(log1p(CHANGE_EFFECT), fmax(size + change->least, fmax(fabs(change->low), fabs(change->high))));
  if (change->p < CHANGE_CERTAINTY && size > change->floor && size >= log1p(CHANGE_EFFECT) &&
      (change->low > 0 || change->high < 0))
    change->word = CHANGE_CHANGED;
  else if (change->least <= log1p(CHANGE_TOLERANCE))
    change->word = CHANGE_NOT_CHANGED;
}

/* Holm's procedure runs over those cells that could be tested at all. */
static void adjust(struct change *changes, size_t count) {
  double *p = allocation_array(count + 1, sizeof *p);
  size_t tested = 0;
  for (size_t i = 0; i < count; i++)
    if (changes[i].why == NULL)
      p[tested++] = changes[i].p;
  rank_holm(p, tested);
  tested = 0;
  for (size_t i = 0; i < count; i++)
    if (changes[i].why == NULL)
      changes[i].p = p[tested++];
  free(p);
}

static void count_words(struct changes *changes) {
  for (size_t i = 0; i < changes->count; i++) {
    const struct change *change = &changes->changes[i];
    changes->words[change->word]++;
    changes->slower += change->word == CHANGE_CHANGED && change->difference > 0;
    changes->faster += change->word == CHANGE_CHANGED && change->difference < 0;
  }
}

static void count_unmatched(struct changes *changes, const struct results *before, const struct results *after) {
  for (size_t i = 0; i < before->count; i++) {
    const struct cell *cell = &before->cells[i];
    changes->gone += cell->peer == NULL && results_cell(after, cell->benchmark, cell->workers, NULL) == NULL;
  }
  for (size_t i = 0; i < after->count; i++) {
    const struct cell *cell = &after->cells[i];
    changes->fresh += cell->peer == NULL && results_cell(before, cell->benchmark, cell->workers, NULL) == NULL;
  }
}

struct changes changes_of(const struct results *before, const struct results *after) {
  struct changes changes = {.processes_before = processes_of(before), .processes_after = processes_of(after)};
  struct floor_cell *cells = allocation_array(after->count + 1, sizeof *cells);
  size_t *judged = allocation_array(after->count + 1, sizeof *judged), count = 0;
  changes.changes = allocation_array(after->count + 1, sizeof *changes.changes);
  for (size_t i = 0; i < after->count; i++) {
    const struct cell *cell = &after->cells[i], *old = results_cell(before, cell->benchmark, cell->workers, cell->peer);
    bool is_control = cell->peer != NULL;
    if (old == NULL || (is_control && !same_version(before, after, cell->peer)))
      continue;
    struct floor_cell *pair = &cells[count];
    *pair = (struct floor_cell){.before = nested_of(old), .after = nested_of(cell), .is_control = is_control};
    pair->usable = pair->before.processes >= FLOOR_PROCESSES && pair->after.processes >= FLOOR_PROCESSES;
    if (!is_control) {
      judged[changes.count] = count;
      changes.changes[changes.count] = (struct change){.before = old, .after = cell};
      measure(&changes.changes[changes.count++], pair);
    }
    count++;
  }
  changes.floor = floor_of(cells, count);
  adjust(changes.changes, changes.count);
  for (size_t i = 0; i < changes.count; i++) {
    struct change *change = &changes.changes[i];
    if (change->why == NULL) {
      double measure = floor_unit(&changes.floor, &cells[judged[i]]);
      change->floor = changes.floor.constant * measure;
      change->least = changes.floor.extreme * measure;
    }
    judge(change);
  }
  count_words(&changes);
  count_unmatched(&changes, before, after);
  for (size_t i = 0; i < count; i++) {
    nested_free(&cells[i].before);
    nested_free(&cells[i].after);
  }
  free(judged);
  free(cells);
  return changes;
}

void changes_free(struct changes *changes) {
  free(changes->changes);
  *changes = (struct changes){0};
}
