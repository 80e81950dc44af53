/* steady.c — see steady.h. */
#include "steady.h"

#include "allocation.h"

#include <math.h>
#include <stdlib.h>

static size_t count_reached(const struct cell *cell) {
  size_t reached = 0;
  for (size_t i = 0; i < cell->count; i++)
    reached += cell->samples[i].counters[COUNTER_STEADY] == 1;
  return reached;
}

/* Both are taken repetition by repetition, then the median: rate and live bytes of one repetition belong together. */
static void predict(struct steady_line *line) {
  const struct cell *cell = line->cell;
  double *product = allocation_array(cell->count, sizeof *product);
  double *deviation = allocation_array(cell->count, sizeof *deviation);
  for (size_t i = 0; i < cell->count; i++) {
    const double *counters = cell->samples[i].counters;
    product[i] = counters[COUNTER_RATE] * counters[COUNTER_TIMEOUT_NS] / 1e9 * counters[COUNTER_BYTES_PER_TIMER];
    deviation[i] = counters[COUNTER_LIVE_BYTES] / product[i] - 1;
  }
  line->if_abandoned = statistics_median(product, cell->count);
  bool meaningful = line->if_abandoned > 0;
  line->predicted = meaningful && cell->point.policy == POLICY_AFTER && cell->point.mode == MODE_CLASSIC;
  if (line->predicted) {
    line->deviation = statistics_median(deviation, cell->count);
    line->within = fabs(line->deviation) <= STEADY_TOLERANCE;
  }
  line->keeps = meaningful && line->live_bytes >= STEADY_KEEPS * line->if_abandoned;
  free(product);
  free(deviation);
}

static struct steady_line line_of(const struct cell *cell) {
  struct steady_line line = {.cell = cell, .reached = count_reached(cell), .deviation = NAN, .if_abandoned = NAN};
  line.rate = results_counter_median(cell, COUNTER_RATE);
  line.timeout_ns = results_counter_median(cell, COUNTER_TIMEOUT_NS);
  line.bytes_per_timer = results_counter_median(cell, COUNTER_BYTES_PER_TIMER);
  line.timers_pending = results_counter_median(cell, COUNTER_TIMERS_PENDING);
  line.timers_abandoned = results_counter_median(cell, COUNTER_TIMERS_ABANDONED);
  line.live_bytes = results_counter_median(cell, COUNTER_LIVE_BYTES);
  line.status = cell->count == 0 ? STEADY_FAILED : line.reached == cell->count ? STEADY_REACHED : STEADY_NEVER_REACHED;
  if (line.status == STEADY_REACHED)
    predict(&line);
  return line;
}

/* Before, after, or the same: Weir is NULL and first; among peers the order is results.peers'. */
static int compare_lines(const void *left, const void *right) {
  const struct cell *a = ((const struct steady_line *)left)->cell, *b = ((const struct steady_line *)right)->cell;
  if (a->point.policy != b->point.policy)
    return a->point.policy < b->point.policy ? -1 : 1;
  if (a->point.mode != b->point.mode)
    return a->point.mode < b->point.mode ? -1 : 1;
  return a->peer == b->peer ? 0 : a->peer == NULL ? -1 : b->peer == NULL ? 1 : results_compare_peers(a->peer, b->peer);
}

static int compare_groups(const void *left, const void *right) {
  const struct steady_group *a = left, *b = right;
  if (a->count != b->count)
    return a->count > b->count ? -1 : 1;
  if (a->size.workers != b->size.workers)
    return a->size.workers < b->size.workers ? -1 : 1;
  if (a->size.subscribers != b->size.subscribers)
    return a->size.subscribers < b->size.subscribers ? -1 : 1;
  if (a->size.concurrency != b->size.concurrency)
    return a->size.concurrency < b->size.concurrency ? -1 : 1;
  return a->size.timeout_ms < b->size.timeout_ms ? -1 : a->size.timeout_ms > b->size.timeout_ms;
}

static struct steady_group *group_of(struct steady *steady, const struct point *size) {
  for (size_t i = 0; i < steady->count; i++)
    if (point_same_size(&steady->groups[i].size, size))
      return &steady->groups[i];
  steady->groups = allocation_append(steady->groups, steady->count, sizeof *steady->groups);
  steady->groups[steady->count] = (struct steady_group){.size = *size};
  return &steady->groups[steady->count++];
}

struct steady steady_of(const struct results *results) {
  struct steady steady = {0};
  for (size_t i = 0; i < results->count; i++) {
    const struct cell *cell = &results->cells[i];
    if (cell->point.family != FAMILY_STEADY)
      continue;
    struct steady_group *group = group_of(&steady, &cell->point);
    group->lines = allocation_append(group->lines, group->count, sizeof *group->lines);
    group->lines[group->count++] = line_of(cell);
  }
  for (size_t i = 0; i < steady.count; i++)
    qsort(steady.groups[i].lines, steady.groups[i].count, sizeof *steady.groups[i].lines, compare_lines);
  if (steady.count > 0)
    qsort(steady.groups, steady.count, sizeof *steady.groups, compare_groups);
  return steady;
}

void steady_free(struct steady *steady) {
  for (size_t i = 0; i < steady->count; i++)
    free(steady->groups[i].lines);
  free(steady->groups);
  *steady = (struct steady){0};
}
