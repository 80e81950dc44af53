/* hunt.h — looks for a schedule that ends in a verdict.
 *
 * One child runs simulation after simulation in one process, a hundred thousand a second; its parent shows how far it
 * is, and takes over when it has found something, has died, or does not get on. The decisions of the run are kept in
 * memory that they share: they are what was found, however the run ended.
 */
#ifndef WEIR_FUZZ_HUNT_H
#define WEIR_FUZZ_HUNT_H

#include "attempt.h"

enum strategy { STRATEGY_MIX, STRATEGY_RANDOM, STRATEGY_PCT, STRATEGY_POS, STRATEGY_DFS };

/* "mix" (random, PCT and POS in turns), "random", …; NULL behind the last. */
const char *strategy_name(enum strategy strategy);

struct hunt {
  enum strategy strategy;
  unsigned depth; /* PCT: of the bug; dfs: the most preemptions */
  uint64_t seed;
  uint64_t runs;       /* 0: as many as fit into the seconds */
  double seconds;      /* 0: no limit */
  struct weir_sim sim; /* without a chooser */
  bool quiet;          /* no progress */
};

struct quarry {
  bool found;
  bool exhausted; /* dfs: there is no other schedule */
  uint64_t runs;
  uint64_t steps; /* of all runs together */
  double seconds;
  enum strategy strategy; /* with which it was found, not mix */
};

/* Returns 0, or a negative errno when it could not be done. What was found: the decisions in outcome, nothing else. */
int hunt(const struct hunt *hunt, struct quarry *quarry, struct outcome *outcome);

#endif
