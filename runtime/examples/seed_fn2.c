/* seed_fn2.c — the post's `fn2`, the cure: one timer a publisher; stop it, drain it without blocking, reset it.
 *
 *     if !idleTimeout.Stop() {
 *         select {
 *         case <-idleTimeout.C:   // the tick may have been received already:
 *         default:                // without the default this hangs (mistake_drain_hangs.c)
 *         }
 *     }
 *     idleTimeout.Reset(idleDuration)
 *
 * Right in both modes: in prompt mode there never is anything to drain. However many messages are sent, each publisher
 * has one timer; when it ends, none. (The post's loop lost the exit channel on the way; it is back here.) */
#include <stdatomic.h>
#include <stdio.h>
#include <weir.h>

enum { COUNT = 100, CONCURRENCY = 3, ROUNDS = 20 };

static weir_chan *subscribers[COUNT], *exit_channel;
static weir_waitgroup publishers;

static atomic_size_t pending_most; /* as seen: with several workers a count of what others are changing */

static void count_down(void *arg) {
  weir_waitgroup_done(arg);
}

static void free_timer(void *arg) {
  weir_timer_free(arg);
}

static void pub(void *arg) {
  const char *const msg = "news";
  const int64_t idle_duration = 60 * WEIR_SECOND;
  weir_timer *idle_timeout = weir_timer_new(idle_duration);
  struct weir_defer done, freed;
  weir_defer(&done, count_down, &publishers); /* last in, first out: done when the timer is freed */
  weir_defer(&freed, free_timer, idle_timeout);
  for (size_t j = (size_t)arg; j < COUNT; j += CONCURRENCY) {
    if (!weir_timer_stop(idle_timeout))
      weir_chan_try_recv(weir_timer_chan(idle_timeout), NULL);
    weir_timer_reset(idle_timeout, idle_duration);
    struct weir_case cases[] = {WEIR_SEND(subscribers[j], &msg), WEIR_RECV(weir_timer_chan(idle_timeout), NULL),
                                WEIR_RECV(exit_channel, NULL)};
    if (weir_select(cases, 3, WEIR_FOREVER) == 2)
      break;
    const size_t pending = weir_counts().timers_pending;
    if (pending > pending_most)
      pending_most = pending;
  }
}

static void fn2(void) {
  weir_waitgroup_add(&publishers, CONCURRENCY);
  for (size_t i = 0; i < CONCURRENCY; i++)
    weir_go(pub, (void *)i);
  weir_waitgroup_wait(&publishers);
}

static atomic_size_t received; /* subscribers run on any worker */

static void subscriber(void *arg) {
  while (weir_chan_recv(arg, NULL) == 0)
    received++;
}

static int program(void *mode_name) {
  exit_channel = weir_chan_new(0, 0);
  for (size_t i = 0; i < COUNT; i++)
    weir_go(subscriber, subscribers[i] = weir_chan_new(sizeof(const char *), 1));
  received = pending_most = 0;
  const size_t bytes = weir_counts().bytes;
  for (int round = 0; round < ROUNDS; round++)
    fn2();
  weir_settle(WEIR_FOREVER);
  const struct weir_counts now = weir_counts();
  printf("%s: %zu messages, %zu timers pending (%zu at most), %zu abandoned, %zu live bytes\n", (const char *)mode_name,
         (size_t)received, now.timers_pending, (size_t)pending_most, now.timers_abandoned, now.bytes - bytes);
  for (size_t i = 0; i < COUNT; i++)
    weir_chan_close(subscribers[i]);
  weir_settle(WEIR_FOREVER);
  for (size_t i = 0; i < COUNT; i++)
    weir_chan_unref(subscribers[i]);
  weir_chan_unref(exit_channel);
  return 0;
}

int main(void) {
  const struct weir_config classic = {.timer_mode = WEIR_TIMERS_CLASSIC}, prompt = {.timer_mode = WEIR_TIMERS_PROMPT};
  const int result = weir_run(&classic, program, "classic");
  return result != 0 ? result : weir_run(&prompt, program, "prompt");
}
