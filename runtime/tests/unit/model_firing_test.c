/* Random programs over what fires by itself, under random schedules, against plain bookkeeping: function timers (run
 * once for each time they fire; stop is true exactly while the task has not been made), tickers (a tick for each
 * period, dropped while one is unread), and afters whose channel is dropped (abandoned until due in classic mode, gone at
 * once in prompt mode).
 */
#include "simulated.h"
#include "timer.h"

enum { FUNCTIONS = 3, AFTERS = 12, OPERATIONS = 40 };

enum lie { NO_LIE, LIE_STOP, LIE_RUN, LIE_ABANDONED, LIE_TICK };

struct function {
  weir_timer *timer;
  bool armed;
  int64_t due;
  uint32_t fired;
  uint32_t ran;
};

static struct {
  enum weir_timer_mode mode;
  enum lie lie;
  bool told;
  uint64_t seed;
  struct random random;
  struct function functions[FUNCTIONS];
  int acted_on; /* a function timer on its way through stop or reset, or -1 */
  bool kept;
  const weir_chan *dropped; /* an after on its way through unref, or NULL */
  bool *dropped_pending;
  int64_t abandoned[AFTERS]; /* due times */
  int abandoned_count;
} world;

static uint64_t functions_run, functions_stopped, afters_abandoned, ticks_received;

/* A replay begins as the run did. */
static void begin(void) {
  world.told = false;
  world.random.state = world.seed;
  memset(world.functions, 0, sizeof world.functions);
  world.acted_on = -1;
  world.dropped = NULL;
  world.abandoned_count = 0;
}

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static bool lies(enum lie lie) {
  if (world.lie != lie || world.told)
    return false;
  return world.told = true;
}

/* ---- function timers -------------------------------------------------------------------------------------------- */

/* White box: a timer begins with its channel, though a function timer does not give it away. */
static bool really_armed(const struct function *function) {
  return timer_armed((const weir_chan *)function->timer);
}

static void observe(void) {
  for (struct function *function = world.functions; function < world.functions + FUNCTIONS; function++) {
    if (!function->armed || function->timer == NULL || really_armed(function))
      continue;
    function->armed = false;
    function->fired++;
    MODEL(weir_now() >= function->due, "a function timer fired early");
  }
}

static void after_step(void) {
  observe();
  if (world.dropped != NULL)
    *world.dropped_pending = timer_armed(world.dropped);
  world.dropped = NULL;
  if (world.acted_on < 0)
    return;
  struct function *function = &world.functions[world.acted_on];
  world.kept = function->armed;
  function->armed = false;
  world.acted_on = -1;
}

static void run_function(void *arg) {
  struct function *function = arg;
  function->ran += 1 + lies(LIE_RUN);
  functions_run++;
}

static void act_on_function(void) {
  const int which = (int)draw(FUNCTIONS);
  struct function *function = &world.functions[which];
  const int64_t delay = (int64_t)random_magnitude(&world.random, 24);
  const bool stop = draw(2) == 0;
  world.acted_on = which;
  bool kept = stop ? weir_timer_stop(function->timer) : weir_timer_reset(function->timer, delay);
  if (!stop) {
    function->armed = true;
    function->due = weir_now() + delay;
  }
  kept ^= lies(LIE_STOP);
  MODEL(kept == world.kept, "%s returned %d, in the model %d", stop ? "stop" : "reset", kept, world.kept);
  functions_stopped += kept;
}

/* ---- abandoned afters ------------------------------------------------------------------------------------------- */

static void abandon_an_after(void) {
  const int64_t delay = (int64_t)random_magnitude(&world.random, 26);
  weir_chan *chan = weir_after(delay);
  const int64_t due = weir_now() + delay;
  bool pending = true;
  world.dropped = chan;
  world.dropped_pending = &pending;
  weir_chan_unref(chan);
  if (world.mode == WEIR_TIMERS_CLASSIC && pending)
    world.abandoned[world.abandoned_count++] = due;
  afters_abandoned += world.mode == WEIR_TIMERS_CLASSIC && pending;
}

/* Those whose tick is over have gone, those whose tick is to come are there; within the current tick it is a tie. */
static void compare_abandoned(void) {
  const uint64_t current = (uint64_t)weir_now() >> WHEEL_TICK_BITS;
  size_t least = 0, most = 0;
  for (int i = 0; i < world.abandoned_count; i++) {
    least += wheel_tick_of(world.abandoned[i]) > current;
    most += wheel_tick_of(world.abandoned[i]) >= current;
  }
  const struct weir_counts counts = weir_counts();
  size_t armed = 0;
  for (int i = 0; i < FUNCTIONS; i++)
    armed += really_armed(&world.functions[i]);
  const size_t abandoned = counts.timers_abandoned + (lies(LIE_ABANDONED) ? AFTERS + 1 : 0);
  MODEL(abandoned >= least && abandoned <= most, "%zu are abandoned, in the model %zu to %zu", abandoned, least, most);
  MODEL(counts.timers_pending == counts.timers_abandoned + armed, "%zu are pending, of these %zu abandoned, %zu armed",
        counts.timers_pending, counts.timers_abandoned, armed);
  MODEL(counts.timers == FUNCTIONS + counts.timers_abandoned, "%zu timers are alive", counts.timers);
}

static int functions_and_afters(void *arg) {
  (void)arg;
  begin();
  for (int i = 0; i < FUNCTIONS; i++) {
    struct function *function = &world.functions[i];
    const int64_t delay = (int64_t)random_magnitude(&world.random, 24);
    function->timer = weir_timer_func(delay, run_function, function);
    function->armed = true;
    function->due = weir_now() + delay;
  }
  simulated_observe(after_step, observe);
  for (int i = 0; i < OPERATIONS && !mismatched(); i++) {
    const uint32_t what = draw(8);
    if (what == 0 && world.abandoned_count < AFTERS)
      abandon_an_after();
    else if (what < 4)
      act_on_function();
    else if (what < 6)
      weir_yield();
    else
      weir_sleep((int64_t)random_magnitude(&world.random, 24));
    compare_abandoned();
  }
  weir_sleep(WEIR_SECOND); /* all are due by then */
  weir_settle(WEIR_FOREVER);
  observe();
  for (int i = 0; i < FUNCTIONS; i++) {
    struct function *function = &world.functions[i];
    MODEL(function->ran == function->fired, "a function ran %u times, its timer fired %u times", function->ran,
          function->fired);
    weir_timer_free(function->timer);
    function->timer = NULL;
  }
  MODEL(weir_counts().timers == 0, "%zu timers are left", weir_counts().timers);
  return 0;
}

/* ---- tickers ---------------------------------------------------------------------------------------------------- */

/* Alone with its ticker a task knows what must be there: a tick whose wheel tick has passed. */
static int ticker(void *arg) {
  (void)arg;
  begin();
  const int64_t period = 1 + (int64_t)random_magnitude(&world.random, 24);
  weir_ticker *ticker = weir_ticker_new(period);
  const int64_t start = weir_now();
  int64_t taken = start; /* when the last tick was received: any later one is new */
  for (int i = 0; i < OPERATIONS && !mismatched(); i++) {
    if (draw(2) == 0)
      weir_sleep((int64_t)random_magnitude(&world.random, 25));
    int64_t tick = 0;
    const bool received = weir_chan_try_recv(weir_ticker_chan(ticker), &tick) == 0;
    const int64_t now = weir_now();
    if (received) {
      tick -= lies(LIE_TICK) ? tick - start : 0;
      MODEL(tick >= start + period && tick <= now, "a tick says %" PRId64 ", not between %" PRId64 " and %" PRId64,
            tick, start + period, now);
      ticks_received++;
      taken = now;
    } else {
      const int64_t next = start + ((taken - start) / period + 1) * period; /* the first after the last receive */
      const uint64_t least = wheel_tick_of(taken) + 1; /* it was armed again a tick later at best */
      const uint64_t due = wheel_tick_of(next) > least ? wheel_tick_of(next) : least;
      MODEL(due >= (uint64_t)now >> WHEEL_TICK_BITS, "no tick at %" PRId64 ", one was due at %" PRId64, now, next);
    }
  }
  weir_ticker_free(ticker);
  return 0;
}

/* ---- cases ------------------------------------------------------------------------------------------------------ */

static bool run_seed(int (*program)(void *), uint64_t seed, enum lie lie) {
  world.mode = seed % 2 == 0 ? WEIR_TIMERS_CLASSIC : WEIR_TIMERS_PROMPT;
  world.lie = lie;
  world.seed = seed;
  const struct simulated simulated = {.main = program, .mode = world.mode};
  return simulated_seed(&simulated, seed, lie != NO_LIE);
}

static void functions_and_afters_agree(void) {
  for (uint64_t seed = 1; seed <= SCALED(8000); seed++)
    CHECK(run_seed(functions_and_afters, seed, NO_LIE));
  printf("functions run %ju, stopped %ju; afters abandoned %ju\n", (uintmax_t)functions_run,
         (uintmax_t)functions_stopped, (uintmax_t)afters_abandoned);
  CHECK_INT(functions_run, >, SCALED(8000));
  CHECK_INT(functions_stopped, >, SCALED(8000));
  CHECK_INT(afters_abandoned, >, SCALED(4000));
}

static void tickers_agree(void) {
  for (uint64_t seed = 1; seed <= SCALED(8000); seed++)
    CHECK(run_seed(ticker, seed, NO_LIE));
  printf("ticks received %ju\n", (uintmax_t)ticks_received);
  CHECK_INT(ticks_received, >, SCALED(8000));
}

static void lie_is_found(int lie) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    const bool well = run_seed(lie == LIE_TICK ? ticker : functions_and_afters, seed, (enum lie)lie);
    CHECK(well != world.told);
    told += world.told;
  }
  CHECK_INT(told, >=, 100);
}

static const struct check_case cases[] = {
    CHECK_CASE(functions_and_afters_agree),
    CHECK_CASE(tickers_agree),
    CHECK_CASE_WITH("wrong_stop_is_found", lie_is_found, LIE_STOP),
    CHECK_CASE_WITH("function_run_twice_is_found", lie_is_found, LIE_RUN),
    CHECK_CASE_WITH("wrong_count_is_found", lie_is_found, LIE_ABANDONED),
    CHECK_CASE_WITH("early_tick_is_found", lie_is_found, LIE_TICK),
};
CHECK_MAIN(cases)
