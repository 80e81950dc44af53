/* sim_search_test.c — choosers that search: PCT, POS, depth first; what they decide about, and who watches them. */
#include "run.h"

#include <weir/scenario.h>

/* ---- a lost update: two tasks read, then write -------------------------------------------------------------------- */

enum { TASKS = 2 };

static weir_chan *turnstile;
static int account;

/* Each operation on the channel is a scheduling point. */
static void pass(int times) {
  for (int i = 0; i < times; i++)
    CHECK_EQ_INT(weir_chan_try_send(turnstile, NULL), -EAGAIN);
}

static void adds_one(void *arg) {
  const int *distance = arg;
  pass(*distance);
  const int seen = account;
  pass(1);
  account = seen + 1;
  pass(*distance);
}

static int lost_update_body(void *distance) {
  turnstile = weir_chan_new(0, 0);
  account = 0;
  for (int i = 0; i < TASKS; i++)
    CHECK_EQ_INT(weir_go(adds_one, distance), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(turnstile);
  weir_assert(account == TASKS);
  return 0;
}

/* Runs until one finds it; how many that took, 0 when none did. */
static unsigned runs_to_find(weir_chooser *chooser, unsigned most, int distance) {
  for (unsigned run = 1; run <= most; run++) {
    struct weir_sim_report report;
    const struct weir_sim sim = {.chooser = chooser};
    weir_chooser_reseed(chooser, run);
    CHECK_EQ_INT(weir_simulate(&sim, lost_update_body, &distance, &report), 0);
    const bool found = report.verdict == WEIR_VERDICT_ASSERT;
    CHECK(found || report.verdict == WEIR_VERDICT_OK);
    weir_sim_report_free(&report);
    if (found || weir_chooser_exhausted(chooser))
      return found ? run : 0;
  }
  return 0;
}

static unsigned find_and_free(weir_chooser *chooser, unsigned most, int distance) {
  CHECK(chooser != NULL);
  const unsigned runs = runs_to_find(chooser, most, distance);
  weir_chooser_free(chooser);
  return runs;
}

static void each_finds_a_lost_update(void) {
  CHECK_INT(find_and_free(weir_chooser_seed(0), 1000, 1), >, 0);
  CHECK_INT(find_and_free(weir_chooser_pct(0, 2), 1000, 1), >, 0);
  CHECK_INT(find_and_free(weir_chooser_pos(0), 1000, 1), >, 0);
  CHECK_INT(find_and_free(weir_chooser_dfs(1), 1000, 1), >, 0);
}

/* A task must stay between two steps while the other takes two hundred: one preemption, which PCT makes one of two. A
 * uniform choice gets there once in 2^200. */
static int overtaken;

static void far_runner(void *arg) {
  (void)arg;
  pass(200);
  overtaken = 1;
}

static int far_body(void *arg) {
  (void)arg;
  turnstile = weir_chan_new(0, 0);
  overtaken = 0;
  CHECK_EQ_INT(weir_go(far_runner, NULL), 0);
  pass(2);
  const int seen = overtaken;
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(turnstile);
  weir_assert(!seen);
  return 0;
}

static bool finds_far(weir_chooser *chooser, unsigned most) {
  bool found = false;
  for (unsigned run = 1; run <= most && !found; run++) {
    struct weir_sim_report report;
    const struct weir_sim sim = {.chooser = chooser};
    weir_chooser_reseed(chooser, run);
    CHECK_EQ_INT(weir_simulate(&sim, far_body, NULL, &report), 0);
    found = report.verdict == WEIR_VERDICT_ASSERT;
    weir_sim_report_free(&report);
  }
  weir_chooser_free(chooser);
  return found;
}

static void priorities_reach_far(void) {
  CHECK(finds_far(weir_chooser_pct(0, 2), 200));
  CHECK(!finds_far(weir_chooser_seed(0), 2000));
}

/* ---- depth first ------------------------------------------------------------------------------------------------ */

static int three_steps_body(void *arg) {
  static int distance = 0;
  (void)arg;
  return lost_update_body(&distance) * 0;
}

static unsigned count_schedules(unsigned preemptions) {
  static char *seen[4096];
  unsigned runs = 0;
  weir_chooser *chooser = weir_chooser_dfs(preemptions);
  CHECK(chooser != NULL);
  for (;;) {
    struct weir_sim_report report;
    const struct weir_sim sim = {.chooser = chooser};
    CHECK_EQ_INT(weir_simulate(&sim, three_steps_body, NULL, &report), 0);
    if (weir_chooser_exhausted(chooser)) {
      weir_sim_report_free(&report);
      break;
    }
    for (unsigned i = 0; i < runs; i++)
      CHECK(strcmp(seen[i], report.schedule) != 0);
    CHECK_INT(runs, <, sizeof seen / sizeof seen[0]);
    seen[runs++] = report.schedule;
    report.schedule = NULL;
    weir_sim_report_free(&report);
  }
  weir_chooser_free(chooser);
  for (unsigned i = 0; i < runs; i++)
    free(seen[i]);
  return runs;
}

/* No schedule comes twice, a wider bound has them all and more, and there is an end. */
static void depth_first_is_exhaustive(void) {
  const unsigned none = count_schedules(0);
  const unsigned one = count_schedules(1);
  const unsigned two = count_schedules(2);
  const unsigned any = count_schedules(1000);
  CHECK_INT(none, >, 0);
  CHECK_INT(none, <, one);
  CHECK_INT(one, <, two);
  CHECK_INT(two, <, any);
  CHECK_EQ_INT(any, count_schedules(100));
}

/* ---- the same again --------------------------------------------------------------------------------------------- */

static struct weir_sim_report traced(weir_chooser *chooser, unsigned workers) {
  static int distance = 3;
  struct weir_sim_report report;
  const struct weir_sim sim = {.chooser = chooser, .workers = workers, .trace = true};
  CHECK(chooser != NULL);
  CHECK_EQ_INT(weir_simulate(&sim, lost_update_body, &distance, &report), 0);
  return report;
}

static void check_repeats(weir_chooser *chooser, weir_chooser *same, unsigned workers) {
  struct weir_sim_report first = traced(chooser, workers), second = traced(same, workers),
                         third = traced(chooser, workers);
  CHECK_STR(first.trace, second.trace);
  CHECK_STR(first.trace, third.trace);
  CHECK_STR(first.signature, second.signature);
  weir_chooser *replay = weir_chooser_replay(first.schedule);
  struct weir_sim_report replayed = traced(replay, workers);
  CHECK_STR(first.trace, replayed.trace);
  weir_sim_report_free(&first);
  weir_sim_report_free(&second);
  weir_sim_report_free(&third);
  weir_sim_report_free(&replayed);
  weir_chooser_free(replay);
  weir_chooser_free(chooser);
  weir_chooser_free(same);
}

static void same_seed_same_trace(void) {
  for (unsigned workers = 1; workers <= 3; workers++)
    for (uint64_t seed = 0; seed < 30; seed++) {
      check_repeats(weir_chooser_pct(seed, 3), weir_chooser_pct(seed, 3), workers);
      check_repeats(weir_chooser_pos(seed), weir_chooser_pos(seed), workers);
      weir_chooser *reseeded = weir_chooser_pct(seed + 1, 3);
      weir_chooser_reseed(reseeded, seed);
      check_repeats(weir_chooser_pct(seed, 3), reseeded, workers);
    }
}

/* ---- who watches ------------------------------------------------------------------------------------------------ */

struct watch {
  struct weir_sim_event last;
  uint64_t events, decisions, not_first;
  uint32_t objects;
  bool fired;
};

static void sees(void *context, const struct weir_sim_event *event) {
  struct watch *watch = context;
  CHECK_INT(event->step, >=, watch->last.step);
  CHECK_INT(event->time, >=, watch->last.time);
  CHECK_INT(event->object, <=, watch->objects + 1);
  if (event->object > watch->objects)
    watch->objects = event->object;
  if (event->noun != NULL && strcmp(event->noun, "channel") == 0)
    CHECK(event->file != NULL && event->line > 0);
  watch->fired |= strcmp(event->operation, "deadline passes") == 0 && event->task == 1;
  watch->last = *event;
  watch->events++;
}

static void decides(void *context, int kind, uint32_t choice, uint32_t count) {
  struct watch *watch = context;
  CHECK(kind >= WEIR_CHOICE_TASK && kind <= WEIR_CHOICE_WORKER);
  CHECK_INT(choice, <, count);
  watch->decisions++;
  watch->not_first += choice != 0;
}

static int watched_body(void *arg) {
  int distance = 2;
  const int result = lost_update_body(&distance) * 0;
  weir_mutex mutex = {0};
  CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
  CHECK_EQ_INT(weir_sleep(WEIR_SECOND), 0);
  CHECK_INT(weir_draw(5), <, 5);
  CHECK_EQ_INT(weir_draw(1), 0);
  CHECK_EQ_INT(weir_draw(0), 0);
  return arg != NULL ? 0 : result;
}

static void observers_see_each_step(void) {
  struct watch watch = {0};
  weir_chooser *chooser = weir_chooser_pct(3, 0);
  struct weir_sim_report report;
  const struct weir_sim sim = {
      .chooser = chooser, .observe = sees, .observe_context = &watch, .decided = decides, .decided_context = &watch};
  CHECK_EQ_INT(weir_simulate(&sim, watched_body, NULL, &report), 0);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_OK);
  CHECK_INT(watch.events, >=, report.steps);
  CHECK_EQ_INT(watch.decisions, report.choices);
  CHECK_EQ_INT(watch.objects, 2); /* the channel, the mutex */
  CHECK(watch.fired);
  weir_sim_report_free(&report);
  weir_chooser_free(chooser);
}

/* ---- what a scenario claims ------------------------------------------------------------------------------------- */

static struct weir_sim_report quietest(int (*body)(void *)) {
  struct weir_sim_report report;
  weir_chooser *chooser = weir_chooser_bytes(NULL, 0);
  const struct weir_sim sim = {.chooser = chooser};
  CHECK_EQ_INT(weir_simulate(&sim, body, NULL, &report), 0);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  weir_chooser_free(chooser);
  return report;
}

static int after_claim;

static void claims_wrongly(void *arg) {
  weir_assert(arg != NULL);
  after_claim++;
}

static int claim_in_a_task(void *arg) {
  (void)arg;
  after_claim = 0;
  CHECK_EQ_INT(weir_go(claims_wrongly, NULL), 0);
  weir_yield();
  after_claim++;
  return 0;
}

static int claim_of_a_model(void *arg) {
  weir_model(arg != NULL);
  return 0;
}

static int several_claims(void *arg) {
  weir_fail(WEIR_VERDICT_MODEL, "a/b/c.c", 12, "%d is not %d", 1, 2);
  weir_assert(arg != NULL);
  return 0;
}

static void deferred_claim(void *arg) {
  weir_assert(arg != NULL);
}

static int claim_in_a_deferred_function(void *arg) {
  struct weir_defer defer;
  weir_defer(&defer, deferred_claim, arg);
  return weir_chan_recv(NULL, NULL);
}

static void claims_end_the_simulation(void) {
  struct weir_sim_report report = quietest(claim_in_a_task);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_ASSERT);
  CHECK_EQ_INT(after_claim, 0);
  CHECK_CONTAINS(report.text, "assert failed at ");
  CHECK_CONTAINS(report.text, "arg != NULL");
  CHECK_CONTAINS(report.signature, "assert: sim_search_test.c:");
  weir_sim_report_free(&report);
  report = quietest(claim_of_a_model);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_MODEL);
  CHECK_CONTAINS(report.signature, "model: sim_search_test.c:");
  weir_sim_report_free(&report);
  report = quietest(several_claims); /* the first stands */
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_MODEL);
  CHECK_CONTAINS(report.text, "1 is not 2");
  CHECK_STR(report.signature, "model: c.c:12");
  weir_sim_report_free(&report);
  report = quietest(claim_in_a_deferred_function); /* at the take-down: an assert comes before a deadlock */
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_ASSERT);
  weir_sim_report_free(&report);
}

static int claim_in_a_run(void *arg) {
  weir_assert(arg != NULL);
  return 0;
}

static void outside_a_simulation_a_claim_aborts(void) {
  const pid_t child = fork();
  if (child == 0) {
    fclose(stderr);
    weir_run(NULL, claim_in_a_run, NULL);
    _Exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- signatures and graphs -------------------------------------------------------------------------------------- */

static weir_mutex left, right;

static void locks_both(void *arg) {
  weir_mutex *first = arg == NULL ? &left : &right;
  weir_mutex *second = arg == NULL ? &right : &left;
  CHECK_EQ_INT(weir_mutex_lock(first), 0);
  weir_yield();
  CHECK_EQ_INT(weir_mutex_lock(second), 0);
  CHECK_EQ_INT(weir_mutex_unlock(second), 0);
  CHECK_EQ_INT(weir_mutex_unlock(first), 0);
}

static int circle_body(void *arg) {
  left = right = (weir_mutex){0};
  CHECK_EQ_INT(weir_go(locks_both, NULL), 0);
  CHECK_EQ_INT(weir_go(locks_both, &left), 0);
  return arg == NULL ? 0 : 1;
}

static void a_circle_is_drawn(void) {
  struct weir_sim_report report = quietest(circle_body);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_DEADLOCK);
  CHECK_CONTAINS(report.graph, "circle: task 2 started at ");
  CHECK_CONTAINS(report.graph, "--lock a mutex--> held by task 3 started at ");
  CHECK_CONTAINS(report.signature, "deadlock: task sim_search_test.c:");
  weir_sim_report_free(&report);
}

static void receives_for_ever(void *arg) {
  weir_chan_recv(arg, NULL);
}

/* As many as drawn wait for ever, for one and the same reason. */
static int some_wait_body(void *arg) {
  weir_chan *c = weir_chan_new(8, 3);
  (void)arg;
  for (uint32_t i = 0; i <= weir_draw(4); i++)
    CHECK_EQ_INT(weir_go(receives_for_ever, c), 0);
  return 0;
}

static void one_mistake_has_one_signature(void) {
  char first[512] = "";
  for (uint64_t seed = 0; seed < 100; seed++) {
    struct weir_sim_report report;
    weir_chooser *chooser = weir_chooser_seed(seed);
    const struct weir_sim sim = {.chooser = chooser};
    CHECK_EQ_INT(weir_simulate(&sim, some_wait_body, NULL, &report), 0);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_DEADLOCK);
    if (seed == 0)
      snprintf(first, sizeof first, "%s", report.signature);
    CHECK_STR(report.signature, first);
    weir_sim_report_free(&report);
    weir_chooser_free(chooser);
  }
}

static int well_behaved(void *arg) {
  return arg != NULL;
}

static void nothing_found_has_no_signature(void) {
  struct weir_sim_report report = quietest(well_behaved);
  CHECK_STR(report.signature, "ok");
  CHECK_STR(report.graph, "");
  weir_sim_report_free(&report);
}

static const struct check_case cases[] = {
    CHECK_CASE(each_finds_a_lost_update),
    CHECK_CASE(priorities_reach_far),
    CHECK_CASE(depth_first_is_exhaustive),
    CHECK_CASE(same_seed_same_trace),
    CHECK_CASE(observers_see_each_step),
    CHECK_CASE(claims_end_the_simulation),
    CHECK_CASE(outside_a_simulation_a_claim_aborts),
    CHECK_CASE(a_circle_is_drawn),
    CHECK_CASE(one_mistake_has_one_signature),
    CHECK_CASE(nothing_found_has_no_signature),
};

CHECK_MAIN(cases)
