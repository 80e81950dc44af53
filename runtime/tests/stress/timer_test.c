/* Timers on real threads: started by one task, stopped, reset, read and freed by another on another worker, while they
 * fire. What stop and reset said must be what becomes of the tick, or of the function.
 *
 * A timer goes from task to task through a channel: one holds it at a time, and the wheel it is in is seldom the
 * holder's.
 */
#include "stress.h"

enum { HOLDERS = 6, TIMERS = 12, OPERATIONS = 300 };

struct held {
  weir_timer *timer;
  int64_t earliest; /* no tick of the present arming before this time; INT64_MAX when it is not armed */
  bool unread;      /* armed, and its tick has not been received */
};

static struct {
  bool classic;
  weir_chan *exchange; /* of struct held * */
  weir_waitgroup holding;
  uint64_t kept, fired; /* over all rounds */
} world;

static int64_t draw_delay(struct random *random) {
  return stress_delay(random, stress_chance(random, 20) ? 40 : 18);
}

static void got_tick(struct held *held, int64_t tick) {
  STRESS_CHECK(held->unread, "a tick of %" PRId64 " though none was due", tick);
  STRESS_CHECK(tick >= held->earliest, "a tick %" PRId64 " ns early", held->earliest - tick);
  STRESS_CHECK(stress_now() >= held->earliest, "received %" PRId64 " ns early", held->earliest - stress_now());
  held->unread = false;
  __atomic_fetch_add(&world.fired, 1, __ATOMIC_RELAXED);
}

static void must_be_empty(struct held *held, const char *after) {
  int64_t tick = 0;
  const int result = weir_chan_try_recv(weir_timer_chan(held->timer), &tick);
  STRESS_CHECK(result == -EAGAIN, "after %s there is a tick", after);
}

/* The table of weir/timer.h: true = no tick comes of it; false = it was received before or, in classic mode, it is
 * there now. */
static void judge_stop(struct held *held, bool kept, const char *what) {
  if (kept) {
    STRESS_CHECK(held->unread, "%s kept a tick that had been received", what);
    __atomic_fetch_add(&world.kept, 1, __ATOMIC_RELAXED);
  } else if (held->unread) {
    int64_t tick;
    STRESS_CHECK(world.classic, "%s did not keep the tick, in prompt mode", what);
    STRESS_CHECK(weir_chan_try_recv(weir_timer_chan(held->timer), &tick) == 0, "%s: false, and no tick is there", what);
    got_tick(held, tick);
  }
  held->unread = false;
}

static void stop(struct held *held) {
  judge_stop(held, weir_timer_stop(held->timer), "stop");
  must_be_empty(held, "stop");
}

static void arm(struct held *held, struct random *random) {
  if (world.classic)
    stop(held);
  const int64_t delay = draw_delay(random), now = weir_now();
  const bool kept = weir_timer_reset(held->timer, delay);
  if (!world.classic)
    judge_stop(held, kept, "reset");
  held->earliest = now + delay;
  held->unread = true;
}

static void receive(struct held *held, struct random *random) {
  int64_t tick;
  const int64_t deadline = stress_chance(random, 50) ? WEIR_POLL : weir_now() + stress_delay(random, 18);
  const int result = weir_chan_recv_until(weir_timer_chan(held->timer), &tick, deadline);
  STRESS_CHECK(result == 0 || result == -ETIMEDOUT, "receive: %d", result);
  if (result == 0)
    got_tick(held, tick);
}

static void renew(struct held *held, struct random *random) {
  if (held->timer != NULL && stress_chance(random, 50)) { /* its channel goes on without it */
    weir_chan *kept = weir_chan_ref(weir_timer_chan(held->timer));
    weir_timer_free(held->timer);
    if (!world.classic)
      STRESS_CHECK(weir_chan_try_recv(kept, NULL) == -EAGAIN, "a tick of a freed timer");
    weir_chan_unref(kept);
  } else {
    weir_timer_free(held->timer);
  }
  const int64_t delay = draw_delay(random), now = weir_now();
  CHECK((held->timer = weir_timer_new(delay)) != NULL);
  held->earliest = now + delay;
  held->unread = true;
}

static void hold(void *arg) {
  struct random random = *(struct random *)arg;
  for (int i = 0; i < stress_times(OPERATIONS); i++) {
    struct held *held;
    CHECK_EQ_INT(weir_chan_recv(world.exchange, &held), 0);
    const uint32_t draw = random_below(&random, 100);
    if (draw < 40)
      arm(held, &random);
    else if (draw < 60)
      stop(held);
    else if (draw < 90)
      receive(held, &random);
    else
      renew(held, &random);
    CHECK_EQ_INT(weir_chan_send(world.exchange, &held), 0);
    if (stress_chance(&random, 5))
      weir_sleep(stress_delay(&random, 16));
  }
  weir_waitgroup_done(&world.holding);
}

static int exchange_body(void *mode) {
  static struct held all[TIMERS];
  static struct random streams[HOLDERS];
  world.classic = *(enum weir_timer_mode *)mode == WEIR_TIMERS_CLASSIC;
  world.exchange = weir_chan_new(sizeof(struct held *), TIMERS);
  for (int i = 0; i < TIMERS; i++) {
    struct held *held = &all[i];
    held->timer = NULL;
    renew(held, &stress.random);
    CHECK_EQ_INT(weir_chan_send(world.exchange, &held), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_add(&world.holding, HOLDERS), 0);
  for (int i = 0; i < HOLDERS; i++) {
    streams[i] = stress_stream();
    CHECK_EQ_INT(weir_go(hold, &streams[i]), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&world.holding), 0);
  for (int i = 0; i < TIMERS; i++)
    weir_timer_free(all[i].timer);
  weir_chan_unref(world.exchange);
  return weir_settle(WEIR_FOREVER);
}

static void from_hand_to_hand(void) {
  stress_rounds(exchange_body);
  printf("%" PRIu64 " kept, %" PRIu64 " fired\n", world.kept, world.fired);
  CHECK_INT(world.kept, >, 50);
  CHECK_INT(world.fired, >, 50);
}

/* ---- function timers: each arming ends in one true or in one call ------------------------------------------------ */

static struct {
  weir_timer *timer;
  uint32_t armed, kept, called;
} functions[TIMERS];

static void call(void *arg) {
  __atomic_fetch_add((uint32_t *)arg, 1, __ATOMIC_RELAXED);
}

/* Several tasks at one timer, without a word between them. */
static void disturb(void *arg) {
  struct random random = *(struct random *)arg;
  for (int i = 0; i < stress_times(OPERATIONS); i++) {
    const uint32_t which = random_below(&random, TIMERS);
    bool kept;
    if (stress_chance(&random, 60)) {
      kept = weir_timer_reset(functions[which].timer, stress_delay(&random, 17));
      __atomic_fetch_add(&functions[which].armed, 1, __ATOMIC_RELAXED);
    } else {
      kept = weir_timer_stop(functions[which].timer);
    }
    __atomic_fetch_add(&functions[which].kept, kept, __ATOMIC_RELAXED);
    if (stress_chance(&random, 20))
      weir_yield();
    if (stress_chance(&random, 5))
      weir_sleep(stress_delay(&random, 17));
  }
  weir_waitgroup_done(&world.holding);
}

static int functions_body(void *mode) {
  static struct random streams[HOLDERS];
  (void)mode;
  for (int i = 0; i < TIMERS; i++) {
    functions[i].armed = 1;
    functions[i].kept = functions[i].called = 0;
    functions[i].timer = weir_timer_func(stress_delay(&stress.random, 17), call, &functions[i].called);
    CHECK(functions[i].timer != NULL);
  }
  CHECK_EQ_INT(weir_waitgroup_add(&world.holding, HOLDERS), 0);
  for (int i = 0; i < HOLDERS; i++) {
    streams[i] = stress_stream();
    CHECK_EQ_INT(weir_go(disturb, &streams[i]), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&world.holding), 0);
  for (int i = 0; i < TIMERS; i++)
    functions[i].kept += weir_timer_stop(functions[i].timer);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < TIMERS; i++) {
    STRESS_CHECK(functions[i].armed == functions[i].kept + functions[i].called, "armed %u times, kept %u, called %u",
                 functions[i].armed, functions[i].kept, functions[i].called);
    weir_timer_free(functions[i].timer);
  }
  return 0;
}

static void functions_are_called_or_kept(void) {
  stress_rounds(functions_body);
}

/* ---- freed while firing ------------------------------------------------------------------------------------------ */

static void nothing(void *arg) {
  (void)arg;
}

/* Makes timers of every kind that are due about now, and gives them away at once or a little later. */
static void make_and_free(void *arg) {
  struct random random = *(struct random *)arg;
  for (int i = 0; i < stress_times(OPERATIONS); i++) {
    const uint32_t kind = random_below(&random, 4);
    const int64_t delay = stress_delay(&random, 16);
    weir_timer *timer = kind == 0   ? weir_timer_new(delay)
                        : kind == 1 ? weir_timer_func(delay, nothing, NULL)
                        : kind == 2 ? weir_ticker_new(1 + delay)
                                    : NULL;
    weir_chan *after = kind == 3 ? weir_after(delay) : NULL;
    if (stress_chance(&random, 30))
      weir_sleep(stress_delay(&random, 16));
    else if (stress_chance(&random, 50))
      weir_yield();
    if (after != NULL && stress_chance(&random, 30))
      CHECK_EQ_INT(weir_chan_recv(after, NULL), 0);
    if (kind == 2)
      weir_ticker_free(timer);
    else
      weir_timer_free(timer);
    weir_chan_unref(after);
  }
  weir_waitgroup_done(&world.holding);
}

/* Until nothing abandoned is left to come due: at most the longest delay. */
static int freed_body(void *mode) {
  static struct random streams[HOLDERS];
  (void)mode;
  CHECK_EQ_INT(weir_waitgroup_add(&world.holding, HOLDERS), 0);
  for (int i = 0; i < HOLDERS; i++) {
    streams[i] = stress_stream();
    CHECK_EQ_INT(weir_go(make_and_free, &streams[i]), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&world.holding), 0);
  while (weir_counts().timers != 0)
    CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_counts().timers_pending, 0);
  CHECK_EQ_INT(weir_counts().timers_abandoned, 0);
  return weir_settle(WEIR_FOREVER);
}

static void freed_while_firing(void) {
  needs_books();
  stress_rounds(freed_body);
}

/* ---- tickers: reset, stopped, freed by whoever holds them -------------------------------------------------------- */

static void hold_ticker(void *arg) {
  struct random random = *(struct random *)arg;
  for (int i = 0; i < stress_times(OPERATIONS); i++) {
    weir_ticker *ticker;
    CHECK_EQ_INT(weir_chan_recv(world.exchange, &ticker), 0);
    const uint32_t draw = random_below(&random, 100);
    if (draw < 30) {
      weir_ticker_reset(ticker, 1 + stress_delay(&random, 18));
    } else if (draw < 50) {
      weir_ticker_stop(ticker);
      weir_chan_try_recv(weir_ticker_chan(ticker), NULL);
      STRESS_CHECK(weir_chan_try_recv(weir_ticker_chan(ticker), NULL) == -EAGAIN, "a stopped ticker ticks");
    } else if (draw < 90) {
      weir_chan_recv_until(weir_ticker_chan(ticker), NULL, weir_now() + stress_delay(&random, 18));
    } else {
      weir_ticker_free(ticker);
      CHECK((ticker = weir_ticker_new(1 + stress_delay(&random, 18))) != NULL);
    }
    CHECK_EQ_INT(weir_chan_send(world.exchange, &ticker), 0);
  }
  weir_waitgroup_done(&world.holding);
}

static int tickers_body(void *mode) {
  static struct random streams[HOLDERS];
  (void)mode;
  world.exchange = weir_chan_new(sizeof(weir_ticker *), TIMERS);
  for (int i = 0; i < TIMERS; i++) {
    weir_ticker *ticker = weir_ticker_new(1 + stress_delay(&stress.random, 18));
    CHECK_EQ_INT(weir_chan_send(world.exchange, &ticker), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_add(&world.holding, HOLDERS), 0);
  for (int i = 0; i < HOLDERS; i++) {
    streams[i] = stress_stream();
    CHECK_EQ_INT(weir_go(hold_ticker, &streams[i]), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&world.holding), 0);
  for (int i = 0; i < TIMERS; i++) {
    weir_ticker *ticker;
    CHECK_EQ_INT(weir_chan_try_recv(world.exchange, &ticker), 0);
    weir_ticker_free(ticker);
  }
  weir_chan_unref(world.exchange);
  return weir_settle(WEIR_FOREVER);
}

static void tickers_from_hand_to_hand(void) {
  stress_rounds(tickers_body);
}

static const struct check_case cases[] = {
    CHECK_CASE(from_hand_to_hand),
    CHECK_CASE(functions_are_called_or_kept),
    CHECK_CASE(freed_while_firing),
    CHECK_CASE(tickers_from_hand_to_hand),
};
STRESS_MAIN(cases)
