/* killer_scarce.c — any allocation may fail: what was begun is undone, and nothing is left. */
#include "killer.h"

enum { CHANNELS = 3 };

static void call(void *arg) {
  ++*(int *)arg;
}

static void receive_one(void *arg) {
  weir_chan_recv_until(arg, NULL, weir_now() + WEIR_MILLISECOND);
  weir_chan_unref(arg);
}

static int broadcast_body(void *arg) {
  (void)arg;
  weir_chan *chans[CHANNELS] = {0};
  for (int i = 0; i < CHANNELS; i++) {
    if ((chans[i] = weir_chan_new(0, random_below(&killer_random, 2))) == NULL)
      continue;
    if (killer_chance(&killer_random, 50) && weir_go(receive_one, weir_chan_ref(chans[i])) != 0)
      weir_chan_unref(chans[i]);
  }
  struct weir_broadcast_result result;
  const int error = weir_broadcast(
      chans, CHANNELS, NULL,
      &((struct weir_broadcast_options){.concurrency = 1 + random_below(&killer_random, 3),
                                        .policy = (enum weir_timeout_policy)random_below(&killer_random, 3),
                                        .timeout = 1000}),
      &result);
  const size_t all = result.delivered + result.timed_out + result.skipped + result.closed;
  KILLER_CHECK(error == 0 || error == -ENOMEM, "broadcast: %d", error);
  KILLER_CHECK(all == CHANNELS && (error != 0 || result.skipped == 0), "%zu of %d, error %d", all, CHANNELS, error);
  for (int i = 0; i < CHANNELS; i++)
    weir_chan_unref(chans[i]);
  weir_sleep(10 * WEIR_MILLISECOND); /* what was abandoned comes due */
  return 0;
}

/* A function timer's call needs a task: without memory it comes later, but it comes. */
static int call_body(void *arg) {
  int calls = 0;
  (void)arg;
  weir_timer *timer = weir_timer_func(1, call, &calls);
  for (int i = 0; timer != NULL && calls == 0; i++) {
    KILLER_CHECK(i < 1000, "a function timer is not called");
    weir_sleep(WEIR_MILLISECOND);
  }
  weir_timer_free(timer);
  return 0;
}

static int tree_body(void *arg) {
  (void)arg;
  weir_context *root = weir_context_background();
  weir_context *timed = root == NULL ? NULL : weir_context_with_deadline(root, weir_now() + 1000);
  weir_context *below = timed == NULL ? NULL : weir_context_with_cancel(timed);
  weir_context_cancel(below);
  weir_context_unref(root);
  weir_context_unref(below);
  weir_context_unref(timed);
  return 0;
}

static int topics_body(void *arg) {
  (void)arg;
  const struct weir_broker_options options = {.element_size = 1, .broadcast = {.concurrency = 2, .timeout = 1000}};
  weir_broker *broker = weir_broker_new(&options);
  if (broker == NULL)
    return 0;
  weir_chan *chans[CHANNELS];
  for (int i = 0; i < CHANNELS; i++)
    chans[i] = weir_broker_subscribe(broker, i == 1 ? "other" : "topic", 1);
  const int error = weir_broker_publish(broker, "topic", "m", NULL);
  KILLER_CHECK(error == 0 || error == -ENOMEM, "publish: %d", error);
  for (int i = 0; i < CHANNELS; i++)
    if (chans[i] != NULL && killer_chance(&killer_random, 50))
      weir_broker_unsubscribe(broker, i == 1 ? "other" : "topic", chans[i]);
  weir_broker_close(broker);
  for (int i = 0; i < CHANNELS; i++)
    weir_chan_unref(chans[i]);
  weir_sleep(10 * WEIR_MILLISECOND);
  return 0;
}

const struct killer_case killer_scarce_cases[] = {{"scarce_broadcast", broadcast_body, true},
                                                  {"scarce_call", call_body, true},
                                                  {"scarce_tree", tree_body, true},
                                                  {"scarce_topics", topics_body, true},
                                                  {0}};
