/* loads_timer.c — see loads.h. */
#include "loads.h"

enum { SUBSCRIBERS = 10, PENDING = 1000, CHURN_YIELD = 10 };

/* ---- timers ------------------------------------------------------------------------------------------------------ */

static weir_timer *timer, *pending[PENDING];

static void timer_open(int parameter) {
  CHECK((timer = weir_timer_new(HOUR)) != NULL);
  for (int i = 0; i < parameter; i++)
    CHECK((pending[i] = weir_timer_new(HOUR + i * WEIR_SECOND)) != NULL);
}

static void timer_close(int parameter) {
  weir_timer_free(timer);
  for (int i = 0; i < parameter; i++)
    weir_timer_free(pending[i]);
}

static void start_stop(int64_t n, int parameter) {
  (void)parameter;
  for (int64_t i = 0; i < n; i++) {
    weir_timer_reset(timer, WEIR_SECOND);
    weir_timer_stop(timer);
  }
}

static void reset(int64_t n, int parameter) {
  (void)parameter;
  for (int64_t i = 0; i < n; i++)
    weir_timer_reset(timer, WEIR_SECOND);
}

/* Every timer is armed, becomes due, fires, is received. */
static void fire(int64_t n, int parameter) {
  CHECK_INT(n, <=, parameter);
  const int64_t due = weir_now() + WEIR_MILLISECOND;
  for (int64_t i = 0; i < n; i++)
    weir_timer_reset(pending[i], due - weir_now());
  weir_sleep_until(due);
  for (int64_t i = 0; i < n; i++)
    CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(pending[i]), NULL), 0);
}

static void after(int64_t n, int parameter) {
  for (int64_t i = 0; i < n; i++) {
    weir_chan *tick = weir_after(parameter ? HOUR : 0);
    CHECK(tick != NULL);
    if (!parameter)
      CHECK_EQ_INT(weir_chan_recv(tick, NULL), 0);
    weir_chan_unref(tick);
  }
}

static void sleeps(int64_t n, int parameter) {
  (void)parameter;
  for (int64_t i = 0; i < n / 10; i++)
    CHECK_EQ_INT(weir_sleep(1), 0);
}

/* Armed anew for long: time runs on while instructions are stepped. */
static void churn_fired(void *arg) {
  weir_timer_reset(*(weir_timer **)arg, HOUR);
}

static void churn_open(int parameter) {
  for (int i = 0; i < parameter; i++)
    CHECK((pending[i] = weir_timer_func(WEIR_MILLISECOND * (1 + i % 100), churn_fired, &pending[i])) != NULL);
}

static void churn(int64_t n, int parameter) {
  for (int64_t i = 0; i < n; i++) {
    weir_timer *picked = pending[i * 7919 % parameter];
    weir_timer_stop(picked);
    weir_timer_reset(picked, WEIR_MILLISECOND * (1 + i * 104729 % 60000));
    if (i % CHURN_YIELD == CHURN_YIELD - 1)
      weir_yield();
  }
}

static void churn_close(int parameter) {
  for (int i = 0; i < parameter; i++)
    weir_timer_free(pending[i]);
}

/* ---- broadcast --------------------------------------------------------------------------------------------------- */

static weir_chan *channels[SUBSCRIBERS];

static void channels_new(int count, size_t size, size_t capacity) {
  for (int i = 0; i < count; i++)
    CHECK((channels[i] = weir_chan_new(size, capacity)) != NULL);
}

static void channels_free(int count) {
  for (int i = 0; i < count; i++)
    weir_chan_unref(channels[i]);
}

static void listens(void *arg) {
  int64_t message;
  while (weir_chan_recv(arg, &message) == 0)
    ;
  finished();
}

static void broadcast_open(int parameter) {
  (void)parameter;
  channels_new(SUBSCRIBERS, sizeof(int64_t), 1);
  for (int i = 0; i < SUBSCRIBERS; i++)
    start(listens, channels[i]);
}

/* Each message is one operation; concurrency 1 and 3 in turn. */
static void broadcast(int64_t n, int parameter) {
  for (int64_t i = 0; i < n / SUBSCRIBERS; i++) {
    const struct weir_broadcast_options options = {
        .concurrency = i % 2 ? 3 : 1, .timeout = 60 * WEIR_SECOND, .policy = (enum weir_timeout_policy)parameter};
    struct weir_broadcast_result result;
    CHECK_EQ_INT(weir_broadcast(channels, SUBSCRIBERS, &i, &options, &result), 0);
    CHECK_EQ_INT(result.delivered, SUBSCRIBERS);
  }
}

static void broadcast_close(int parameter) {
  (void)parameter;
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_close(channels[i]);
  join();
  channels_free(SUBSCRIBERS);
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static const struct load table[] = {
    {"timer_start_stop", PROMPT, timer_open, start_stop, timer_close, 0, false, false},
    {"timer_start_stop_classic", CLASSIC, timer_open, start_stop, timer_close, PENDING, false, false},
    {"timer_reset", PROMPT, timer_open, reset, timer_close, PENDING, false, false},
    {"timer_fire", CLASSIC, timer_open, fire, timer_close, PENDING, false, false},
    {"timer_fire_prompt", PROMPT, timer_open, fire, timer_close, PENDING, false, false},
    {"timer_churn", PROMPT, churn_open, churn, churn_close, PENDING, false, false},
    {"after_received", PROMPT, NULL, after, NULL, 0, false, false},
    {"after_abandoned", PROMPT, NULL, after, NULL, 1, false, false},
    {"after_abandoned_classic", CLASSIC, NULL, after, NULL, 1, false, false},
    {"sleep", PROMPT, NULL, sleeps, NULL, 0, false, false},
    {"broadcast_after", PROMPT, broadcast_open, broadcast, broadcast_close, WEIR_TIMEOUT_AFTER, false, false},
    {"broadcast_after_classic", CLASSIC, broadcast_open, broadcast, broadcast_close, WEIR_TIMEOUT_AFTER, false, false},
    {"broadcast_timer", PROMPT, broadcast_open, broadcast, broadcast_close, WEIR_TIMEOUT_TIMER, false, false},
    {"broadcast_timer_classic", CLASSIC, broadcast_open, broadcast, broadcast_close, WEIR_TIMEOUT_TIMER, false, false},
    {"broadcast_deadline", PROMPT, broadcast_open, broadcast, broadcast_close, WEIR_TIMEOUT_DEADLINE, false, false},
    {"broadcast_none", PROMPT, broadcast_open, broadcast, broadcast_close, WEIR_TIMEOUT_NONE, true, false},
};

const struct load_table loads_timer = {table, sizeof table / sizeof table[0]};
