/* chan_close_test.c — closing: waiters on either side, draining, zeroing, and every later operation. */
#include "run.h"

enum { WAITERS = 4 };

struct waiter {
  weir_chan *chan;
  int64_t value;
  int status;
};

static void receives(void *arg) {
  struct waiter *waiter = arg;
  waiter->status = weir_chan_recv(waiter->chan, &waiter->value);
}

static void sends(void *arg) {
  struct waiter *waiter = arg;
  waiter->status = weir_chan_send(waiter->chan, &waiter->value);
}

static void start_waiters(struct waiter *waiters, weir_chan *chan, void (*fn)(void *)) {
  for (int i = 0; i < WAITERS; i++) {
    waiters[i] = (struct waiter){.chan = chan, .value = 70 + i, .status = 1};
    CHECK_EQ_INT(weir_go(fn, &waiters[i]), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  }
}

static int receivers_body(void *arg) {
  const size_t capacity = *(const size_t *)arg;
  struct waiter waiters[WAITERS];
  weir_chan *c = weir_chan_new(sizeof(int64_t), capacity);
  start_waiters(waiters, c, receives);
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < WAITERS; i++) {
    CHECK_EQ_INT(waiters[i].status, -EPIPE);
    CHECK_EQ_INT(waiters[i].value, 0);
  }
  weir_chan_unref(c);
  return 0;
}

static void waiting_receivers_get_epipe_and_zeros(void) {
  static const size_t capacities[] = {0, 3};
  for (size_t i = 0; i < 2; i++)
    run_everywhere(receivers_body, (void *)&capacities[i]);
}

static int senders_body(void *arg) {
  const size_t capacity = *(const size_t *)arg;
  struct waiter waiters[WAITERS];
  weir_chan *c = weir_chan_new(sizeof(int64_t), capacity);
  for (int64_t i = 0; i < (int64_t)capacity; i++)
    CHECK_EQ_INT(weir_chan_send(c, &i), 0);
  start_waiters(waiters, c, sends);
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < WAITERS; i++) {
    CHECK_EQ_INT(waiters[i].status, -EPIPE);
    CHECK_EQ_INT(waiters[i].value, 70 + i);
  }
  for (int64_t i = 0; i < (int64_t)capacity; i++) { /* what was buffered stays; what a waiter offered is gone */
    int64_t got = -1;
    CHECK_EQ_INT(weir_chan_recv(c, &got), 0);
    CHECK_EQ_INT(got, i);
  }
  CHECK_EQ_INT(weir_chan_recv(c, NULL), -EPIPE);
  weir_chan_unref(c);
  return 0;
}

static void waiting_senders_get_epipe(void) {
  static const size_t capacities[] = {0, 3};
  for (size_t i = 0; i < 2; i++)
    run_everywhere(senders_body, (void *)&capacities[i]);
}

static int drain_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 3);
  for (int i = 1; i <= 2; i++)
    CHECK_EQ_INT(weir_chan_send(c, &i), 0);
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_chan_len(c), 2);
  CHECK_EQ_INT(weir_chan_cap(c), 3);
  int got = -1;
  CHECK_EQ_INT(weir_chan_recv(c, &got), 0);
  CHECK_EQ_INT(got, 1);
  CHECK_EQ_INT(weir_chan_try_recv(c, &got), 0);
  CHECK_EQ_INT(got, 2);
  int (*const receives_of[])(weir_chan *, void *) = {weir_chan_recv, weir_chan_try_recv};
  for (int i = 0; i < 4; i++) {
    got = 9;
    CHECK_EQ_INT(receives_of[i % 2](c, &got), -EPIPE);
    CHECK_EQ_INT(got, 0);
  }
  got = 9;
  CHECK_EQ_INT(weir_chan_recv_until(c, &got, WEIR_POLL), -EPIPE);
  CHECK_EQ_INT(got, 0);
  weir_chan_unref(c);
  return 0;
}

static void drained_then_epipe_and_zeros(void) {
  run_everywhere(drain_body, NULL);
}

static int later_body(void *arg) {
  const size_t capacity = *(const size_t *)arg;
  weir_chan *c = weir_chan_new(sizeof(int), capacity);
  const int value = 1;
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_chan_close(c), -EALREADY);
  CHECK_EQ_INT(weir_chan_send(c, &value), -EPIPE);
  CHECK_EQ_INT(weir_chan_try_send(c, &value), -EPIPE);
  CHECK_EQ_INT(weir_chan_send_until(c, &value, WEIR_POLL), -EPIPE);
  CHECK_EQ_INT(weir_chan_send_until(c, &value, WEIR_FOREVER), -EPIPE);
  CHECK_EQ_INT(weir_chan_recv_until(c, NULL, WEIR_FOREVER), -EPIPE);
  CHECK_EQ_INT(weir_chan_len(c), 0);
  CHECK_EQ_INT(weir_chan_close(c), -EALREADY);
  weir_chan_unref(c);
  return 0;
}

static void later_operations_get_epipe(void) {
  static const size_t capacities[] = {0, 1, 8};
  for (size_t i = 0; i < 3; i++)
    run_everywhere(later_body, (void *)&capacities[i]);
}

static int full_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 1);
  int value = 1;
  CHECK_EQ_INT(weir_chan_send(c, &value), 0);
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_chan_try_send(c, &value), -EPIPE); /* closed comes before full */
  CHECK_EQ_INT(weir_chan_send(c, &value), -EPIPE);
  weir_chan_unref(c);
  return 0;
}

static void closed_comes_before_full(void) {
  run_everywhere(full_body, NULL);
}

static void produces(void *arg) {
  weir_chan *c = arg;
  for (int i = 0; i < 50; i++)
    CHECK_EQ_INT(weir_chan_send(c, &i), 0);
  CHECK_EQ_INT(weir_chan_close(c), 0);
}

static int range_body(void *arg) {
  const size_t capacity = *(const size_t *)arg;
  weir_chan *c = weir_chan_new(sizeof(int), capacity);
  CHECK_EQ_INT(weir_go(produces, c), 0);
  int got, count = 0;
  while (weir_chan_recv(c, &got) == 0) /* Go: for got := range c */
    CHECK_EQ_INT(got, count++);
  CHECK_EQ_INT(count, 50);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  return 0;
}

static void range_ends_at_close(void) {
  static const size_t capacities[] = {0, 1, 64};
  for (size_t i = 0; i < 3; i++)
    run_everywhere(range_body, (void *)&capacities[i]);
}

static const struct check_case cases[] = {
    CHECK_CASE(waiting_receivers_get_epipe_and_zeros),
    CHECK_CASE(waiting_senders_get_epipe),
    CHECK_CASE(drained_then_epipe_and_zeros),
    CHECK_CASE(later_operations_get_epipe),
    CHECK_CASE(closed_comes_before_full),
    CHECK_CASE(range_ends_at_close),
};

CHECK_MAIN(cases)
