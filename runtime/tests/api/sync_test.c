/* sync_test.c — weir/sync.h: each result of mutex, reader-writer mutex, condition and once, in each context. (The wait
 * group's is waitgroup_test.c.)
 */
#include "run.h"

static const int64_t SOON = WEIR_MILLISECOND;

struct other {
  weir_mutex *mutex;
  weir_rwmutex *rwmutex;
  weir_cond *cond;
  weir_once *once;
  int64_t deadline;
  bool writes, done;
  int result;
};

/* ---- mutex ------------------------------------------------------------------------------------------------------ */

static void locks_mutex(void *arg) {
  struct other *other = arg;
  other->result = weir_mutex_lock_until(other->mutex, other->deadline);
  other->done = true;
}

static int mutex_body(void *arg) {
  (void)arg;
  weir_mutex mutex = {0};
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), -EPERM);
  CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
  CHECK_EQ_INT(weir_mutex_try_lock(&mutex), -EAGAIN);
  CHECK_EQ_INT(weir_mutex_lock_until(&mutex, WEIR_POLL), -ETIMEDOUT);
  const int64_t deadline = weir_now() + SOON;
  CHECK_EQ_INT(weir_mutex_lock_until(&mutex, deadline), -ETIMEDOUT); /* it waits for itself */
  CHECK_INT(weir_now(), >=, deadline);
  struct other other = {.mutex = &mutex, .deadline = WEIR_FOREVER};
  CHECK_EQ_INT(weir_go(locks_mutex, &other), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(!other.done);
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(other.done);
  CHECK_EQ_INT(other.result, 0);
  CHECK_EQ_INT(weir_mutex_try_lock(&mutex), -EAGAIN);
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0); /* what another task locked */
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), -EPERM);
  CHECK_EQ_INT(weir_mutex_lock_until(&mutex, WEIR_POLL), 0); /* it can complete at once */
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
  CHECK_EQ_INT(weir_mutex_try_lock(&mutex), 0);
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
  return 0;
}

static void mutex_results(void) {
  run_everywhere(mutex_body, NULL);
}

enum { LINE = 8 };

static struct {
  weir_mutex mutex;
  int order[LINE], count;
} line;

static void stands_in_line(void *arg) {
  CHECK_EQ_INT(weir_mutex_lock(&line.mutex), 0);
  line.order[line.count++] = *(const int *)arg;
  weir_yield();
  CHECK_EQ_INT(weir_mutex_unlock(&line.mutex), 0);
}

static int line_body(void *arg) {
  (void)arg;
  int names[LINE];
  line.count = 0;
  CHECK_EQ_INT(weir_mutex_lock(&line.mutex), 0);
  for (int i = 0; i < LINE; i++) {
    names[i] = i;
    CHECK_EQ_INT(weir_go(stands_in_line, &names[i]), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  }
  CHECK_EQ_INT(weir_mutex_unlock(&line.mutex), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(line.count, LINE);
  for (int i = 0; i < LINE; i++)
    CHECK_EQ_INT(line.order[i], i);
  return 0;
}

static void mutex_first_come_first_served(void) {
  if (one_worker()) /* else a task that runs may come before those who wait */
    run_everywhere(line_body, NULL);
}

/* ---- reader-writer mutex ---------------------------------------------------------------------------------------- */

static void locks_rwmutex(void *arg) {
  struct other *other = arg;
  other->result = other->writes ? weir_rwmutex_lock_until(other->rwmutex, other->deadline)
                                : weir_rwmutex_read_lock_until(other->rwmutex, other->deadline);
  other->done = true;
}

static void start_in_order(struct other *others, int count, weir_rwmutex *rwmutex, const char *kinds) {
  for (int i = 0; i < count; i++) {
    others[i] = (struct other){.rwmutex = rwmutex, .deadline = WEIR_FOREVER, .writes = kinds[i] != 'r'};
    if (kinds[i] == 'W')
      others[i].deadline = weir_now() + 3600 * WEIR_SECOND;
    CHECK_EQ_INT(weir_go(locks_rwmutex, &others[i]), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  }
}

static void check_done(const struct other *others, const char *expected) {
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; expected[i] != '\0'; i++)
    CHECK_EQ_INT(others[i].done, expected[i] == '1');
}

static int rwmutex_body(void *arg) {
  (void)arg;
  weir_rwmutex rwmutex = {0};
  CHECK_EQ_INT(weir_rwmutex_unlock(&rwmutex), -EPERM);
  CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), -EPERM);
  CHECK_EQ_INT(weir_rwmutex_read_lock(&rwmutex), 0);
  CHECK_EQ_INT(weir_rwmutex_try_read_lock(&rwmutex), 0);
  CHECK_EQ_INT(weir_rwmutex_unlock(&rwmutex), -EPERM);
  CHECK_EQ_INT(weir_rwmutex_try_lock(&rwmutex), -EAGAIN);
  CHECK_EQ_INT(weir_rwmutex_lock_until(&rwmutex, WEIR_POLL), -ETIMEDOUT);
  CHECK_EQ_INT(weir_rwmutex_lock_until(&rwmutex, weir_now() + SOON), -ETIMEDOUT);
  CHECK_EQ_INT(weir_rwmutex_read_lock_until(&rwmutex, WEIR_POLL), 0); /* nobody bars it any more */
  for (int i = 0; i < 3; i++)
    CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), 0);
  CHECK_EQ_INT(weir_rwmutex_lock(&rwmutex), 0);
  CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), -EPERM);
  CHECK_EQ_INT(weir_rwmutex_try_lock(&rwmutex), -EAGAIN);
  CHECK_EQ_INT(weir_rwmutex_try_read_lock(&rwmutex), -EAGAIN);
  CHECK_EQ_INT(weir_rwmutex_read_lock_until(&rwmutex, weir_now() + SOON), -ETIMEDOUT);
  CHECK_EQ_INT(weir_rwmutex_unlock(&rwmutex), 0);
  return 0;
}

static void rwmutex_results(void) {
  run_everywhere(rwmutex_body, NULL);
}

static int rwmutex_order_body(void *arg) {
  (void)arg;
  struct other others[6];
  weir_rwmutex rwmutex = {0};
  CHECK_EQ_INT(weir_rwmutex_lock(&rwmutex), 0);
  start_in_order(others, 6, &rwmutex, "rrwrwr");
  check_done(others, "000000");
  CHECK_EQ_INT(weir_rwmutex_unlock(&rwmutex), 0);
  check_done(others, "110000");
  CHECK_EQ_INT(weir_rwmutex_try_read_lock(&rwmutex), -EAGAIN); /* a waiting writer bars new readers */
  CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), 0);
  check_done(others, "110000");
  CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), 0);
  check_done(others, "111000");
  CHECK_EQ_INT(weir_rwmutex_unlock(&rwmutex), 0);
  check_done(others, "111100");
  CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), 0);
  check_done(others, "111110");
  CHECK_EQ_INT(weir_rwmutex_unlock(&rwmutex), 0);
  check_done(others, "111111");
  CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), 0);
  CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), -EPERM);
  return 0;
}

static void rwmutex_order(void) {
  run_everywhere(rwmutex_order_body, NULL);
}

static int writer_gives_up_body(void *arg) {
  (void)arg;
  struct other others[3];
  weir_rwmutex rwmutex = {0};
  CHECK_EQ_INT(weir_rwmutex_read_lock(&rwmutex), 0);
  start_in_order(others, 3, &rwmutex, "Wrr");
  check_done(others, "000");
  CHECK_EQ_INT(weir_sleep(3601 * WEIR_SECOND), 0);
  check_done(others, "111");
  CHECK_EQ_INT(others[0].result, -ETIMEDOUT);
  for (int i = 0; i < 3; i++)
    CHECK_EQ_INT(weir_rwmutex_read_unlock(&rwmutex), 0);
  CHECK_EQ_INT(weir_rwmutex_try_lock(&rwmutex), 0);
  return 0;
}

static void a_writer_that_gives_up_lets_readers_go(void) {
  simulate_quiet(WEIR_TIMERS_PROMPT, writer_gives_up_body, NULL);
}

/* ---- condition -------------------------------------------------------------------------------------------------- */

static void waits_for_cond(void *arg) {
  struct other *other = arg;
  CHECK_EQ_INT(weir_mutex_lock(other->mutex), 0);
  other->result = weir_cond_wait_until(other->cond, other->mutex, other->deadline);
  CHECK_EQ_INT(weir_mutex_try_lock(other->mutex), -EAGAIN);
  CHECK_EQ_INT(weir_mutex_unlock(other->mutex), 0);
  other->done = true;
}

static int cond_body(void *arg) {
  (void)arg;
  struct other others[4];
  weir_mutex mutex = {0};
  weir_cond cond = {0};
  CHECK_EQ_INT(weir_cond_signal(&cond), 0);
  CHECK_EQ_INT(weir_cond_broadcast(&cond), 0);
  CHECK_EQ_INT(weir_cond_wait(&cond, &mutex), -EPERM);
  for (int i = 0; i < 4; i++) {
    others[i] = (struct other){.mutex = &mutex, .cond = &cond, .deadline = WEIR_FOREVER};
    CHECK_EQ_INT(weir_go(waits_for_cond, &others[i]), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  }
  CHECK_EQ_INT(weir_mutex_lock(&mutex), 0); /* those who wait do not hold it */
  CHECK_EQ_INT(weir_cond_signal(&cond), 0);
  check_done(others, "0000"); /* it cannot return yet */
  CHECK_EQ_INT(weir_cond_wait_until(&cond, &mutex, WEIR_POLL), -ETIMEDOUT);
  check_done(others, "0000");
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
  check_done(others, "1000");
  CHECK_EQ_INT(weir_cond_signal(&cond), 0);
  check_done(others, "1100");
  CHECK_EQ_INT(weir_cond_broadcast(&cond), 0);
  check_done(others, "1111");
  CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
  const int64_t deadline = weir_now() + SOON;
  CHECK_EQ_INT(weir_cond_wait_until(&cond, &mutex, deadline), -ETIMEDOUT);
  CHECK_INT(weir_now(), >=, deadline);
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0); /* it was locked again */
  return 0;
}

static void cond_results(void) {
  run_everywhere(cond_body, NULL);
}

/* ---- once ------------------------------------------------------------------------------------------------------- */

static _Atomic int calls; /* a sleeper may go on, on another worker, at any moment */

static void sleeps_long(void *arg) {
  calls++;
  if (arg != NULL)
    weir_sleep(2 * SOON);
  calls++;
}

static void does_once(void *arg) {
  struct other *other = arg;
  other->result = weir_once_do_until(other->once, sleeps_long, other, other->deadline);
  other->done = true;
}

static int once_body(void *arg) {
  (void)arg;
  weir_once once = {0};
  calls = 0;
  struct other others[3];
  CHECK_EQ_INT(weir_once_do(&once, NULL, NULL), -EINVAL);
  for (int i = 0; i < 3; i++) {
    others[i] = (struct other){.once = &once, .deadline = WEIR_FOREVER};
    if (i == 2)
      others[i].deadline = weir_now() + SOON;
    CHECK_EQ_INT(weir_go(does_once, &others[i]), 0);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  if (calls == 1) {
    const int polled = weir_once_do_until(&once, sleeps_long, &once, WEIR_POLL);
    CHECK(polled == -ETIMEDOUT || (!one_worker() && polled == 0 && calls == 2));
  }
  CHECK_EQ_INT(weir_once_do(&once, sleeps_long, &once), 0);
  CHECK_EQ_INT(calls, 2);
  check_done(others, "111");
  CHECK_EQ_INT(others[0].result + others[1].result, 0);
  CHECK(others[2].result == 0 || others[2].result == -ETIMEDOUT);
  CHECK_EQ_INT(weir_once_do_until(&once, sleeps_long, &once, WEIR_POLL), 0);
  CHECK_EQ_INT(calls, 2);
  return 0;
}

static void once_results(void) {
  run_everywhere(once_body, NULL);
}

/* ---- contexts that cannot block --------------------------------------------------------------------------------- */

static void outside_a_task(void) {
  weir_mutex mutex = {0};
  weir_rwmutex rwmutex = {0};
  weir_cond cond = {0};
  weir_once once = {0};
  CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
  CHECK_EQ_INT(weir_mutex_lock(&mutex), -EPERM);
  CHECK_EQ_INT(weir_cond_wait(&cond, &mutex), -EPERM);
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
  CHECK_EQ_INT(weir_rwmutex_lock(&rwmutex), 0);
  CHECK_EQ_INT(weir_rwmutex_lock(&rwmutex), -EPERM);
  CHECK_EQ_INT(weir_rwmutex_read_lock(&rwmutex), -EPERM);
  CHECK_EQ_INT(weir_rwmutex_unlock(&rwmutex), 0);
  calls = 0;
  CHECK_EQ_INT(weir_once_do(&once, sleeps_long, NULL), 0);
  CHECK_EQ_INT(weir_once_do(&once, sleeps_long, NULL), 0);
  CHECK_EQ_INT(calls, 2);
}

static weir_mutex held;
static weir_once under_way;
static bool deferred;

static void in_deferred(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_mutex_lock(&held), -EPERM);
  CHECK_EQ_INT(weir_once_do(&under_way, sleeps_long, NULL), -EPERM);
  CHECK_EQ_INT(weir_mutex_unlock(&held), 0);
  CHECK_EQ_INT(weir_mutex_lock(&held), 0);
  deferred = true;
}

static void defers(void *arg) {
  (void)arg;
  struct weir_defer storage;
  weir_defer(&storage, in_deferred, NULL);
}

static int deferring_body(void *arg) {
  (void)arg;
  struct other other = {.once = &under_way, .deadline = WEIR_FOREVER};
  held = (weir_mutex){0};
  under_way = (weir_once){0};
  deferred = false;
  CHECK_EQ_INT(weir_mutex_lock(&held), 0);
  CHECK_EQ_INT(weir_go(does_once, &other), 0);
  weir_yield();
  CHECK_EQ_INT(weir_go(defers, NULL), 0);
  weir_yield();
  CHECK(deferred);
  CHECK_EQ_INT(weir_mutex_unlock(&held), 0);
  CHECK_EQ_INT(weir_once_do(&under_way, sleeps_long, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return 0;
}

static void inside_a_deferred_function(void) {
  simulate_quiet(WEIR_TIMERS_PROMPT, deferring_body, NULL);
  run_balanced_on(1, WEIR_TIMERS_PROMPT, deferring_body, NULL); /* its yields let the others run first */
}

/* ---- deadlocks name the chain ----------------------------------------------------------------------------------- */

static weir_mutex first_mutex, second_mutex;
static weir_rwmutex shared;
static weir_cond never;
static weir_once circle;

static void locks_in_the_other_order(void *arg) {
  (void)arg;
  weir_mutex_lock(&second_mutex);
  weir_yield();
  weir_mutex_lock(&first_mutex);
}

static void wants_to_write(void *arg) {
  (void)arg;
  weir_rwmutex_lock(&shared);
}

static void wants_to_read(void *arg) {
  (void)arg;
  weir_rwmutex_read_lock(&shared);
}

static void waits_for_ever(void *arg) {
  (void)arg;
  weir_mutex mutex = {0};
  weir_mutex_lock(&mutex);
  weir_cond_wait(&never, &mutex);
}

static void goes_in_circles(void *arg) {
  (void)arg;
  weir_once_do(&circle, goes_in_circles, NULL);
}

static int deadlock_body(void *arg) {
  (void)arg;
  weir_rwmutex_lock(&shared);
  weir_go(locks_in_the_other_order, NULL);
  weir_go(wants_to_write, NULL);
  weir_go(wants_to_read, NULL);
  weir_go(waits_for_ever, NULL);
  weir_go(goes_in_circles, NULL);
  weir_mutex_lock(&first_mutex);
  weir_yield();
  weir_mutex_lock(&second_mutex);
  return 0;
}

static void deadlocks_name_the_chain(void) {
  static struct run_log log;
  /* The two lock in opposite orders: by turns on one worker. */
  CHECK_EQ_INT(run_logged_on(1, WEIR_TIMERS_PROMPT, &log, deadlock_body, NULL), -EDEADLK);
  CHECK_CONTAINS(log.text, "main (task 1): blocked: lock a mutex held by task 2 started at ");
  CHECK_CONTAINS(log.text, ": blocked: lock a mutex held by main (task 1)\n");
  CHECK_CONTAINS(log.text, ": blocked: lock a reader-writer mutex to write held by main (task 1)\n");
  CHECK_CONTAINS(log.text, ": blocked: lock a reader-writer mutex to read held by main (task 1)\n");
  CHECK_CONTAINS(log.text, ": blocked: wait for a condition\n");
  CHECK_CONTAINS(log.text, ": blocked: wait for a once run by itself\n");
}

static const struct check_case cases[] = {
    CHECK_CASE(mutex_results),
    CHECK_CASE(mutex_first_come_first_served),
    CHECK_CASE(rwmutex_results),
    CHECK_CASE(rwmutex_order),
    CHECK_CASE(a_writer_that_gives_up_lets_readers_go),
    CHECK_CASE(cond_results),
    CHECK_CASE(once_results),
    CHECK_CASE(outside_a_task),
    CHECK_CASE(inside_a_deferred_function),
    CHECK_CASE(deadlocks_name_the_chain),
};

CHECK_MAIN(cases)
