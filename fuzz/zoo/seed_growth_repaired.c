/* seed_growth_repaired.c — the twin of seed_growth.c: one timer a publisher, stopped, drained without blocking, and
 * armed anew. */
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
  weir_timer *t = weir_timer_new(timeout);
  for (int i = 0; i < ROUNDS * SUBSCRIBERS; i++) {
    if (!weir_timer_stop(t))
      weir_chan_try_recv(weir_timer_chan(t), NULL);
    weir_timer_reset(t, timeout);
    weir_chan *late = weir_timer_chan(t);
    struct weir_case first[] = {WEIR_SEND(subscribers[i % SUBSCRIBERS], &i), WEIR_RECV(late, NULL),
                                WEIR_RECV(quit, NULL)};
    weir_select(first, 3, WEIR_FOREVER);
  }
  weir_timer_free(t);
  weir_waitgroup_done(arg);
}

WEIR_SCENARIO(seed_growth_repaired, "one timer a publisher", .sim.timer_mode = WEIR_TIMERS_CLASSIC,
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
