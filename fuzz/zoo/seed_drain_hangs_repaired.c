/* seed_drain_hangs_repaired.c — the twin of seed_drain_hangs.c: the drain does not block: there may be no tick to
 * take. */
#include <weir/scenario.h>

enum { SUBSCRIBERS = 2, MESSAGES = 3 };

static const int64_t timeout = 5 * WEIR_MILLISECOND;
static weir_chan *subscribers[SUBSCRIBERS];
static weir_waitgroup readers;

static void subscriber(void *arg) {
  do
    weir_sleep(WEIR_MILLISECOND * (1 + weir_draw(3)));
  while (weir_chan_recv(arg, NULL) == 0);
  weir_waitgroup_done(&readers);
}

static void publish(int message, weir_timer *t) {
  for (int i = 0; i < SUBSCRIBERS; i++) {
    if (!weir_timer_stop(t))
      weir_chan_try_recv(weir_timer_chan(t), NULL);
    weir_timer_reset(t, timeout);
    struct weir_case first[] = {WEIR_SEND(subscribers[i], &message), WEIR_RECV(weir_timer_chan(t), NULL)};
    weir_select(first, 2, WEIR_FOREVER);
  }
}

WEIR_SCENARIO(seed_drain_hangs_repaired, "a drain takes a tick only if one is waiting") {
  weir_timer *t = weir_timer_new(timeout);
  readers = (weir_waitgroup){0};
  weir_waitgroup_add(&readers, SUBSCRIBERS);
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_go(subscriber, subscribers[i] = weir_chan_new(sizeof(int), 0));
  for (int message = 0; message < MESSAGES; message++)
    publish(message, t);
  weir_timer_free(t);
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_close(subscribers[i]);
  weir_waitgroup_wait(&readers);
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_unref(subscribers[i]);
  return 0;
}
