/* The counters that stand for a walk over all timers, recounted the dumb way behind each scheduling point of random
 * programs: watched (what could wake a task: deadlock detection depends on it), pending, abandoned.
 */
#include "timer.h"

#include "books.h"
#include "chan.h"
#include "simulated.h"

enum { ACTORS = 5, TIMERS = 4, OPERATIONS = 30 };

static struct {
  uint64_t seed;
  bool miscounts;
  struct random random;
  weir_timer *timers[TIMERS]; /* a timer, a ticker, a function timer, a timer */
  weir_chan *chan;
  weir_waitgroup group;
} world;

static uint64_t recounts, most_watched, most_abandoned;

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

/* ---- the recount ------------------------------------------------------------------------------------------------ */

static void count_deadline(struct task *task, void *count) {
  *(size_t *)count += task->wait.timed;
}

static void recount(void) {
  const struct worker *worker = worker_here();
  size_t watched = world.miscounts && recounts % 97 == 0, pending = 0, abandoned = 0;
  tasks_each(count_deadline, &watched);
  for (uint32_t slot = 0; slot < weir_books[0].kinds[BOOK_TIMER].count; slot++) {
    const weir_chan *chan = book_at(&weir_books[0].kinds[BOOK_TIMER], slot);
    if (chan == NULL || !timer_armed(chan))
      continue;
    pending++;
    watched += chan->role == CHAN_FUNCTION || !wait_queue_empty(&chan->receivers);
    abandoned += chan->references == UINT32_MAX; /* see timer.c */
  }
  MODEL(worker->watched == watched, "watched is %zu, counted %zu", worker->watched, watched);
  MODEL(worker->timers_pending == pending, "pending is %zu, counted %zu", worker->timers_pending, pending);
  MODEL(worker->timers_abandoned == abandoned, "abandoned is %zu, counted %zu", worker->timers_abandoned, abandoned);
  const char *wrong = wheel_check(&worker->wheel);
  MODEL(wrong == NULL, "%s", wrong == NULL ? "" : wrong);
  recounts++;
  most_watched = watched > most_watched ? watched : most_watched;
  most_abandoned = abandoned > most_abandoned ? abandoned : most_abandoned;
}

/* ---- random programs -------------------------------------------------------------------------------------------- */

static int64_t random_delay(void) {
  return (int64_t)random_magnitude(&world.random, 24);
}

static void nothing(void *arg) {
  (void)arg;
}

static weir_chan *some_chan(void) {
  const uint32_t which = draw(TIMERS + 2);
  return which < TIMERS ? weir_timer_chan(world.timers[which]) : which == TIMERS ? world.chan : NULL;
}

static void select_some(void) {
  struct weir_case cases[4];
  const size_t count = draw(5);
  for (size_t i = 0; i < count; i++)
    cases[i] = (struct weir_case)WEIR_RECV(some_chan(), NULL);
  if (count > 0 && draw(3) == 0)
    cases[0] = (struct weir_case)WEIR_SEND(world.chan, NULL);
  weir_select(cases, count, weir_now() + random_delay());
}

static void operate(void) {
  weir_timer *timer = world.timers[draw(TIMERS)];
  switch (draw(10)) {
  case 0:
    weir_timer_stop(timer);
    break;
  case 1:
    weir_timer_reset(timer, random_delay());
    break;
  case 2:
    weir_ticker_reset(world.timers[1], random_delay());
    break;
  case 3:
    weir_chan_recv_until(some_chan(), NULL, weir_now() + random_delay());
    break;
  case 4:
    weir_chan_send_until(world.chan, NULL, weir_now() + random_delay());
    break;
  case 5:
    weir_chan_unref(weir_after(random_delay()));
    break;
  case 6:
    weir_sleep(random_delay());
    break;
  case 7:
    weir_chan_try_recv(some_chan(), NULL);
    break;
  default:
    select_some();
  }
}

static void act(void *arg) {
  (void)arg;
  for (int i = 0; i < OPERATIONS && !mismatched(); i++)
    operate();
  weir_waitgroup_done(&world.group);
}

static int program(void *arg) {
  (void)arg;
  world.random.state = world.seed;
  memset(&world.group, 0, sizeof world.group);
  simulated_observe(recount, recount);
  world.timers[0] = weir_timer_new(random_delay());
  world.timers[1] = weir_ticker_new(1 + random_delay());
  world.timers[2] = weir_timer_func(random_delay(), nothing, NULL);
  world.timers[3] = weir_timer_new(random_delay());
  world.chan = weir_chan_new(0, draw(2));
  for (int i = 0; i < ACTORS; i++) {
    weir_waitgroup_add(&world.group, 1);
    weir_go(act, NULL);
  }
  weir_waitgroup_wait(&world.group);
  for (int i = 0; i < TIMERS; i++)
    weir_timer_free(world.timers[i]);
  weir_chan_unref(world.chan);
  return 0;
}

static bool run_seed(uint64_t seed, bool miscounts) {
  world.seed = seed;
  world.miscounts = miscounts;
  const struct simulated simulated = {.main = program,
                                      .mode = seed % 2 == 0 ? WEIR_TIMERS_CLASSIC : WEIR_TIMERS_PROMPT};
  return simulated_seed(&simulated, seed, miscounts);
}

static void counters_are_what_a_recount_finds(void) {
  for (uint64_t seed = 1; seed <= SCALED(600); seed++)
    CHECK(run_seed(seed, false));
  printf("%ju recounts, at most %ju watched, %ju abandoned\n", (uintmax_t)recounts, (uintmax_t)most_watched,
         (uintmax_t)most_abandoned);
  CHECK_INT(recounts, >, SCALED(60000));
  CHECK_INT(most_watched, >, 2);
  CHECK_INT(most_abandoned, >, 0);
}

static void a_wrong_counter_is_found(void) {
  for (uint64_t seed = 1; seed <= 20; seed++)
    CHECK(!run_seed(seed, true));
}

/* ---- after a long stop ---------------------------------------------------------------------------------------------
 * */

enum { PERIODS = 100 };

/* The wheel, and it alone, believes that the process stood still for many periods: one tick, and the next one is due
 * after that time, at a whole number of periods from the beginning. */
static int stand_still(void *arg) {
  (void)arg;
  weir_ticker *ticker = weir_ticker_new(WEIR_SECOND);
  struct worker *worker = worker_here();
  const int64_t due = wheel_any(&worker->wheel)->due;
  const int64_t now = due + PERIODS * WEIR_SECOND + WEIR_SECOND / 2;
  wheel_advance(&worker->wheel, now);
  struct wheel_node *node = wheel_pop(&worker->wheel);
  CHECK(node != NULL);
  port_lock(&worker->wheel_lock);
  worker_expire(worker, node, now);
  port_unlock(&worker->wheel_lock);
  CHECK(wheel_pop(&worker->wheel) == NULL);
  CHECK_EQ_INT(node->due, due + (PERIODS + 1) * WEIR_SECOND);
  CHECK_EQ_INT(weir_ticker_chan(ticker)->length, 1);
  int64_t tick;
  CHECK_EQ_INT(weir_chan_try_recv(weir_ticker_chan(ticker), &tick), 0);
  CHECK_EQ_INT(tick, now);
  CHECK_EQ_INT(weir_ticker_chan(ticker)->length, 0);
  weir_ticker_free(ticker);
  return 0;
}

static void a_ticker_does_not_catch_up(void) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1}, stand_still, NULL), 0);
}

/* ---- between runs ----------------------------------------------------------------------------------------------- */

static void receive_for_ever(void *chan) {
  weir_chan_recv(chan, NULL);
}

static void select_for_ever(void *chan) {
  struct weir_case cases[] = {WEIR_RECV(chan, NULL), WEIR_RECV(chan, NULL)};
  weir_select(cases, 2, weir_now() + 3600 * WEIR_SECOND);
}

static int leave_waiters(void *arg) {
  (void)arg;
  weir_timer *timer = weir_timer_new(3600 * WEIR_SECOND);
  weir_timer *function = weir_timer_func(3600 * WEIR_SECOND, nothing, NULL);
  weir_ticker *ticker = weir_ticker_new(3600 * WEIR_SECOND);
  weir_chan_unref(weir_after(3600 * WEIR_SECOND));
  CHECK_EQ_INT(weir_go(receive_for_ever, weir_timer_chan(timer)), 0);
  CHECK_EQ_INT(weir_go(select_for_ever, weir_ticker_chan(ticker)), 0);
  weir_yield();
  CHECK_INT(worker_here()->watched, >=, 3);
  *(weir_timer **)arg = timer;
  ((weir_timer **)arg)[1] = function;
  ((weir_timer **)arg)[2] = ticker;
  return 0;
}

static int block_for_ever(void *arg) {
  (void)arg;
  return weir_chan_recv(NULL, NULL);
}

static void ignore(void *context, const char *line) {
  (void)context, (void)line;
}

/* What one run left behind keeps no later one from seeing its deadlock. */
static void a_run_leaves_no_count_behind(void) {
  const struct weir_config config = {.workers = 1, .timer_mode = WEIR_TIMERS_CLASSIC, .log = ignore};
  weir_timer *left[3];
  CHECK_EQ_INT(weir_run(&config, leave_waiters, left), 0);
  CHECK_EQ_INT(weir_worker_one.watched, 0);
  CHECK_EQ_INT(weir_worker_one.timers_pending, 0);
  CHECK_EQ_INT(weir_worker_one.timers_abandoned, 0);
  CHECK(wheel_check(&weir_worker_one.wheel) == NULL && weir_worker_one.wheel.count == 0);
  CHECK_EQ_INT(weir_run(&config, block_for_ever, NULL), -EDEADLK);
  for (int i = 0; i < 3; i++)
    weir_timer_free(left[i]);
  CHECK_EQ_INT(weir_counts().timers, 0);
}

static int use_it(void *timer) {
  weir_timer_reset(timer, WEIR_MILLISECOND);
  MODEL(weir_worker_one.wheel.linked == 0, "it is still in the other worker's wheel");
  MODEL(weir_chan_recv(weir_timer_chan(timer), NULL) == 0, "it did not fire");
  weir_timer_reset(timer, WEIR_SECOND);
  weir_timer_stop(timer); /* it rests in the simulation's wheel */
  return 0;
}

/* Made and stopped outside, used in a simulation, then in a run: it leaves the wheel in which it rests. */
static void a_timer_goes_from_wheel_to_wheel(void) {
  weir_timer *timer = weir_timer_new(3600 * WEIR_SECOND);
  CHECK_EQ_INT(weir_timer_stop(timer), true);
  CHECK(simulated_seed(&(struct simulated){.main = use_it, .arg = timer}, 1, false));
  CHECK(wheel_check(&weir_worker_one.wheel) == NULL);
  CHECK_EQ_INT(weir_timer_reset(timer, 1), false);
  CHECK_EQ_INT(weir_workers[WORKER_VIRTUAL]->wheel.linked, 0);
  CHECK_EQ_INT(weir_worker_one.wheel.count, 1);
  weir_timer_free(timer);
  CHECK_EQ_INT(weir_worker_one.wheel.linked, 0);
  CHECK(wheel_check(&weir_worker_one.wheel) == NULL);
}

/* ---- several workers' sums --------------------------------------------------------------------------------------- */

/* One worker has counted a timer off that another has still to count on. */
static void a_sum_is_not_below_zero(void) {
  weir_worker_one.timers_pending = weir_worker_one.timers_abandoned = (size_t)-1;
  const struct weir_counts counts = weir_counts();
  CHECK_EQ_INT(counts.timers_pending, 0);
  CHECK_EQ_INT(counts.timers_abandoned, 0);
  weir_worker_one.timers_pending = 3;
  CHECK_EQ_INT(weir_counts().timers_pending, 3);
}

static const struct check_case cases[] = {
    CHECK_CASE(a_sum_is_not_below_zero),      CHECK_CASE(counters_are_what_a_recount_finds),
    CHECK_CASE(a_wrong_counter_is_found),     CHECK_CASE(a_ticker_does_not_catch_up),
    CHECK_CASE(a_run_leaves_no_count_behind), CHECK_CASE(a_timer_goes_from_wheel_to_wheel),
};
CHECK_MAIN(cases)
