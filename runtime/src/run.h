/* run.h — one run (or simulation) at a time: its begin, its end, its log. */
#ifndef WEIR_SRC_RUN_H
#define WEIR_SRC_RUN_H

#include "scheduler.h"

/* Counts runs and simulations: what an object remembers of it says which one it belongs to. */
extern WEIR_PRIVATE uint32_t weir_run_generation;

bool weir_run_active(void);

/* Claims the process's only place for a run, and prepares count workers from weir_workers[first] on; the calling thread
 * is the first of them. 0, -EBUSY, -EINVAL or -ENOMEM; what has no meaning is logged. run_finish gives the place back.
 * */
int run_begin(uint32_t first, uint32_t count, const struct weir_config *config);
void run_finish(void);

struct main_call {
  int (*fn)(void *);
  void *arg;
  int result;
};

/* Makes the main task, runnable; false without memory. */
bool run_start_main(struct main_call *call);

/* Takes down what main left: withdraws every wait, stops every timer, runs the deferred functions, frees tasks and
 * stacks. */
void run_take_down(void);

/* One line to the log of the active run (standard error without one). */
void run_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The program is about to be aborted: what a simulation would keep for its report goes to standard error. */
void run_log_last_words(void);

#endif
