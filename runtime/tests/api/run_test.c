/* run_test.c — starting and ending a run: results, refused configurations, one run at a time, what works outside, what
 * is reported as left over. */
#include "run.h"

#include <pthread.h>

/* ---- results --------------------------------------------------------------------------------------------------- */

static int returns_it(void *arg) {
  return *(int *)arg;
}

static void main_result_is_returned(void) {
  for (int expected = -5; expected <= 7; expected += 6) {
    int stored = 99;
    const struct weir_config config = {.workers = test_workers(), .result = &stored};
    CHECK_EQ_INT(weir_run(&config, returns_it, &expected), expected);
    CHECK_EQ_INT(stored, expected);
    CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 0}, returns_it, &expected), expected);
    CHECK_EQ_INT(weir_run(NULL, returns_it, &expected), expected);
  }
}

static int blocks_for_ever(void *arg) {
  return weir_chan_recv(arg, NULL);
}

/* The runtime's error and main's own result are told apart by *result. */
static int returns_edeadlk(void *arg) {
  (void)arg;
  return -EDEADLK;
}

static void error_and_result_are_told_apart(void) {
  static struct run_log log;
  int stored = 99;
  const struct weir_config config = {
      .workers = test_workers(), .result = &stored, .log = run_log_line, .log_context = &log};
  CHECK_EQ_INT(weir_run(&config, returns_edeadlk, NULL), -EDEADLK);
  CHECK_EQ_INT(stored, -EDEADLK);
  CHECK_STR(log.text, "");
  stored = 99;
  CHECK_EQ_INT(weir_run(&config, blocks_for_ever, NULL), -EDEADLK);
  CHECK_INT(log.length, >, 0);
}

static void refused(struct weir_config config, const char *field, const char *value) {
  static struct run_log log;
  int zero = 0;
  log.length = 0;
  config.log = run_log_line;
  config.log_context = &log;
  CHECK_EQ_INT(weir_run(&config, returns_it, &zero), -EINVAL);
  CHECK_CONTAINS(log.text, field);
  CHECK_CONTAINS(log.text, value);
}

static void meaningless_fields_are_named(void) {
  int zero = 0;
  refused((struct weir_config){.workers = 241}, "workers", "241");
  refused((struct weir_config){.workers = UINT32_MAX}, "workers", "4294967295");
  refused((struct weir_config){.hog_ns = -5}, "hog_ns", "-5");
  refused((struct weir_config){.timer_mode = (enum weir_timer_mode)7}, "timer_mode", "7");
  const struct weir_config one = {.workers = 1};
  CHECK_EQ_INT(weir_run(&one, returns_it, &zero), 0);
}

static int runs_again(void *arg) {
  const int *rounds = arg;
  CHECK_EQ_INT(weir_task_count(), 1);
  CHECK_EQ_INT(weir_counts().tasks, 1);
  return *rounds;
}

static void runs_follow_each_other(void) {
  for (int round = 0; round < 50; round++)
    CHECK_EQ_INT(run_plain(runs_again, &round), round);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  CHECK_EQ_INT(weir_counts().stack_bytes, 0);
}

/* ---- one at a time --------------------------------------------------------------------------------------------- */

static void *runs_from_a_thread(void *arg) {
  static int result;
  result = weir_run(NULL, returns_it, arg);
  return &result;
}

static int nested_body(void *arg) {
  (void)arg;
  int seven = 7;
  CHECK_EQ_INT(weir_run(NULL, returns_it, &seven), -EBUSY);
  const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0)};
  struct weir_sim_report report;
  CHECK_EQ_INT(weir_simulate(&sim, returns_it, &seven, &report), -EBUSY);
  weir_chooser_free(sim.chooser);
  pthread_t thread;
  void *result;
  CHECK_EQ_INT(pthread_create(&thread, NULL, runs_from_a_thread, &seven), 0);
  CHECK_EQ_INT(pthread_join(thread, &result), 0);
  CHECK_EQ_INT(*(int *)result, -EBUSY);
  CHECK_EQ_INT(weir_sleep(1), 0); /* and the run that was active is as it was */
  return 0;
}

static void second_run_is_busy(void) {
  run_balanced(WEIR_TIMERS_PROMPT, nested_body, NULL);
  const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0)};
  struct weir_sim_report report;
  CHECK_EQ_INT(weir_simulate(&sim, nested_body, NULL, &report), 0);
  CHECK_STR(weir_verdict_name(report.verdict), "ok");
  weir_sim_report_free(&report);
  weir_chooser_free(sim.chooser);
}

/* ---- outside a run --------------------------------------------------------------------------------------------- */

static void never_runs(void *arg) {
  (void)arg;
  CHECK(0);
}

static void what_works_outside(void) {
  weir_chan *c = weir_chan_new(sizeof(int), 1);
  int value = 5, got = 0;
  CHECK_EQ_INT(weir_chan_try_recv(c, &got), -EAGAIN);
  CHECK_EQ_INT(weir_chan_recv(c, &got), -EPERM);
  CHECK_EQ_INT(weir_chan_recv_until(c, &got, WEIR_FOREVER), -EPERM);
  CHECK_EQ_INT(weir_chan_try_send(c, &value), 0);
  CHECK_EQ_INT(weir_chan_try_send(c, &value), -EAGAIN);
  CHECK_EQ_INT(weir_chan_send(c, &value), -EPERM);
  CHECK_EQ_INT(weir_chan_recv(c, &got), 0); /* it need not block */
  CHECK_EQ_INT(got, 5);
  CHECK_EQ_INT(weir_chan_send(c, &value), 0);
  struct weir_case cases[] = {WEIR_SEND(c, &value), WEIR_RECV(NULL, NULL)};
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_FOREVER), -EPERM);
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_POLL), -ETIMEDOUT);
  CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_chan_recv(c, &got), 0);
  CHECK_EQ_INT(weir_chan_recv(c, &got), -EPIPE);
  weir_chan_unref(c);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static void what_needs_a_task(void) {
  weir_waitgroup group = {0};
  struct weir_defer defer;
  CHECK_EQ_INT(weir_go(never_runs, NULL), -EPERM);
  CHECK_EQ_INT(weir_sleep(WEIR_SECOND), -EPERM);
  CHECK_EQ_INT(weir_sleep_until(WEIR_FOREVER), -EPERM);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), -EPERM);
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0); /* it need not block */
  CHECK_EQ_INT(weir_waitgroup_add(&group, 1), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&group), -EPERM);
  CHECK_EQ_INT(weir_chan_recv(NULL, NULL), -EPERM);
  CHECK_EQ_INT(weir_select(NULL, 0, WEIR_FOREVER), -EPERM);
  weir_defer(&defer, never_runs, NULL);
  weir_yield();
  CHECK_EQ_INT(weir_task_count(), 0);
  const int64_t start = weir_now();
  CHECK_INT(weir_now(), >=, start);
}

/* ---- left over at the end -------------------------------------------------------------------------------------- */

static void waits_for_ever(void *arg) {
  weir_chan_recv(arg, NULL);
  CHECK(0); /* no user code runs after main returned */
}

static void sleeps_for_ever(void *arg) {
  (void)arg;
  weir_sleep_until(WEIR_FOREVER);
  CHECK(0);
}

/* With several workers the third may begin at once, on another one. */
static int leaves_body(void *arg) {
  CHECK_EQ_INT(weir_go_at(waits_for_ever, arg, "one.c", 11), 0);
  const struct weir_task_options options = {.name = "the sleeper"};
  CHECK_EQ_INT(weir_go_with_at(&options, sleeps_for_ever, NULL, "two.c", 22), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_go_at(one_worker() ? never_runs : sleeps_for_ever, NULL, "three.c", 33), 0); /* and never begun */
  return 4;
}

static void left_over_tasks_are_reported(void) {
  static struct run_log log;
  weir_chan *c = weir_chan_new(1, 0);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, leaves_body, c), 4);
  CHECK_CONTAINS(log.text, "one.c:11");
  CHECK_CONTAINS(log.text, "two.c:22");
  CHECK_CONTAINS(log.text, "three.c:33");
  CHECK_CONTAINS(log.text, "the sleeper");
  weir_chan_unref(c);
  CHECK_EQ_INT(weir_counts().tasks, 0);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  CHECK_EQ_INT(weir_counts().stack_bytes, 0);
}

static int start_line;

static int macro_body(void *arg) {
  (void)arg;
  start_line = __LINE__ + 1;
  CHECK_EQ_INT(weir_go(sleeps_for_ever, NULL), 0);
  return weir_settle(WEIR_FOREVER);
}

static void macro_keeps_the_callers_line(void) {
  static struct run_log log;
  char expected[64];
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, macro_body, NULL), 0);
  snprintf(expected, sizeof expected, "run_test.c:%d", start_line);
  CHECK_CONTAINS(log.text, expected);
}

static int pending_body(void *arg) {
  (void)arg;
  for (int i = 0; i < 100; i++)
    weir_chan_unref(weir_after(WEIR_SECOND + i));
  CHECK_EQ_INT(weir_counts().timers_pending, 100);
  return 0;
}

static void pending_timers_are_freed_at_the_end(void) {
  run_balanced(WEIR_TIMERS_CLASSIC, pending_body, NULL);
}

static void works_long(void *arg) {
  const int64_t end = weir_now() + *(const int64_t *)arg;
  while (weir_now() < end)
    ;
}

static int hog_body(void *arg) {
  CHECK_EQ_INT(weir_go(works_long, arg), 0);
  return weir_settle(WEIR_FOREVER);
}

/* The report names the line that started the task; nobody is named when no limit is set. */
static void hogs_are_named(void) {
  static struct run_log log;
  struct weir_config config = {
      .workers = test_workers(), .log = run_log_line, .log_context = &log, .hog_ns = WEIR_MILLISECOND};
  int64_t work = 3 * WEIR_MILLISECOND;
  log.length = 0;
  CHECK_EQ_INT(weir_run(&config, hog_body, &work), 0);
  CHECK_CONTAINS(log.text, "started at");
  CHECK_CONTAINS(log.text, "run_test.c:");
  CHECK_CONTAINS(log.text, " ms without giving up its worker");
  log.length = 0;
  log.text[0] = '\0';
  config.hog_ns = 0;
  CHECK_EQ_INT(weir_run(&config, hog_body, &work), 0);
  CHECK_STR(log.text, "");
}

static const struct check_case cases[] = {
    CHECK_CASE(hogs_are_named),
    CHECK_CASE(main_result_is_returned),
    CHECK_CASE(error_and_result_are_told_apart),
    CHECK_CASE(meaningless_fields_are_named),
    CHECK_CASE(runs_follow_each_other),
    CHECK_CASE(second_run_is_busy),
    CHECK_CASE(what_works_outside),
    CHECK_CASE(what_needs_a_task),
    CHECK_CASE(left_over_tasks_are_reported),
    CHECK_CASE(macro_keeps_the_callers_line),
    CHECK_CASE(pending_timers_are_freed_at_the_end),
};

CHECK_MAIN(cases)
