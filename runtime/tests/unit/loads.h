/* loads.h — the benchmarks' loads in small: what each row of weir-bench does a million times, a thousand times. A load
 * asserts its own work count.
 */
#ifndef UNIT_LOADS_H
#define UNIT_LOADS_H

#include "check.h"

#include <weir.h>

#define CLASSIC WEIR_TIMERS_CLASSIC
#define PROMPT  WEIR_TIMERS_PROMPT
#define HOUR    (3600 * WEIR_SECOND)

struct load {
  const char *name;
  enum weir_timer_mode mode;
  /* Each runs in main's task. open makes what operate needs (may be NULL); operate does n operations, several times;
   * close gives everything back. parameter is the row's number of cases, policy, … */
  void (*open)(int parameter);
  void (*operate)(int64_t n, int parameter);
  void (*close)(int parameter);
  int parameter;
  bool silent; /* no system call and no clock read either */
  bool heavy;  /* thousands of instructions an operation */
};

struct load_table {
  const struct load *loads;
  size_t count;
};

extern const struct load_table loads_channel; /* tasks, channels, select */
extern const struct load_table loads_timer;   /* timers, broadcast */
extern const struct load_table loads_sync;    /* locks, contexts */

/* ---- for the loads ----------------------------------------------------------------------------------------------- */

static weir_waitgroup helpers; /* the tasks that a load has started */

static inline void start(void (*fn)(void *), void *arg) {
  CHECK_EQ_INT(weir_waitgroup_add(&helpers, 1), 0);
  CHECK_EQ_INT(weir_go(fn, arg), 0);
}

static inline void finished(void) {
  CHECK_EQ_INT(weir_waitgroup_done(&helpers), 0);
}

static inline void join(void) {
  CHECK_EQ_INT(weir_waitgroup_wait(&helpers), 0);
}

#endif
