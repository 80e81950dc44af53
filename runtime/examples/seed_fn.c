/* seed_fn.c — the post's `fn`: a fresh weir_after for every send. This is the leak.
 *
 *     select {
 *     case subscribers[j] <- msg:
 *     case <-time.After(time.Millisecond * 5):
 *     case <-b.exit:
 *         return
 *     }
 *
 * Almost every send succeeds at once; its after has lost and nobody holds it any more. In classic mode (Go <= 1.22) it
 * stays in the timer heap until it is due: rate x timeout timers at any time. In prompt mode (Go >= 1.23) it is freed
 * when the last reference goes. The timeout is a minute here, so that every lost timer can be counted at leisure. */
#include <stdatomic.h>
#include <stdio.h>
#include <weir.h>

enum { COUNT = 100, CONCURRENCY = 3, ROUNDS = 20 };

static weir_chan *subscribers[COUNT], *exit_channel;
static weir_waitgroup publishers;

static void pub(void *arg) {
  const char *const msg = "news";
  for (size_t j = (size_t)arg; j < COUNT; j += CONCURRENCY) {
    weir_chan *timeout = weir_after(60 * WEIR_SECOND);
    struct weir_case cases[] = {WEIR_SEND(subscribers[j], &msg), WEIR_RECV(timeout, NULL),
                                WEIR_RECV(exit_channel, NULL)};
    const int went = weir_select(cases, 3, WEIR_FOREVER);
    weir_chan_unref(timeout); /* abandoned, unless it is due */
    if (went == 2)
      break;
  }
  weir_waitgroup_done(&publishers);
}

static void fn(void) {
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
  received = 0;
  const size_t bytes = weir_counts().bytes;
  for (int round = 0; round < ROUNDS; round++)
    fn();
  weir_settle(WEIR_FOREVER);
  const struct weir_counts now = weir_counts();
  printf("%s: %zu messages, %zu timers pending, %zu abandoned, %zu live bytes\n", (const char *)mode_name,
         (size_t)received, now.timers_pending, now.timers_abandoned, now.bytes - bytes);
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
