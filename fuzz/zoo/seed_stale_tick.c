/* seed_stale_tick.c — the second publisher of the Go post, without any drain.
 *
 * One timer bounds every send, and is just reset for the next one. In classic mode (Go 1.22 and before) a tick that
 * came too late to be received stays in the timer's channel: the next send finds it there and gives its message up,
 * long before its own time is over.
 * The interleaving: the timer fires after the send went through and before the publisher resets it, and the next
 * subscriber is not yet waiting.
 * The repair: stop the timer and, when it was not running, drain it without blocking. */
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
    const int64_t began = weir_now();
    weir_timer_reset(t, timeout);
    struct weir_case first[] = {WEIR_SEND(subscribers[i], &message), WEIR_RECV(weir_timer_chan(t), NULL)};
    const bool timed_out = weir_select(first, 2, WEIR_FOREVER) == 1;
    weir_assert(!timed_out || weir_now() - began >= timeout);
  }
}

WEIR_SCENARIO(seed_stale_tick, "a send times out by the tick of the one before",
              .sim.timer_mode = WEIR_TIMERS_CLASSIC) {
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
