/* chan_free_test.c — references: who frees a channel, what becomes of its buffered elements, and the abort that names a
 * channel freed under a waiting task. */
#include "run.h"

#include <signal.h>

/* ---- on_drop --------------------------------------------------------------------------------------------------- */

static int dropped[8];
static size_t dropped_count;

static void drops(void *element) {
  CHECK_INT(dropped_count, <, 8);
  memcpy(&dropped[dropped_count++], element, sizeof(int));
}

static int drop_body(void *arg) {
  (void)arg;
  dropped_count = 0;
  weir_chan *c = weir_chan_new(sizeof(int), 4);
  weir_chan_on_drop(c, drops);
  for (int i = 0; i < 4; i++)
    CHECK_EQ_INT(weir_chan_send(c, &i), 0);
  int got;
  CHECK_EQ_INT(weir_chan_recv(c, &got), 0);
  CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
  got = 4;
  CHECK_EQ_INT(weir_chan_send(c, &got), 0); /* the ring has wrapped: 2 3 4 are inside */
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(dropped_count, 0);
  weir_chan_unref(c);
  CHECK_EQ_INT(dropped_count, 3);
  for (int i = 0; i < 3; i++)
    CHECK_EQ_INT(dropped[i], 2 + i);
  return 0;
}

static void buffered_elements_are_dropped_once(void) {
  run_everywhere(drop_body, NULL);
}

static int nothing_body(void *arg) {
  (void)arg;
  dropped_count = 0;
  for (size_t capacity = 0; capacity < 2; capacity++) {
    weir_chan *c = weir_chan_new(sizeof(int), capacity);
    weir_chan_on_drop(c, drops);
    CHECK_EQ_INT(weir_chan_try_send(c, NULL), capacity ? 0 : -EAGAIN);
    CHECK_EQ_INT(weir_chan_try_recv(c, NULL), capacity ? 0 : -EAGAIN);
    weir_chan_unref(c);
  }
  CHECK_EQ_INT(dropped_count, 0);
  return 0;
}

static void received_elements_are_not_dropped(void) {
  run_everywhere(nothing_body, NULL);
}

/* ---- references ------------------------------------------------------------------------------------------------ */

static int reference_body(void *arg) {
  (void)arg;
  const struct weir_counts before = weir_counts();
  dropped_count = 0;
  weir_chan *c = weir_chan_new(sizeof(int), 1);
  weir_chan_on_drop(c, drops);
  CHECK_EQ_INT(weir_chan_send(c, &(int){6}), 0);
  CHECK(weir_chan_ref(c) == c);
  CHECK_EQ_INT(weir_counts().channels, before.channels + 1);
  CHECK_INT(weir_counts().bytes, >, before.bytes);
  weir_chan_unref(c);
  CHECK_EQ_INT(weir_chan_len(c), 1);
  CHECK_EQ_INT(dropped_count, 0);
  weir_chan_unref(c);
  CHECK_EQ_INT(dropped_count, 1);
  check_counts_equal(weir_counts(), before);
  return 0;
}

static void last_reference_frees(void) {
  needs_books();
  run_balanced(WEIR_TIMERS_PROMPT, reference_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, reference_body, NULL);
}

static void uses_and_gives_back(void *arg) {
  int value = 8;
  CHECK_EQ_INT(weir_chan_send(arg, &value), 0);
  weir_chan_unref(arg);
}

static int shared_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 0);
  int got = 0;
  CHECK_EQ_INT(weir_go(uses_and_gives_back, weir_chan_ref(c)), 0);
  CHECK_EQ_INT(weir_chan_recv(c, &got), 0);
  weir_chan_unref(c); /* before or after the task gave back its own: the last one frees */
  CHECK_EQ_INT(got, 8);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return 0;
}

static void each_task_may_hold_its_own(void) {
  run_everywhere(shared_body, NULL);
}

/* ---- freed under a waiter -------------------------------------------------------------------------------------- */

static void waits_to_receive(void *arg) {
  weir_chan_recv(arg, NULL);
}

static void waits_to_send(void *arg) {
  weir_chan_send(arg, NULL);
}

static void waits_in_select(void *arg) {
  struct weir_case cases[] = {WEIR_RECV(NULL, NULL), WEIR_RECV(arg, NULL)};
  weir_select(cases, 2, WEIR_FOREVER);
}

static int abort_body(void *arg) {
  void (*const *waits)(void *) = arg;
  weir_chan *c = weir_chan_new_at(sizeof(int), 0, "dam.c", 321);
  CHECK_EQ_INT(weir_go_at(*waits, c, "angler.c", 654), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  return 0;
}

static void (*const waits_table[])(void *) = {waits_to_receive, waits_to_send, waits_in_select};
static int waits_index;

static void runs_abort_body(void) {
  run_plain(abort_body, (void *)&waits_table[waits_index]);
}

static void unref_under_a_waiter_aborts(int index) {
  static struct check_child child;
  waits_index = index;
  check_child_run(&child, runs_abort_body);
  CHECK(WIFSIGNALED(child.status));
  CHECK_EQ_INT(WTERMSIG(child.status), SIGABRT);
  CHECK_CONTAINS(child.output, "dam.c:321");
  CHECK_CONTAINS(child.output, "angler.c:654");
}

/* ---- after a deadline ------------------------------------------------------------------------------------------- */

struct late {
  weir_chan *chan;
  int64_t deadline;
  bool selects;
  bool passed; /* before it could wait */
  weir_waitgroup group;
};

static void waits_until(void *arg) {
  struct late *late = arg;
  struct weir_case one = WEIR_RECV(late->chan, NULL);
  late->passed |= weir_now() >= late->deadline;
  if (!late->passed)
    CHECK_EQ_INT(late->selects ? weir_select(&one, 1, late->deadline)
                               : weir_chan_recv_until(late->chan, NULL, late->deadline),
                 -ETIMEDOUT);
  weir_waitgroup_done(&late->group);
}

/* Who comes before main in the wheel, or behind it, is claimed together with it, and has not left the channel. */
static int late_body(void *arg) {
  struct late late = {.selects = *(const int *)arg};
  do {
    late.chan = weir_chan_new(sizeof(int), 0);
    late.deadline = weir_now() + 20 * WEIR_MILLISECOND;
    late.passed = false;
    weir_waitgroup_add(&late.group, 2);
    CHECK_EQ_INT(weir_go(waits_until, &late), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_EQ_INT(weir_go(waits_until, &late), 0);
    weir_sleep_until(late.deadline);
    if (late.passed)
      weir_waitgroup_wait(&late.group); /* a slow machine: again */
    weir_chan_unref(late.chan);
    weir_waitgroup_wait(&late.group);
  } while (late.passed);
  return 0;
}

static void a_waiter_past_its_deadline_touches_nothing(int selects) {
  run_balanced_on(1, WEIR_TIMERS_PROMPT, late_body, &selects); /* 1: they expire together */
}

/* ---- beyond a run ---------------------------------------------------------------------------------------------- */

static weir_chan *kept;

static int keeps_body(void *arg) {
  (void)arg;
  kept = weir_chan_new(sizeof(int), 4);
  weir_chan_on_drop(kept, drops);
  CHECK_EQ_INT(weir_chan_send(kept, &(int){1}), 0);
  CHECK_EQ_INT(weir_chan_send(kept, &(int){2}), 0);
  weir_chan *blocking = weir_chan_ref(kept);
  CHECK_EQ_INT(weir_go(waits_to_receive, NULL), 0);
  weir_chan_unref(blocking);
  return weir_settle(WEIR_FOREVER);
}

static void channel_outlives_its_run(void) {
  needs_books();
  static struct run_log log;
  dropped_count = 0;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, keeps_body, NULL), 0);
  int got = 0;
  CHECK_EQ_INT(weir_counts().channels, 1);
  CHECK_EQ_INT(weir_chan_len(kept), 2);
  CHECK_EQ_INT(weir_chan_try_recv(kept, &got), 0);
  CHECK_EQ_INT(got, 1);
  weir_chan_unref(kept);
  CHECK_EQ_INT(dropped_count, 1);
  CHECK_EQ_INT(dropped[0], 2);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static int leaves_waiter_body(void *arg) {
  (void)arg;
  kept = weir_chan_new(sizeof(int), 0);
  for (size_t i = 0; i < 3; i++)
    CHECK_EQ_INT(weir_go(i == 1   ? waits_to_send
                         : i == 2 ? waits_in_select
                                  : waits_to_receive,
                         i == 1 ? NULL : kept),
                 0);
  return weir_settle(WEIR_FOREVER);
}

static void waiters_are_withdrawn_at_the_end(void) {
  static struct run_log log;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, leaves_waiter_body, NULL), 0);
  CHECK_EQ_INT(weir_chan_try_send(kept, NULL), -EAGAIN); /* nobody waits there any more */
  CHECK_EQ_INT(weir_chan_try_recv(kept, NULL), -EAGAIN);
  CHECK_EQ_INT(weir_chan_close(kept), 0);
  weir_chan_unref(kept); /* and no abort */
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(buffered_elements_are_dropped_once),
    CHECK_CASE(received_elements_are_not_dropped),
    CHECK_CASE(last_reference_frees),
    CHECK_CASE(each_task_may_hold_its_own),
    CHECK_CASE_WITH("unref_under_a_receiver_aborts", unref_under_a_waiter_aborts, 0),
    CHECK_CASE_WITH("unref_under_a_sender_aborts", unref_under_a_waiter_aborts, 1),
    CHECK_CASE_WITH("unref_under_a_select_aborts", unref_under_a_waiter_aborts, 2),
    CHECK_CASE_WITH("a_waiter_past_its_deadline_touches_nothing", a_waiter_past_its_deadline_touches_nothing, 0),
    CHECK_CASE_WITH("nor_does_a_select", a_waiter_past_its_deadline_touches_nothing, 1),
    CHECK_CASE(channel_outlives_its_run),
    CHECK_CASE(waiters_are_withdrawn_at_the_end),
};

CHECK_MAIN(cases)
