/* post_test.c — what other threads may do: weir_post, and weir_external_begin and _end. */
#include "run.h"

#include <pthread.h>
#include <sched.h>

static struct run_log post_log;

static pthread_t start_thread(void *(*body)(void *), void *arg) {
  pthread_t thread;
  CHECK_EQ_INT(pthread_create(&thread, NULL, body, arg), 0);
  return thread;
}

static void join(pthread_t thread) {
  CHECK_EQ_INT(pthread_join(thread, NULL), 0);
}

static void pause_thread(int64_t duration) {
  const struct timespec pause = {.tv_nsec = duration};
  nanosleep(&pause, NULL);
}

static void nothing(void *arg) {
  (void)arg;
}

/* ---- first in, first out ---------------------------------------------------------------------------------------- */

enum { THREADS = 4, POSTS = UNDER_TSAN ? 100 : 1000, RUNS = UNDER_TSAN ? 20 : 100 };

struct poster {
  int next; /* the number that must come next */
  int sent;
  weir_chan *done;
};

struct parcel {
  struct poster *poster;
  int number;
};

static void arrives(void *arg) {
  struct parcel *parcel = arg;
  if (one_worker()) /* several begin them in their order, and may finish in another */
    CHECK_EQ_INT(parcel->poster->next, parcel->number);
  if (__atomic_add_fetch(&parcel->poster->next, 1, __ATOMIC_RELAXED) == POSTS)
    CHECK_EQ_INT(weir_chan_try_send(parcel->poster->done, NULL), 0);
  free(parcel);
}

static void *posts_many(void *arg) {
  struct poster *poster = arg;
  for (int i = 0; i < POSTS; i++) {
    struct parcel *parcel = malloc(sizeof *parcel);
    CHECK(parcel != NULL);
    *parcel = (struct parcel){.poster = poster, .number = i};
    CHECK_EQ_INT(weir_post(arrives, parcel), 0);
    if (i % 64 == 0)
      sched_yield();
  }
  weir_external_end();
  return NULL;
}

static int many_posts_body(void *arg) {
  (void)arg;
  struct poster posters[THREADS] = {0};
  pthread_t threads[THREADS];
  weir_chan *done = weir_chan_new(0, THREADS);
  for (int i = 0; i < THREADS; i++) {
    posters[i].done = done;
    weir_external_begin();
    threads[i] = start_thread(posts_many, &posters[i]);
  }
  for (int i = 0; i < THREADS; i++)
    CHECK_EQ_INT(weir_chan_recv(done, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < THREADS; i++)
    join(threads[i]);
  weir_chan_unref(done);
  return 0;
}

static void each_threads_posts_begin_in_order(void) {
  for (int i = 0; i < 3; i++)
    run_balanced(WEIR_TIMERS_PROMPT, many_posts_body, NULL);
}

/* ---- when a run is active --------------------------------------------------------------------------------------- */

static void *posts_nothing(void *arg) {
  *(int *)arg = weir_post(nothing, NULL);
  return NULL;
}

static int simulated_body(void *arg) {
  int result = 0;
  join(start_thread(posts_nothing, &result));
  CHECK_EQ_INT(result, -EPERM);
  weir_external_begin();
  CHECK_EQ_INT(weir_post(nothing, arg), 0); /* its own thread may */
  weir_external_end();
  weir_external_end();
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return 0;
}

static void nowhere_to_go(void) {
  int result = 0;
  CHECK_EQ_INT(weir_post(nothing, NULL), -EPERM);
  join(start_thread(posts_nothing, &result));
  CHECK_EQ_INT(result, -EPERM);
  simulate_seeds(WEIR_TIMERS_PROMPT, 10, simulated_body, NULL);
}

static int ran;

static void runs(void *arg) {
  CHECK_INT(weir_task_count(), >=, 2);
  weir_yield(); /* it is a task: it may block */
  ran++;
  weir_chan_try_send(arg, NULL);
}

static int from_task_body(void *arg) {
  (void)arg;
  weir_chan *done = weir_chan_new(0, 1);
  ran = 0;
  CHECK_EQ_INT(weir_post(runs, done), 0);
  CHECK_EQ_INT(weir_chan_recv(done, NULL), 0);
  CHECK_EQ_INT(ran, 1);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(done);
  return 0;
}

static void a_task_may_post(void) {
  run_everywhere(from_task_body, NULL);
}

static int deferred_result;

static void posts_deferred(void *arg) {
  (void)arg;
  deferred_result = weir_post(nothing, NULL);
}

static void blocks_for_ever(void *arg) {
  struct weir_defer defer;
  weir_defer(&defer, posts_deferred, NULL);
  weir_chan_recv(arg, NULL);
}

static int taken_down_body(void *arg) {
  CHECK_EQ_INT(weir_go(blocks_for_ever, arg), 0);
  return weir_settle(WEIR_FOREVER); /* it waits */
}

static void nothing_starts_when_the_run_is_taken_down(void) {
  weir_chan *chan = weir_chan_new(0, 0);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &post_log, taken_down_body, chan), 0);
  CHECK_EQ_INT(deferred_result, -EPERM);
  weir_chan_unref(chan);
}

/* ---- against the end of the run --------------------------------------------------------------------------------- */

static _Atomic int counted; /* by tasks */
static bool over;

static void counts(void *arg) {
  (void)arg;
  counted++;
}

/* Posts into one run after another, whichever is there. */
static void *posts_for_ever(void *arg) {
  size_t *sent = arg;
  while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
    const int result = weir_post(counts, NULL);
    CHECK(result == 0 || result == -EPERM);
    *sent += result == 0;
    if (result != 0 || *sent % 16 == 0)
      pause_thread(50000);
  }
  return NULL;
}

static int short_body(void *arg) {
  (void)arg;
  const int before = counted;
  while (counted < before + 5)
    weir_yield();
  return 0;
}

static void run_after_run(void) {
  size_t sent[2] = {0};
  const pthread_t threads[] = {start_thread(posts_for_ever, &sent[0]), start_thread(posts_for_ever, &sent[1])};
  for (int i = 0; i < RUNS; i++)
    CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &post_log, short_body, NULL), 0);
  __atomic_store_n(&over, true, __ATOMIC_RELAXED);
  join(threads[0]);
  join(threads[1]);
  CHECK_INT(sent[0] + sent[1], >=, counted);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static void *posts_until_refused(void *arg) {
  for (int i = 1; weir_post(nothing, NULL) == 0; i++)
    if (i % 16 == 0)
      pause_thread(50000);
  return arg;
}

static int until_refused_body(void *arg) {
  *(pthread_t *)arg = start_thread(posts_until_refused, NULL);
  CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0);
  return 0;
}

static void a_poster_sees_the_end(void) {
  for (int i = 0; i < 20; i++) {
    pthread_t thread;
    CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &post_log, until_refused_body, &thread), 0);
    join(thread);
  }
}

/* ---- externals -------------------------------------------------------------------------------------------------- */

static weir_chan *gate;

static void opens(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_chan_send(gate, NULL), 0);
}

static void *posts_later(void *arg) {
  pause_thread(*(const int64_t *)arg);
  CHECK_EQ_INT(weir_post(opens, NULL), 0);
  weir_external_end();
  return NULL;
}

static int64_t processor_time(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * WEIR_SECOND + time.tv_nsec;
}

static int waits_body(void *arg) {
  (void)arg;
  const int64_t delay = 50 * WEIR_MILLISECOND;
  gate = weir_chan_new(0, 0);
  weir_external_begin();
  const pthread_t thread = start_thread(posts_later, (void *)&delay);
  const int64_t begun = outside_now(), before = processor_time();
  CHECK_EQ_INT(weir_chan_recv(gate, NULL), 0);
  const int64_t used = processor_time() - before;
  CHECK(used < 40 * WEIR_MILLISECOND ||
        used < (outside_now() - begun) / 5 * 4); /* however long the thread was kept from posting */
  join(thread);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(gate);
  return 0;
}

static void an_external_holds_off_the_deadlock(void) {
  for (int i = 0; i < 3; i++)
    run_balanced(WEIR_TIMERS_PROMPT, waits_body, NULL);
}

static void *ends_later(void *arg) {
  pause_thread(*(const int64_t *)arg);
  weir_external_end();
  return NULL;
}

static int blocked_body(void *arg) {
  return weir_chan_recv(arg, NULL);
}

/* The last end wakes the run, which finds its deadlock; a surplus end does nothing. */
static void the_last_end_lets_the_deadlock_come(void) {
  const int64_t delay = 20 * WEIR_MILLISECOND;
  weir_external_begin(); /* outside a run */
  weir_external_begin();
  const pthread_t threads[] = {start_thread(ends_later, (void *)&delay), start_thread(ends_later, (void *)&delay)};
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &post_log, blocked_body, NULL), -EDEADLK);
  join(threads[0]);
  join(threads[1]);
  weir_external_end();
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &post_log, blocked_body, NULL), -EDEADLK);
}

static void *begins_and_ends(void *arg) {
  for (int i = 0; i < 300; i++) {
    weir_external_begin();
    const int result = weir_post(nothing, NULL);
    CHECK(result == 0 || result == -EPERM);
    weir_external_end();
  }
  return arg;
}

/* A deadlock is found or not, depending on time; no post is lost, and none hangs. */
static void posts_against_the_deadlock(void) {
  for (int i = 0; i < RUNS / 2; i++) {
    const pthread_t thread = start_thread(begins_and_ends, NULL);
    while (run_logged(WEIR_TIMERS_PROMPT, &post_log, blocked_body, NULL) != -EDEADLK)
      ;
    CHECK_LACKS(post_log.text, "could begin"); /* what was taken before the end began */
    CHECK_LACKS(post_log.text, "could run");
    join(thread);
  }
}

/* ---- with the rest of the run ----------------------------------------------------------------------------------- */

static void *posts_soon(void *arg) {
  pause_thread(10 * WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_post(opens, NULL), 0);
  return arg;
}

static int sleeping_body(void *arg) {
  (void)arg;
  gate = weir_chan_new(0, 0);
  const pthread_t thread = start_thread(posts_soon, NULL);
  const int64_t before = weir_now();
  CHECK_EQ_INT(weir_chan_recv_until(gate, NULL, before + 60 * WEIR_SECOND), 0);
  CHECK_INT(weir_now() - before, <, 30 * WEIR_SECOND);
  join(thread);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(gate);
  return 0;
}

static void a_post_wakes_a_sleeping_run(void) {
  run_balanced(WEIR_TIMERS_PROMPT, sleeping_body, NULL);
}

static int settling_body(void *arg) {
  (void)arg;
  ran = 0;
  weir_chan *done = weir_chan_new(0, 1);
  int result = 1;
  join(start_thread(posts_nothing, &result)); /* nobody is interrupted: this worker is here */
  CHECK_EQ_INT(result, 0);
  if (one_worker()) { /* else another worker may have begun it */
    CHECK_EQ_INT(weir_task_count(), 1);
    CHECK_EQ_INT(weir_settle(WEIR_POLL), -ETIMEDOUT); /* something has come */
    CHECK_EQ_INT(weir_task_count(), 2);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 1);
  weir_chan_unref(done);
  return 0;
}

static void settling_includes_posts(void) {
  run_balanced(WEIR_TIMERS_PROMPT, settling_body, NULL);
}

static int reported_line;

static void waits_at_gate(void *arg) {
  (void)arg;
  weir_chan_recv(gate, NULL);
}

static void *posts_waiter(void *arg) {
  reported_line = __LINE__ + 1;
  CHECK_EQ_INT(weir_post(waits_at_gate, NULL), 0);
  return arg;
}

static int reported_body(void *arg) {
  gate = weir_chan_new(0, 0);
  join(start_thread(posts_waiter, NULL));
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan *mine = gate;
  (void)arg;
  return mine == NULL;
}

static void reports_name_the_posters_line(void) {
  char place[64];
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &post_log, reported_body, NULL), 0);
  snprintf(place, sizeof place, "post_test.c:%d", reported_line);
  CHECK_CONTAINS(post_log.text, place);
  weir_chan_unref(gate);
}

static int dropped_body(void *arg) {
  int result = 1;
  join(start_thread(posts_nothing, &result));
  join(start_thread(posts_nothing, &result));
  return result + (arg != NULL);
}

static void posts_that_came_too_late_are_named(void) {
  /* One worker: it is busy with main. */
  CHECK_EQ_INT(run_logged_on(1, WEIR_TIMERS_PROMPT, &post_log, dropped_body, NULL), 0);
  CHECK_CONTAINS(post_log.text, "main returned before 2 posts could begin");
}

static const struct check_case cases[] = {
    CHECK_CASE(each_threads_posts_begin_in_order),
    CHECK_CASE(nowhere_to_go),
    CHECK_CASE(a_task_may_post),
    CHECK_CASE(nothing_starts_when_the_run_is_taken_down),
    CHECK_CASE(run_after_run),
    CHECK_CASE(a_poster_sees_the_end),
    CHECK_CASE(an_external_holds_off_the_deadlock),
    CHECK_CASE(the_last_end_lets_the_deadlock_come),
    CHECK_CASE(posts_against_the_deadlock),
    CHECK_CASE(a_post_wakes_a_sleeping_run),
    CHECK_CASE(settling_includes_posts),
    CHECK_CASE(reports_name_the_posters_line),
    CHECK_CASE(posts_that_came_too_late_are_named),
};

CHECK_MAIN(cases)
