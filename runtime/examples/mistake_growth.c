/* mistake_growth.c — why the leak looks like one, and why it stops growing: a message every millisecond, each send with
 * a weir_after of 50 ms.
 *
 * In classic mode the abandoned timers grow for as long as the timeout lasts; then each new one meets one that comes
 * due, and their number stays at rate x timeout = 1,000/s x 0.050 s = 50 (Little's law; a look taken just after one
 * came due sees 49). With the five milliseconds of the post and a million messages a second that is 5,000; with a
 * minute's timeout, the whole memory. In prompt mode there is never one. The run is a simulation, so that its time
 * takes no time and the numbers are always the same. */
#include <stdio.h>
#include <weir.h>
#include <weir/sim.h>

enum { MESSAGES = 200, SHOWN_EVERY = 20 };

static const int64_t timeout = 50 * WEIR_MILLISECOND, period = WEIR_MILLISECOND;

static size_t abandoned[MESSAGES + 1];

static int program(void *mode_name) {
  weir_chan *subscriber = weir_chan_new(sizeof(int), 1);
  printf("%s: abandoned timers after", (const char *)mode_name);
  for (int i = 1; i <= MESSAGES; i++) {
    weir_chan *after = weir_after(timeout);
    struct weir_case cases[] = {WEIR_SEND(subscriber, &i), WEIR_RECV(after, NULL)};
    weir_select(cases, 2, WEIR_FOREVER);
    weir_chan_unref(after);
    weir_chan_recv(subscriber, NULL);
    weir_sleep(period);
    abandoned[i] = weir_counts().timers_abandoned;
    if (i % SHOWN_EVERY == 0)
      printf("  %d ms: %zu", i, abandoned[i]);
  }
  printf("\n");
  weir_chan_unref(subscriber);
  return 0;
}

/* True when it grew by one a message until the timeout came, and was flat from then on. */
static bool grew_then_flat(size_t per_message) {
  bool as_told = true;
  for (size_t i = 1; i <= MESSAGES; i++) {
    const size_t expected = per_message * (i < 50 ? i : 50);
    as_told = as_told && abandoned[i] + 1 >= expected && abandoned[i] <= expected + 1;
  }
  return as_told;
}

static int simulate(enum weir_timer_mode mode, const char *mode_name) {
  const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0), .timer_mode = mode};
  struct weir_sim_report report;
  int result = weir_simulate(&sim, program, (void *)mode_name, &report);
  if (result == 0) {
    result = report.verdict != WEIR_VERDICT_OK;
    weir_sim_report_free(&report);
  }
  weir_chooser_free(sim.chooser);
  return result;
}

int main(void) {
  const bool classic = simulate(WEIR_TIMERS_CLASSIC, "classic") == 0 && grew_then_flat(1);
  const bool prompt = simulate(WEIR_TIMERS_PROMPT, "prompt ") == 0 && grew_then_flat(0);
  printf("classic %s, prompt %s\n", classic ? "grew for 50 ms, then stayed" : "did not behave as told",
         prompt ? "stayed at none" : "did not behave as told");
  return !(classic && prompt);
}
