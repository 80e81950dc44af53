/* The worker: nothing starves, whatever runs without blocking; random numbers are uniform. What must happen is counted;
 * nothing here says how soon.
 */
#include "worker.h"

#include "check.h"
#include "random.h"
#include "workers.h"

#include <weir.h>

/* ---- fairness --------------------------------------------------------------------------------------------------- */

enum { TICKS = 20 };

static struct {
  bool stop;
  uint32_t ticks;
  uint64_t rounds;
  weir_chan *ping, *pong;
  weir_waitgroup group;
} world;

static bool stopped(void) {
  return __atomic_load_n(&world.stop, __ATOMIC_RELAXED);
}

static void round_passed(void) {
  __atomic_fetch_add(&world.rounds, 1, __ATOMIC_RELAXED);
}

/* A sanitizer makes a round of starting tasks long. */
static bool enough_rounds(void) {
  return __atomic_load_n(&world.rounds, __ATOMIC_RELAXED) * 10 >= TICKS;
}

static void begin(void (*fn)(void *)) {
  weir_waitgroup_add(&world.group, 1);
  CHECK_EQ_INT(weir_go(fn, NULL), 0);
}

static void tick(void *arg) {
  (void)arg;
  weir_ticker *ticker = weir_ticker_new(WEIR_MILLISECOND);
  for (; world.ticks < TICKS || (!one_worker() && !enough_rounds());
       world.ticks++) /* the others' worker may be held up */
    CHECK_EQ_INT(weir_chan_recv(weir_ticker_chan(ticker), NULL), 0);
  weir_ticker_free(ticker);
  __atomic_store_n(&world.stop, true, __ATOMIC_RELAXED);
  weir_chan_close(world.ping);
  weir_chan_close(world.pong);
  weir_waitgroup_done(&world.group);
}

static void ping(void *arg) {
  (void)arg;
  while (weir_chan_send(world.ping, NULL) == 0 && weir_chan_recv(world.pong, NULL) == 0)
    round_passed();
  weir_waitgroup_done(&world.group);
}

static void pong(void *arg) {
  (void)arg;
  while (weir_chan_recv(world.ping, NULL) == 0 && weir_chan_send(world.pong, NULL) == 0)
    ;
  weir_waitgroup_done(&world.group);
}

static void yield_always(void *arg) {
  (void)arg;
  for (; !stopped(); round_passed())
    weir_yield();
  weir_waitgroup_done(&world.group);
}

static void sleep_in_the_past(void *arg) {
  (void)arg;
  for (; !stopped(); round_passed())
    weir_sleep_until(1);
  weir_waitgroup_done(&world.group);
}

static void start_tasks(void *arg) {
  (void)arg;
  round_passed();
  if (!stopped())
    begin(start_tasks);
  weir_waitgroup_done(&world.group);
}

static void (*const *beside)(void *);

static int ticker_beside(void *arg) {
  (void)arg;
  world.ping = weir_chan_new(0, 0);
  world.pong = weir_chan_new(0, 0);
  begin(tick);
  for (void (*const *fn)(void *) = beside; *fn != NULL; fn++)
    begin(*fn);
  CHECK_EQ_INT(weir_waitgroup_wait(&world.group), 0);
  weir_chan_unref(world.ping);
  weir_chan_unref(world.pong);
  return 0;
}

static void (*const ping_pong[])(void *) = {ping, pong, NULL};
static void (*const one_yields[])(void *) = {yield_always, NULL};
static void (*const two_yield[])(void *) = {yield_always, yield_always, NULL};
static void (*const sleeps[])(void *) = {sleep_in_the_past, NULL};
static void (*const starts[])(void *) = {start_tasks, NULL};
static void (*const all[])(void *) = {ping, pong, yield_always, sleep_in_the_past, start_tasks, NULL};
static void (*const *const loads[])(void *) = {ping_pong, one_yields, two_yield, sleeps, starts, all};

static void a_ticker_keeps_ticking(int load) {
  beside = loads[load];
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = test_workers()}, ticker_beside, NULL), 0);
  CHECK_INT(world.ticks, >=, TICKS);
  CHECK(enough_rounds());
  printf("%ju rounds beside %u ticks\n", (uintmax_t)world.rounds, world.ticks);
}

/* Of tasks that only yield, none gets further than another by more than a turn; with several workers each would have
 * its own turns. */
enum { TURNERS = 10 };

static uint32_t turns[TURNERS];

static void take_turns(void *arg) {
  for (uint32_t *mine = arg; *mine < 1000; ++*mine, weir_yield())
    for (int i = 0; i < TURNERS; i++)
      CHECK(turns[i] + 1 >= *mine && turns[i] <= *mine + 1);
}

static int yield_in_turns(void *arg) {
  (void)arg;
  for (int i = 0; i < TURNERS; i++)
    CHECK_EQ_INT(weir_go(take_turns, &turns[i]), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < TURNERS; i++)
    CHECK_EQ_INT(turns[i], 1000);
  return 0;
}

static void yielding_tasks_take_turns(void) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1}, yield_in_turns, NULL), 0);
}

/* ---- random numbers --------------------------------------------------------------------------------------------- */

/* Chi-squared against uniform; with a fixed seed the answer is always the same. Six standard deviations and some. */
static double excess(uint32_t bound, uint32_t (*next)(struct worker *, uint32_t)) {
  static struct worker worker;
  static uint32_t seen[1024];
  const uint32_t samples = SCALED(2000000);
  worker.random = 12345;
  memset(seen, 0, sizeof seen);
  for (uint32_t i = 0; i < samples; i++) {
    const uint32_t number = next(&worker, bound);
    CHECK_INT(number, <, bound);
    seen[number]++;
  }
  double sum = 0, expected = (double)samples / bound;
  for (uint32_t i = 0; i < bound; i++)
    sum += (seen[i] - expected) * (seen[i] - expected) / expected;
  return (sum - (bound - 1)) * (sum - (bound - 1)) / (2.0 * (bound - 1)); /* squared deviations from the mean */
}

static uint32_t skewed(struct worker *worker, uint32_t bound) {
  const uint32_t number = worker_random(worker, bound);
  return worker_random(worker, 50) == 0 ? 0 : number;
}

static void random_numbers_are_uniform(void) {
  static const uint32_t bounds[] = {2, 3, 5, 7, 8, 10, 64, 100, 1000};
  for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
    CHECK(excess(bounds[i], worker_random) < 36);
    CHECK(excess(bounds[i], skewed) > 36); /* the check can fail */
  }
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("ticker_beside_ping_pong", a_ticker_keeps_ticking, 0),
    CHECK_CASE_WITH("ticker_beside_one_that_yields", a_ticker_keeps_ticking, 1),
    CHECK_CASE_WITH("ticker_beside_two_that_yield", a_ticker_keeps_ticking, 2),
    CHECK_CASE_WITH("ticker_beside_one_that_sleeps_in_the_past", a_ticker_keeps_ticking, 3),
    CHECK_CASE_WITH("ticker_beside_one_that_starts_tasks", a_ticker_keeps_ticking, 4),
    CHECK_CASE_WITH("ticker_beside_all", a_ticker_keeps_ticking, 5),
    CHECK_CASE(yielding_tasks_take_turns),
    CHECK_CASE(random_numbers_are_uniform),
};
CHECK_MAIN(cases)
