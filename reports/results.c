/* results.c — see results.h: cells, how they are found, and what is computed once all files are read. */
#include "results.h"

#include "allocation.h"
#include "nested.h"
#include "row_name.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool results_peer_is_go(const char *peer) {
  return peer != NULL && strncmp(peer, "go", 2) == 0 && peer[2] >= '0' && peer[2] <= '9';
}

int results_compare_peers(const char *left, const char *right) {
  bool left_is_go = results_peer_is_go(left), right_is_go = results_peer_is_go(right);
  if (left_is_go != right_is_go)
    return left_is_go ? -1 : 1;
  return strverscmp(left, right);
}

static int compare_peers(const void *left, const void *right) {
  return results_compare_peers(*(char *const *)left, *(char *const *)right);
}

static void gather_peers(struct results *results) {
  for (size_t i = 0; i < results->count; i++) {
    char *peer = results->cells[i].peer;
    size_t known = 0;
    while (known < results->peer_count && peer != NULL && strcmp(results->peers[known], peer) != 0)
      known++;
    if (peer == NULL || known < results->peer_count)
      continue;
    results->peers = allocation_append(results->peers, results->peer_count, sizeof *results->peers);
    results->peers[results->peer_count++] = peer;
  }
  if (results->peer_count > 0)
    qsort(results->peers, results->peer_count, sizeof *results->peers, compare_peers);
}

/* The order of GOALS; what it does not know comes after. */
static size_t family_rank(const char *benchmark) {
  static const char *const families[] = {"spawn",  "yield",   "channel",   "select", "try",
                                         "timer",  "context", "mutex",     "steal",  "wake",
                                         "parked", "scaling", "broadcast", "steady", "http"};
  size_t rank = 0;
  while (rank < sizeof families / sizeof *families && !row_name_family(benchmark, families[rank]))
    rank++;
  return rank;
}

static int compare_points(const struct point *a, const struct point *b) {
  const long left[] = {a->workers,      a->capacity,   (long)a->load,  a->timeout_ms,
                       (long)a->policy, (long)a->mode, a->subscribers, a->concurrency};
  const long right[] = {b->workers,      b->capacity,   (long)b->load,  b->timeout_ms,
                        (long)b->policy, (long)b->mode, b->subscribers, b->concurrency};
  for (size_t i = 0; i < sizeof left / sizeof *left; i++)
    if (left[i] != right[i])
      return left[i] < right[i] ? -1 : 1;
  return 0;
}

static int compare_cells(const void *left, const void *right) {
  const struct cell *a = left, *b = right;
  size_t a_rank = family_rank(a->benchmark), b_rank = family_rank(b->benchmark);
  if (a_rank != b_rank)
    return a_rank < b_rank ? -1 : 1;
  int order =
      a->point.family == FAMILY_OTHER ? strverscmp(a->benchmark, b->benchmark) : compare_points(&a->point, &b->point);
  if (order == 0)
    order = (a->workers > b->workers) - (a->workers < b->workers);
  if (order != 0 || a->peer == b->peer)
    return order;
  return a->peer == NULL ? -1 : b->peer == NULL ? 1 : results_compare_peers(a->peer, b->peer);
}

/* Files come in the order in which rows happened to end. */
static void sort_cells(struct results *results) {
  qsort(results->cells, results->count, sizeof *results->cells, compare_cells);
  for (size_t i = 0; i < results->count; i++)
    json_object_set_new(results->index, results->cells[i].name, json_integer((json_int_t)i));
}

void results_finish(struct results *results) {
  sort_cells(results);
  for (size_t i = 0; i < results->count; i++) {
    struct cell *cell = &results->cells[i];
    struct nested nested = nested_of(cell);
    double *times = results_times(cell);
    cell->ns = nested.processes < NESTED_ENOUGH ? statistics_interval(times, cell->count) : nested_interval(&nested);
    free(times);
    nested_free(&nested);
  }
  gather_peers(results);
}

void results_free(struct results *results) {
  for (size_t i = 0; i < results->count; i++) {
    struct cell *cell = &results->cells[i];
    free(cell->name);
    free(cell->benchmark);
    free(cell->peer);
    free(cell->samples);
    free(cell->failure);
  }
  for (size_t i = 0; i < results->source_count; i++) {
    free(results->sources[i].path);
    free(results->sources[i].content);
    json_decref(results->sources[i].context);
  }
  free(results->cells);
  free(results->peers);
  free(results->sources);
  json_decref(results->index);
  *results = (struct results){0};
}

const struct cell *results_cell(const struct results *results, const char *benchmark, long workers, const char *peer) {
  char *name = allocation_format("%s/workers:%ld%s%s", benchmark, workers,
                                 peer == NULL ? "" : "/peer:", peer == NULL ? "" : peer);
  json_t *position = json_object_get(results->index, name);
  free(name);
  return position == NULL ? NULL : &results->cells[json_integer_value(position)];
}

static bool same_peer(const char *left, const char *right) {
  return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

const struct cell *results_point(const struct results *results, const struct point *point, const char *peer) {
  const struct cell *end = results->cells + results->count;
  for (const struct cell *cell = results->cells; cell != end; cell++)
    if (point_equal(&cell->point, point) && same_peer(cell->peer, peer))
      return cell;
  return NULL;
}

const struct cell *results_opponent(const struct results *results, const struct cell *weir, const char *peer) {
  const struct cell *same = results_cell(results, weir->benchmark, weir->workers, peer);
  if (same != NULL || weir->point.family == FAMILY_OTHER || weir->point.policy != POLICY_DEADLINE)
    return same;
  struct point timer = weir->point;
  timer.policy = POLICY_TIMER;
  return results_point(results, &timer, peer);
}

double *results_times(const struct cell *cell) {
  double *times = allocation_array(cell->count, sizeof *times);
  for (size_t i = 0; i < cell->count; i++)
    times[i] = cell->samples[i].ns;
  return times;
}

double *results_counter(const struct cell *cell, enum counter counter) {
  double *values = allocation_array(cell->count, sizeof *values);
  for (size_t i = 0; i < cell->count; i++)
    values[i] = cell->samples[i].counters[counter];
  return values;
}

size_t results_figure(const struct cell *cell, enum counter counter, double **values) {
  size_t present = 0;
  *values = results_counter(cell, counter);
  for (size_t i = 0; i < cell->count; i++)
    if (!isnan((*values)[i]))
      (*values)[present++] = (*values)[i];
  return present;
}

double results_counter_median(const struct cell *cell, enum counter counter) {
  double *values;
  size_t present = results_figure(cell, counter, &values);
  double median = statistics_median(values, present);
  free(values);
  return median;
}

long results_peer_position(const struct results *results, const char *peer) {
  for (size_t i = 0; peer != NULL && i < results->peer_count; i++)
    if (strcmp(results->peers[i], peer) == 0)
      return (long)i;
  return -1;
}

char *results_system_name(const char *peer) {
  if (peer == NULL)
    return allocation_string("Weir");
  if (results_peer_is_go(peer))
    return allocation_format("Go %s", peer + 2);
  if (strcmp(peer, "boost.fiber") == 0)
    return allocation_string("Boost.Fiber");
  if (strcmp(peer, "two-processes") == 0)
    return allocation_string("two processes");
  return allocation_string(peer);
}
