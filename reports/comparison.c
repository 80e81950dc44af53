/* comparison.c — see comparison.h. */
#include "comparison.h"

#include "allocation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *comparison_verdict_word(enum verdict verdict) {
  static const char *const words[] = {"", "met", "not met", "cannot tell"};
  return words[verdict];
}

const struct cell *comparison_subject(const struct pair *pair) {
  return pair->weir != NULL ? pair->weir : pair->peer;
}

/* What a row is compared by. Rows of the sweep's two families have counters of their own pages. */
static const struct {
  enum counter counter;
  const char *name;
  bool is_bytes;
} figures[] = {
    {COUNTER_TIME, "", false},
    {COUNTER_P50_NS, "p50", false},
    {COUNTER_P99_NS, "p99", false},
    {COUNTER_P999_NS, "p99.9", false},
    {COUNTER_BYTES_PER_TASK, "bytes a task", true},
    {COUNTER_COLD_MAKE_NS, "cold make", false},
    {COUNTER_COLD_WAKE_NS, "cold wake", false},
    {COUNTER_BYTES_PER_TIMER, "bytes a timer", true},
    {COUNTER_CPU_NS, "client’s CPU", false},
};
static const size_t figure_count = sizeof figures / sizeof *figures;

static size_t figure_index(enum counter counter) {
  size_t i = 0;
  while (i + 1 < figure_count && figures[i].counter != counter)
    i++;
  return i;
}

const char *comparison_figure_name(enum counter figure) {
  return figures[figure_index(figure)].name;
}

struct text comparison_figure_text(enum counter figure, double value) {
  if (!figures[figure_index(figure)].is_bytes || isnan(value))
    return number_nanoseconds(value);
  struct text number = number_count(round(value)), text;
  snprintf(text.characters, sizeof text.characters, "%.40s\u00a0B", number.characters);
  return text;
}

bool comparison_same_subject(const struct pair *left, const struct pair *right) {
  const struct cell *a = comparison_subject(left), *b = comparison_subject(right);
  return (left->weir == NULL) == (right->weir == NULL) && left->figure == right->figure && a->workers == b->workers &&
         strcmp(a->benchmark, b->benchmark) == 0;
}

static struct interval interval_of(const struct cell *cell, enum counter figure) {
  double *values;
  if (cell == NULL)
    return (struct interval){.middle = NAN, .low = NAN, .high = NAN};
  size_t count = results_figure(cell, figure, &values);
  struct interval interval = statistics_interval(values, count);
  free(values);
  return interval;
}

static struct interval ratio_of(const struct cell *peer, const struct cell *weir, enum counter figure) {
  double *above, *below;
  size_t above_count = results_figure(peer, figure, &above), below_count = results_figure(weir, figure, &below);
  struct interval ratio = statistics_ratio(above, above_count, below, below_count);
  free(above);
  free(below);
  return ratio;
}

static struct pair *add_pair(struct comparison *comparison, const struct cell *weir, const struct cell *peer,
                             enum counter figure) {
  comparison->pairs = allocation_append(comparison->pairs, comparison->count, sizeof *comparison->pairs);
  struct pair *pair = &comparison->pairs[comparison->count++];
  *pair = (struct pair){.weir = weir,
                        .peer = peer,
                        .figure = figure,
                        .of_weir = interval_of(weir, figure),
                        .of_peer = interval_of(peer, figure),
                        .ratio = {.middle = NAN, .low = NAN, .high = NAN}};
  if (weir == NULL || peer == NULL)
    return pair;
  pair->stands_in = strcmp(weir->benchmark, peer->benchmark) != 0;
  pair->ratio = ratio_of(peer, weir, figure);
  pair->goal = goals_find(weir->benchmark, weir->workers, figure, peer->peer);
  if (pair->goal != NULL && !isnan(pair->ratio.middle))
    pair->verdict = goals_judge(pair->goal, &pair->ratio);
  return pair;
}

/* A goal that names a peer which is not in this run is shown as such, not left out; one that names none is judged. */
static void add_goals_without_peer(struct comparison *comparison, const struct cell *weir, enum counter figure,
                                   size_t first) {
  size_t last = comparison->count;
  for (size_t g = 0; g < goals_count; g++) {
    if (!goals_concerns(&goals[g], weir->benchmark, weir->workers, figure))
      continue;
    bool used = false;
    for (size_t i = first; i < last; i++)
      used = used || comparison->pairs[i].goal == &goals[g];
    if (used)
      continue;
    struct pair *pair = add_pair(comparison, weir, NULL, figure);
    pair->goal = &goals[g];
    if (goals[g].peer == NULL && !isnan(pair->of_weir.middle))
      pair->verdict = goals_judge(pair->goal, &pair->of_weir);
  }
}

static void add_figure(struct comparison *comparison, const struct results *results, const struct cell *weir,
                       enum counter figure) {
  size_t first = comparison->count;
  if (figure != COUNTER_TIME && isnan(results_counter_median(weir, figure)))
    return;
  for (size_t p = 0; p < results->peer_count; p++) {
    const struct cell *peer = results_opponent(results, weir, results->peers[p]);
    if (peer != NULL && (figure == COUNTER_TIME || !isnan(results_counter_median(peer, figure))))
      add_pair(comparison, weir, peer, figure);
  }
  add_goals_without_peer(comparison, weir, figure, first);
  if (comparison->count == first)
    add_pair(comparison, weir, NULL, figure);
}

static int compare_doubles(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static bool same_digest(const struct digest *digest, const struct pair *pair) {
  return point_same_group(&digest->point, &pair->weir->point) && digest->point.policy == pair->weir->point.policy &&
         digest->point.mode == pair->weir->point.mode && strcmp(digest->peer, pair->peer->peer) == 0;
}

static void fill_digest(struct digest *digest, const struct comparison *comparison) {
  double *ratios = allocation_array(comparison->count, sizeof *ratios);
  for (size_t i = 0; i < comparison->count; i++) {
    const struct pair *pair = &comparison->pairs[i];
    if (pair->weir == NULL || pair->peer == NULL || isnan(pair->ratio.middle) || !same_digest(digest, pair))
      continue;
    ratios[digest->points++] = pair->ratio.middle;
    digest->verdicts[pair->verdict]++;
  }
  qsort(ratios, digest->points, sizeof *ratios, compare_doubles);
  digest->least = ratios[0];
  digest->greatest = ratios[digest->points - 1];
  digest->median = statistics_median(ratios, digest->points);
  free(ratios);
}

static void make_digests(struct comparison *comparison) {
  for (size_t i = 0; i < comparison->count; i++) {
    const struct pair *pair = &comparison->pairs[i];
    if (pair->weir == NULL || pair->peer == NULL || pair->weir->point.family != FAMILY_BROADCAST ||
        isnan(pair->ratio.middle))
      continue;
    bool known = false;
    for (size_t d = 0; d < comparison->digest_count; d++)
      known = known || same_digest(&comparison->digests[d], pair);
    if (known)
      continue;
    comparison->digests = allocation_append(comparison->digests, comparison->digest_count, sizeof *comparison->digests);
    struct digest *digest = &comparison->digests[comparison->digest_count++];
    *digest = (struct digest){.point = pair->weir->point, .peer = pair->peer->peer};
    fill_digest(digest, comparison);
  }
}

struct comparison comparison_of(const struct results *results) {
  struct comparison comparison = {0};
  for (size_t i = 0; i < results->count; i++) {
    const struct cell *cell = &results->cells[i];
    if (cell->peer == NULL) {
      size_t several = cell->point.family == FAMILY_OTHER ? figure_count : 1;
      for (size_t f = 0; f < several; f++)
        add_figure(&comparison, results, cell, figures[f].counter);
    } else if (results_cell(results, cell->benchmark, cell->workers, NULL) == NULL) {
      add_pair(&comparison, NULL, cell, COUNTER_TIME);
    }
  }
  for (size_t i = 0; i < comparison.count; i++)
    comparison.verdicts[comparison.pairs[i].verdict]++;
  make_digests(&comparison);
  return comparison;
}

void comparison_free(struct comparison *comparison) {
  free(comparison->pairs);
  free(comparison->digests);
  *comparison = (struct comparison){0};
}
