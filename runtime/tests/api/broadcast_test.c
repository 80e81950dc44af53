/* broadcast_test.c — weir_broadcast: every policy, mode and concurrency; the four results add up; nothing stays behind.
 */
#include "run.h"

enum { SUBSCRIBERS = 12, POLICIES = 4 };

static const unsigned concurrencies[] = {0, 1, 2, 3, 8, 20};

struct point {
  enum weir_timeout_policy policy;
  unsigned concurrency;
  size_t capacity;
};

static size_t sum(const struct weir_broadcast_result *result) {
  return result->delivered + result->timed_out + result->skipped + result->closed;
}

/* Under a random schedule a timer may fire that is not due for long. */
static bool timers_are_punctual;

/* Runs body at every policy and concurrency, for real and simulated, in both modes. Capacity of the channels: 0 and 1.
 */
static void at_every_point(int (*body)(void *), bool with_none) {
  for (int policy = 0; policy < POLICIES; policy++) {
    if (policy == WEIR_TIMEOUT_NONE && !with_none)
      continue;
    for (size_t c = 0; c < sizeof concurrencies / sizeof *concurrencies; c++)
      for (size_t capacity = 0; capacity < 2; capacity++) {
        struct point point = {(enum weir_timeout_policy)policy, concurrencies[c], capacity};
        for (size_t m = 0; m < 2; m++) {
          timers_are_punctual = true;
          run_balanced(run_modes[m], body, &point);
          if (UNDER_TSAN)
            continue; /* what is simulated has one thread */
          simulate_quiet(run_modes[m], body, &point);
          timers_are_punctual = false;
          simulate_seeds(run_modes[m], 8, body, &point);
        }
      }
  }
}

struct audience {
  weir_chan *channels[SUBSCRIBERS];
  weir_chan *exit;
  weir_waitgroup group;
  size_t received;
  size_t closes_exit_at; /* the subscriber that does, or SUBSCRIBERS */
};

struct subscriber {
  struct audience *audience;
  size_t index;
};

static void receives_messages(void *arg) {
  const struct subscriber *subscriber = arg;
  struct audience *audience = subscriber->audience;
  int message;
  while (weir_chan_recv(audience->channels[subscriber->index], &message) == 0) {
    CHECK_EQ_INT(message, 1234);
    __atomic_fetch_add(&audience->received, 1, __ATOMIC_RELAXED);
    if (subscriber->index == audience->closes_exit_at)
      CHECK_EQ_INT(weir_chan_close(audience->exit), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_done(&audience->group), 0);
}

/* Subscriber i receives when receives(i). */
static void audience_start(struct audience *audience, struct subscriber *subscribers, size_t capacity,
                           bool (*receives)(size_t index)) {
  *audience = (struct audience){.exit = weir_chan_new(0, 0), .closes_exit_at = SUBSCRIBERS};
  for (size_t i = 0; i < SUBSCRIBERS; i++) {
    audience->channels[i] = weir_chan_new(sizeof(int), capacity);
    subscribers[i] = (struct subscriber){audience, i};
    if (!receives(i))
      continue;
    CHECK_EQ_INT(weir_waitgroup_add(&audience->group, 1), 0);
    CHECK_EQ_INT(weir_go(receives_messages, &subscribers[i]), 0);
  }
}

static void audience_end(struct audience *audience) {
  for (size_t i = 0; i < SUBSCRIBERS; i++)
    weir_chan_close(audience->channels[i]);
  CHECK_EQ_INT(weir_waitgroup_wait(&audience->group), 0);
  for (size_t i = 0; i < SUBSCRIBERS; i++)
    weir_chan_unref(audience->channels[i]);
  weir_chan_unref(audience->exit);
}

static bool all_receive(size_t index) {
  (void)index;
  return true;
}

static bool every_fourth_does_not(size_t index) {
  return index % 4 != 3;
}

static bool none_receives(size_t index) {
  (void)index;
  return false;
}

static struct weir_broadcast_result broadcast(const struct audience *audience, const struct point *point,
                                              int64_t timeout) {
  const struct weir_broadcast_options options = {
      .concurrency = point->concurrency, .timeout = timeout, .policy = point->policy, .exit = audience->exit};
  struct weir_broadcast_result result;
  memset(&result, 0xEE, sizeof result);
  const int message = 1234;
  CHECK_EQ_INT(weir_broadcast(audience->channels, SUBSCRIBERS, &message, &options, &result), 0);
  CHECK_EQ_INT(sum(&result), SUBSCRIBERS);
  return result;
}

/* ---- everybody receives ---------------------------------------------------------------------------------------- */

static int ready_body(void *arg) {
  const struct point *point = arg;
  struct audience audience;
  struct subscriber subscribers[SUBSCRIBERS];
  size_t delivered = 0, timed_out = 0;
  audience_start(&audience, subscribers, point->capacity, all_receive);
  for (int round = 0; round < 3; round++) {
    const struct weir_broadcast_result result = broadcast(&audience, point, 60 * WEIR_SECOND);
    CHECK_EQ_INT(result.skipped + result.closed, 0);
    delivered += result.delivered;
    timed_out += result.timed_out;
  }
  CHECK_EQ_INT(weir_counts().timers_pending, weir_counts().timers_abandoned); /* its own timers are gone or abandoned */
  audience_end(&audience);
  CHECK_EQ_INT(delivered + timed_out, 3 * SUBSCRIBERS);
  if (timers_are_punctual)
    CHECK_EQ_INT(timed_out, 0);
  CHECK_EQ_INT(audience.received, delivered);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 1);
  return 0;
}

static void all_are_served(void) {
  at_every_point(ready_body, true);
}

/* ---- some do not ----------------------------------------------------------------------------------------------- */

static int slow_body(void *arg) {
  const struct point *point = arg;
  struct audience audience;
  struct subscriber subscribers[SUBSCRIBERS];
  audience_start(&audience, subscribers, point->capacity, every_fourth_does_not);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  const int64_t start = weir_now();
  size_t delivered = 0, timed_out = 0, buffered = 0;
  for (int round = 0; round < 2; round++) {
    const struct weir_broadcast_result result = broadcast(&audience, point, WEIR_MILLISECOND);
    CHECK_EQ_INT(result.skipped + result.closed, 0);
    delivered += result.delivered;
    timed_out += result.timed_out;
  }
  CHECK_INT(weir_now() - start, >=, WEIR_MILLISECOND);
  CHECK_INT(timed_out, >=, (2 - point->capacity) * (SUBSCRIBERS / 4)); /* a buffer takes one message of the two */
  for (size_t i = 3; i < SUBSCRIBERS; i += 4)
    buffered += weir_chan_len(audience.channels[i]);
  audience_end(&audience);
  CHECK_EQ_INT(audience.received, delivered - buffered);
  return weir_settle(WEIR_FOREVER);
}

static void slow_subscribers_time_out(void) {
  at_every_point(slow_body, false);
}

/* ---- closed ---------------------------------------------------------------------------------------------------- */

static int closed_body(void *arg) {
  const struct point *point = arg;
  struct audience audience;
  struct subscriber subscribers[SUBSCRIBERS];
  audience_start(&audience, subscribers, point->capacity, all_receive);
  for (size_t i = 0; i < SUBSCRIBERS; i += 3)
    CHECK_EQ_INT(weir_chan_close(audience.channels[i]), 0);
  const struct weir_broadcast_result result = broadcast(&audience, point, 60 * WEIR_SECOND);
  CHECK_INT(result.closed, <=, SUBSCRIBERS / 3);
  CHECK_EQ_INT(result.closed + result.timed_out + result.delivered, SUBSCRIBERS);
  if (timers_are_punctual)
    CHECK_EQ_INT(result.closed, SUBSCRIBERS / 3);
  audience_end(&audience);
  CHECK_EQ_INT(audience.received, result.delivered);
  return weir_settle(WEIR_FOREVER);
}

static void closed_subscribers_are_counted(void) {
  at_every_point(closed_body, true);
}

/* ---- exit ------------------------------------------------------------------------------------------------------ */

static int exit_before_body(void *arg) {
  const struct point *point = arg;
  struct audience audience;
  struct subscriber subscribers[SUBSCRIBERS];
  audience_start(&audience, subscribers, 0, none_receives);
  CHECK_EQ_INT(weir_chan_close(audience.exit), 0);
  const struct weir_broadcast_result result = broadcast(&audience, point, 60 * WEIR_SECOND);
  CHECK_EQ_INT(result.delivered + result.closed, 0);
  if (timers_are_punctual)
    CHECK_EQ_INT(result.skipped, SUBSCRIBERS);
  audience_end(&audience);
  return weir_settle(WEIR_FOREVER);
}

static void closed_exit_skips_all(void) {
  at_every_point(exit_before_body, true);
}

static int exit_half_way_body(void *arg) {
  const struct point *point = arg;
  struct audience audience;
  struct subscriber subscribers[SUBSCRIBERS];
  audience_start(&audience, subscribers, point->capacity, all_receive);
  audience.closes_exit_at = SUBSCRIBERS / 2;
  const struct weir_broadcast_result result = broadcast(&audience, point, 60 * WEIR_SECOND);
  CHECK_EQ_INT(result.closed, 0);
  audience_end(&audience);
  CHECK_EQ_INT(audience.received, result.delivered);
  return weir_settle(WEIR_FOREVER);
}

static void exit_half_way(void) {
  at_every_point(exit_half_way_body, true);
}

static void sends_exit(void *arg) {
  CHECK_EQ_INT(weir_chan_send(arg, NULL), 0);
}

/* One value on the exit channel stops the one publisher that receives it. */
static int exit_value_body(void *arg) {
  (void)arg;
  struct audience audience;
  struct subscriber subscribers[SUBSCRIBERS];
  const struct point point = {WEIR_TIMEOUT_NONE, 1, 0};
  audience_start(&audience, subscribers, 0, none_receives);
  CHECK_EQ_INT(weir_go(sends_exit, audience.exit), 0);
  const struct weir_broadcast_result result = broadcast(&audience, &point, 0);
  CHECK_EQ_INT(result.skipped, SUBSCRIBERS);
  audience_end(&audience);
  return weir_settle(WEIR_FOREVER);
}

static void exit_by_a_value(void) {
  run_everywhere(exit_value_body, NULL);
}

/* ---- edges ----------------------------------------------------------------------------------------------------- */

static int edges_body(void *arg) {
  (void)arg;
  weir_chan *one = weir_chan_new(sizeof(int), 4);
  struct weir_broadcast_options options = {.policy = (enum weir_timeout_policy)99};
  struct weir_broadcast_result result;
  CHECK_EQ_INT(weir_broadcast(&one, 1, NULL, &options, &result), -EINVAL);
  options.policy = (enum weir_timeout_policy) - 1;
  CHECK_EQ_INT(weir_broadcast(&one, 1, NULL, &options, &result), -EINVAL);
  CHECK_EQ_INT(weir_chan_len(one), 0);
  for (int policy = 0; policy < POLICIES; policy++) {
    options = (struct weir_broadcast_options){
        .policy = (enum weir_timeout_policy)policy, .timeout = WEIR_SECOND, .concurrency = 3};
    memset(&result, 0xEE, sizeof result);
    CHECK_EQ_INT(weir_broadcast(NULL, 0, NULL, &options, &result), 0); /* no subscribers */
    CHECK_EQ_INT(sum(&result), 0);
    CHECK_EQ_INT(weir_broadcast(&one, 1, &(int){policy}, &options, NULL), 0); /* no result asked for */
    int got = -1;
    CHECK_EQ_INT(weir_chan_recv(one, &got), 0);
    CHECK_EQ_INT(got, policy);
    weir_chan *never = NULL;
    if (policy != WEIR_TIMEOUT_NONE) {
      options.timeout = WEIR_MILLISECOND;
      CHECK_EQ_INT(weir_broadcast(&never, 1, NULL, &options, &result), 0);
      CHECK_EQ_INT(result.timed_out, 1); /* a NULL channel is never ready */
    }
  }
  CHECK_EQ_INT(weir_broadcast(&one, 1, NULL, NULL, &result), 0); /* default options */
  CHECK_EQ_INT(sum(&result), 1);
  weir_chan_unref(one);
  return 0;
}

static void edges(void) {
  run_balanced(WEIR_TIMERS_PROMPT, edges_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, edges_body, NULL);
  struct weir_broadcast_result result;
  weir_chan *one = weir_chan_new(sizeof(int), 1);
  CHECK_EQ_INT(weir_broadcast(&one, 1, NULL, NULL, &result), -EPERM); /* outside a task */
  CHECK_EQ_INT(weir_chan_len(one), 0);
  weir_chan_unref(one);
}

static const struct check_case cases[] = {
    CHECK_CASE(all_are_served),

    CHECK_CASE(slow_subscribers_time_out),
    CHECK_CASE(closed_subscribers_are_counted),
    CHECK_CASE(closed_exit_skips_all),
    CHECK_CASE(exit_half_way),
    CHECK_CASE(exit_by_a_value),
    CHECK_CASE(edges),
};

CHECK_MAIN(cases)
