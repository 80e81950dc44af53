/* exercise.c — see exercise.h. */
#include "exercise.h"

#include "check.h"

#include <weir.h>
#include <weir/sim.h>

#include <stdbool.h>

/* More than a register's first capacity, a stack region's slots and the table of lines hold, so that each grows. */
enum { MANY = 70, SUBSCRIBERS = 4 };

static struct exercise tally;
static bool wait_for_functions;

static bool made(bool well) {
  tally.reported += !well;
  tally.done += well;
  return well;
}

static bool went(int result) {
  CHECK(result == 0 || result == -ENOMEM);
  return made(result == 0);
}

static void finish(void *group) {
  weir_waitgroup_done(group);
}

static void start(weir_waitgroup *group, const struct weir_task_options *options, int line) {
  weir_waitgroup_add(group, 1);
  if (!went(weir_go_with_at(options, finish, group, __FILE__, line)))
    weir_waitgroup_done(group);
}

static void tasks(void) {
  weir_waitgroup group = {0};
  for (int i = 0; i < MANY; i++)
    start(&group, NULL, i);
  start(&group, &(struct weir_task_options){.stack_size = 200 * 1024, .name = "large"}, __LINE__);
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
}

static void channels(void) {
  weir_chan *all[MANY];
  for (int i = 0; i < MANY; i++)
    if (made((all[i] = weir_chan_new(sizeof(int64_t), 2)) != NULL))
      CHECK_EQ_INT(weir_chan_send(all[i], &(int64_t){i}), 0);
  for (int i = 0; i < MANY; i++) {
    int64_t got = i;
    CHECK_EQ_INT(all[i] == NULL ? 0 : weir_chan_recv(all[i], &got), 0);
    CHECK_EQ_INT(got, i);
    weir_chan_unref(all[i]);
  }
}

static void await(weir_chan *chan) {
  struct weir_case cases[] = {WEIR_RECV(NULL, NULL), WEIR_RECV(chan, NULL)};
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_FOREVER), 1);
}

static void function_timer(void) {
  weir_waitgroup group = {0};
  weir_waitgroup_add(&group, 1);
  weir_timer *timer = weir_timer_func(0, finish, &group);
  if (made(timer != NULL))
    CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
  weir_timer_free(timer);
}

static void timers(void) {
  weir_timer *all[MANY];
  for (int i = 0; i < MANY; i++)
    if (made((all[i] = weir_timer_new(3600 * WEIR_SECOND)) != NULL))
      weir_timer_reset(all[i], 7200 * WEIR_SECOND);
  for (int i = 0; i < MANY; i++)
    weir_timer_free(all[i]);
  weir_chan *after = weir_after(0);
  if (made(after != NULL))
    await(after);
  weir_chan_unref(after);
  weir_chan *abandoned = weir_after(3600 * WEIR_SECOND);
  made(abandoned != NULL);
  weir_chan_unref(abandoned);
  weir_ticker *ticker = weir_ticker_new(1);
  if (made(ticker != NULL))
    await(weir_ticker_chan(ticker));
  weir_ticker_free(ticker);
  if (wait_for_functions)
    function_timer();
}

/* Subscribers have room for the message, but the last, which times out where there is a timeout. */
static void broadcast(enum weir_timeout_policy policy) {
  weir_chan *subscribers[SUBSCRIBERS];
  size_t count = 0;
  const size_t slow = policy != WEIR_TIMEOUT_NONE;
  for (size_t i = 0; i < SUBSCRIBERS; i++) {
    subscribers[count] = weir_chan_new(sizeof(int64_t), i < SUBSCRIBERS - slow);
    count += made(subscribers[count] != NULL);
  }
  const struct weir_broadcast_options options = {.concurrency = 3, .timeout = 1, .policy = policy};
  struct weir_broadcast_result result;
  const bool whole = went(weir_broadcast(subscribers, count, &(int64_t){1}, &options, &result));
  CHECK_EQ_INT(result.delivered + result.timed_out + result.skipped + result.closed, count);
  if (whole) {
    CHECK_EQ_INT(result.skipped, 0);
    CHECK_INT(result.timed_out, <=, slow);
  }
  while (count > 0)
    weir_chan_unref(subscribers[--count]);
}

static int program(void *many) {
  if (many != NULL) {
    tasks();
    channels();
  }
  timers();
  for (int policy = WEIR_TIMEOUT_AFTER; policy <= WEIR_TIMEOUT_NONE; policy++)
    broadcast((enum weir_timeout_policy)policy);
  return 0;
}

static void run(const struct weir_config *config, void *many) {
  went(weir_run(config, program, many));
}

/* ---- simulation ------------------------------------------------------------------------------------------------- */

static weir_chan *pipe_of_scenario;

static void produce(void *arg) {
  for (int64_t i = 0; i < MANY; i++)
    weir_chan_send((weir_chan *)arg, &i);
  weir_chan_close((weir_chan *)arg);
}

static int scenario(void *arg) {
  (void)arg;
  if (!made((pipe_of_scenario = weir_chan_new(sizeof(int64_t), 1)) != NULL))
    return 0;
  if (went(weir_go(produce, pipe_of_scenario))) {
    weir_timer *timer = weir_timer_new(1);
    made(timer != NULL);
    while (weir_chan_recv(pipe_of_scenario, NULL) == 0)
      weir_yield();
    weir_timer_free(timer);
  }
  weir_chan_unref(pipe_of_scenario);
  return 0;
}

/* The schedule of a simulation that had its memory, or NULL. */
static char *simulate(weir_chooser *chooser) {
  char *schedule = NULL;
  if (made(chooser != NULL)) {
    const struct weir_sim sim = {.chooser = chooser, .trace = true};
    struct weir_sim_report report;
    const uint32_t before = tally.reported;
    const int result = weir_simulate(&sim, scenario, NULL, &report);
    if (result == -EILSEQ) /* only a replay in which memory failed goes another way */
      CHECK_INT(tally.reported, >, before);
    else
      went(result);
    if (result == 0) {
      CHECK_EQ_INT(report.verdict, WEIR_VERDICT_OK);
      schedule = tally.reported == before ? report.schedule : NULL;
      report.schedule = schedule == NULL ? report.schedule : NULL;
    }
    if (result == 0 || result == -EILSEQ)
      weir_sim_report_free(&report);
  }
  weir_chooser_free(chooser);
  return schedule;
}

static void simulate_and_replay(void) {
  char *schedule = simulate(weir_chooser_seed(5));
  if (schedule == NULL)
    return;
  char *again = simulate(weir_chooser_replay(schedule));
  CHECK(again == NULL || strcmp(again, schedule) == 0);
  free(again);
  free(schedule);
}

struct exercise exercise_everything(int patient) {
  tally = (struct exercise){0};
  wait_for_functions = patient;
  weir_chan *outside = weir_chan_new(sizeof(int64_t), 4);
  made(outside != NULL);
  weir_chan_unref(outside);
  run(&(struct weir_config){.workers = 1, .timer_mode = WEIR_TIMERS_CLASSIC}, &tally);
  run(&(struct weir_config){.workers = 1, .stack_size = 4 << 20}, NULL); /* a mapping for each stack */
  simulate_and_replay();
  return tally;
}
