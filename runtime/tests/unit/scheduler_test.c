/* The scheduler: who may wait for ever, at several numbers of workers. A case ends when what must happen has happened,
 * or counts what happened instead; nothing here says how soon.
 */
#include "scheduler.h"

#include "api/run.h"

#include <fcntl.h>
#include <sched.h>

/* ---- a full ring and the global queue ---------------------------------------------------------------------------- */

/* More tasks than rings hold, each runnable all the time: a ring stays full, and the others have their turns all the
 * same. */
static uint32_t not_yet_run;

static void yields_until_all_have_run(void *arg) {
  (void)arg;
  __atomic_fetch_sub(&not_yet_run, 1, __ATOMIC_RELAXED);
  while (__atomic_load_n(&not_yet_run, __ATOMIC_RELAXED) != 0)
    weir_yield();
}

static int full_ring_body(void *arg) {
  const uint32_t tasks = *(const uint32_t *)arg;
  not_yet_run = tasks;
  for (uint32_t i = 0; i < tasks; i++)
    CHECK_EQ_INT(weir_go(yields_until_all_have_run, NULL), 0);
  return weir_settle(WEIR_FOREVER);
}

static void no_task_waits_behind_a_full_ring(void) {
  for (unsigned workers = 2; workers <= 3; workers++) {
    const uint32_t tasks = (workers + 1) * RING_SIZE;
    const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0), .workers = workers, .step_limit = 100 * tasks};
    struct weir_sim_report report;
    CHECK_EQ_INT(weir_simulate(&sim, full_ring_body, (void *)(uintptr_t)&tasks, &report), 0);
    CHECK_STR(weir_verdict_name(report.verdict), "ok");
    weir_sim_report_free(&report);
    weir_chooser_free(sim.chooser);
  }
  const uint32_t tasks = (test_workers() + 1) * RING_SIZE;
  run_balanced(WEIR_TIMERS_PROMPT, full_ring_body, (void *)(uintptr_t)&tasks);
}

/* ---- pinned beside the rest, in short rounds --------------------------------------------------------------------- */

/* Every other worker is kept busy, so that nobody takes over what waits here. */
static uint32_t held, released;

static void holds_a_worker(void *arg) {
  (void)arg;
  __atomic_fetch_add(&held, 1, __ATOMIC_RELAXED);
  while (__atomic_load_n(&released, __ATOMIC_RELAXED) == 0)
    sched_yield();
}

static void hold_other_workers(void) {
  held = released = 0;
  for (uint32_t i = 1; i < weir_scheduler.count; i++)
    CHECK_EQ_INT(weir_go(holds_a_worker, NULL), 0);
  while (__atomic_load_n(&held, __ATOMIC_RELAXED) + 1 < weir_scheduler.count)
    sched_yield();
}

static void release_other_workers(void) {
  __atomic_store_n(&released, 1, __ATOMIC_RELAXED);
}

enum { PINNED_TURNS = 1000 };

static _Atomic uint32_t free_turns, pinned_turns; /* the first to end may be on another worker by then */

static void takes_free_turns(void *arg) {
  (void)arg;
  for (; pinned_turns < PINNED_TURNS; free_turns++)
    weir_yield();
}

static void takes_pinned_turns(void *arg) {
  (void)arg;
  for (; pinned_turns < PINNED_TURNS; pinned_turns++)
    weir_yield();
}

static int short_rounds_body(void *arg) {
  static const struct weir_task_options pinned = {.pinned = true};
  (void)arg;
  free_turns = 0;
  pinned_turns = 0;
  hold_other_workers();
  CHECK_EQ_INT(weir_go(takes_free_turns, NULL), 0);
  CHECK_EQ_INT(weir_go_with(&pinned, takes_pinned_turns, NULL), 0);
  for (; pinned_turns < PINNED_TURNS; weir_yield())
    CHECK_EQ_INT(worker_here()->granted, 1); /* what scheduler_offer reckons with */
  release_other_workers();
  CHECK_INT(free_turns, >=, PINNED_TURNS / 10);
  return weir_settle(WEIR_FOREVER);
}

/* config.hog_ns makes every round one task long, as tasks that compute for long do. */
static void pinned_tasks_leave_turns_in_short_rounds(void) {
  static struct run_log log;
  const struct weir_config config = {
      .workers = test_workers(), .log = run_log_line, .log_context = &log, .hog_ns = 3600 * WEIR_SECOND};
  CHECK_EQ_INT(weir_run(&config, short_rounds_body, NULL), 0);
  CHECK_STR(log.text, "");
}

/* ---- who runs a task does not spin ------------------------------------------------------------------------------- */

/* While one is said to look for work nobody else is woken. */
static void starts_and_sleeps(void *arg) {
  const int64_t delay = (int64_t)(uintptr_t)arg;
  for (int i = 0; i < 3; i++) {
    CHECK(!worker_here()->spinning);
    CHECK_EQ_INT(weir_sleep(delay), 0);
    CHECK(!worker_here()->spinning);
    if (delay > WEIR_MILLISECOND)
      CHECK_EQ_INT(weir_go(starts_and_sleeps, (void *)(uintptr_t)(delay / 2)), 0);
  }
}

static int spinning_body(void *arg) {
  for (int i = 1; i <= 3; i++)
    CHECK_EQ_INT(weir_go(starts_and_sleeps, (void *)(uintptr_t)(i * WEIR_MILLISECOND)), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  while (weir_task_count() > 1)
    CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0);
  return arg != NULL;
}

static void who_runs_a_task_does_not_spin(void) {
  simulate_seeds(WEIR_TIMERS_PROMPT, 200, spinning_body, NULL);
  run_balanced(WEIR_TIMERS_PROMPT, spinning_body, NULL);
}

/* ---- after a long rest ------------------------------------------------------------------------------------------- */

/* Everybody has slept without naps, and then somebody naps again: tasks that each keep a worker to themselves come
 * together, though one of them started the others. */
static uint32_t come;

static void comes(void *arg) {
  (void)arg;
  __atomic_fetch_add(&come, 1, __ATOMIC_RELAXED);
  while (__atomic_load_n(&come, __ATOMIC_RELAXED) < weir_scheduler.count)
    sched_yield();
}

static int rested_body(void *arg) {
  come = 0;
  CHECK_EQ_INT(weir_sleep(3 * WEIR_SECOND / 2), 0);
  port_lock(&weir_scheduler.lock);
  CHECK(weir_scheduler.idle == 0 || weir_scheduler.deep < weir_scheduler.idle);
  port_unlock(&weir_scheduler.lock);
  for (uint32_t i = 1; i < weir_scheduler.count; i++)
    CHECK_EQ_INT(weir_go(comes, NULL), 0);
  comes(arg);
  return weir_settle(WEIR_FOREVER);
}

static void rested_workers_come_together(void) {
  if (!one_worker())
    run_balanced(WEIR_TIMERS_PROMPT, rested_body, NULL);
}

/* ---- a descriptor that nobody waits for -------------------------------------------------------------------------- */

/* How often an idle worker lies down in the poller. */
static uint32_t lain_down;

int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
  __atomic_fetch_add(&lain_down, 1, __ATOMIC_RELAXED);
  return __real_ppoll(fds, count, timeout, mask);
}

enum { NAPS = 500 };

/* It was waited for once. That it is ready wakes a worker once, not again and again. */
static int ready_body(void *arg) {
  int fds[2];
  CHECK_EQ_INT(pipe2(fds, O_NONBLOCK), 0);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  CHECK_EQ_INT(write(fds[1], "x", 1), 1);
  const int64_t from = outside_now();
  const uint32_t before = __atomic_load_n(&lain_down, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_sleep(WEIR_SECOND / 5), 0);
  const int64_t milliseconds = (outside_now() - from) / WEIR_MILLISECOND;
  const uint32_t times = __atomic_load_n(&lain_down, __ATOMIC_RELAXED) - before;
  printf("lay down %u times in %jd ms\n", times, (intmax_t)milliseconds);
  CHECK_INT(times, <, NAPS + milliseconds);
  weir_poll_forget(fds[0]);
  close(fds[0]);
  close(fds[1]);
  return arg != NULL;
}

static void a_ready_descriptor_wakes_once(void) {
  run_balanced(WEIR_TIMERS_PROMPT, ready_body, NULL);
}

/* ---- timers behind a task that does not yield -------------------------------------------------------------------- */

static void computes_until_released(void *arg) {
  (void)arg;
  while (__atomic_load_n(&released, __ATOMIC_RELAXED) == 0)
    sched_yield();
}

/* All are in the wheel of the worker that the pinned task keeps to itself; another worker is idle. */
static int late_timers_body(void *arg) {
  static const struct weir_task_options pinned = {.pinned = true};
  released = 0;
  weir_timer *timer = weir_timer_new(WEIR_MILLISECOND);
  weir_ticker *ticker = weir_ticker_new(WEIR_MILLISECOND);
  weir_context *background = weir_context_background();
  weir_context *context = weir_context_with_deadline(background, weir_now() + WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_go_with(&pinned, computes_until_released, NULL), 0);
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(timer), NULL), 0);
  for (int ticks = 0; ticks < 3; ticks++)
    CHECK_EQ_INT(weir_chan_recv(weir_ticker_chan(ticker), NULL), 0);
  CHECK_EQ_INT(weir_chan_recv(weir_context_done(context), NULL), -EPIPE);
  __atomic_store_n(&released, 1, __ATOMIC_RELAXED);
  weir_context_unref(context);
  weir_context_unref(background);
  weir_timer_free(timer);
  weir_ticker_free(ticker);
  CHECK(arg == NULL);
  return weir_settle(WEIR_FOREVER);
}

static void timers_behind_a_hog_are_served(void) {
  for (size_t mode = 0; mode < 2 && !one_worker(); mode++)
    run_balanced(run_modes[mode], late_timers_body, NULL);
}

/* ---- a task that starts others and does not yield ---------------------------------------------------------------- */

enum { STARTS_MAX = 40000, MISSED_MAX = 20000 /* 10 us each: many times what may lie between two */ };

static void ends(void *arg) {
  (void)arg;
}

static int64_t balanced_at(void) {
  return __atomic_load_n(&weir_scheduler.balanced_at, __ATOMIC_RELAXED);
}

/* It has help brought again and again, not once, as long as somebody is idle. */
static int starts_body(void *arg) {
  int changes = 0, missed = 0;
  int64_t last = balanced_at();
  for (int starts = 0; changes < 5 && starts < STARTS_MAX; starts++) {
    CHECK_EQ_INT(weir_go(ends, NULL), 0);
    for (int64_t until = weir_now() + 10 * WEIR_MICROSECOND; weir_now() < until;)
      sched_yield();
    const bool changed = balanced_at() != last;
    last = balanced_at();
    changes += changed;
    missed = changed ? 0 : missed + (__atomic_load_n(&weir_scheduler.idle, __ATOMIC_RELAXED) != 0);
    CHECK_INT(missed, <, MISSED_MAX);
  }
  CHECK(arg == NULL);
  return weir_settle(WEIR_FOREVER);
}

static void who_starts_tasks_has_help_brought_again(void) {
  if (!one_worker())
    run_balanced(WEIR_TIMERS_PROMPT, starts_body, NULL);
}

/* ---- a full ring of tasks that were woken ------------------------------------------------------------------------ */

static void waits_and_computes(void *arg) {
  CHECK_EQ_INT(weir_chan_recv(arg, NULL), -EPIPE);
  while (__atomic_load_n(&released, __ATOMIC_RELAXED) == 0)
    sched_yield();
}

/* The last overflow has woken a worker by the time the waker goes on; whoever it was keeps what it found. */
static int overflow_body(void *arg) {
  weir_chan *c = weir_chan_new(0, 0);
  released = 0;
  for (int i = 0; i < RING_SIZE + RING_SIZE / 4; i++)
    CHECK_EQ_INT(weir_go(waits_and_computes, c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  while (__atomic_load_n(&weir_scheduler.idle, __ATOMIC_RELAXED) + 1 != weir_scheduler.count ||
         __atomic_load_n(&weir_scheduler.spinning, __ATOMIC_RELAXED) != 0)
    sched_yield();
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_INT(__atomic_load_n(&weir_scheduler.idle, __ATOMIC_RELAXED) + 1, <, weir_scheduler.count);
  __atomic_store_n(&released, 1, __ATOMIC_RELAXED);
  weir_chan_unref(c);
  CHECK(arg == NULL);
  return weir_settle(WEIR_FOREVER);
}

static void a_full_ring_wakes_a_worker(void) {
  if (!one_worker())
    run_balanced(WEIR_TIMERS_PROMPT, overflow_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(no_task_waits_behind_a_full_ring),        CHECK_CASE(pinned_tasks_leave_turns_in_short_rounds),
    CHECK_CASE(who_runs_a_task_does_not_spin),           CHECK_CASE(rested_workers_come_together),
    CHECK_CASE(a_ready_descriptor_wakes_once),           CHECK_CASE(timers_behind_a_hog_are_served),
    CHECK_CASE(who_starts_tasks_has_help_brought_again), CHECK_CASE(a_full_ring_wakes_a_worker),
};
CHECK_MAIN(cases)
