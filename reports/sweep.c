/* sweep.c — see sweep.h. */
#include "sweep.h"

#include "allocation.h"

#include <stdlib.h>

static int compare_longs(const void *left, const void *right) {
  long a = *(const long *)left, b = *(const long *)right;
  return (a > b) - (a < b);
}

static int compare_groups(const void *left, const void *right) {
  const struct point *a = &((const struct sweep_group *)left)->key, *b = &((const struct sweep_group *)right)->key;
  if (a->workers != b->workers)
    return a->workers < b->workers ? -1 : 1;
  if (a->capacity != b->capacity)
    return a->capacity < b->capacity ? -1 : 1;
  return (a->load > b->load) - (a->load < b->load);
}

static void add_value(long **values, size_t *count, long value) {
  for (size_t i = 0; i < *count; i++)
    if ((*values)[i] == value)
      return;
  *values = allocation_append(*values, *count, sizeof **values);
  (*values)[(*count)++] = value;
}

static struct sweep_group *group_of(struct sweep *sweep, const struct point *key) {
  for (size_t i = 0; i < sweep->count; i++)
    if (point_same_group(&sweep->groups[i].key, key))
      return &sweep->groups[i];
  sweep->groups = allocation_append(sweep->groups, sweep->count, sizeof *sweep->groups);
  sweep->groups[sweep->count] = (struct sweep_group){.key = *key};
  return &sweep->groups[sweep->count++];
}

struct sweep sweep_of(const struct results *results) {
  struct sweep sweep = {0};
  for (size_t i = 0; i < results->count; i++) {
    const struct cell *cell = &results->cells[i];
    if (cell->point.family != FAMILY_BROADCAST)
      continue;
    struct sweep_group *group = group_of(&sweep, &cell->point);
    add_value(&group->subscribers, &group->subscriber_count, cell->point.subscribers);
    add_value(&group->concurrency, &group->concurrency_count, cell->point.concurrency);
    if (cell->peer != NULL)
      continue;
    group->present[cell->point.policy][cell->point.mode] = true;
    group->has_weir = true;
  }
  for (size_t i = 0; i < sweep.count; i++) {
    struct sweep_group *group = &sweep.groups[i];
    qsort(group->subscribers, group->subscriber_count, sizeof(long), compare_longs);
    qsort(group->concurrency, group->concurrency_count, sizeof(long), compare_longs);
  }
  if (sweep.count > 0)
    qsort(sweep.groups, sweep.count, sizeof *sweep.groups, compare_groups);
  return sweep;
}

void sweep_free(struct sweep *sweep) {
  for (size_t i = 0; i < sweep->count; i++) {
    free(sweep->groups[i].subscribers);
    free(sweep->groups[i].concurrency);
  }
  free(sweep->groups);
  *sweep = (struct sweep){0};
}

const struct cell *sweep_cell(const struct results *results, const struct sweep_group *group, enum policy policy,
                              enum mode mode, long subscribers, long concurrency, const char *peer) {
  struct point point = group->key;
  point.policy = policy;
  point.mode = mode;
  point.subscribers = subscribers;
  point.concurrency = concurrency;
  return results_point(results, &point, peer);
}

const char *sweep_go(const struct results *results, const struct sweep_group *group, enum mode mode) {
  const char *found = NULL;
  for (size_t p = 0; p < results->peer_count && (found == NULL || mode == MODE_PROMPT); p++) {
    const char *peer = results->peers[p];
    for (size_t i = 0; results_peer_is_go(peer) && i < results->count; i++) {
      const struct cell *cell = &results->cells[i];
      if (cell->peer != NULL && results_compare_peers(cell->peer, peer) == 0 && cell->point.mode == mode &&
          point_same_group(&cell->point, &group->key)) {
        found = peer;
        break;
      }
    }
  }
  return found;
}

char *sweep_group_title(const struct sweep_group *group) {
  char *capacity =
      group->key.capacity == 1 ? allocation_string("") : allocation_format(", capacity %ld", group->key.capacity);
  char *title = allocation_format("Load %s%s, %ld worker%s", point_load_name(group->key.load), capacity,
                                  group->key.workers, group->key.workers == 1 ? "" : "s");
  free(capacity);
  return title;
}
