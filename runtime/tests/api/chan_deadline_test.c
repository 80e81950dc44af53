/* chan_deadline_test.c — the _until forms: never early, never late when they can complete, nothing left behind. */
#include "run.h"

static int untouched_body(void *arg) {
  (void)arg;
  for (size_t capacity = 0; capacity < 3; capacity++) {
    weir_chan *c = weir_chan_new(sizeof(int), capacity);
    int value = 11;
    CHECK_EQ_INT(weir_chan_recv_until(c, &value, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ_INT(weir_chan_recv_until(c, &value, WEIR_POLL), -ETIMEDOUT);
    CHECK_EQ_INT(weir_chan_recv_until(c, &value, weir_now() - WEIR_SECOND), -ETIMEDOUT);
    CHECK_EQ_INT(value, 11);
    for (size_t i = 0; i < capacity; i++)
      CHECK_EQ_INT(weir_chan_send(c, &value), 0);
    value = 12;
    CHECK_EQ_INT(weir_chan_send_until(c, &value, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ_INT(weir_chan_send_until(c, &value, WEIR_POLL), -ETIMEDOUT);
    for (size_t i = 0; i < capacity; i++) {
      CHECK_EQ_INT(weir_chan_recv(c, &value), 0);
      CHECK_EQ_INT(value, 11); /* never the 12 that timed out */
    }
    CHECK_EQ_INT(weir_chan_try_recv(c, &value), -EAGAIN);
    weir_chan_unref(c);
  }
  return 0;
}

static void timeout_leaves_value_and_channel_untouched(void) {
  run_everywhere(untouched_body, NULL);
}

static int passed_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 1);
  int value = 4, got = 0;
  const int64_t passed[] = {WEIR_POLL, weir_now() - WEIR_SECOND, INT64_MIN};
  for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
    CHECK_EQ_INT(weir_chan_send_until(c, &value, passed[i]), 0);
    CHECK_EQ_INT(weir_chan_recv_until(c, &got, passed[i]), 0);
    CHECK_EQ_INT(got, 4);
  }
  weir_chan_unref(c);
  return 0;
}

static void completes_though_deadline_has_passed(void) {
  run_everywhere(passed_body, NULL);
}

static void sends_one(void *arg) {
  const int value = 21;
  CHECK_EQ_INT(weir_chan_send(arg, &value), 0);
}

static void receives_one(void *arg) {
  int value = 0;
  CHECK_EQ_INT(weir_chan_recv(arg, &value), 0);
  CHECK_EQ_INT(value, 22);
}

static int waiting_party_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 0);
  int value = 0;
  CHECK_EQ_INT(weir_go(sends_one, c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_recv_until(c, &value, WEIR_POLL), 0);
  CHECK_EQ_INT(value, 21);
  CHECK_EQ_INT(weir_go(receives_one, c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  value = 22;
  CHECK_EQ_INT(weir_chan_send_until(c, &value, WEIR_POLL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  return 0;
}

static void poll_meets_a_waiting_party(void) {
  run_everywhere(waiting_party_body, NULL);
}

/* A waiter that timed out must be gone from the queue: the next sender must not find it, nor stop behind it. */
static int ghost_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 0);
  int value = 1;
  for (int i = 0; i < 3; i++) {
    CHECK_EQ_INT(weir_chan_recv_until(c, &value, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ_INT(weir_chan_try_send(c, &value), -EAGAIN);
    CHECK_EQ_INT(weir_chan_send_until(c, &value, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ_INT(weir_chan_try_recv(c, &value), -EAGAIN);
  }
  CHECK_EQ_INT(weir_go(sends_one, c), 0);
  CHECK_EQ_INT(weir_chan_recv_until(c, &value, WEIR_FOREVER), 0);
  CHECK_EQ_INT(value, 21);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  return 0;
}

static void timed_out_waiter_is_withdrawn(void) {
  run_everywhere(ghost_body, NULL);
}

struct queue_member {
  weir_chan *chan;
  int64_t deadline;
  int status;
  int got;
};

static void waits_in_queue(void *arg) {
  struct queue_member *member = arg;
  member->status = weir_chan_recv_until(member->chan, &member->got, member->deadline);
}

/* Of three waiters the first and the last, or the middle one, time out: the others keep their places. */
static int middle_body(void *arg) {
  const int middle = *(const int *)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 0);
  struct queue_member members[3];
  for (int i = 0; i < 3; i++) {
    const bool ends = (i == 1) == (middle != 0);
    members[i] = (struct queue_member){c, ends ? weir_now() + 2 * WEIR_MILLISECOND : WEIR_FOREVER, 1, -1};
    CHECK_EQ_INT(weir_go(waits_in_queue, &members[i]), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  }
  CHECK_EQ_INT(weir_sleep(4 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  int next = 0;
  while (weir_chan_try_send(c, &next) == 0)
    next++;
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(next, middle ? 2 : 1);
  for (int i = 0, expected = 0; i < 3; i++) {
    const bool ends = (i == 1) == (middle != 0);
    CHECK_EQ_INT(members[i].status, ends ? -ETIMEDOUT : 0);
    CHECK_EQ_INT(members[i].got, ends ? -1 : expected++);
  }
  weir_chan_unref(c);
  return 0;
}

static void others_keep_their_places(void) {
  for (int middle = 0; middle < 2; middle++)
    run_everywhere(middle_body, &middle);
}

static int early_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 0);
  for (int64_t delay = 1; delay < 3 * WEIR_MILLISECOND; delay = delay * 3 + 17) {
    const int64_t outside = outside_now();
    const int64_t deadline = weir_now() + delay;
    CHECK_EQ_INT(weir_chan_recv_until(c, NULL, deadline), -ETIMEDOUT);
    CHECK_INT(outside_now() - outside, >=, delay);
    CHECK_INT(weir_now(), >=, deadline);
  }
  weir_chan_unref(c);
  return 0;
}

static void never_early(void) {
  run_balanced(WEIR_TIMERS_CLASSIC, early_body, NULL);
  run_balanced(WEIR_TIMERS_PROMPT, early_body, NULL);
}

static void waits_with_deadline(void *arg) {
  CHECK_EQ_INT(weir_chan_recv_until(arg, NULL, weir_now() + 3600 * WEIR_SECOND), 0);
}

static int books_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 0);
  CHECK_EQ_INT(weir_go(waits_with_deadline, c), 0);
  const struct weir_counts before = weir_counts(); /* the task is made, and has not begun */
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  const struct weir_counts blocked = weir_counts();
  CHECK_EQ_INT(blocked.bytes, before.bytes);
  CHECK_EQ_INT(blocked.timers, 0);
  CHECK_EQ_INT(blocked.timers_pending, 0);
  CHECK_EQ_INT(weir_chan_send(c, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  return 0;
}

static void deadline_costs_no_memory(void) {
  run_balanced(WEIR_TIMERS_CLASSIC, books_body, NULL);
  run_balanced(WEIR_TIMERS_PROMPT, books_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, books_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(timeout_leaves_value_and_channel_untouched),
    CHECK_CASE(completes_though_deadline_has_passed),
    CHECK_CASE(poll_meets_a_waiting_party),
    CHECK_CASE(timed_out_waiter_is_withdrawn),
    CHECK_CASE(others_keep_their_places),
    CHECK_CASE(never_early),
    CHECK_CASE(deadline_costs_no_memory),
};

CHECK_MAIN(cases)
