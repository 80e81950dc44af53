/* blocking_test.c — weir_blocking: jobs on helper threads, their number, and the end of a run that comes meanwhile.
 *
 * When the run's end has begun to wait for the helpers is seen by what it tells them then (linked with --wrap): nobody else
 * knows, however long the machine keeps main from returning. */
#include "run.h"

#include <pthread.h>
#include <signal.h>

enum { LIMIT = 64 };

static struct run_log blocking_log;

static void pause_thread(int64_t duration) {
  const struct timespec pause = {.tv_nsec = duration};
  nanosleep(&pause, NULL);
}

static int add_one(void *arg) {
  return ++*(int *)arg;
}

/* ---- results ---------------------------------------------------------------------------------------------------- */

static int results_body(void *arg) {
  (void)arg;
  int number = 0;
  for (int i = 1; i <= 20; i++)
    CHECK_EQ_INT(weir_blocking(add_one, &number), i);
  return 0;
}

static void results_come_back(void) {
  run_everywhere(results_body, NULL);
}

static bool reached;

static int waits_for_task(void *arg) {
  while (!__atomic_load_n(&reached, __ATOMIC_ACQUIRE))
    pause_thread(100000);
  return arg == NULL;
}

static void reaches(void *arg) {
  (void)arg;
  weir_sleep(WEIR_MILLISECOND);
  __atomic_store_n(&reached, true, __ATOMIC_RELEASE);
}

/* The job waits for a task: the worker is free. And it is no deadlock. */
static int meanwhile_body(void *arg) {
  (void)arg;
  reached = false;
  CHECK_EQ_INT(weir_go(reaches, NULL), 0);
  CHECK_EQ_INT(weir_blocking(waits_for_task, NULL), 1);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return 0;
}

static void other_tasks_run_meanwhile(void) {
  run_balanced(WEIR_TIMERS_PROMPT, meanwhile_body, NULL);
}

static int sleeps(void *arg) {
  pause_thread(50 * WEIR_MILLISECOND);
  return arg != NULL;
}

static int64_t processor_time(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * WEIR_SECOND + time.tv_nsec;
}

static int no_deadlock_body(void *arg) {
  (void)arg;
  const int64_t begun = outside_now(), before = processor_time();
  CHECK_EQ_INT(weir_blocking(sleeps, NULL), 0);
  const int64_t used = processor_time() - before;
  CHECK(used < 40 * WEIR_MILLISECOND ||
        used < (outside_now() - begun) / 5 * 4); /* however long the helper was kept from going on */
  return 0;
}

static void waiting_is_no_deadlock(void) {
  run_balanced(WEIR_TIMERS_PROMPT, no_deadlock_body, NULL);
}

static int looks_at_signals(void *arg) {
  sigset_t blocked;
  CHECK_EQ_INT(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
  CHECK(sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGALRM) && sigismember(&blocked, SIGCHLD));
  return arg != NULL;
}

static int signals_body(void *arg) {
  sigset_t blocked;
  CHECK_EQ_INT(weir_blocking(looks_at_signals, arg), 0);
  CHECK_EQ_INT(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
  if (one_worker())
    CHECK(!sigismember(&blocked, SIGTERM)); /* the worker's own are as they were; further workers take none */
  return 0;
}

static void helpers_take_no_signals(void) {
  run_balanced(WEIR_TIMERS_PROMPT, signals_body, NULL);
}

/* ---- who may call ----------------------------------------------------------------------------------------------- */

static int posted;

static void counts_post(void *arg) {
  (void)arg;
  posted++;
}

/* A helper is a foreign thread: it may post, and no more. */
static int uses_the_library(void *arg) {
  CHECK_EQ_INT(weir_blocking(add_one, arg), -EPERM);
  CHECK_EQ_INT(weir_post(counts_post, NULL), 0);
  return 0;
}

static int deferred_result;

static void blocks_deferred(void *arg) {
  deferred_result = weir_blocking(add_one, arg);
}

static void *calls_from_outside(void *arg) {
  CHECK_EQ_INT(weir_blocking(add_one, arg), -EPERM);
  return NULL;
}

static int callers_body(void *arg) {
  pthread_t thread;
  CHECK_EQ_INT(pthread_create(&thread, NULL, calls_from_outside, arg), 0);
  CHECK_EQ_INT(pthread_join(thread, NULL), 0);
  static struct weir_defer defer;
  weir_defer(&defer, blocks_deferred, arg);
  posted = 0;
  CHECK_EQ_INT(weir_blocking(uses_the_library, arg), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(posted, 1);
  return 0;
}

static void only_a_task_may_call(void) {
  int number = 0;
  CHECK_EQ_INT(weir_blocking(add_one, &number), -EPERM);
  run_balanced(WEIR_TIMERS_PROMPT, callers_body, &number);
  CHECK_EQ_INT(deferred_result, -EPERM);
  CHECK_EQ_INT(number, 0);
}

/* ---- many ------------------------------------------------------------------------------------------------------- */

static struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int inside, most, finished;
  int needed; /* a job goes on when so many are inside, or have been */
} crowd = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int joins_crowd(void *arg) {
  pthread_mutex_lock(&crowd.mutex);
  crowd.inside++;
  if (crowd.inside > crowd.most)
    crowd.most = crowd.inside;
  pthread_cond_broadcast(&crowd.changed);
  while (crowd.most < crowd.needed)
    pthread_cond_wait(&crowd.changed, &crowd.mutex);
  crowd.inside--;
  crowd.finished++;
  pthread_mutex_unlock(&crowd.mutex);
  return *(const int *)arg;
}

struct caller {
  int number;
  weir_waitgroup *group;
};

static void calls(void *arg) {
  struct caller *caller = arg;
  CHECK_EQ_INT(weir_blocking(joins_crowd, &caller->number), caller->number);
  weir_waitgroup_done(caller->group);
}

static int crowd_body(void *arg) {
  struct caller callers[200];
  weir_waitgroup group = {0};
  const int count = *(const int *)arg;
  int number = 0;
  crowd.inside = crowd.most = crowd.finished = 0;
  crowd.needed = count < LIMIT ? count : LIMIT;
  CHECK_EQ_INT(weir_blocking(add_one, &number), 1); /* one helper is idle when the crowd comes */
  weir_waitgroup_add(&group, count);
  for (int i = 0; i < count; i++) {
    callers[i] = (struct caller){i, &group};
    CHECK_EQ_INT(weir_go(calls, &callers[i]), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
  CHECK_EQ_INT(crowd.finished, count);
  CHECK_EQ_INT(crowd.most, crowd.needed); /* as many as there may be, and not one more */
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return 0;
}

static void two_hundred_jobs(void) {
  for (int count = 200; count > 0; count /= 3)
    run_balanced(WEIR_TIMERS_PROMPT, crowd_body, &count);
}

/* ---- the end of the run ----------------------------------------------------------------------------------------- */

static bool ended, began, ending; /* ending: no job begins any more, and those under way are waited for */

int __real_pthread_cond_broadcast(pthread_cond_t *condition);
int __wrap_pthread_cond_broadcast(pthread_cond_t *condition);

int __wrap_pthread_cond_broadcast(pthread_cond_t *condition) {
  if (condition != &crowd.changed)
    __atomic_store_n(&ending, true, __ATOMIC_RELEASE);
  return __real_pthread_cond_broadcast(condition);
}

static void wait_for_the_end(void) {
  while (!__atomic_load_n(&ending, __ATOMIC_ACQUIRE))
    pause_thread(WEIR_MILLISECOND);
}

static int takes_long(void *arg) {
  __atomic_store_n(&began, true, __ATOMIC_RELEASE);
  wait_for_the_end();
  for (int i = 0; i < 50; i++) {
    pause_thread(WEIR_MILLISECOND);
    ++*(int *)arg; /* on the stack of the task that waits */
  }
  __atomic_store_n(&ended, true, __ATOMIC_RELEASE);
  return 0;
}

static void waits_long(void *arg) {
  int on_my_stack = 0;
  weir_blocking(takes_long, &on_my_stack);
  *(bool *)arg = true;
}

static bool came_back;

static int leaves_early(void *arg) {
  began = ended = came_back = ending = false;
  CHECK_EQ_INT(weir_go(waits_long, &came_back), 0);
  while (!__atomic_load_n(&began, __ATOMIC_ACQUIRE))
    weir_yield();
  return arg != NULL;
}

static void a_run_waits_for_jobs_under_way(void) {
  for (int i = 0; i < 3; i++) {
    CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &blocking_log, leaves_early, NULL), 0);
    CHECK(__atomic_load_n(&ended, __ATOMIC_ACQUIRE));
    CHECK(!came_back);
    CHECK_CONTAINS(blocking_log.text, "1 task left over");
    CHECK_CONTAINS(blocking_log.text, "a blocking job");
  }
}

static void *lets_them_go(void *arg) {
  wait_for_the_end();
  pthread_mutex_lock(&crowd.mutex);
  crowd.needed = 0;
  pthread_cond_broadcast(&crowd.changed);
  pthread_mutex_unlock(&crowd.mutex);
  return arg;
}

static int crowd_most(void) {
  pthread_mutex_lock(&crowd.mutex);
  const int most = crowd.most;
  pthread_mutex_unlock(&crowd.mutex);
  return most;
}

static int leaves_a_queue(void *arg) {
  static struct caller callers[LIMIT + 5];
  static weir_waitgroup group;
  crowd.inside = crowd.most = crowd.finished = 0;
  crowd.needed = LIMIT + 1;
  ending = false;
  for (int i = 0; i < LIMIT + 5; i++) {
    callers[i] = (struct caller){i, &group};
    CHECK_EQ_INT(weir_go(calls, &callers[i]), 0);
  }
  while (crowd_most() < LIMIT)
    weir_yield();
  CHECK_EQ_INT(pthread_create(arg, NULL, lets_them_go, NULL), 0);
  return 0;
}

static void jobs_that_have_not_begun_never_do(void) {
  pthread_t thread;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &blocking_log, leaves_a_queue, &thread), 0);
  CHECK_EQ_INT(crowd.finished, LIMIT);
  CHECK_EQ_INT(crowd.most, LIMIT);
  CHECK_CONTAINS(blocking_log.text, "69 tasks left over");
  CHECK_EQ_INT(pthread_join(thread, NULL), 0);
}

/* ---- simulation ------------------------------------------------------------------------------------------------- */

static pthread_t simulation_thread;

static int is_inline(void *arg) {
  CHECK(pthread_equal(pthread_self(), simulation_thread));
  return *(const int *)arg;
}

static int simulated_body(void *arg) {
  simulation_thread = pthread_self();
  CHECK_EQ_INT(weir_blocking(is_inline, arg), 7);
  return 0;
}

static void inline_in_a_simulation(void) {
  int seven = 7;
  simulate_seeds(WEIR_TIMERS_PROMPT, 10, simulated_body, &seven);
}

static const struct check_case cases[] = {
    CHECK_CASE(results_come_back),
    CHECK_CASE(other_tasks_run_meanwhile),
    CHECK_CASE(waiting_is_no_deadlock),
    CHECK_CASE(helpers_take_no_signals),
    CHECK_CASE(only_a_task_may_call),
    CHECK_CASE(two_hundred_jobs),
    CHECK_CASE(a_run_waits_for_jobs_under_way),
    CHECK_CASE(jobs_that_have_not_begun_never_do),
    CHECK_CASE(inline_in_a_simulation),
};

CHECK_MAIN(cases)
