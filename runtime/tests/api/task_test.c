/* task_test.c — tasks while a run is active: order, yield, sleep, how many there are, settle, names, stack sizes.
 * Starting and ending a run is run_test.c, deferred functions defer_test.c, stacks that overflow stack_test.c. */
#include "run.h"

/* ---- order ----------------------------------------------------------------------------------------------------- */

struct steps {
  char text[128];
};

static void step(struct steps *steps, const char *word) {
  strcat(steps->text, word);
}

static void steps_a(void *arg) {
  step(arg, "a1 ");
  weir_yield();
  step(arg, "a2 ");
  weir_yield();
  step(arg, "a3 ");
}

static void steps_b(void *arg) {
  step(arg, "b1 ");
  weir_yield();
  step(arg, "b2 ");
}

static int order_body(void *arg) {
  struct steps *steps = arg;
  steps->text[0] = '\0';
  CHECK_EQ_INT(weir_go(steps_a, steps), 0);
  CHECK_EQ_INT(weir_go(steps_b, steps), 0);
  step(steps, "main1 "); /* a task runs when its maker blocks or yields */
  weir_yield();
  step(steps, "main2 ");
  weir_yield();
  step(steps, "main3 ");
  weir_yield();
  step(steps, "main4");
  return 0;
}

/* Of one worker: several take tasks from each other. */
static void tasks_run_in_the_order_they_were_made(void) {
  struct steps steps;
  run_balanced_on(1, WEIR_TIMERS_PROMPT, order_body, &steps);
  CHECK_STR(steps.text, "main1 a1 b1 main2 a2 b2 main3 a3 main4");
}

static int alone_body(void *arg) {
  (void)arg;
  for (int i = 0; i < 1000; i++)
    weir_yield();
  return 0;
}

static void yield_alone_returns(void) {
  run_everywhere(alone_body, NULL);
}

static void adds_one(void *arg) {
  __atomic_fetch_add((int *)arg, 1, __ATOMIC_RELAXED);
}

static int many_body(void *arg) {
  (void)arg;
  int sum = 0;
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 1000; i++)
      CHECK_EQ_INT(weir_go(adds_one, &sum), 0);
    CHECK_INT(weir_task_count(), <=, 1001);
    if (one_worker())
      CHECK_EQ_INT(weir_task_count(), 1001); /* several run them meanwhile */
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_EQ_INT(sum, (round + 1) * 1000);
    CHECK_EQ_INT(weir_task_count(), 1);
  }
  return 0;
}

static void thousands_of_tasks(void) {
  run_balanced(WEIR_TIMERS_PROMPT, many_body, NULL);
}

static void makes_children(void *arg) {
  struct steps *steps = arg;
  if (strlen(steps->text) >= 20)
    return;
  step(steps, "x");
  CHECK_EQ_INT(weir_go(makes_children, steps), 0);
}

static int children_body(void *arg) {
  struct steps *steps = arg;
  steps->text[0] = '\0';
  makes_children(steps);
  return weir_settle(WEIR_FOREVER);
}

static void tasks_make_tasks(void) {
  struct steps steps;
  run_everywhere(children_body, &steps);
  CHECK_EQ_INT(strlen(steps.text), 20);
}

/* ---- counting -------------------------------------------------------------------------------------------------- */

static void waits(void *arg) {
  weir_chan_recv(arg, NULL);
}

static int count_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(0, 0);
  CHECK_EQ_INT(weir_task_count(), 1); /* Go's NumGoroutine counts main */
  for (size_t i = 1; i <= 5; i++) {
    CHECK_EQ_INT(weir_go(waits, c), 0);
    CHECK_EQ_INT(weir_task_count(), 1 + i); /* from its making on, before it ran */
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 6);
  CHECK_EQ_INT(weir_counts().tasks, 6);
  CHECK_EQ_INT(weir_chan_send(c, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 5);
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 1);
  weir_chan_unref(c);
  return 0;
}

static void task_count_is_num_goroutine(void) {
  CHECK_EQ_INT(weir_task_count(), 0);
  run_everywhere(count_body, NULL);
  CHECK_EQ_INT(weir_task_count(), 0);
}

/* ---- sleep ----------------------------------------------------------------------------------------------------- */

static int sleep_body(void *arg) {
  (void)arg;
  for (int64_t duration = 1; duration < 3 * WEIR_MILLISECOND; duration = duration * 3 + 11) {
    int64_t outside = outside_now();
    CHECK_EQ_INT(weir_sleep(duration), 0);
    CHECK_INT(outside_now() - outside, >=, duration);
    outside = outside_now();
    const int64_t deadline = weir_now() + duration;
    CHECK_EQ_INT(weir_sleep_until(deadline), 0);
    CHECK_INT(outside_now() - outside, >=, duration);
    CHECK_INT(weir_now(), >=, deadline);
  }
  return 0;
}

static void sleep_is_never_early(void) {
  run_balanced(WEIR_TIMERS_PROMPT, sleep_body, NULL);
}

static int no_sleep_body(void *arg) {
  (void)arg;
  int sum = 0;
  const int64_t start = weir_now();
  const int64_t durations[] = {0, -1, INT64_MIN};
  for (int i = 0; i < 3; i++) {
    CHECK_EQ_INT(weir_go(adds_one, &sum), 0);
    CHECK_EQ_INT(weir_sleep(durations[i]), 0); /* yields */
    if (!one_worker())
      CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* another worker may still have it */
    CHECK_EQ_INT(sum, i + 1);
  }
  CHECK_EQ_INT(weir_sleep_until(start - WEIR_SECOND), 0);
  CHECK_EQ_INT(weir_sleep_until(WEIR_POLL), 0);
  return 0;
}

static void no_sleep_yields(void) {
  run_balanced(WEIR_TIMERS_PROMPT, no_sleep_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, no_sleep_body, NULL);
}

struct sleeper {
  int64_t duration;
  struct steps *steps;
  const char *name;
};

static void sleeps(void *arg) {
  struct sleeper *sleeper = arg;
  CHECK_EQ_INT(weir_sleep(sleeper->duration), 0);
  step(sleeper->steps, sleeper->name);
}

static int sleepers_body(void *arg) {
  struct steps *steps = arg;
  struct sleeper sleepers[] = {{3 * WEIR_SECOND, steps, "c"}, {WEIR_SECOND, steps, "a"}, {2 * WEIR_SECOND, steps, "b"}};
  const int64_t start = weir_now();
  steps->text[0] = '\0';
  for (size_t i = 0; i < 3; i++)
    CHECK_EQ_INT(weir_go(sleeps, &sleepers[i]), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_STR(steps->text, ""); /* a sleeping task is a blocked task */
  CHECK_EQ_INT(weir_sleep(10 * WEIR_SECOND), 0);
  CHECK_STR(steps->text, "abc");
  CHECK_INT(weir_now() - start, >=, 10 * WEIR_SECOND);
  return 0;
}

static void sleepers_wake_in_due_order(void) {
  struct steps steps;
  simulate_quiet(WEIR_TIMERS_PROMPT, sleepers_body, &steps);
}

static int clock_body(void *arg) {
  (void)arg;
  int64_t last = weir_now();
  for (int i = 0; i < 100000; i++) {
    const int64_t now = weir_now();
    CHECK_INT(now, >=, last);
    last = now;
  }
  const int64_t outside = outside_now(); /* fresh, not cached: it moves though the task never lets go */
  while (outside_now() - outside < 2 * WEIR_MILLISECOND)
    ;
  CHECK_INT(weir_now() - last, >=, WEIR_MILLISECOND);
  return 0;
}

static void now_is_monotonic_and_fresh(void) {
  run_balanced(WEIR_TIMERS_PROMPT, clock_body, NULL);
}

/* ---- settle ---------------------------------------------------------------------------------------------------- */

static void passes_on(void *arg) {
  weir_chan **pair = arg;
  int value;
  while (weir_chan_recv(pair[0], &value) == 0) {
    weir_yield();
    CHECK_EQ_INT(weir_chan_send(pair[1], &value), 0);
  }
}

static int settle_body(void *arg) {
  (void)arg;
  enum { LINKS = 20 };
  weir_chan *chain[LINKS + 1];
  for (int i = 0; i <= LINKS; i++)
    chain[i] = weir_chan_new(sizeof(int), 1);
  for (int i = 0; i < LINKS; i++)
    CHECK_EQ_INT(weir_go(passes_on, &chain[i]), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_try_send(chain[0], &(int){9}), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_len(chain[LINKS]), 1); /* it went through every link */
  CHECK_EQ_INT(weir_settle(one_worker() ? WEIR_POLL : WEIR_FOREVER),
               0); /* settled already; a worker may still look round */
  for (int i = 0; i < LINKS; i++)
    CHECK_EQ_INT(weir_chan_close(chain[i]), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i <= LINKS; i++)
    weir_chan_unref(chain[i]);
  return 0;
}

static void settle_waits_until_all_are_blocked(void) {
  run_everywhere(settle_body, NULL);
}

static void yields_until_told(void *arg) {
  while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED))
    weir_yield();
}

static int unsettled_body(void *arg) {
  (void)arg;
  bool told = false;
  CHECK_EQ_INT(weir_go(yields_until_told, &told), 0);
  const int64_t deadline = weir_now() + 2 * WEIR_MILLISECOND;
  CHECK_EQ_INT(weir_settle(deadline), -ETIMEDOUT);
  CHECK_INT(weir_now(), >=, deadline);
  __atomic_store_n(&told, true, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return 0;
}

static void settle_times_out(void) {
  run_balanced(WEIR_TIMERS_PROMPT, unsettled_body, NULL);
}

/* ---- options --------------------------------------------------------------------------------------------------- */

static void uses_stack(void *arg) {
  volatile char bytes[200 * 1024];
  memset((void *)bytes, 1, sizeof bytes);
  __atomic_fetch_add((int *)arg, bytes[100] + bytes[sizeof bytes - 1], __ATOMIC_RELAXED);
}

static int options_body(void *arg) {
  (void)arg;
  int sum = 0;
  const struct weir_task_options large = {.stack_size = 256 * 1024}, pinned = {.pinned = true};
  CHECK_EQ_INT(weir_go_with(&large, uses_stack, &sum), 0);
  CHECK_EQ_INT(weir_go_with(&pinned, adds_one, &sum), 0);
  CHECK_EQ_INT(weir_go_with(NULL, adds_one, &sum), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(sum, 4);
  const struct weir_task_options impossible = {.stack_size = SIZE_MAX / 4};
  CHECK_EQ_INT(weir_go_with(&impossible, adds_one, &sum), -ENOMEM);
  CHECK_EQ_INT(weir_task_count(), 1); /* nothing was started */
  return 0;
}

static void task_options(void) {
  run_balanced(WEIR_TIMERS_PROMPT, options_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, options_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(tasks_run_in_the_order_they_were_made),
    CHECK_CASE(yield_alone_returns),
    CHECK_CASE(thousands_of_tasks),
    CHECK_CASE(tasks_make_tasks),
    CHECK_CASE(task_count_is_num_goroutine),
    CHECK_CASE(sleep_is_never_early),
    CHECK_CASE(no_sleep_yields),
    CHECK_CASE(sleepers_wake_in_due_order),
    CHECK_CASE(now_is_monotonic_and_fresh),
    CHECK_CASE(settle_waits_until_all_are_blocked),
    CHECK_CASE(settle_times_out),
    CHECK_CASE(task_options),
};

CHECK_MAIN(cases)
