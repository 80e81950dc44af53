/* timer_test.c — timers where both modes agree: results of stop and reset, never early, due order, function timers,
 * what outlives a free, a hundred thousand at once. The table of differences is timer_mode_test.c. */
#include "run.h"

static const int64_t an_hour = 3600 * WEIR_SECOND;

static void run_for_real(int (*body)(void *), void *arg) {
  for (size_t m = 0; m < 2; m++)
    run_balanced(run_modes[m], body, arg);
}

static void run_and_simulate(int (*body)(void *)) {
  run_for_real(body, NULL);
  for (size_t m = 0; m < 2; m++)
    simulate_quiet(run_modes[m], body, NULL);
}

static int results_body(void *arg) {
  (void)arg;
  weir_timer *t = weir_timer_new(an_hour);
  weir_chan *c = weir_timer_chan(t);
  CHECK(weir_timer_reset(t, an_hour)); /* pending */
  CHECK(weir_timer_reset(t, 2 * an_hour));
  CHECK(weir_timer_stop(t));
  CHECK(!weir_timer_stop(t)); /* stopped */
  CHECK(!weir_timer_reset(t, an_hour));
  CHECK(weir_timer_stop(t));
  CHECK_EQ_INT(weir_counts().timers_pending, 0);
  CHECK_EQ_INT(weir_counts().timers, 1);
  CHECK(!weir_timer_reset(t, 0));
  CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
  CHECK(!weir_timer_stop(t)); /* fired and received */
  CHECK(!weir_timer_reset(t, an_hour));
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
  weir_timer_free(t); /* pending */
  weir_timer_free(NULL);
  return 0;
}

static void stop_and_reset_tell_what_was_kept(void) {
  needs_books();
  run_and_simulate(results_body);
}

static int at_once_body(void *arg) {
  (void)arg;
  static const int64_t delays[] = {0, -1, INT64_MIN, -WEIR_SECOND};
  for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
    const int64_t start = weir_now();
    int64_t fired = 0;
    weir_timer *t = weir_timer_new(delays[i]);
    CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(t), &fired), 0);
    CHECK_INT(fired, >=, start);
    CHECK_INT(fired, <=, weir_now());
    weir_timer_free(t);
  }
  return 0;
}

static void no_delay_is_due_at_once(void) {
  run_and_simulate(at_once_body);
}

static int longest_body(void *arg) {
  (void)arg;
  weir_timer *t = weir_timer_new(INT64_MAX); /* now + delay does not fit: it must not wrap into the past */
  CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_chan_try_recv(weir_timer_chan(t), NULL), -EAGAIN);
  CHECK(weir_timer_stop(t));
  weir_timer_free(t);
  return 0;
}

static void longest_delay_does_not_wrap(void) {
  run_for_real(longest_body, NULL);
}

static int early_body(void *arg) {
  (void)arg;
  for (int64_t delay = 1; delay < 4 * WEIR_MILLISECOND; delay = delay * 2 + 77) {
    const int64_t outside = outside_now(), start = weir_now();
    int64_t fired;
    weir_timer *t = weir_timer_new(delay);
    CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(t), &fired), 0);
    CHECK_INT(outside_now() - outside, >=, delay);
    CHECK_INT(fired - start, >=, delay);
    const int64_t reset_outside = outside_now();
    weir_timer_reset(t, delay);
    CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(t), &fired), 0);
    CHECK_INT(outside_now() - reset_outside, >=, delay);
    weir_timer_free(t);
  }
  return 0;
}

static void never_early(void) {
  run_for_real(early_body, NULL);
}

/* ---- due order ------------------------------------------------------------------------------------------------- */

enum { ORDERED = 200 };

/* Real time passes while the timers are made, so a timer's due time is only known to lie between two readings. */
struct ordered {
  int64_t due_earliest, due_latest;
  size_t place; /* in which it fired */
};

static size_t fired_count;

static void notes_place(void *arg) {
  ((struct ordered *)arg)->place = __atomic_fetch_add(&fired_count, 1, __ATOMIC_RELAXED);
}

static int order_body(void *arg) {
  (void)arg;
  static struct ordered all[ORDERED];
  weir_timer *timers[ORDERED];
  const int64_t two_ticks = 2 * 32768;
  fired_count = 0;
  for (size_t i = 0; i < ORDERED; i++) { /* a permutation: delays neither rise nor fall */
    const int64_t delay = (int64_t)(i * 73 % ORDERED) * 40 * WEIR_MICROSECOND;
    all[i].due_earliest = weir_now() + delay;
    timers[i] = weir_timer_func(delay, notes_place, &all[i]);
    all[i].due_latest = weir_now() + delay;
  }
  CHECK_EQ_INT(weir_sleep(ORDERED * 40 * WEIR_MICROSECOND + WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(fired_count, ORDERED);
  for (size_t i = 0; i < ORDERED; i++) {
    for (size_t k = 0; k < ORDERED; k++)
      if (one_worker() && all[i].due_latest + two_ticks < all[k].due_earliest)
        CHECK_INT(all[i].place, <, all[k].place); /* several workers run the functions at the same time */
    weir_timer_free(timers[i]);
  }
  return 0;
}

/* The same by the ticks' own times, which say when each fired, whoever runs meanwhile. Workers that moved the task have
   a wheel each, and the machine may hold one of them back: only one wheel has an order. */
static int tick_order_body(void *arg) {
  (void)arg;
  static struct ordered all[ORDERED];
  weir_timer *timers[ORDERED];
  int64_t fired[ORDERED];
  const int64_t two_ticks = 2 * 32768;
  for (size_t i = 0; i < ORDERED; i++) {
    const int64_t delay = (int64_t)(i * 73 % ORDERED) * 40 * WEIR_MICROSECOND;
    all[i].due_earliest = weir_now() + delay;
    CHECK((timers[i] = weir_timer_new(delay)) != NULL);
    all[i].due_latest = weir_now() + delay;
  }
  for (size_t i = 0; i < ORDERED; i++) {
    CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(timers[i]), &fired[i]), 0);
    CHECK_INT(fired[i], >=, all[i].due_earliest);
    weir_timer_free(timers[i]);
  }
  for (size_t i = 0; i < ORDERED; i++)
    for (size_t k = 0; k < ORDERED; k++)
      if (one_worker() && all[i].due_latest + two_ticks < all[k].due_earliest)
        CHECK_INT(fired[i], <=, fired[k]);
  return 0;
}

static void different_ticks_fire_in_due_order(void) {
  run_and_simulate(order_body);
  run_and_simulate(tick_order_body);
}

/* ---- function timers ------------------------------------------------------------------------------------------- */

struct function_state {
  weir_timer *timer, *other;
  size_t tasks;
  bool stopped, ran, other_ran;
};

static void counts_and_sleeps(void *arg) {
  struct function_state *state = arg;
  state->tasks = weir_task_count();
  CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0); /* a task of its own: it may block */
  state->stopped = weir_timer_stop(state->timer);
  __atomic_store_n(&state->ran, true, __ATOMIC_RELEASE);
}

static int own_task_body(void *arg) {
  (void)arg;
  struct function_state state = {0};
  state.timer = weir_timer_func(an_hour, counts_and_sleeps, &state);
  CHECK_EQ_INT(weir_task_count(), 1); /* made when it is due, not before */
  CHECK_EQ_INT(weir_counts().timers_pending, 1);
  CHECK(weir_timer_reset(state.timer, WEIR_MILLISECOND));
  while (!__atomic_load_n(&state.ran, __ATOMIC_ACQUIRE))
    CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(state.tasks, 2);
  CHECK(!state.stopped);
  CHECK(!weir_timer_stop(state.timer));
  weir_timer_free(state.timer);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return 0;
}

static void function_runs_in_its_own_task(void) {
  run_and_simulate(own_task_body);
}

static void frees_itself(void *arg) {
  struct function_state *state = arg;
  weir_timer_free(state->timer);
  state->ran = true;
}

static int free_itself_body(void *arg) {
  (void)arg;
  struct function_state state = {0};
  state.timer = weir_timer_func(WEIR_MILLISECOND, frees_itself, &state);
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(state.ran);
  CHECK_EQ_INT(weir_counts().timers, 0);
  return 0;
}

static void free_from_its_own_function(void) {
  run_and_simulate(free_itself_body);
}

static void stops_and_frees_other(void *arg) {
  struct function_state *state = arg;
  state->stopped = weir_timer_stop(state->other);
  weir_timer_free(state->other);
  state->ran = true;
}

static void marks_other(void *arg) {
  ((struct function_state *)arg)->other_ran = true;
}

/* The first function frees the second timer, which is due with it: either Stop kept it, or its function runs. With an
 * arg the processor is busy until both are late, so that one expiry meets both. */
static int free_firing_body(void *arg) {
  for (int64_t gap = 0; gap < 5; gap++) {
    struct function_state state = {0};
    /* In this order: the first function may run on another worker, and looks at the second timer. */
    state.other = weir_timer_func(WEIR_MILLISECOND + gap * 40 * WEIR_MICROSECOND, marks_other, &state);
    state.timer = weir_timer_func(WEIR_MILLISECOND, stops_and_frees_other, &state);
    for (const int64_t end = outside_now() + 3 * WEIR_MILLISECOND; arg != NULL && outside_now() < end;)
      ;
    CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK(state.ran);
    CHECK_EQ_INT(state.other_ran, !state.stopped);
    weir_timer_free(state.timer);
  }
  return 0;
}

static void free_while_firing(void) {
  run_for_real(free_firing_body, &fired_count);
  run_for_real(free_firing_body, NULL);
  for (size_t m = 0; m < 2; m++)
    simulate_seeds(run_modes[m], 100, free_firing_body, NULL);
}

/* What is freed in time: another worker may have fired it before where the machine kept this one. */
static int freed_function_body(void *arg) {
  (void)arg;
  bool in_time;
  do {
    struct function_state state = {0};
    const int64_t due = weir_now() + WEIR_MILLISECOND;
    weir_timer_free(weir_timer_func(WEIR_MILLISECOND, marks_other, &state));
    in_time = weir_now() < due;
    if (in_time)
      CHECK_EQ_INT(weir_counts().timers, 0);
    CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK(!in_time || !state.other_ran);
  } while (!in_time);
  return 0;
}

static void freed_before_due_never_runs(void) {
  run_and_simulate(freed_function_body);
}

/* ---- what outlives a free -------------------------------------------------------------------------------------- */

static int kept_channel_body(void *arg) {
  (void)arg;
  const struct weir_counts before = weir_counts();
  bool in_time; /* as above */
  do {
    const int64_t due = weir_now() + WEIR_MILLISECOND;
    weir_timer *t = weir_timer_new(WEIR_MILLISECOND);
    weir_chan *c = weir_chan_ref(weir_timer_chan(t));
    weir_timer_free(t);
    in_time = weir_now() < due;
    if (in_time) {
      CHECK_EQ_INT(weir_counts().timers_pending, 0);
      CHECK_EQ_INT(weir_chan_recv_until(c, NULL, weir_now() + 3 * WEIR_MILLISECOND), -ETIMEDOUT); /* stopped */
      CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
    }
    weir_chan_unref(c);
    books_come_to_rest();
    check_counts_equal(weir_counts(), before);
  } while (!in_time);
  return 0;
}

static void channel_outlives_a_freed_timer(void) {
  run_and_simulate(kept_channel_body);
}

static int kept_fired_body(void *arg) {
  const bool classic = arg != NULL;
  weir_timer *t = weir_timer_new(WEIR_MILLISECOND);
  weir_chan *c = weir_chan_ref(weir_timer_chan(t));
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* whichever worker has it: it has fired */
  weir_timer_free(t);                         /* it stops the timer, and the modes differ about the unread tick */
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), classic ? 0 : -EAGAIN);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
  weir_chan_unref(c);
  return 0;
}

static void unread_tick_of_a_freed_timer(void) {
  run_balanced(WEIR_TIMERS_CLASSIC, kept_fired_body, &fired_count);
  run_balanced(WEIR_TIMERS_PROMPT, kept_fired_body, NULL);
}

/* ---- many ------------------------------------------------------------------------------------------------------ */

enum { MANY = 100000 };

static int many_body(void *arg) {
  (void)arg;
  static weir_timer *timers[MANY];
  const struct weir_counts before = weir_counts();
  for (int64_t i = 0; i < MANY; i++) {
    timers[i] = weir_timer_new(an_hour + i * 7919 % MANY * WEIR_MILLISECOND);
    CHECK(timers[i] != NULL);
  }
  CHECK_EQ_INT(weir_counts().timers_pending, MANY);
  CHECK_EQ_INT(weir_counts().timers, MANY);
  CHECK_EQ_INT(weir_counts().channels, before.channels);
  CHECK_INT(weir_counts().bytes - before.bytes, >=, MANY * sizeof(int64_t));
  for (int64_t i = 0; i < MANY; i++)
    CHECK(weir_timer_reset(timers[i], 2 * an_hour));
  for (int64_t i = 0; i < MANY; i++)
    CHECK(weir_timer_stop(timers[i * 7919 % MANY]));
  CHECK_EQ_INT(weir_counts().timers_pending, 0);
  CHECK_EQ_INT(weir_counts().timers, MANY);
  for (int64_t i = 0; i < MANY; i++)
    weir_timer_free(timers[i]);
  check_counts_equal(weir_counts(), before);
  return 0;
}

static void hundred_thousand_pending(void) {
  needs_books();
  run_for_real(many_body, NULL);
  for (size_t m = 0; m < 2; m++)
    simulate_quiet_on_one(run_modes[m], many_body, NULL);
}

static int empty_body(void *arg) {
  (void)arg;
  return 0;
}

static void outside_a_run(void) {
  weir_timer *t = weir_timer_new(an_hour);
  CHECK(t != NULL);
  CHECK_EQ_INT(weir_chan_try_recv(weir_timer_chan(t), NULL), -EAGAIN);
  CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(t), NULL), -EPERM);
  CHECK(weir_timer_reset(t, an_hour));
  CHECK(weir_timer_stop(t));
  CHECK(!weir_timer_stop(t));
  weir_timer_free(t);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  run_balanced(WEIR_TIMERS_PROMPT, empty_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(stop_and_reset_tell_what_was_kept),
    CHECK_CASE(no_delay_is_due_at_once),
    CHECK_CASE(longest_delay_does_not_wrap),
    CHECK_CASE(never_early),
    CHECK_CASE(different_ticks_fire_in_due_order),
    CHECK_CASE(function_runs_in_its_own_task),
    CHECK_CASE(free_from_its_own_function),
    CHECK_CASE(free_while_firing),
    CHECK_CASE(freed_before_due_never_runs),
    CHECK_CASE(channel_outlives_a_freed_timer),
    CHECK_CASE(unread_tick_of_a_freed_timer),
    CHECK_CASE(hundred_thousand_pending),
    CHECK_CASE(outside_a_run),
};

CHECK_MAIN(cases)
