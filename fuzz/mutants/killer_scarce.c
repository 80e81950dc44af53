/* killer_scarce.c — any allocation may fail: what was begun is undone, and nothing is left. */
#include "killer.h"

enum { CHANNELS = 3 };

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

const struct killer_case killer_scarce_cases[] = {{"scarce_broadcast", broadcast_body, true}, {0}};
