/* Operations allocate nothing: 100,000 of each kind, blocking ones among them, leave the library's count of what it
 * asked for where it was. (allocation_test.c shows that the count is right.)
 */
#include "check.h"
#include "port.h"
#include "random.h"
#include "workers.h"

#include <weir.h>

static const int64_t LONG = 3600 * WEIR_SECOND;

enum { OPERATIONS = SCALED(100000), CASES = 64, GROWTH = 8 /* of registers, when main moves to another worker */ };

static weir_chan *there, *back, *crowd[CASES];
static uint64_t before;

static void answer(void *arg) {
  (void)arg;
  int64_t value;
  while (weir_chan_recv(there, &value) == 0)
    CHECK_EQ_INT(weir_chan_send(back, &value), 0);
}

static void ping_pong(int64_t deadline) {
  for (int64_t i = 0; i < OPERATIONS; i++) {
    int64_t got = -1;
    CHECK_EQ_INT(weir_chan_send_until(there, &i, deadline), 0);
    CHECK_EQ_INT(weir_chan_recv_until(back, &got, deadline), 0);
    CHECK_EQ_INT(got, i);
  }
}

static void send_and_receive(void) {
  ping_pong(WEIR_FOREVER);
}

static void deadlines(void) {
  ping_pong(weir_now() + LONG);
}

/* Nobody sends: each times out at the next round. */
static void expired_deadlines(void) {
  for (int i = 0; i < OPERATIONS / 100; i++)
    CHECK_EQ_INT(weir_chan_recv_until(back, NULL, 1), -ETIMEDOUT);
}

static void buffered(void) {
  for (int64_t i = 0; i < OPERATIONS; i++) {
    CHECK_EQ_INT(weir_chan_try_send(crowd[0], &i), 0);
    CHECK_EQ_INT(weir_chan_recv(crowd[0], NULL), 0);
    CHECK_EQ_INT(weir_chan_try_recv(crowd[0], NULL), -EAGAIN);
  }
}

/* The answer comes through the last of many cases, most of the time after blocking. */
static void selects(void) {
  struct weir_case cases[CASES + 1];
  for (int i = 0; i < CASES; i++)
    cases[i] = (struct weir_case)WEIR_RECV(crowd[i], NULL);
  cases[CASES] = (struct weir_case)WEIR_RECV(back, NULL);
  for (int64_t i = 0; i < OPERATIONS; i++) {
    CHECK_EQ_INT(weir_chan_send(there, &i), 0);
    CHECK_EQ_INT(weir_select(cases, CASES + 1, i % 2 == 0 ? WEIR_FOREVER : weir_now() + LONG), CASES);
  }
}

static void timers(void) {
  static weir_timer *timer;
  if (timer == NULL) { /* the first call is the warm-up */
    timer = weir_timer_new(LONG);
    return;
  }
  for (int i = 0; i < OPERATIONS; i++) {
    weir_timer_reset(timer, LONG);
    CHECK_EQ_INT(weir_timer_stop(timer), true);
  }
  weir_timer_free(timer);
}

static void broadcasts(void) {
  const struct weir_broadcast_options options = {.timeout = WEIR_SECOND, .policy = WEIR_TIMEOUT_DEADLINE};
  for (int64_t i = 0; i < OPERATIONS / CASES; i++) {
    CHECK_EQ_INT(weir_broadcast(crowd, CASES, &i, &options, NULL), 0);
    for (int j = 0; j < CASES; j++)
      CHECK_EQ_INT(weir_chan_recv(crowd[j], NULL), 0);
  }
}

static weir_mutex mutex;
static weir_rwmutex rwmutex;
static weir_cond cond;
static int turn;

static void take_turns(int mine) {
  for (int i = 0; i < OPERATIONS / 2; i++) {
    CHECK_EQ_INT(weir_rwmutex_read_lock(&rwmutex), 0);
    CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
    while (turn != mine)
      CHECK_EQ_INT(weir_cond_wait_until(&cond, &mutex, i % 2 == 0 ? WEIR_FOREVER : weir_now() + LONG), 0);
    turn = !mine;
    CHECK_EQ_INT(weir_cond_signal(&cond), 0);
    CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
    CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), 0);
  }
}

static void take_other_turns(void *arg) {
  (void)arg;
  take_turns(1);
}

static void locks(void) {
  static bool started;
  if (!started) { /* the first call makes the other task */
    started = true;
    CHECK_EQ_INT(weir_go(take_other_turns, NULL), 0);
    return;
  }
  take_turns(0);
}

static void cancels(void) {
  static weir_context *above, *below[CASES];
  if (above == NULL) {
    above = weir_context_background();
    for (int i = 0; i < CASES; i++)
      below[i] = weir_context_with_deadline(i % 2 == 0 ? above : below[i - 1], weir_now() + LONG);
    return;
  }
  weir_context_cancel(above);
  for (int i = 0; i < CASES; i++) {
    CHECK_EQ_INT(weir_context_error(below[i]), -ECANCELED);
    weir_context_unref(below[i]);
  }
  weir_context_unref(above);
}

static void publishes(void) {
  static weir_broker *broker;
  static weir_chan *news;
  if (broker == NULL) {
    const struct weir_broker_options options = {.element_size = sizeof(int64_t),
                                                .broadcast = {.policy = WEIR_TIMEOUT_NONE}};
    broker = weir_broker_new(&options);
    news = weir_broker_subscribe(broker, "news", 1);
    return;
  }
  for (int64_t i = 0; i < OPERATIONS / 10; i++) {
    CHECK_EQ_INT(weir_broker_publish(broker, "news", &i, NULL), 0);
    CHECK_EQ_INT(weir_chan_recv(news, NULL), 0);
  }
  weir_broker_close(broker);
  weir_chan_unref(news);
}

/* The counter moves when something is allocated: one channel an operation. */
static void channels(void) {
  for (int i = 0; i < OPERATIONS; i++)
    weir_chan_unref(weir_chan_new(8, 1));
}

static int operate(void *arg) {
  void (*operations)(void) = *(void (**)(void))arg;
  there = weir_chan_new(sizeof(int64_t), 0);
  back = weir_chan_new(sizeof(int64_t), 0);
  for (int i = 0; i < CASES; i++)
    crowd[i] = weir_chan_new(sizeof(int64_t), 1);
  CHECK_EQ_INT(weir_go(answer, NULL), 0);
  if (operations == timers || operations == locks || operations == cancels || operations == publishes)
    operations();
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  before = weir_port_allocations;
  operations();
  const uint64_t made = weir_port_allocations - before, expected = operations == channels ? OPERATIONS : 0;
  CHECK_INT(made, >=, expected);
  CHECK_INT(made, <=, expected + (one_worker() || expected == 0 ? 0 : GROWTH));
  weir_chan_close(there);
  weir_settle(WEIR_FOREVER);
  weir_chan_unref(there);
  weir_chan_unref(back);
  for (int i = 0; i < CASES; i++)
    weir_chan_unref(crowd[i]);
  return 0;
}

static void (*operations[])(void) = {send_and_receive, deadlines,  expired_deadlines, buffered, selects,
                                     timers,           broadcasts, channels,          locks,    cancels,
                                     publishes};

static void nothing_is_allocated(int which) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = test_workers()}, operate, &operations[which]), 0);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("send_and_receive", nothing_is_allocated, 0),
    CHECK_CASE_WITH("deadlines", nothing_is_allocated, 1),
    CHECK_CASE_WITH("expired_deadlines", nothing_is_allocated, 2),
    CHECK_CASE_WITH("buffered", nothing_is_allocated, 3),
    CHECK_CASE_WITH("selects", nothing_is_allocated, 4),
    CHECK_CASE_WITH("timers", nothing_is_allocated, 5),
    CHECK_CASE_WITH("broadcasts", nothing_is_allocated, 6),
    CHECK_CASE_WITH("channels_are_counted", nothing_is_allocated, 7),
    CHECK_CASE_WITH("locks", nothing_is_allocated, 8),
    CHECK_CASE_WITH("cancels", nothing_is_allocated, 9),
    CHECK_CASE_WITH("publishes", nothing_is_allocated, 10),
};
CHECK_MAIN(cases)
