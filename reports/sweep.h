/* sweep.h — the axes of the family `broadcast`: which rows share a set of pictures, and what stands on their axes. */
#ifndef REPORTS_SWEEP_H
#define REPORTS_SWEEP_H

#include "results.h"

/* All rows of one load, capacity and number of workers. */
struct sweep_group {
  struct point key; /* policy, mode, subscribers and concurrency are not meaningful */
  long *subscribers;
  size_t subscriber_count;
  long *concurrency;
  size_t concurrency_count;
  bool present[POLICY_COUNT][MODE_COUNT]; /* whether Weir has a row there */
  bool has_weir;                          /* anywhere: without, there is nothing to draw */
};

struct sweep {
  struct sweep_group *groups; /* by workers, then by capacity; ready, slow, exit */
  size_t count;
};

struct sweep sweep_of(const struct results *results);
void sweep_free(struct sweep *sweep);

/* One cell of a group, or NULL. peer NULL is Weir. */
const struct cell *sweep_cell(const struct results *results, const struct sweep_group *group, enum policy policy,
                              enum mode mode, long subscribers, long concurrency, const char *peer);

/* The Go that stands against a mode: the oldest with rows in classic (the seed's world), the newest in prompt. NULL
 * when there is none. */
const char *sweep_go(const struct results *results, const struct sweep_group *group, enum mode mode);

/* "Load ready, 2 workers", and what else distinguishes the group. The caller frees. */
char *sweep_group_title(const struct sweep_group *group);

#endif
