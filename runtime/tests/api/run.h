/* run.h — ways to run a body: for real or simulated, with the log kept, and with the books checked. How many workers
 * there are, workers.h says.
 *
 * "Balanced" means: result 0, nothing logged, and weir_counts() after it equal to weir_counts() before it. A body gives
 * back all that it made and ends its tasks before it returns. */
#ifndef RUN_H
#define RUN_H

#include "check.h"
#include "workers.h"

#include <time.h>
#include <weir.h>
#include <weir/sim.h>

#ifdef __SANITIZE_THREAD__
enum { UNDER_TSAN = 1 }; /* a task is slow to make */
#else
enum { UNDER_TSAN = 0 };
#endif

/* The judge of "never early": a clock that is not the library's. */
static inline int64_t outside_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * WEIR_SECOND + now.tv_nsec;
}

/* The modes as rows of a table. */
static const enum weir_timer_mode run_modes[] = {WEIR_TIMERS_CLASSIC, WEIR_TIMERS_PROMPT};

struct run_log {
  size_t length;
  char text[32768];
};

static inline void run_log_line(void *context, const char *line) {
  struct run_log *log = context;
  const size_t room = sizeof log->text - log->length;
  const int length = snprintf(log->text + log->length, room, "%s\n", line);
  log->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* With several workers a reading of the books is exact when they rest: the one that fired a timer may still hold it
 * when the task it woke has already gone on. Call before counts are compared. */
static inline void books_come_to_rest(void) {
  if (!one_worker())
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
}

/* Runs body for real and returns weir_run's result. */
static inline int run_plain(int (*body)(void *), void *arg) {
  return weir_run(&(struct weir_config){.workers = test_workers()}, body, arg);
}

static inline int run_logged_on(unsigned workers, enum weir_timer_mode mode, struct run_log *log, int (*body)(void *),
                                void *arg) {
  const struct weir_config config = {.workers = workers, .timer_mode = mode, .log = run_log_line, .log_context = log};
  log->length = 0;
  log->text[0] = '\0';
  return weir_run(&config, body, arg);
}

/* The same in a mode; what was logged is in *log. */
static inline int run_logged(enum weir_timer_mode mode, struct run_log *log, int (*body)(void *), void *arg) {
  return run_logged_on(test_workers(), mode, log, body, arg);
}

static inline void check_counts_equal(struct weir_counts a, struct weir_counts b) {
  CHECK_EQ_INT(a.tasks, b.tasks);
  CHECK_EQ_INT(a.timers, b.timers);
  CHECK_EQ_INT(a.timers_pending, b.timers_pending);
  CHECK_EQ_INT(a.timers_abandoned, b.timers_abandoned);
  CHECK_EQ_INT(a.channels, b.channels);
  CHECK_EQ_INT(a.responses, b.responses);
  CHECK_EQ_INT(a.connections, b.connections);
  CHECK_EQ_INT(a.contexts, b.contexts);
  CHECK_EQ_INT(a.brokers, b.brokers);
  CHECK_EQ_INT(a.bytes, b.bytes);
  CHECK_EQ_INT(a.stack_bytes, b.stack_bytes);
}

static inline void run_balanced_on(unsigned workers, enum weir_timer_mode mode, int (*body)(void *), void *arg) {
  static struct run_log log;
  const struct weir_counts before = weir_counts();
  const int result = run_logged_on(workers, mode, &log, body, arg);
  CHECK_STR(log.text, "");
  CHECK_EQ_INT(result, 0);
  check_counts_equal(weir_counts(), before);
}

/* Runs body for real; it must be balanced. */
static inline void run_balanced(enum weir_timer_mode mode, int (*body)(void *), void *arg) {
  run_balanced_on(test_workers(), mode, body, arg);
}

/* Simulates body under a chooser, which is freed; the verdict must be ok. */
static inline void simulate_balanced(enum weir_timer_mode mode, weir_chooser *chooser, int (*body)(void *), void *arg) {
  const struct weir_sim sim = {.chooser = chooser, .workers = virtual_workers(), .timer_mode = mode};
  const struct weir_counts before = weir_counts();
  struct weir_sim_report report;
  CHECK(chooser != NULL);
  CHECK_EQ_INT(weir_simulate(&sim, body, arg, &report), 0);
  if (report.verdict != WEIR_VERDICT_OK)
    check_fail(__FILE__, __LINE__, "verdict %s, mode %d, schedule %s\n%s", weir_verdict_name(report.verdict), mode,
               report.schedule, report.text);
  CHECK_EQ_INT(report.result, 0);
  weir_sim_report_free(&report);
  weir_chooser_free(chooser);
  check_counts_equal(weir_counts(), before);
}

/* Where virtual workers would take minutes. */
static inline void simulate_quiet_on_one(enum weir_timer_mode mode, int (*body)(void *), void *arg) {
  const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0), .timer_mode = mode};
  struct weir_sim_report report;
  CHECK_EQ_INT(weir_simulate(&sim, body, arg, &report), 0);
  CHECK_STR(weir_verdict_name(report.verdict), "ok");
  weir_sim_report_free(&report);
  weir_chooser_free(sim.chooser);
}

/* The quietest schedule: virtual time, no early timer, first case, first task. */
static inline void simulate_quiet(enum weir_timer_mode mode, int (*body)(void *), void *arg) {
  simulate_balanced(mode, weir_chooser_bytes(NULL, 0), body, arg);
}

/* Many random schedules. */
static inline void simulate_seeds(enum weir_timer_mode mode, uint64_t seeds, int (*body)(void *), void *arg) {
  if (UNDER_TSAN)
    seeds = 1; /* a simulation has one thread: nothing to race with */
  for (uint64_t seed = 1; seed <= seeds; seed++)
    simulate_balanced(mode, weir_chooser_seed(seed), body, arg);
}

/* A body that depends on no mode and no schedule: for real, and simulated under the quietest and 100 random schedules.
 */
static inline void run_everywhere(int (*body)(void *), void *arg) {
  for (size_t m = 0; m < 2; m++) {
    run_balanced(run_modes[m], body, arg);
    simulate_quiet(run_modes[m], body, arg);
    simulate_seeds(run_modes[m], 100, body, arg);
  }
}

#endif
