/* steady.h — the seed's question, answered in figures: what does a message cost under each policy and mode, and what
 * has it left behind once as many timers expire as are made?
 *
 * Little's law: timers kept = rate × timeout, if every message leaves one. `if_abandoned` is that in bytes, computed
 * for every line from its own rate, timeout and bytes a timer. It is a *prediction* only where each message does
 * abandon its timer and nothing frees it early: policy after in classic mode. Elsewhere it is the scale against which
 * the live bytes are little or much: a line `keeps` when it holds at least a tenth of it.
 *
 * A line whose samples did not all reach steady state (10 × the timeout before the first reading) answers nothing; it
 * is neither compared nor drawn. */
#ifndef REPORTS_STEADY_H
#define REPORTS_STEADY_H

#include "results.h"

#define STEADY_TOLERANCE 0.20
#define STEADY_KEEPS     0.1

enum steady_status { STEADY_REACHED, STEADY_NEVER_REACHED, STEADY_FAILED };

struct steady_line {
  const struct cell *cell;
  enum steady_status status;
  size_t reached; /* how many of the samples were steady */
  double rate, timeout_ns, bytes_per_timer;
  double timers_pending, timers_abandoned; /* NaN: that system does not show them */
  double live_bytes;
  double if_abandoned;
  bool predicted;   /* if_abandoned is a prediction of live_bytes */
  double deviation; /* live_bytes ÷ if_abandoned − 1, median over the repetitions; NaN unless predicted */
  bool within;
  bool keeps;
};

struct steady_group {
  struct point size;
  struct steady_line *lines; /* by policy, mode, system: Weir first */
  size_t count;
};

struct steady {
  struct steady_group *groups; /* the one with most lines first */
  size_t count;
};

struct steady steady_of(const struct results *results);
void steady_free(struct steady *steady);

#endif
