/* killer.h — what the killers have in common: a body is simulated under many random schedules until one is wrong.
 *
 *     killer CASE [--workers=N] [--runs=N] [--seed=S]
 *
 * Exit status 0: nothing found; 1: found, and in which schedule; 2: usage. A crash, an abort and a hang count as
 * found, so that the number of the schedule is known for them too.
 *
 * Every schedule has its seed: of the program's own draws, and of the chooser. The chooser is uniform, but it stays
 * with choice 0 more or less often, by the seed: what needs many steps of one worker in a row (a ring that fills)
 * happens too.
 *
 * A body checks only what the public headers promise.
 */
#ifndef KILLER_H
#define KILLER_H

#include "unit/random.h"

#include <weir.h>
#include <weir/sim.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct killer_case {
  const char *name;
  int (*body)(void *arg);
  bool scarce; /* allocations fail */
};

extern const struct killer_case killer_lock_cases[], killer_gate_cases[], killer_cancel_cases[], killer_topic_cases[],
    killer_queue_cases[], killer_timer_cases[], killer_scarce_cases[], killer_channel_cases[];

/* Of the body: seeded anew for each schedule. */
extern struct random killer_random;

static inline struct random killer_stream(void) {
  return (struct random){.state = random_bits(&killer_random)};
}

static inline bool killer_chance(struct random *random, uint32_t percent) {
  return random_below(random, 100) < percent;
}

/* For ever, or a time that comes soon. */
static inline int64_t killer_deadline(struct random *random, uint32_t percent_forever) {
  return killer_chance(random, percent_forever) ? WEIR_FOREVER : weir_now() + (int64_t)random_magnitude(random, 18);
}

_Noreturn void killer_found(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define KILLER_CHECK(condition, ...)                                                                                   \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      killer_found(__FILE__, __LINE__, __VA_ARGS__);                                                                   \
  } while (0)

/* Sleeps; a wait that somebody ends who has no business with it ends early. */
void killer_sleep(int64_t duration);

#endif
