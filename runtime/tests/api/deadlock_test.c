/* deadlock_test.c — -EDEADLK: what is a wake source and what is not, who waits on what and where, and the state after
 * it.
 *
 * A case that takes something for a wake source that is none would hang here for an hour: that is its way to fail. */
#include "run.h"

static const int64_t an_hour = 3600 * WEIR_SECOND;

static struct run_log deadlock_log;

/* The body ends in -EDEADLK in both modes. */
static void deadlocks(int (*body)(void *), void *arg) {
  for (size_t m = 0; m < 2; m++) {
    CHECK_EQ_INT(run_logged(run_modes[m], &deadlock_log, body, arg), -EDEADLK);
    CHECK_CONTAINS(deadlock_log.text, "deadlock");
  }
}

/* ---- the report ------------------------------------------------------------------------------------------------ */

static void receives(void *arg) {
  weir_chan_recv(arg, NULL);
}

static void sends(void *arg) {
  weir_chan_send(arg, NULL);
}

static void selects(void *arg) {
  weir_chan *const *channels = arg;
  struct weir_case cases[] = {WEIR_RECV(channels[0], NULL), WEIR_SEND(channels[1], NULL)};
  weir_select(cases, 2, WEIR_FOREVER);
}

static int report_body(void *arg) {
  weir_chan *const *channels = arg;
  const struct weir_task_options options = {.name = "the gatekeeper"};
  CHECK_EQ_INT(weir_go_at(receives, channels[0], "reader.c", 201), 0);
  CHECK_EQ_INT(weir_go_at(sends, channels[1], "writer.c", 202), 0);
  CHECK_EQ_INT(weir_go_with_at(&options, selects, arg, "chooser.c", 203), 0);
  return weir_chan_recv(channels[2], NULL);
}

static const char *line_with(const char *text, const char *part, char *line, size_t size) {
  const char *found = strstr(text, part);
  CHECK(found != NULL);
  while (found > text && found[-1] != '\n')
    found--;
  snprintf(line, size, "%.*s", (int)strcspn(found, "\n"), found);
  return line;
}

static void report_says_who_waits_on_what_and_where(void) {
  char line[1024];
  weir_chan *channels[] = {weir_chan_new_at(1, 0, "upper.c", 101), weir_chan_new_at(1, 0, "lower.c", 102),
                           weir_chan_new_at(1, 0, "main.c", 103)};
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &deadlock_log, report_body, channels), -EDEADLK);
  CHECK_CONTAINS(line_with(deadlock_log.text, "reader.c:201", line, sizeof line), "upper.c:101");
  CHECK_CONTAINS(line, "receive");
  CHECK_CONTAINS(line_with(deadlock_log.text, "writer.c:202", line, sizeof line), "lower.c:102");
  CHECK_CONTAINS(line, "send");
  CHECK_CONTAINS(line_with(deadlock_log.text, "chooser.c:203", line, sizeof line), "upper.c:101");
  CHECK_CONTAINS(line, "lower.c:102");
  CHECK_CONTAINS(line, "select");
  CHECK_CONTAINS(line, "the gatekeeper");
  CHECK_CONTAINS(line_with(deadlock_log.text, "main.c:103", line, sizeof line), "main");
  for (size_t i = 0; i < 3; i++)
    weir_chan_unref(channels[i]);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  CHECK_EQ_INT(weir_counts().tasks, 0);
}

static int macro_lines[2];

static int macro_body(void *arg) {
  weir_chan **c = arg;
  macro_lines[0] = __LINE__ + 1;
  *c = weir_chan_new(0, 0);
  macro_lines[1] = __LINE__ + 1;
  CHECK_EQ_INT(weir_go(receives, *c), 0);
  return weir_chan_recv(*c, NULL);
}

static void macros_keep_the_callers_lines(void) {
  weir_chan *c = NULL;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &deadlock_log, macro_body, &c), -EDEADLK);
  for (size_t i = 0; i < 2; i++) {
    char place[64];
    snprintf(place, sizeof place, "deadlock_test.c:%d", macro_lines[i]);
    CHECK_CONTAINS(deadlock_log.text, place);
  }
  weir_chan_unref(c);
}

static int null_body(void *arg) {
  (void)arg;
  return weir_chan_recv(NULL, NULL);
}

static int empty_select_body(void *arg) {
  (void)arg;
  return weir_select(NULL, 0, WEIR_FOREVER);
}

static int forever_body(void *arg) {
  (void)arg;
  return weir_sleep_until(WEIR_FOREVER);
}

static int group_body(void *arg) {
  (void)arg;
  weir_waitgroup group = {0};
  CHECK_EQ_INT(weir_waitgroup_add(&group, 1), 0);
  return weir_waitgroup_wait(&group);
}

static void every_wait_can_deadlock(void) {
  deadlocks(null_body, NULL);
  CHECK_CONTAINS(deadlock_log.text, "NULL");
  deadlocks(empty_select_body, NULL);
  deadlocks(forever_body, NULL);
  deadlocks(group_body, NULL);
}

static int no_run_body(void *arg) {
  (void)arg;
  return weir_task_count() == 1 && weir_counts().tasks == 1 ? 0 : 1;
}

static void frees_timer(void *arg) {
  weir_timer_free(arg);
}

static void watches_for_an_hour(void *arg) {
  (void)arg;
  weir_timer *t = weir_timer_new(an_hour);
  struct weir_defer storage;
  weir_defer(&storage, frees_timer, t);
  weir_chan_recv(weir_timer_chan(t), NULL);
}

static int leaves_watcher_body(void *arg) {
  CHECK_EQ_INT(weir_go(watches_for_an_hour, arg), 0);
  return weir_settle(WEIR_FOREVER);
}

static void another_run_may_follow(void) {
  deadlocks(null_body, NULL);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &deadlock_log, leaves_watcher_body, NULL), 0);
  deadlocks(null_body, NULL); /* a wake source of the run before is none of this one */
  run_balanced(WEIR_TIMERS_PROMPT, no_run_body, NULL);
  CHECK_EQ_INT(weir_counts().stack_bytes, 0);
}

/* ---- not a wake source ----------------------------------------------------------------------------------------- */

static weir_timer *unwatched;

static void frees_unwatched(void *arg) {
  (void)arg;
  weir_timer_free(unwatched);
}

enum timer_kind { PENDING, STOPPED, RECEIVED, TICKER, ABANDONED, WATCHED_AFTER_STOP };

static int unwatched_body(void *arg) {
  const enum timer_kind kind = *(const enum timer_kind *)arg;
  struct weir_defer storage;
  unwatched = kind == ABANDONED ? NULL : kind == TICKER ? weir_ticker_new(WEIR_MILLISECOND) : weir_timer_new(an_hour);
  weir_defer(&storage, frees_unwatched, NULL);
  if (kind == ABANDONED)
    weir_chan_unref(weir_after(an_hour));
  if (kind == STOPPED || kind == WATCHED_AFTER_STOP)
    CHECK(weir_timer_stop(unwatched));
  if (kind == RECEIVED) {
    CHECK(weir_timer_reset(unwatched, WEIR_MILLISECOND));
    CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(unwatched), NULL), 0);
  }
  return weir_chan_recv(kind == RECEIVED || kind == WATCHED_AFTER_STOP ? weir_timer_chan(unwatched) : NULL, NULL);
}

static void is_no_wake_source(int kind) {
  enum timer_kind the_kind = (enum timer_kind)kind;
  deadlocks(unwatched_body, &the_kind);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

/* Tasks that wait for each other in a ring. */
struct ring {
  weir_chan *receives_from, *sends_to;
};

static void passes_on(void *arg) {
  const struct ring *ring = arg;
  if (weir_chan_recv(ring->receives_from, NULL) == 0)
    weir_chan_send(ring->sends_to, NULL);
}

static int ring_body(void *arg) {
  enum { TASKS = 5 };
  weir_chan **channels = arg;
  struct ring rings[TASKS];
  for (int i = 0; i < TASKS; i++) {
    rings[i] = (struct ring){channels[i], channels[(i + 1) % TASKS]};
    if (i > 0)
      CHECK_EQ_INT(weir_go(passes_on, &rings[i]), 0);
  }
  passes_on(&rings[0]);
  return 0;
}

static void ring_of_waits(void) {
  weir_chan *channels[5];
  for (int i = 0; i < 5; i++)
    channels[i] = weir_chan_new_at(0, 0, "ring.c", 500 + i);
  deadlocks(ring_body, channels);
  for (int i = 0; i < 5; i++) {
    char place[32];
    snprintf(place, sizeof place, "ring.c:%d", 500 + i);
    CHECK_CONTAINS(deadlock_log.text, place);
    weir_chan_unref(channels[i]);
  }
}

/* ---- a wake source --------------------------------------------------------------------------------------------- */

static void sleeps_then_sends(void *arg) {
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_chan_send(arg, NULL), 0);
}

static void waits_with_deadline_then_sends(void *arg) {
  CHECK_EQ_INT(weir_chan_recv_until(NULL, NULL, weir_now() + 2 * WEIR_MILLISECOND), -ETIMEDOUT);
  CHECK_EQ_INT(weir_chan_send(arg, NULL), 0);
}

static void watches_timer_then_sends(void *arg) {
  weir_timer *t = weir_timer_new(2 * WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(t), NULL), 0);
  weir_timer_free(t);
  CHECK_EQ_INT(weir_chan_send(arg, NULL), 0);
}

static void selects_ticker_then_sends(void *arg) {
  weir_ticker *t = weir_ticker_new(WEIR_MILLISECOND);
  struct weir_case cases[] = {WEIR_RECV(NULL, NULL), WEIR_RECV(weir_ticker_chan(t), NULL)};
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_FOREVER), 1);
  weir_ticker_free(t);
  CHECK_EQ_INT(weir_chan_send(arg, NULL), 0);
}

static int source_body(void *arg) {
  void (*const *source)(void *) = arg;
  weir_chan *c = weir_chan_new(0, 0);
  CHECK_EQ_INT(weir_go(*source, c), 0);
  CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  return 0;
}

static void (*const sources[])(void *) = {sleeps_then_sends, waits_with_deadline_then_sends, watches_timer_then_sends,
                                          selects_ticker_then_sends};

static void is_a_wake_source(int index) {
  run_everywhere(source_body, (void *)&sources[index]);
}

static int function_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(0, 0);
  weir_timer *t = weir_timer_func(2 * WEIR_MILLISECOND, sends, c);
  CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_timer_free(t);
  weir_chan_unref(c);
  return 0;
}

static void function_timer_is_a_wake_source(void) {
  run_everywhere(function_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(report_says_who_waits_on_what_and_where),
    CHECK_CASE(macros_keep_the_callers_lines),
    CHECK_CASE(every_wait_can_deadlock),
    CHECK_CASE(another_run_may_follow),
    CHECK_CASE(ring_of_waits),
    CHECK_CASE_WITH("pending_timer_nobody_watches_is_no_source", is_no_wake_source, PENDING),
    CHECK_CASE_WITH("stopped_timer_is_no_source", is_no_wake_source, STOPPED),
    CHECK_CASE_WITH("stopped_timer_is_no_source_though_watched", is_no_wake_source, WATCHED_AFTER_STOP),
    CHECK_CASE_WITH("timer_whose_tick_was_received_is_no_source", is_no_wake_source, RECEIVED),
    CHECK_CASE_WITH("ticker_nobody_watches_is_no_source", is_no_wake_source, TICKER),
    CHECK_CASE_WITH("abandoned_after_is_no_source", is_no_wake_source, ABANDONED),
    CHECK_CASE_WITH("sleeping_task_is_a_source", is_a_wake_source, 0),
    CHECK_CASE_WITH("deadline_is_a_source", is_a_wake_source, 1),
    CHECK_CASE_WITH("watched_timer_is_a_source", is_a_wake_source, 2),
    CHECK_CASE_WITH("watched_ticker_is_a_source", is_a_wake_source, 3),
    CHECK_CASE(function_timer_is_a_wake_source),
};

CHECK_MAIN(cases)
