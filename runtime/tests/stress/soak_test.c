/* A million broadcasts, over every policy, mode and concurrency, end with the census they began with. */
#include <string.h>
#include <weir.h>

#include "check.h"
#include "workers.h"

enum { SUBSCRIBERS = 10, BROADCASTS = 1000000, POLICIES = 4, MODES = 2, CONCURRENCIES = 2 };

struct audience {
  weir_chan *channels[SUBSCRIBERS];
  weir_waitgroup listening;
  int64_t heard;
};

struct listener {
  struct audience *audience;
  weir_chan *channel;
};

static void listen(void *arg) {
  struct listener listener = *(struct listener *)arg;
  int64_t message;
  while (weir_chan_recv(listener.channel, &message) == 0)
    __atomic_fetch_add(&listener.audience->heard, 1, __ATOMIC_RELAXED);
  weir_waitgroup_done(&listener.audience->listening);
}

static int64_t broadcast_many(struct audience *audience, const struct weir_broadcast_options *options, int times) {
  int64_t delivered = 0;
  for (int64_t i = 0; i < times; i++) {
    struct weir_broadcast_result result;
    CHECK_EQ_INT(weir_broadcast(audience->channels, SUBSCRIBERS, &i, options, &result), 0);
    CHECK_EQ_INT(result.delivered + result.timed_out, SUBSCRIBERS);
    delivered += (int64_t)result.delivered;
  }
  return delivered;
}

static int broadcasts(void *arg) {
  enum { TIMES = BROADCASTS / (POLICIES * MODES * CONCURRENCIES) };
  (void)arg;
  struct audience audience = {.heard = 0};
  struct listener listeners[SUBSCRIBERS];
  struct weir_counts before = weir_counts();
  weir_waitgroup_add(&audience.listening, SUBSCRIBERS);
  for (int i = 0; i < SUBSCRIBERS; i++) {
    audience.channels[i] = weir_chan_new(sizeof(int64_t), 1);
    listeners[i] = (struct listener){.audience = &audience, .channel = audience.channels[i]};
    CHECK_EQ_INT(weir_go(listen, &listeners[i]), 0);
  }
  int64_t delivered = 0;
  for (int policy = 0; policy < POLICIES; policy++)
    for (unsigned concurrency = 1; concurrency <= CONCURRENCIES; concurrency++) {
      struct weir_broadcast_options options = {
          .concurrency = concurrency, .timeout = 5 * WEIR_MILLISECOND, .policy = (enum weir_timeout_policy)policy};
      delivered += broadcast_many(&audience, &options, TIMES);
    }
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_close(audience.channels[i]);
  weir_waitgroup_wait(&audience.listening);
  weir_settle(WEIR_FOREVER); /* the last listener may still be on its way out */
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_unref(audience.channels[i]);
  CHECK_EQ_INT(audience.heard, delivered);
  weir_sleep(6 * WEIR_MILLISECOND); /* what was abandoned comes due */
  while (weir_counts().timers_abandoned != 0)
    weir_sleep(WEIR_MILLISECOND);
  struct weir_counts after = weir_counts();
  CHECK(memcmp(&before, &after, sizeof before) == 0);
  return 0;
}

static void soak(enum weir_timer_mode mode) {
  struct weir_config config = {.workers = test_workers(), .timer_mode = mode};
  CHECK_EQ_INT(weir_run(&config, broadcasts, NULL), 0);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static void classic(void) {
  soak(WEIR_TIMERS_CLASSIC);
}

static void prompt(void) {
  soak(WEIR_TIMERS_PROMPT);
}

static const struct check_case cases[] = {CHECK_CASE(classic), CHECK_CASE(prompt)};

CHECK_MAIN(cases)
