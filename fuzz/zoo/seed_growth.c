/* seed_growth.c — the first publisher of the Go post: a fresh time.After for every send.
 *
 * Every send is bounded by a weir_after of five milliseconds. Nearly all are taken at once; the timer then has lost
 * and nobody holds it any more, but in classic mode (Go 1.22 and before) it stays until it is due. So timers pile up by
 * the rate of messages times the timeout; the limit of eight stands for somebody's memory.
 * It shows at once, under every schedule that lets more than eight messages go within the timeout.
 * The repair, the post's second publisher: one timer, stopped, drained without blocking, and armed anew. */
#include <weir/scenario.h>

enum { SUBSCRIBERS = 2, PUBLISHERS = 2, ROUNDS = 6 };

static const int64_t timeout = 5 * WEIR_MILLISECOND;
static weir_chan *subscribers[SUBSCRIBERS], *quit;
static weir_waitgroup publishers, readers;

static void subscriber(void *arg) {
  while (weir_chan_recv(arg, NULL) == 0)
    continue;
  weir_waitgroup_done(&readers);
}

static void publish(void *arg) {
  for (int i = 0; i < ROUNDS * SUBSCRIBERS; i++) {
    weir_chan *late = weir_after(timeout);
    struct weir_case first[] = {WEIR_SEND(subscribers[i % SUBSCRIBERS], &i), WEIR_RECV(late, NULL),
                                WEIR_RECV(quit, NULL)};
    weir_select(first, 3, WEIR_FOREVER);
    weir_chan_unref(late);
  }
  weir_waitgroup_done(arg);
}

WEIR_SCENARIO(seed_growth, "timers that nobody holds pile up", .sim.timer_mode = WEIR_TIMERS_CLASSIC,
              .sim.abandoned_max = 8) {
  publishers = (weir_waitgroup){0};
  weir_waitgroup_add(&publishers, PUBLISHERS);
  readers = (weir_waitgroup){0};
  weir_waitgroup_add(&readers, SUBSCRIBERS);
  quit = weir_chan_new(0, 0);
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_go(subscriber, subscribers[i] = weir_chan_new(sizeof(int), 1));
  for (int i = 0; i < PUBLISHERS; i++)
    weir_go(publish, &publishers);
  weir_waitgroup_wait(&publishers);
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_close(subscribers[i]);
  weir_waitgroup_wait(&readers);
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_unref(subscribers[i]);
  weir_chan_unref(quit);
  return 0;
}
