/* chooser.h — decision sources from the inside: what a simulation asks of its chooser besides a choice.
 *
 *   chooser.c   bytes, seed, replay: they see a kind and a count
 *   search.c    PCT, POS, depth first: they see who the alternatives are (simulation_candidates)
 */
#ifndef WEIR_SRC_CHOOSER_H
#define WEIR_SRC_CHOOSER_H

#include <weir/sim.h>

#include "schedule.h"

enum source { SOURCE_BYTES, SOURCE_SEED, SOURCE_REPLAY, SOURCE_PCT, SOURCE_POS, SOURCE_DFS };

struct candidate;

/* What PCT, POS and the depth-first search know of a run, and of those before it. */
struct search {
  unsigned depth;               /* PCT: the bug's; depth first: how many preemptions */
  struct candidate *candidates; /* of the decision being made */
  uint64_t *priorities;         /* by task number; 0: not drawn yet */
  uint32_t candidates_capacity;
  uint32_t priorities_capacity;
  uint32_t priorities_used;
  uint64_t lowest;      /* the next one to fall goes here; counts down */
  uint64_t steps;       /* PCT: at which more than one task could run */
  uint64_t changes[15]; /* PCT: the steps at which the running task falls */
  uint32_t fire_one_in; /* time has its way once in so many; 0: never */
  struct branch {
    uint32_t choice;
    uint32_t count;
    uint32_t free; /* the first so many preempt nobody */
  } * branches;    /* depth first: the decisions of this run */
  size_t branch_count;
  size_t branch_capacity;
  size_t position;
  bool begun;
  bool exhausted;
  bool failed; /* no memory: nothing is promised any more */
};

struct own_chooser {
  weir_chooser base;
  enum source source;
  const uint8_t *data; /* bytes */
  size_t size;
  size_t position; /* byte, or run of the schedule */
  uint64_t seed;
  uint64_t state;
  struct schedule schedule;
  uint64_t left; /* of the current run */
  uint64_t decisions;
  char divergence[160];
  struct search search;
};

/* A chooser of that source; NULL without memory. */
struct own_chooser *chooser_new(enum source source, uint32_t (*choose)(void *, int, uint32_t));

/* NULL: a chooser of the caller's own. */
struct own_chooser *chooser_own(const weir_chooser *chooser);

/* The next 64 random bits, and a number below count. */
uint64_t chooser_random(struct own_chooser *own);
uint32_t chooser_draw(struct own_chooser *own, uint32_t count);

/* Where a replay left its schedule, or NULL: it has not, or it is no replay. */
const char *chooser_divergence(const weir_chooser *chooser);

/* The run is over: choices that were never asked for are a divergence too. */
void chooser_finish(weir_chooser *chooser);

/* Back to the beginning, so that a chooser serves one simulation after another alike; the depth-first search goes on. */
void chooser_restart(weir_chooser *chooser);

/* search.c */
uint32_t search_choose_pct(void *context, int kind, uint32_t count);
uint32_t search_choose_pos(void *context, int kind, uint32_t count);
uint32_t search_choose_dfs(void *context, int kind, uint32_t count);
void search_restart(struct own_chooser *own);
void search_free(struct search *search);

#endif
