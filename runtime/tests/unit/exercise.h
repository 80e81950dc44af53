/* exercise.h — a program that makes everything the library can make, for the tests that watch memory. Each thing that
 * reports a lack of memory, in the way its header says, is counted; nothing else may go wrong. One worker, so that the
 * n-th allocation is the same in every run.
 */
#ifndef UNIT_EXERCISE_H
#define UNIT_EXERCISE_H

#include <stdint.h>

struct exercise {
  uint32_t reported; /* -ENOMEM, or NULL */
  uint32_t done;     /* things that went well */
};

/* Runs in both timer modes, a run of large stacks, a simulation and its replay. Without memory for ever, nothing may be
 * waited for that needs some: patient = false leaves out the function timers. */
struct exercise exercise_everything(int patient);

#endif
