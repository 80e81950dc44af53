/* The waiting primitive: its state table, its queues, and that a wait is claimed exactly once whoever comes first.
 * White box: each step is seen between two switches of one worker. */
#include "wait.h"

#include "check.h"
#include "random.h"
#include "worker.h"

#include <weir.h>

/* ---- queues ----------------------------------------------------------------------------------------------------- */

enum { WAITERS = 24 };

static void must_be(const struct wait_queue *queue, struct waiter *const *expected, uint32_t count) {
  CHECK_EQ_INT(wait_queue_empty(queue), count == 0);
  const struct waiter *waiter = queue->head;
  for (uint32_t i = 0; i < count; i++, waiter = waiter->next) {
    CHECK(waiter == expected[i]);
    CHECK(waiter->queue == queue);
    CHECK(waiter->next->previous == waiter && waiter->previous->next == waiter);
  }
  CHECK(count == 0 || waiter == queue->head);
}

static uint32_t place_of(struct waiter *const *array, uint32_t count, const struct waiter *waiter) {
  uint32_t place = 0;
  while (place < count && array[place] != waiter)
    place++;
  return place;
}

/* Push, insert before another, remove from head, middle and tail, against an array. */
static void queue_against_an_array(void) {
  static struct waiter waiters[WAITERS];
  struct waiter *expected[WAITERS];
  struct wait_queue queue = {0};
  struct random random = {2};
  uint32_t count = 0;
  for (uint32_t step = 0; step < SCALED(500000); step++) {
    struct waiter *waiter = &waiters[random_below(&random, 1 + step % WAITERS)];
    uint32_t place = place_of(expected, count, waiter);
    if (waiter->queue != NULL) {
      wait_queue_remove(waiter);
      CHECK(waiter->queue == NULL);
      memmove(&expected[place], &expected[place + 1], (--count - place) * sizeof expected[0]);
    } else if (count > 0 && random_below(&random, 4) == 0) {
      place = random_below(&random, count);
      wait_queue_insert(&queue, waiter, expected[place]);
      memmove(&expected[place + 1], &expected[place], (count++ - place) * sizeof expected[0]);
      expected[place] = waiter;
    } else {
      wait_queue_push(&queue, waiter);
      expected[count++] = waiter;
    }
    must_be(&queue, expected, count);
  }
}

/* ---- the state table -------------------------------------------------------------------------------------------- */

enum { QUEUES = 3 };

static struct {
  struct wait_queue queues[QUEUES];
  struct waiter waiters[QUEUES];
  struct wait *wait;
  struct waiter *winner;
  bool came_back;
  int result;
  int64_t deadline;
} world;

static int run_program(int (*program)(void *)) {
  memset(&world, 0, sizeof world);
  world.deadline = WEIR_FOREVER;
  return weir_run(&(struct weir_config){.workers = 1}, program, NULL);
}

static void wait_in_all(void *arg) {
  (void)arg;
  struct wait *wait = wait_open(WAIT_FOR_GROUP, world.waiters, QUEUES, sizeof world.waiters[0]);
  world.wait = wait;
  CHECK_EQ_INT(wait->state, WAIT_OPEN);
  for (int i = 0; i < QUEUES; i++)
    wait_enlist(wait, &world.waiters[i], &world.queues[i]);
  world.winner = wait_commit(wait, world.deadline, NULL);
  CHECK_EQ_INT(wait->state, WAIT_IDLE);
  CHECK(!wheel_pending(&wait->expiry));
  for (int i = 0; i < QUEUES; i++)
    if (world.waiters[i].queue != NULL)
      wait_queue_remove(&world.waiters[i]);
  world.came_back = true;
}

static void start_waiting(void) {
  CHECK_EQ_INT(weir_go(wait_in_all, NULL), 0);
  weir_yield();
  CHECK_EQ_INT(world.wait->state, WAIT_OPEN);
  CHECK(!world.came_back);
}

/* Idle, open, claimed, idle; the losers stay enlisted until the task runs again, and claim nothing. */
static int claim_twice(void *arg) {
  (void)arg;
  start_waiting();
  CHECK(wait_claim(&world.waiters[1]));
  CHECK_EQ_INT(world.wait->state, WAIT_CLAIMED);
  CHECK(world.wait->winner == &world.waiters[1]);
  CHECK(world.waiters[1].queue == NULL && wait_queue_empty(&world.queues[1]));
  CHECK(world.waiters[0].queue == &world.queues[0]);
  CHECK(!wait_claim(&world.waiters[0]));
  CHECK(!wait_claim(&world.waiters[2]));
  CHECK(world.waiters[0].queue == NULL && world.waiters[2].queue == NULL);
  CHECK(world.wait->winner == &world.waiters[1]);
  wait_wake(world.wait);
  CHECK(!world.came_back);
  weir_yield();
  CHECK(world.came_back);
  CHECK(world.winner == &world.waiters[1]);
  return 0;
}

static void is_claimed_exactly_once(void) {
  CHECK_EQ_INT(run_program(claim_twice), 0);
}

/* Lets the wheel, and it alone, believe that the deadline has come. */
static void let_it_expire(void) {
  struct worker *worker = worker_here();
  const int64_t past = world.deadline + (1 << WHEEL_TICK_BITS);
  wheel_advance(&worker->wheel, past);
  struct wheel_node *node = wheel_pop(&worker->wheel);
  CHECK(node == &world.wait->expiry);
  port_lock(&worker->wheel_lock);
  worker_expire(worker, node, past);
  port_unlock(&worker->wheel_lock);
}

static int waker_then_deadline(void *arg) {
  (void)arg;
  world.deadline = weir_now() + 100 * WEIR_SECOND;
  start_waiting();
  CHECK(wheel_pending(&world.wait->expiry));
  CHECK(wait_wake_first(&world.queues[0]));
  let_it_expire();
  CHECK_EQ_INT(world.wait->state, WAIT_CLAIMED);
  CHECK(!wait_wake_first(&world.queues[2]));
  weir_yield();
  CHECK(world.came_back);
  CHECK(world.winner == &world.waiters[0]);
  CHECK_EQ_INT(worker_here()->watched, 0);
  return 0;
}

static int deadline_then_waker(void *arg) {
  (void)arg;
  world.deadline = weir_now() + 100 * WEIR_SECOND;
  start_waiting();
  let_it_expire();
  CHECK_EQ_INT(world.wait->state, WAIT_CLAIMED);
  for (int i = 0; i < QUEUES; i++) {
    CHECK(!wait_wake_first(&world.queues[i]));
    CHECK(wait_queue_empty(&world.queues[i])); /* who came too late has taken it out */
  }
  weir_yield();
  CHECK(world.came_back);
  CHECK(world.winner == NULL);
  CHECK_EQ_INT(worker_here()->watched, 0);
  return 0;
}

static void in_one_round_the_waker_comes_first(void) {
  CHECK_EQ_INT(run_program(waker_then_deadline), 0);
}

static void in_one_round_the_deadline_comes_first(void) {
  CHECK_EQ_INT(run_program(deadline_then_waker), 0);
}

static int abort_it(void *arg) {
  (void)arg;
  world.deadline = weir_now() + 100 * WEIR_SECOND;
  start_waiting();
  const size_t watched = worker_here()->watched;
  wait_abort(world.wait);
  CHECK_EQ_INT(world.wait->state, WAIT_IDLE);
  CHECK(!wheel_pending(&world.wait->expiry));
  CHECK_EQ_INT(worker_here()->watched, watched - 1);
  for (int i = 0; i < QUEUES; i++)
    CHECK(world.waiters[i].queue == NULL && wait_queue_empty(&world.queues[i]));
  weir_yield();
  CHECK(!world.came_back); /* it was not woken */
  wait_abort(world.wait);  /* again: nothing */
  return 0;
}

static void an_aborted_wait_is_in_no_queue(void) {
  CHECK_EQ_INT(run_program(abort_it), 0); /* it says on standard error who is left over */
}

/* ---- one queue -------------------------------------------------------------------------------------------------- */

enum { LINE = 6 };
static int order[LINE], ordered;
static int64_t deadlines[LINE];

static void stand_in_line(void *arg) {
  const int me = (int)(intptr_t)arg;
  const int result = wait_in_queue(WAIT_FOR_GROUP, &world.queues[0], deadlines[me], NULL);
  CHECK_EQ_INT(result, deadlines[me] == WEIR_FOREVER ? 0 : -ETIMEDOUT);
  if (result == 0)
    order[ordered++] = me;
}

/* First in, first out; whoever timed out at the head, in the middle and at the tail is passed over. */
static int line_up(void *arg) {
  (void)arg;
  const int64_t soon = weir_now() + 100 * WEIR_SECOND;
  for (intptr_t i = 0; i < LINE; i++) {
    deadlines[i] = i == 0 || i == 3 || i == LINE - 1 ? soon : WEIR_FOREVER;
    CHECK_EQ_INT(weir_go(stand_in_line, (void *)i), 0);
  }
  weir_yield();
  struct worker *worker = worker_here();
  const int64_t past = soon + (1 << WHEEL_TICK_BITS);
  wheel_advance(&worker->wheel, past);
  port_lock(&worker->wheel_lock);
  for (struct wheel_node *node; (node = wheel_pop(&worker->wheel)) != NULL;)
    worker_expire(worker, node, past);
  port_unlock(&worker->wheel_lock);
  int woken = 0;
  while (wait_wake_first(&world.queues[0]))
    woken++;
  CHECK_EQ_INT(woken, LINE - 3);
  weir_yield();
  CHECK_EQ_INT(ordered, LINE - 3);
  CHECK(order[0] == 1 && order[1] == 2 && order[2] == 4);
  return 0;
}

static void a_queue_is_first_in_first_out(void) {
  CHECK_EQ_INT(run_program(line_up), 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(queue_against_an_array),
    CHECK_CASE(is_claimed_exactly_once),
    CHECK_CASE(in_one_round_the_waker_comes_first),
    CHECK_CASE(in_one_round_the_deadline_comes_first),
    CHECK_CASE(an_aborted_wait_is_in_no_queue),
    CHECK_CASE(a_queue_is_first_in_first_out),
};
CHECK_MAIN(cases)
