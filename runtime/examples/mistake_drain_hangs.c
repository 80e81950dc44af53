/* mistake_drain_hangs.c — draining a stopped timer without a default, after its tick was received.
 *
 *     <-t.C                     // the timeout was handled
 *     ...
 *     if !t.Stop() {
 *         <-t.C                 // hangs: the one tick is gone
 *     }
 *
 * Stop says false, because the timer is not running: not because a tick waits. In both modes the receive blocks for
 * ever. Weir sees that nothing can wake the task and ends the run with -EDEADLK, naming the wait and the timer's line.
 * The cure is the default: weir_chan_try_recv (seed_fn2.c), or no timer at all (seed_deadline.c). */
#include <errno.h>
#include <stdio.h>
#include <weir.h>

static void free_timer(void *arg) {
  weir_timer_free(arg);
}

static int program(void *arg) {
  const bool *cured = arg;
  weir_timer *t = weir_timer_new(WEIR_MILLISECOND);
  struct weir_defer at_return;
  weir_defer(&at_return, free_timer, t); /* runs after the deadlock, too */
  weir_chan_recv(weir_timer_chan(t), NULL);
  if (!weir_timer_stop(t)) {
    if (*cured)
      weir_chan_try_recv(weir_timer_chan(t), NULL);
    else
      weir_chan_recv(weir_timer_chan(t), NULL); /* the mistake */
  }
  return 0;
}

static void print_line(void *arg, const char *line) {
  printf("    %s: %s\n", (const char *)arg, line);
}

int main(void) {
  static const char *const names[] = {"prompt", "classic"};
  int unexpected = 0;
  for (int mode = WEIR_TIMERS_PROMPT; mode <= WEIR_TIMERS_CLASSIC; mode++)
    for (int cured = 0; cured < 2; cured++) {
      const struct weir_config config = {
          .timer_mode = (enum weir_timer_mode)mode, .log = print_line, .log_context = (void *)names[mode]};
      const int result = weir_run(&config, program, &(bool){cured});
      printf("%s, drain %s default: %s\n", names[mode], cured ? "with" : "without",
             result == 0          ? "fine"
             : result == -EDEADLK ? "hangs"
                                  : "unexpected");
      unexpected += result != (cured ? 0 : -EDEADLK);
    }
  return unexpected;
}
