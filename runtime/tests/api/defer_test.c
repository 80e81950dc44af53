/* defer_test.c — deferred functions: last in, first out, at return and when a task is destroyed; never blocking. */
#include "run.h"

static char order[64];

static void notes(void *arg) {
  strcat(order, arg);
}

static void defers_three(void *arg) {
  struct weir_defer storage[3];
  weir_defer(&storage[0], notes, "1");
  weir_defer(&storage[1], notes, "2");
  weir_defer(&storage[2], notes, "3");
  strcat(order, "<");
  if (arg != NULL)
    weir_chan_recv(arg, NULL);
  strcat(order, ">");
}

static int return_body(void *arg) {
  (void)arg;
  struct weir_defer storage;
  order[0] = '\0';
  weir_defer(&storage, notes, "m");
  CHECK_EQ_INT(weir_go(defers_three, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_STR(order, "<>321");
  return 0;
}

static void run_at_return_last_in_first_out(void) {
  run_balanced(WEIR_TIMERS_PROMPT, return_body, NULL);
  CHECK_STR(order, "<>321m"); /* main's too */
}

/* More than the runtime keeps itself: the storage of those beyond outlives the function. */
enum { MANY = 2 * WEIR_DEFER_KEPT + 5 };

static int many_next;

static void counts_down(void *arg) {
  CHECK_EQ_INT(*(int *)arg, --many_next);
}

static void defers_many(void *arg) {
  static struct weir_defer storage[MANY];
  static int numbers[MANY];
  for (many_next = 0; many_next < MANY; many_next++) {
    numbers[many_next] = many_next;
    weir_defer(&storage[many_next], counts_down, &numbers[many_next]);
  }
  if (arg != NULL)
    weir_chan_recv(arg, NULL);
}

static int many_body(void *arg) {
  CHECK_EQ_INT(weir_go(defers_many, arg), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(many_next, arg != NULL ? MANY : 0);
  return 0;
}

static void any_number_last_in_first_out(void) {
  static struct run_log log;
  weir_chan *c = weir_chan_new(0, 0);
  run_balanced(WEIR_TIMERS_PROMPT, many_body, NULL);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, many_body, c), 0);
  CHECK_EQ_INT(many_next, 0); /* also when the task was destroyed */
  weir_chan_unref(c);
}

static int destroyed_body(void *arg) {
  order[0] = '\0';
  CHECK_EQ_INT(weir_go(defers_three, arg), 0);
  return weir_settle(WEIR_FOREVER);
}

static void run_when_the_task_is_destroyed(void) {
  static struct run_log log;
  weir_chan *c = weir_chan_new(0, 0);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, destroyed_body, c), 0);
  CHECK_STR(order, "<321"); /* and nothing of the task's own after the wait */
  weir_chan_unref(c);
}

static int deadlock_body(void *arg) {
  order[0] = '\0';
  defers_three(arg);
  return 0;
}

static void run_when_a_deadlock_ends_the_run(void) {
  static struct run_log log;
  weir_chan *c = weir_chan_new(0, 0);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, deadlock_body, c), -EDEADLK);
  CHECK_STR(order, "<321");
  weir_chan_unref(c);
}

/* ---- not blocking ---------------------------------------------------------------------------------------------- */

struct resources {
  weir_chan *empty, *room;
  weir_waitgroup *busy;
  int calls;
};

static void must_not_block(void *arg) {
  struct resources *resources = arg;
  struct weir_case never[] = {WEIR_RECV(resources->empty, NULL)};
  const struct weir_broadcast_options options = {.timeout = WEIR_SECOND, .policy = WEIR_TIMEOUT_DEADLINE};
  CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), -EPERM);
  CHECK_EQ_INT(weir_sleep_until(WEIR_FOREVER), -EPERM);
  CHECK_EQ_INT(weir_chan_recv(resources->empty, NULL), -EPERM);
  CHECK_EQ_INT(weir_chan_recv_until(resources->empty, NULL, weir_now() + WEIR_SECOND), -EPERM);
  CHECK_EQ_INT(weir_chan_send(resources->empty, NULL), -EPERM);
  CHECK_EQ_INT(weir_select(never, 1, WEIR_FOREVER), -EPERM);
  CHECK_EQ_INT(weir_select(NULL, 0, WEIR_FOREVER), -EPERM);
  CHECK_EQ_INT(weir_waitgroup_wait(resources->busy), -EPERM);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), -EPERM);
  CHECK_EQ_INT(weir_broadcast(&resources->empty, 1, NULL, &options, NULL), -EPERM);
  /* what can complete at once may be called */
  CHECK_EQ_INT(weir_chan_send(resources->room, NULL), 0);
  CHECK_EQ_INT(weir_chan_recv(resources->room, NULL), 0);
  CHECK_EQ_INT(weir_chan_try_recv(resources->empty, NULL), -EAGAIN);
  CHECK_EQ_INT(weir_select(never, 1, WEIR_POLL), -ETIMEDOUT);
  resources->calls++;
}

static void defers_and_returns(void *arg) {
  struct weir_defer storage;
  weir_defer(&storage, must_not_block, arg);
}

static void defers_and_waits(void *arg) {
  struct weir_defer storage;
  weir_defer(&storage, must_not_block, arg);
  weir_chan_recv(((struct resources *)arg)->empty, NULL);
}

static int blocking_body(void *arg) {
  CHECK_EQ_INT(weir_go(defers_and_returns, arg), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(((struct resources *)arg)->calls, 1);
  CHECK_EQ_INT(weir_go(defers_and_waits, arg), 0);
  return weir_settle(WEIR_FOREVER);
}

static void blocking_is_refused(void) {
  static struct run_log log;
  weir_waitgroup busy = {0};
  struct resources resources = {weir_chan_new(0, 0), weir_chan_new(0, 1), &busy, 0};
  CHECK_EQ_INT(weir_waitgroup_add(&busy, 1), 0);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, blocking_body, &resources), 0);
  CHECK_EQ_INT(resources.calls, 2); /* at return, and at the end of the run */
  weir_chan_unref(resources.empty);
  weir_chan_unref(resources.room);
}

/* ---- what it is for -------------------------------------------------------------------------------------------- */

static void done(void *arg) {
  CHECK_EQ_INT(weir_waitgroup_done(arg), 0);
}

static void gives_back(void *arg) {
  weir_chan_unref(arg);
}

struct worker {
  weir_waitgroup *group;
  weir_chan *chan;
};

static void works(void *arg) {
  const struct worker *worker = arg;
  struct weir_defer ends, holds;
  weir_defer(&ends, done, worker->group);
  weir_defer(&holds, gives_back, weir_chan_ref(worker->chan));
  weir_chan_recv(worker->chan, NULL);
}

static int wakes_body(void *arg) {
  (void)arg;
  weir_waitgroup group = {0};
  struct worker worker = {&group, weir_chan_new(0, 0)};
  CHECK_EQ_INT(weir_waitgroup_add(&group, 3), 0);
  for (int i = 0; i < 3; i++)
    CHECK_EQ_INT(weir_go(works, &worker), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_close(worker.chan), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
  weir_chan_unref(worker.chan);
  return 0;
}

static void may_wake_others_and_give_back(void) {
  run_everywhere(wakes_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(any_number_last_in_first_out),
    CHECK_CASE(run_at_return_last_in_first_out),
    CHECK_CASE(run_when_the_task_is_destroyed),
    CHECK_CASE(run_when_a_deadlock_ends_the_run),
    CHECK_CASE(blocking_is_refused),
    CHECK_CASE(may_wake_others_and_give_back),
};

CHECK_MAIN(cases)
