/* schedule.h — a simulation's choices as a string that replays them.
 *
 *   w1:t0*12t2s1m0*2
 *
 * Version, then runs of equal choices: a letter for the kind (t task, s select, m timer, a allocation, d draw, w
 * worker), the choice, and *N when it was made N times in a row.
 */
#ifndef WEIR_SRC_SCHEDULE_H
#define WEIR_SRC_SCHEDULE_H

#include "text.h"

#include <stdint.h>

struct choice_run {
  uint8_t kind;
  uint32_t choice;
  uint64_t times;
};

struct schedule {
  struct choice_run *runs;
  size_t count;
  size_t capacity;
  bool failed; /* memory: the schedule is not complete */
};

void schedule_add(struct schedule *schedule, int kind, uint32_t choice);

/* The string; NULL without memory. */
char *schedule_print(const struct schedule *schedule);

/* 0; -EINVAL when it is no schedule; -ENOMEM. */
int schedule_parse(struct schedule *schedule, const char *string);

void schedule_free(struct schedule *schedule);

#endif
