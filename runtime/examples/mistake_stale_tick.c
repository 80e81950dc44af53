/* mistake_stale_tick.c — resetting a fired timer without draining it.
 *
 *     // the timer fired while nobody looked
 *     t.Reset(timeout)
 *     select {
 *     case subscriber <- msg:
 *     case <-t.C:               // classic: at once, with the tick of last time
 *     }
 *
 * In classic mode (Go <= 1.22) the old tick is still in the channel: the next send "times out" before it began, and the
 * message is lost. In prompt mode (Go >= 1.23) Reset discards it and the send waits for its subscriber. */
#include <stdio.h>
#include <weir.h>

static void slow_subscriber(void *arg) {
  weir_sleep(5 * WEIR_MILLISECOND);
  weir_chan_recv(arg, NULL);
}

static int program(void *mode_name) {
  weir_chan *subscriber = weir_chan_new(sizeof(int), 0);
  const int msg = 1;
  weir_timer *t = weir_timer_new(WEIR_MILLISECOND);
  weir_sleep(2 * WEIR_MILLISECOND); /* it fires; nobody looks */
  weir_go(slow_subscriber, subscriber);
  weir_timer_reset(t, 60 * WEIR_SECOND); /* the mistake: no stop, no drain */
  struct weir_case cases[] = {WEIR_SEND(subscriber, &msg), WEIR_RECV(weir_timer_chan(t), NULL)};
  if (weir_select(cases, 2, WEIR_FOREVER) == 0)
    printf("%s: sent\n", (const char *)mode_name);
  else
    printf("%s: timed out at once, a minute early\n", (const char *)mode_name);
  weir_timer_free(t);
  weir_chan_close(subscriber);
  weir_sleep(10 * WEIR_MILLISECOND); /* the subscriber wakes, and finds it closed */
  weir_settle(WEIR_FOREVER);
  weir_chan_unref(subscriber);
  return 0;
}

int main(void) {
  const struct weir_config classic = {.timer_mode = WEIR_TIMERS_CLASSIC}, prompt = {.timer_mode = WEIR_TIMERS_PROMPT};
  const int result = weir_run(&classic, program, "classic");
  return result != 0 ? result : weir_run(&prompt, program, "prompt");
}
