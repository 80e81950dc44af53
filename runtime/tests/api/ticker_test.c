/* ticker_test.c — tickers: never early, ticks dropped while one is unread, one tick and no burst after a long time. */
#include "run.h"

static int period_body(void *arg) {
  (void)arg;
  const int64_t period = 300 * WEIR_MICROSECOND;
  const int64_t outside = outside_now(), start = weir_now();
  weir_ticker *t = weir_ticker_new(period);
  for (int64_t k = 1; k <= 10; k++) {
    int64_t fired;
    CHECK_EQ_INT(weir_chan_recv(weir_ticker_chan(t), &fired), 0);
    CHECK_INT(outside_now() - outside, >=, k * period);
    CHECK_INT(fired - start, >=, k * period);
  }
  weir_ticker_free(t);
  return 0;
}

static void never_early(void) {
  run_balanced(WEIR_TIMERS_CLASSIC, period_body, NULL);
  run_balanced(WEIR_TIMERS_PROMPT, period_body, NULL);
}

static int steady_body(void *arg) {
  (void)arg;
  const int64_t period = 7 * WEIR_MILLISECOND, tick = 32768, start = weir_now();
  weir_ticker *t = weir_ticker_new(period);
  CHECK_EQ_INT(weir_counts().timers_pending, 1);
  for (int64_t k = 1; k <= 1000; k++) { /* virtual time: no drift, whatever the wheel's tick rounds */
    int64_t fired;
    CHECK_EQ_INT(weir_chan_recv(weir_ticker_chan(t), &fired), 0);
    CHECK_INT(fired, >=, start + k * period);
    CHECK_INT(fired, <=, start + k * period + 2 * tick);
  }
  weir_ticker_free(t);
  CHECK_EQ_INT(weir_counts().timers, 0);
  return 0;
}

static void keeps_its_phase(void) {
  simulate_quiet(WEIR_TIMERS_CLASSIC, steady_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, steady_body, NULL);
}

/* A reader that sleeps ten and a half periods finds one tick, then waits for the next one of the original phase. */
static int drop_body(void *arg) {
  (void)arg;
  const int64_t period = 10 * WEIR_MILLISECOND, start = weir_now();
  weir_ticker *t = weir_ticker_new(period);
  weir_chan *c = weir_ticker_chan(t);
  CHECK_EQ_INT(weir_sleep(10 * period + period / 2), 0);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), 0);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
  int64_t fired;
  CHECK_EQ_INT(weir_chan_recv(c, &fired), 0);
  CHECK_INT(fired, >=, start + 11 * period);
  CHECK_INT(fired, <, start + 12 * period);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
  weir_ticker_free(t);
  return 0;
}

static void drops_while_one_is_unread(void) {
  simulate_quiet(WEIR_TIMERS_CLASSIC, drop_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, drop_body, NULL);
}

/* The task keeps the processor for twenty periods. Afterwards ticks may only come as their times come: those of a time
 * span are at most one a period of it, one at its edge and the one that was waiting; with several workers also one that
 * another had begun to deliver. */
static int busy_body(void *arg) {
  (void)arg;
  const int64_t period = WEIR_MILLISECOND;
  weir_ticker *t = weir_ticker_new(period);
  weir_chan *c = weir_ticker_chan(t);
  for (const int64_t end = outside_now() + 20 * period; outside_now() < end;)
    ;
  const int64_t resumed = outside_now();
  int64_t ticks = 0;
  for (int i = 0; i < 10; i++) {
    while (weir_chan_try_recv(c, NULL) == 0)
      ticks++;
    weir_yield();
  }
  CHECK_EQ_INT(weir_sleep(1), 0);             /* expiry has been looked at now, if it had not before */
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* by whichever worker has it */
  while (weir_chan_try_recv(c, NULL) == 0)
    ticks++;
  CHECK_INT(ticks, >=, 1);
  CHECK_INT(ticks, <=, 2 + !one_worker() + (outside_now() - resumed) / period);
  weir_ticker_free(t);
  return 0;
}

static void one_tick_after_a_busy_time(void) {
  run_balanced(WEIR_TIMERS_CLASSIC, busy_body, NULL);
  run_balanced(WEIR_TIMERS_PROMPT, busy_body, NULL);
}

static int reset_body(void *arg) {
  (void)arg;
  weir_ticker *t = weir_ticker_new(WEIR_SECOND);
  weir_chan *c = weir_ticker_chan(t);
  int64_t start = weir_now(), fired;
  weir_ticker_reset(t, 5 * WEIR_MILLISECOND);
  for (int64_t k = 1; k <= 3; k++) {
    CHECK_EQ_INT(weir_chan_recv(c, &fired), 0);
    CHECK_INT(fired, >=, start + k * 5 * WEIR_MILLISECOND);
    CHECK_INT(fired, <, start + WEIR_SECOND);
  }
  weir_ticker_stop(t);
  CHECK_EQ_INT(weir_counts().timers_pending, 0);
  CHECK_EQ_INT(weir_chan_recv_until(c, NULL, weir_now() + WEIR_SECOND), -ETIMEDOUT); /* stopped, and not closed */
  start = weir_now();
  weir_ticker_reset(t, 2 * WEIR_SECOND);
  CHECK_EQ_INT(weir_chan_recv(c, &fired), 0);
  CHECK_INT(fired, >=, start + 2 * WEIR_SECOND);
  weir_ticker_reset(t, 0); /* stops it as well */
  CHECK_EQ_INT(weir_counts().timers_pending, 0);
  CHECK_EQ_INT(weir_chan_recv_until(c, NULL, weir_now() + 5 * WEIR_SECOND), -ETIMEDOUT);
  weir_ticker_free(t);
  return 0;
}

static void reset_and_stop(void) {
  simulate_quiet(WEIR_TIMERS_CLASSIC, reset_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, reset_body, NULL);
}

static int unread_body(void *arg) {
  const bool classic = *(const int *)arg == WEIR_TIMERS_CLASSIC;
  weir_ticker *t = weir_ticker_new(WEIR_MILLISECOND);
  weir_chan *c = weir_ticker_chan(t);
  CHECK_EQ_INT(weir_chan_cap(c), classic ? 1 : 0);
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* whichever worker has it: it has fired */
  CHECK_EQ_INT(weir_chan_len(c), classic ? 1 : 0);
  weir_ticker_stop(t);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), classic ? 0 : -EAGAIN);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
  weir_ticker_free(t);
  return 0;
}

static void unread_tick_at_stop(int mode) {
  run_balanced((enum weir_timer_mode)mode, unread_body, &mode);
  simulate_quiet((enum weir_timer_mode)mode, unread_body, &mode);
}

static int invalid_body(void *arg) {
  (void)arg;
  CHECK(weir_ticker_new(0) == NULL);
  CHECK(weir_ticker_new(-1) == NULL);
  CHECK_EQ_INT(weir_counts().timers, 0);
  weir_ticker_free(NULL);
  return 0;
}

static void period_must_be_positive(void) {
  run_everywhere(invalid_body, NULL);
}

static int select_body(void *arg) {
  (void)arg;
  weir_ticker *fast = weir_ticker_new(WEIR_MILLISECOND),
              *slow = weir_ticker_new(5 * WEIR_MILLISECOND + WEIR_MILLISECOND / 2);
  struct weir_case cases[] = {WEIR_RECV(weir_ticker_chan(fast), NULL), WEIR_RECV(weir_ticker_chan(slow), NULL)};
  int counts[2] = {0, 0};
  while (counts[1] < 4)
    counts[weir_select(cases, 2, WEIR_FOREVER)]++;
  CHECK(counts[0] == 21 || counts[0] == 22); /* at 22 ms both are due: a tie */
  weir_chan *kept = weir_chan_ref(weir_ticker_chan(fast));
  weir_ticker_free(fast);
  weir_ticker_free(slow);
  if (!one_worker())
    weir_chan_try_recv(kept, NULL); /* another worker may have fired it meanwhile, unread */
  CHECK_EQ_INT(weir_chan_recv_until(kept, NULL, weir_now() + WEIR_SECOND), -ETIMEDOUT);
  weir_chan_unref(kept);
  return 0;
}

static void two_tickers_in_a_select(void) {
  simulate_quiet(WEIR_TIMERS_CLASSIC, select_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, select_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(never_early),
    CHECK_CASE(keeps_its_phase),
    CHECK_CASE(drops_while_one_is_unread),
    CHECK_CASE(one_tick_after_a_busy_time),
    CHECK_CASE(reset_and_stop),
    CHECK_CASE_WITH("unread_tick_at_stop_classic", unread_tick_at_stop, WEIR_TIMERS_CLASSIC),
    CHECK_CASE_WITH("unread_tick_at_stop_prompt", unread_tick_at_stop, WEIR_TIMERS_PROMPT),
    CHECK_CASE(period_must_be_positive),
    CHECK_CASE(two_tickers_in_a_select),
};

CHECK_MAIN(cases)
