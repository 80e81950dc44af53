/* simulated.h — runs a scenario under many seeds, and says what is needed to run a failing one again.
 *
 * A scenario compares the library with a naive model as it goes and calls mismatch() at the first difference; its main
 * then ends as soon as it can. The verdict must be ok; every REPLAYED-th run is repeated from its schedule and must take
 * the same steps.
 *
 * White box: simulated_observe puts a function behind each scheduling point. After a point the operation's body runs
 * without interruption until it is done or blocks, so that a model told there is told in the true order of operations.
 */
#ifndef UNIT_SIMULATED_H
#define UNIT_SIMULATED_H

#include "check.h"
#include "random.h"
#include "worker.h"

#include <weir.h>
#include <weir/sim.h>

#include <inttypes.h>

struct simulated {
  int (*main)(void *arg); /* its result is not looked at: mismatch() is */
  void *arg;
  enum weir_timer_mode mode;
};

/* One seed. True when the verdict is ok and nothing mismatched; else, unless quiet, what was found is printed. */
bool simulated_seed(const struct simulated *simulated, uint64_t seed, bool quiet);

/* Says what differs; the first one counts. */
void mismatch(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool mismatched(void);
void simulated_forget(void);

#define MODEL(condition, ...)                                                                                          \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      mismatch(__VA_ARGS__);                                                                                           \
  } while (0)

/* Call first in a scenario's main: after_step runs behind each scheduling point; before_decision, which may be NULL, when
 * the chooser is asked, hence between a timer that wakes a task and whatever comes next. */
void simulated_observe(void (*after_step)(void), void (*before_decision)(void));

#endif
