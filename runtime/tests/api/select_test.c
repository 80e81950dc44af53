/* select_test.c — every kind of case, default and deadline, losing cases, many cases. Fairness is
 * select_fairness_test.c. */
#include "run.h"

struct party {
  weir_chan *chan;
  int value;
  int status;
};

static void sends(void *arg) {
  struct party *party = arg;
  party->status = weir_chan_send(party->chan, &party->value);
}

static void receives(void *arg) {
  struct party *party = arg;
  party->status = weir_chan_recv(party->chan, &party->value);
}

static void closes(void *arg) {
  struct party *party = arg;
  party->status = weir_chan_close(party->chan);
}

static weir_chan *full_channel(size_t capacity) {
  weir_chan *c = weir_chan_new(sizeof(int), capacity);
  for (size_t i = 0; i < capacity; i++)
    CHECK_EQ_INT(weir_chan_send(c, &(int){(int)i}), 0);
  return c;
}

/* ---- ready at once --------------------------------------------------------------------------------------------- */

static int ready_body(void *arg) {
  (void)arg;
  weir_chan *empty = weir_chan_new(sizeof(int), 1), *full = full_channel(1), *never = weir_chan_new(sizeof(int), 0);
  int out = 33, in = -1, untouched = -2;
  struct weir_case sending[] = {WEIR_RECV(never, &untouched), WEIR_SEND(full, &out), WEIR_SEND(empty, &out)};
  CHECK_EQ_INT(weir_select(sending, 3, WEIR_FOREVER), 2);
  CHECK_EQ_INT(sending[2].status, 0);
  struct weir_case receiving[] = {WEIR_RECV(empty, &in), WEIR_SEND(never, &out), WEIR_RECV(NULL, &untouched)};
  CHECK_EQ_INT(weir_select(receiving, 3, WEIR_POLL), 0);
  CHECK_EQ_INT(receiving[0].status, 0);
  CHECK_EQ_INT(in, 33);
  CHECK_EQ_INT(untouched, -2);
  struct weir_case discarding[] = {WEIR_RECV(full, NULL)};
  CHECK_EQ_INT(weir_select(discarding, 1, WEIR_FOREVER), 0);
  struct weir_case zeros[] = {WEIR_SEND(full, NULL)};
  CHECK_EQ_INT(weir_select(zeros, 1, WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_recv(full, &in), 0);
  CHECK_EQ_INT(in, 0);
  CHECK_EQ_INT(weir_chan_len(empty) + weir_chan_len(full), 0);
  weir_chan_unref(empty);
  weir_chan_unref(full);
  weir_chan_unref(never);
  return 0;
}

static void ready_cases_go_through(void) {
  run_everywhere(ready_body, NULL);
}

static int waiting_party_body(void *arg) {
  (void)arg;
  struct party sender = {weir_chan_new(sizeof(int), 0), 51, 1}, receiver = {weir_chan_new(sizeof(int), 0), -1, 1};
  int in = 0, out = 52;
  struct weir_case cases[] = {WEIR_SEND(receiver.chan, &out), WEIR_RECV(sender.chan, &in)};
  CHECK_EQ_INT(weir_go(sends, &sender), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_POLL), 1);
  CHECK_EQ_INT(in, 51);
  CHECK_EQ_INT(weir_go(receives, &receiver), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_POLL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(receiver.value, 52);
  CHECK_EQ_INT(sender.status + receiver.status, 0);
  weir_chan_unref(sender.chan);
  weir_chan_unref(receiver.chan);
  return 0;
}

static void waiting_party_is_ready(void) {
  run_everywhere(waiting_party_body, NULL);
}

static int closed_body(void *arg) {
  (void)arg;
  weir_chan *closed = weir_chan_new(sizeof(int), 1), *never = weir_chan_new(sizeof(int), 0);
  CHECK_EQ_INT(weir_chan_send(closed, &(int){3}), 0);
  CHECK_EQ_INT(weir_chan_close(closed), 0);
  int value = 9;
  struct weir_case receiving[] = {WEIR_RECV(never, NULL), WEIR_RECV(closed, &value)};
  CHECK_EQ_INT(weir_select(receiving, 2, WEIR_FOREVER), 1);
  CHECK_EQ_INT(receiving[1].status, 0);
  CHECK_EQ_INT(value, 3);
  for (int i = 0; i < 2; i++) {
    value = 9;
    CHECK_EQ_INT(weir_select(receiving, 2, i ? WEIR_POLL : WEIR_FOREVER), 1);
    CHECK_EQ_INT(receiving[1].status, -EPIPE);
    CHECK_EQ_INT(value, 0);
    value = 9;
    struct weir_case sending[] = {WEIR_SEND(closed, &value), WEIR_SEND(never, &value)};
    CHECK_EQ_INT(weir_select(sending, 2, i ? WEIR_POLL : WEIR_FOREVER), 0);
    CHECK_EQ_INT(sending[0].status, -EPIPE);
    CHECK_EQ_INT(value, 9);
  }
  weir_chan_unref(closed);
  weir_chan_unref(never);
  return 0;
}

static void closed_channel_is_ready_either_way(void) {
  run_everywhere(closed_body, NULL);
}

/* ---- not ready ------------------------------------------------------------------------------------------------- */

static int timeout_body(void *arg) {
  (void)arg;
  weir_chan *empty = weir_chan_new(sizeof(int), 0), *full = full_channel(2);
  int in = 5, out = 6;
  struct weir_case cases[] = {WEIR_RECV(empty, &in), WEIR_SEND(full, &out), WEIR_RECV(NULL, &in),
                              WEIR_SEND(NULL, &out)};
  CHECK_EQ_INT(weir_select(cases, 4, WEIR_POLL), -ETIMEDOUT); /* Go's default */
  CHECK_EQ_INT(weir_select(cases, 4, weir_now() - 1), -ETIMEDOUT);
  const int64_t deadline = weir_now() + WEIR_MILLISECOND;
  CHECK_EQ_INT(weir_select(cases, 4, deadline), -ETIMEDOUT);
  CHECK_INT(weir_now(), >=, deadline);
  CHECK_EQ_INT(weir_select(NULL, 0, WEIR_POLL), -ETIMEDOUT);
  const int64_t later = weir_now() + WEIR_MILLISECOND;
  CHECK_EQ_INT(weir_select(NULL, 0, later), -ETIMEDOUT);
  CHECK_INT(weir_now(), >=, later);
  CHECK_EQ_INT(weir_select(cases + 2, 2, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  CHECK_EQ_INT(in, 5);
  CHECK_EQ_INT(weir_chan_len(full), 2);
  CHECK_EQ_INT(weir_chan_try_send(empty, &out), -EAGAIN);
  weir_chan_unref(empty);
  weir_chan_unref(full);
  return 0;
}

static void none_ready_times_out(void) {
  run_everywhere(timeout_body, NULL);
}

static int selects_for_ever(void *arg) {
  struct weir_case cases[] = {WEIR_RECV(NULL, NULL), WEIR_SEND(NULL, NULL)};
  return weir_select(arg ? cases : NULL, arg ? 2 : 0, WEIR_FOREVER);
}

static void nothing_to_wait_for_blocks_for_ever(void) {
  static struct run_log log;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, selects_for_ever, NULL), -EDEADLK);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, selects_for_ever, &log), -EDEADLK);
}

static int invalid_body(void *arg) {
  (void)arg;
  weir_chan *ready = full_channel(1);
  int value = 4;
  struct weir_case cases[] = {WEIR_RECV(ready, &value), WEIR_SEND(ready, &value)};
  cases[1].op = 7;
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_FOREVER), -EINVAL);
  cases[1].op = 0;
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_POLL), -EINVAL);
  CHECK_EQ_INT(value, 4);
  CHECK_EQ_INT(weir_chan_len(ready), 1);
  weir_chan_unref(ready);
  return 0;
}

static void unknown_operation_is_invalid(void) {
  run_everywhere(invalid_body, NULL);
}

/* ---- blocked, then woken --------------------------------------------------------------------------------------- */

struct wake {
  int kind; /* 0 a sender comes, 1 a receiver comes, 2 the receive case's channel is closed, 3 the send case's */
  int index, status;
};

static const struct wake wakes[] = {{0, 0, 0}, {1, 1, 0}, {2, 0, -EPIPE}, {3, 1, -EPIPE}};

static int woken_body(void *arg) {
  const struct wake *wake = arg;
  weir_chan *from = weir_chan_new(sizeof(int), 0), *to = weir_chan_new(sizeof(int), 0);
  struct party party = {wake->kind % 2 ? to : from, 61, 1};
  int in = 7, out = 62;
  struct weir_case cases[] = {WEIR_RECV(from, &in), WEIR_SEND(to, &out), WEIR_RECV(NULL, &in)};
  CHECK_EQ_INT(weir_go(wake->kind == 0 ? sends : wake->kind == 1 ? receives : closes, &party), 0);
  CHECK_EQ_INT(weir_select(cases, 3, WEIR_FOREVER), wake->index);
  CHECK_EQ_INT(cases[wake->index].status, wake->status);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(party.status, 0);
  CHECK_EQ_INT(in, wake->kind == 0 ? 61 : wake->kind == 2 ? 0 : 7);
  if (wake->kind == 1)
    CHECK_EQ_INT(party.value, 62);
  if (wake->kind < 2) { /* nobody waits there any more */
    CHECK_EQ_INT(weir_chan_try_send(from, &out), -EAGAIN);
    CHECK_EQ_INT(weir_chan_try_recv(to, &in), -EAGAIN);
  }
  weir_chan_unref(from);
  weir_chan_unref(to);
  return 0;
}

static void woken_by(int index) {
  run_everywhere(woken_body, (void *)&wakes[index]);
}

static int self_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 0);
  int in = 1, out = 2;
  struct weir_case cases[] = {WEIR_SEND(c, &out), WEIR_RECV(c, &in), WEIR_SEND(c, &out)};
  CHECK_EQ_INT(weir_select(cases, 3, WEIR_POLL), -ETIMEDOUT);
  CHECK_EQ_INT(weir_select(cases, 3, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  CHECK_EQ_INT(in, 1);
  struct party party = {c, 71, 1}, taker = {c, 0, 1}; /* two: a sender may go on after who received from it */
  CHECK_EQ_INT(weir_go(sends, &party), 0);
  CHECK_EQ_INT(weir_select(cases, 3, WEIR_FOREVER), 1);
  CHECK_EQ_INT(in, 71);
  CHECK_EQ_INT(weir_go(receives, &taker), 0);
  CHECK_EQ_INT(weir_select(cases, 3, WEIR_FOREVER) % 2, 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(taker.value, 2);
  CHECK_EQ_INT(weir_chan_try_recv(c, &in), -EAGAIN);
  CHECK_EQ_INT(weir_chan_try_send(c, &in), -EAGAIN);
  weir_chan_unref(c);
  return 0;
}

static void never_pairs_with_itself(void) {
  run_everywhere(self_body, NULL);
}

static void either_way(void *arg) {
  struct party *party = arg;
  int in = 0, out = party->value;
  struct weir_case cases[] = {WEIR_SEND(party->chan, &out), WEIR_RECV(party->chan, &in)};
  const int index = weir_select(cases, 2, WEIR_FOREVER);
  CHECK_EQ_INT(cases[index].status, 0);
  party->status = index;
  party->value = index == 1 ? in : 0;
}

static int two_selects_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 0);
  struct party a = {c, 81, -1}, b = {c, 82, -1};
  CHECK_EQ_INT(weir_go(either_way, &a), 0);
  CHECK_EQ_INT(weir_go(either_way, &b), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(a.status + b.status, 1); /* one sent, one received */
  CHECK_EQ_INT(a.value + b.value, a.status == 0 ? 81 : 82);
  weir_chan_unref(c);
  return 0;
}

static void two_selects_meet(void) {
  run_everywhere(two_selects_body, NULL);
}

static void waits_on_two(void *arg) {
  weir_chan *const *two = arg;
  struct weir_case cases[] = {WEIR_RECV(two[0], NULL), WEIR_RECV(two[1], NULL)};
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_FOREVER), 0);
}

/* Between the event that ends a select and its task's running again, its other cases are nobody's: no operation meets
 * them, and their channel may be given back. */
static int ended_body(void *arg) {
  const int kind = *(const int *)arg;
  weir_chan *two[] = {weir_chan_new(sizeof(int), 0), weir_chan_new(sizeof(int), 0)};
  struct weir_case cases[] = {WEIR_SEND(NULL, NULL), WEIR_SEND(two[1], NULL)};
  CHECK_EQ_INT(weir_go(waits_on_two, two), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_try_send(two[0], NULL), 0);
  if (kind == 0)
    CHECK_EQ_INT(weir_select(cases, 2, WEIR_POLL), -ETIMEDOUT);
  if (kind == 1)
    CHECK_EQ_INT(weir_select(cases, 2, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  if (kind == 2)
    CHECK_EQ_INT(weir_chan_send_until(two[1], NULL, WEIR_POLL), -ETIMEDOUT);
  if (kind == 3)
    CHECK_EQ_INT(weir_chan_close(two[1]), 0);
  weir_chan_unref(two[1]); /* and no abort */
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(two[0]);
  return 0;
}

static void ended_select_is_no_waiter(int kind) {
  run_everywhere(ended_body, &kind);
}

static int timer_channel_body(void *arg) {
  (void)arg;
  weir_timer *t = weir_timer_new(60 * WEIR_SECOND);
  weir_chan *c = weir_timer_chan(t);
  const int64_t value = 1;
  struct weir_case cases[] = {WEIR_SEND(c, &value)};
  CHECK_EQ_INT(weir_chan_send(c, &value), -EINVAL); /* it is receive-only, as Go's type says */
  CHECK_EQ_INT(weir_chan_try_send(c, &value), -EINVAL);
  CHECK_EQ_INT(weir_chan_close(c), -EINVAL);
  CHECK_EQ_INT(weir_select(cases, 1, WEIR_POLL), -EINVAL);
  weir_timer_free(t);
  return 0;
}

static void timer_channel_is_receive_only(void) {
  run_everywhere(timer_channel_body, NULL);
}

/* ---- many cases ------------------------------------------------------------------------------------------------ */

enum { MANY = 1000 };

static int many_body(void *arg) {
  (void)arg;
  static struct weir_case cases[MANY];
  static weir_chan *channels[MANY];
  static int values[MANY];
  for (int i = 0; i < MANY; i++) {
    channels[i] = weir_chan_new(sizeof(int), 0);
    values[i] = -i;
    cases[i] = i % 2 ? (struct weir_case)WEIR_RECV(channels[i], &values[i])
                     : (struct weir_case)WEIR_SEND(channels[i], &values[i]);
  }
  CHECK_EQ_INT(weir_select(cases, MANY, WEIR_POLL), -ETIMEDOUT);
  for (int i = 1; i < MANY; i += 249) {
    const size_t bytes = weir_counts().bytes;
    struct party party = {channels[i], 1000 + i, 1};
    CHECK_EQ_INT(weir_go(i % 2 ? sends : receives, &party), 0);
    CHECK_EQ_INT(weir_select(cases, MANY, WEIR_FOREVER), i);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_EQ_INT(i % 2 ? values[i] : party.value, i % 2 ? 1000 + i : -i);
    CHECK_EQ_INT(weir_counts().bytes, bytes); /* the task that came has gone, the select left nothing */
  }
  for (int i = 0; i < MANY; i++) {
    CHECK_EQ_INT(i % 2 ? weir_chan_try_send(channels[i], &i) : weir_chan_try_recv(channels[i], NULL), -EAGAIN);
    weir_chan_unref(channels[i]); /* no abort: every losing case was withdrawn */
  }
  return 0;
}

static void thousand_cases(void) {
  run_balanced(WEIR_TIMERS_PROMPT, many_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, many_body, NULL);
  simulate_seeds(WEIR_TIMERS_CLASSIC, 3, many_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(ready_cases_go_through),
    CHECK_CASE(waiting_party_is_ready),
    CHECK_CASE(closed_channel_is_ready_either_way),
    CHECK_CASE(none_ready_times_out),
    CHECK_CASE(nothing_to_wait_for_blocks_for_ever),
    CHECK_CASE(unknown_operation_is_invalid),
    CHECK_CASE_WITH("woken_by_a_sender", woken_by, 0),
    CHECK_CASE_WITH("woken_by_a_receiver", woken_by, 1),
    CHECK_CASE_WITH("woken_by_close_of_the_receive_case", woken_by, 2),
    CHECK_CASE_WITH("woken_by_close_of_the_send_case", woken_by, 3),
    CHECK_CASE(never_pairs_with_itself),
    CHECK_CASE(two_selects_meet),
    CHECK_CASE_WITH("ended_select_meets_no_poll", ended_select_is_no_waiter, 0),
    CHECK_CASE_WITH("ended_select_meets_no_select", ended_select_is_no_waiter, 1),
    CHECK_CASE_WITH("ended_select_meets_no_send", ended_select_is_no_waiter, 2),
    CHECK_CASE_WITH("ended_select_meets_no_close", ended_select_is_no_waiter, 3),
    CHECK_CASE(timer_channel_is_receive_only),
    CHECK_CASE(thousand_cases),
};

CHECK_MAIN(cases)
