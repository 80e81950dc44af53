/* goals.h — the goals of GOALS that are a ratio to a peer, as data.
 *
 * A goal says: Weir's time ≤ factor × the peer's, or peer ÷ Weir ≥ 1 ÷ factor. Goals against a limit of the machine (a
 * clock read, a bare switch) or in bytes are no ratio and are not here. */
#ifndef REPORTS_GOALS_H
#define REPORTS_GOALS_H

#include <stdbool.h>
#include <stddef.h>

struct interval;

struct goal {
  const char *benchmark; /* shell pattern over the benchmark's name; * crosses slashes */
  const char *peer;      /* shell pattern over the peer's name */
  double factor;
  const char *words;
};

enum verdict { VERDICT_NONE, VERDICT_MET, VERDICT_NOT_MET, VERDICT_UNCLEAR };

extern const struct goal goals[];
extern const size_t goals_count;

/* The goal of a benchmark against a peer, NULL when there is none. */
const struct goal *goals_find(const char *benchmark, const char *peer);

bool goals_concerns(const struct goal *goal, const char *benchmark);

/* `ratio` is peer ÷ Weir. Unclear when its interval is unknown or holds the goal. */
enum verdict goals_judge(const struct goal *goal, const struct interval *ratio);

#endif
