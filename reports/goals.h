/* goals.h — the goals of GOALS that can be judged from the results, as data.
 *
 * A goal against a peer says: Weir's figure ≤ factor × the peer's, or peer ÷ Weir ≥ 1 ÷ factor. One without a peer says:
 * Weir's figure ≤ factor. The figure is the row's time or one of its counters. A goal holds at every number of workers,
 * unless its peer has one only. Goals against a limit of the machine (a clock read, a bare switch) are not here. */
#ifndef REPORTS_GOALS_H
#define REPORTS_GOALS_H

#include "results.h"

#include <stdbool.h>
#include <stddef.h>

struct goal {
  const char *benchmark; /* shell pattern over the benchmark's name; * crosses slashes */
  const char *peer;      /* shell pattern over the peer's name; NULL: the figure itself is bounded */
  double factor;
  const char *words;
  long workers; /* the only number it is for; 0: any */
  enum counter figure;
};

enum verdict { VERDICT_NONE, VERDICT_MET, VERDICT_NOT_MET, VERDICT_UNCLEAR };

extern const struct goal goals[];
extern const size_t goals_count;

/* The goal of a benchmark's figure against a peer, NULL when there is none. */
const struct goal *goals_find(const char *benchmark, long workers, enum counter figure, const char *peer);

bool goals_concerns(const struct goal *goal, const char *benchmark, long workers, enum counter figure);

/* `judged` is peer ÷ Weir or, for a goal without a peer, Weir's figure. Unclear when its interval is unknown or holds
 * the goal. */
enum verdict goals_judge(const struct goal *goal, const struct interval *judged);

#endif
