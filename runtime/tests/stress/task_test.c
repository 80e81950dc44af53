/* Tasks on real threads: storms of tasks that end at once, tasks that stay where they are pinned, wait groups whose
 * memory goes as soon as the wait is over, and runs that end while others run.
 */
#include "stress.h"

#include <pthread.h>

/* ---- storms ------------------------------------------------------------------------------------------------------ */

enum { DEPTH = 9, CHILDREN = 2 };

static struct {
  weir_waitgroup group;
  uint32_t ran;
} storm;

/* A tree: every task makes its children and ends; who is idle takes some. */
static void spawn(void *arg) {
  const intptr_t depth = (intptr_t)arg;
  __atomic_fetch_add(&storm.ran, 1, __ATOMIC_RELAXED);
  for (int i = 0; depth > 0 && i < CHILDREN; i++) {
    CHECK_EQ_INT(weir_waitgroup_add(&storm.group, 1), 0);
    CHECK_EQ_INT(weir_go(spawn, (void *)(depth - 1)), 0);
  }
  if (depth % 3 == 1)
    weir_yield();
  weir_waitgroup_done(&storm.group);
}

static int storm_body(void *arg) {
  (void)arg;
  storm.ran = 0;
  const int depth = stress.virtual_workers == 0 ? DEPTH : 4;
  CHECK_EQ_INT(weir_waitgroup_add(&storm.group, 1), 0);
  spawn((void *)(intptr_t)depth);
  CHECK_EQ_INT(weir_waitgroup_wait(&storm.group), 0);
  CHECK_EQ_INT(storm.ran, (1 << (depth + 1)) - 1);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 1);
  return 0;
}

static void storms(void) {
  stress_rounds(storm_body);
}

/* One task makes all, many short generations: stacks go round between workers. */
static int skewed_body(void *arg) {
  (void)arg;
  for (int generation = 0; generation < stress_times(20); generation++) {
    storm.ran = 0;
    const int tasks = 1 + (int)random_below(&stress.random, (uint32_t)stress_times(300));
    CHECK_EQ_INT(weir_waitgroup_add(&storm.group, tasks), 0);
    for (int i = 0; i < tasks; i++)
      CHECK_EQ_INT(weir_go(spawn, NULL), 0);
    CHECK_EQ_INT(weir_waitgroup_wait(&storm.group), 0);
    CHECK_EQ_INT(storm.ran, tasks);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 1);
  return 0;
}

static void skewed_storms(void) {
  stress_rounds(skewed_body);
}

/* ---- pinned ------------------------------------------------------------------------------------------------------ */

enum { PINNED = 8, TURNS = 200 };

static weir_chan *ring[PINNED];
static uint64_t moved, stayed;

/* The thread, read afresh: the address of a thread-local may be kept by the compiler. */
static __attribute__((noinline)) pthread_t thread_here(void) {
  __asm__ volatile("" ::: "memory");
  return pthread_self();
}

struct turner {
  struct random random;
  int place;
  bool pinned;
};

static void turn(void *arg) {
  struct turner *self = arg;
  const pthread_t home = thread_here();
  for (int i = 0; i < stress_times(TURNS); i++) {
    int64_t token = i;
    switch (random_below(&self->random, 3)) {
    case 0:
      weir_yield();
      break;
    case 1:
      weir_sleep(stress_delay(&self->random, 12));
      break;
    default:
      break;
    }
    CHECK_EQ_INT(weir_chan_send(ring[self->place], &token), 0);
    CHECK_EQ_INT(weir_chan_recv(ring[(self->place + 1) % PINNED], &token), 0);
    const bool same = pthread_equal(home, thread_here()) != 0;
    STRESS_CHECK(same || !self->pinned, "a pinned task has moved");
    __atomic_fetch_add(same ? &stayed : &moved, 1, __ATOMIC_RELAXED);
  }
  weir_waitgroup_done(&storm.group);
}

static int pinned_body(void *arg) {
  static struct turner turners[PINNED];
  const struct weir_task_options pinned = {.pinned = true};
  (void)arg;
  for (int i = 0; i < PINNED; i++)
    ring[i] = weir_chan_new(sizeof(int64_t), 1 + random_below(&stress.random, 3));
  CHECK_EQ_INT(weir_waitgroup_add(&storm.group, PINNED), 0);
  for (int i = 0; i < PINNED; i++) {
    turners[i] = (struct turner){.random = stress_stream(), .place = i, .pinned = i % 2 == 0};
    CHECK_EQ_INT(weir_go_with(turners[i].pinned ? &pinned : NULL, turn, &turners[i]), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&storm.group), 0);
  for (int i = 0; i < PINNED; i++)
    weir_chan_unref(ring[i]);
  return weir_settle(WEIR_FOREVER);
}

static void pinned_tasks_stay(void) {
  stress_rounds(pinned_body);
  printf("seen on the first thread %" PRIu64 " times, on another %" PRIu64 "\n", stayed, moved);
}

/* ---- yield ------------------------------------------------------------------------------------------------------- */

static void yield_many(void *arg) {
  for (intptr_t i = (intptr_t)arg; i > 0; i--)
    weir_yield();
  weir_waitgroup_done(&storm.group);
}

static int yield_body(void *arg) {
  (void)arg;
  const int tasks = 1 + (int)random_below(&stress.random, 10);
  CHECK_EQ_INT(weir_waitgroup_add(&storm.group, tasks), 0);
  for (int i = 0; i < tasks; i++)
    CHECK_EQ_INT(weir_go(yield_many, (void *)(intptr_t)(stress_times(500) * (int)random_below(&stress.random, 10))), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&storm.group), 0);
  return weir_settle(WEIR_FOREVER);
}

static void yield_loops(void) {
  stress_rounds(yield_body);
}

/* ---- a wait group's memory goes when the wait is over ------------------------------------------------------------ */

struct job {
  weir_waitgroup *group;
  weir_chan *go;
};

static void work(void *arg) {
  const struct job *job = arg;
  if (job->go != NULL)
    weir_chan_recv(job->go, NULL);
  weir_waitgroup_done(job->group);
}

/* On the heap, so that a sanitizer sees the one who still touches it; filled with rubbish, so that nobody needs one. */
static int group_body(void *arg) {
  (void)arg;
  for (int i = 0; i < stress_times(200); i++) {
    weir_waitgroup *group = malloc(sizeof *group);
    weir_chan *go = stress_chance(&stress.random, 50) ? weir_chan_new(0, 0) : NULL;
    const struct job job = {group, go};
    const int tasks = 1 + (int)random_below(&stress.random, 4);
    *group = (weir_waitgroup){0};
    CHECK_EQ_INT(weir_waitgroup_add(group, tasks), 0);
    for (int k = 0; k < tasks; k++)
      CHECK_EQ_INT(weir_go(work, (void *)(uintptr_t)&job), 0);
    for (int k = 0; go != NULL && k < tasks; k++)
      CHECK_EQ_INT(weir_chan_send(go, NULL), 0);
    if (stress_chance(&stress.random, 30))
      while (weir_waitgroup_wait_until(group, weir_now() + stress_delay(&stress.random, 14)) != 0)
        ;
    else
      CHECK_EQ_INT(weir_waitgroup_wait(group), 0);
    memset(group, 0xEE, sizeof *group);
    free(group);
    weir_chan_unref(go);
  }
  return weir_settle(WEIR_FOREVER);
}

static void group_is_freed_at_once(void) {
  stress_rounds(group_body);
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

static int empty_body(void *arg) {
  (void)arg;
  return 0;
}

static int a_few_tasks_body(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_waitgroup_add(&storm.group, 3), 0);
  for (int i = 0; i < 3; i++)
    CHECK_EQ_INT(weir_go(yield_many, (void *)(intptr_t)i), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&storm.group), 0);
  return weir_settle(WEIR_FOREVER);
}

static void thousand_runs(void) {
  if (stress.virtual_workers != 0)
    return; /* it is about real runs */
  for (int i = 0; i < 1000; i++)
    run_balanced(run_modes[i % 2], i % 4 == 0 ? empty_body : a_few_tasks_body, NULL);
}

/* Main returns while others run, are blocked, sleep, make tasks: no user code runs afterwards but what was deferred. */
static struct {
  bool over; /* weir_run has returned */
  weir_chan *chan;
  weir_waitgroup never;
  int64_t deferred, begun;
} end;

static void must_not_be_over(void) {
  STRESS_CHECK(!__atomic_load_n(&end.over, __ATOMIC_ACQUIRE), "a task runs after its run");
}

static void count_end(void *arg) {
  __atomic_fetch_add((int64_t *)arg, 1, __ATOMIC_RELAXED);
}

static void begin_task(struct weir_defer *storage) {
  __atomic_fetch_add(&end.begun, 1, __ATOMIC_RELAXED);
  weir_defer(storage, count_end, &end.deferred);
}

static void run_on(void *arg) {
  struct weir_defer storage;
  (void)arg;
  begin_task(&storage);
  for (;;) {
    weir_yield();
    must_not_be_over();
  }
}

static void pass_on(void *arg) {
  struct weir_defer storage;
  begin_task(&storage);
  for (;;) {
    if (arg != NULL)
      weir_chan_send(end.chan, NULL);
    else
      weir_chan_recv(end.chan, NULL);
    must_not_be_over();
  }
}

static void sleep_on(void *arg) {
  struct weir_defer storage;
  (void)arg;
  begin_task(&storage);
  for (;;) {
    weir_sleep(20 * WEIR_MICROSECOND);
    must_not_be_over();
  }
}

static void make_more(void *arg) {
  struct weir_defer storage;
  begin_task(&storage);
  must_not_be_over();
  if (weir_go(make_more, arg) == 0)
    weir_yield();
}

static void wait_on(void *arg) {
  struct weir_defer storage;
  (void)arg;
  begin_task(&storage);
  weir_waitgroup_wait(&end.never);
  STRESS_CHECK(false, "a wait group went on that nobody has finished");
}

static int left_body(void *arg) {
  static void (*const kinds[])(void *) = {run_on, pass_on, sleep_on, make_more, wait_on};
  (void)arg;
  for (int i = 0; i < 10; i++) {
    const struct weir_task_options options = {.pinned = stress_chance(&stress.random, 20), .daemon = true};
    CHECK_EQ_INT(weir_go_with(&options, kinds[random_below(&stress.random, 5)], i % 2 ? &end : NULL), 0);
  }
  if (stress_chance(&stress.random, 70))
    weir_sleep(stress_delay(&stress.random, 19));
  return 0;
}

static void ignore(void *context, const char *line) {
  (void)context, (void)line;
}

static void main_returns_first(void) {
  if (stress.virtual_workers != 0)
    return;
  const int64_t until = stress_now() + (int64_t)(stress.seconds * WEIR_SECOND);
  end.chan = weir_chan_new(0, 0);
  CHECK_EQ_INT(weir_waitgroup_add(&end.never, 1), 0);
  do {
    stress.random.state = stress.seed + stress.rounds++;
    const struct weir_config config = {
        .workers = test_workers(), .timer_mode = run_modes[stress.rounds % 2], .log = ignore};
    const struct weir_counts before = weir_counts();
    end.over = false;
    end.deferred = end.begun = 0;
    CHECK_EQ_INT(weir_run(&config, left_body, NULL), 0);
    __atomic_store_n(&end.over, true, __ATOMIC_RELEASE);
    STRESS_CHECK(end.deferred == end.begun, "%" PRId64 " of %" PRId64 " deferred functions ran", end.deferred,
                 end.begun);
    check_counts_equal(weir_counts(), before);
    CHECK_EQ_INT(weir_chan_try_recv(end.chan, NULL), -EAGAIN);
    CHECK_EQ_INT(weir_chan_try_send(end.chan, NULL), -EAGAIN);
  } while (stress_now() < until);
  printf("%" PRIu64 " rounds\n", stress.rounds);
  weir_chan_unref(end.chan);
}

static const struct check_case cases[] = {
    CHECK_CASE(storms),
    CHECK_CASE(skewed_storms),
    CHECK_CASE(pinned_tasks_stay),
    CHECK_CASE(yield_loops),
    CHECK_CASE(group_is_freed_at_once),
    CHECK_CASE(thousand_runs),
    CHECK_CASE(main_returns_first),
};
STRESS_MAIN(cases)
