/* comparison.c — see comparison.h. */
#include "comparison.h"

#include "allocation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *comparison_verdict_word(enum verdict verdict) {
  static const char *const words[] = {"", "met", "not met", "cannot tell"};
  return words[verdict];
}

const struct cell *comparison_subject(const struct pair *pair) {
  return pair->weir != NULL ? pair->weir : pair->peer;
}

static struct interval ratio_of(const struct cell *peer, const struct cell *weir) {
  double *above = results_times(peer), *below = results_times(weir);
  struct interval ratio = statistics_ratio(above, peer->count, below, weir->count);
  free(above);
  free(below);
  return ratio;
}

static struct pair *add_pair(struct comparison *comparison, const struct cell *weir, const struct cell *peer) {
  comparison->pairs = allocation_append(comparison->pairs, comparison->count, sizeof *comparison->pairs);
  struct pair *pair = &comparison->pairs[comparison->count++];
  *pair = (struct pair){.weir = weir, .peer = peer, .ratio = {.middle = NAN, .low = NAN, .high = NAN}};
  if (weir == NULL || peer == NULL)
    return pair;
  pair->stands_in = strcmp(weir->benchmark, peer->benchmark) != 0;
  pair->ratio = ratio_of(peer, weir);
  pair->goal = goals_find(weir->benchmark, peer->peer);
  if (pair->goal != NULL && !isnan(pair->ratio.middle))
    pair->verdict = goals_judge(pair->goal, &pair->ratio);
  return pair;
}

/* A goal that names a peer which is not in this run is shown as such, not left out. */
static void add_goals_without_peer(struct comparison *comparison, const struct cell *weir, size_t first) {
  size_t last = comparison->count;
  for (size_t g = 0; g < goals_count; g++) {
    if (!goals_concerns(&goals[g], weir->benchmark))
      continue;
    bool used = false;
    for (size_t i = first; i < last; i++)
      used = used || comparison->pairs[i].goal == &goals[g];
    if (!used)
      add_pair(comparison, weir, NULL)->goal = &goals[g];
  }
  if (comparison->count == first)
    add_pair(comparison, weir, NULL);
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
      size_t first = comparison.count;
      for (size_t p = 0; p < results->peer_count; p++) {
        const struct cell *peer = results_opponent(results, cell, results->peers[p]);
        if (peer != NULL)
          add_pair(&comparison, cell, peer);
      }
      add_goals_without_peer(&comparison, cell, first);
    } else if (results_cell(results, cell->benchmark, cell->workers, NULL) == NULL) {
      add_pair(&comparison, NULL, cell);
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
