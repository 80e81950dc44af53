/* wait.c — see wait.h. */
#include "wait.h"

#include "worker.h"

#include <errno.h>

bool wait_allowed(void) {
  const struct task *current = worker_here()->current;
  return current != NULL && !current->deferring;
}

struct wait *wait_open(enum wait_kind kind, struct waiter *first, size_t count, size_t stride) {
  const struct worker *worker = worker_here();
  struct wait *wait = &worker->current->wait;
  wait->kind = (uint16_t)kind;
  if (WORKER_STAMPS)
    wait->since = worker->stamp;
  wait->met = 0;
  wait->winner = NULL;
  wait->first = first;
  wait->count = (uint32_t)count;
  wait->stride = (uint32_t)stride;
  __atomic_store_n(&wait->state, WAIT_OPEN, __ATOMIC_RELAXED); /* published by the lock of the queue, or of the wheel */
  return wait;
}

/* The wait's deadline goes into the wheel of the worker that it waits on. */
static void arm_deadline(struct wait *wait, int64_t deadline) {
  struct worker *worker = worker_here();
  wait->timed = true;
  port_tally(&worker->watched, 1);
  worker_wheel_add(worker, &wait->expiry, deadline);
}

static void disarm_deadline(struct wait *wait) {
  wait->timed = false;
  worker_wheel_remove(&wait->expiry);
  port_tally(&worker_here()->watched, (size_t)-1);
}

struct waiter *wait_commit(struct wait *wait, int64_t deadline, struct port_lock *lock) {
  wait->deadline = deadline;
  if (deadline != WEIR_FOREVER)
    arm_deadline(wait, deadline);
  if (lock != NULL)
    port_unlock(lock);
  worker_suspend(worker_here(), DEPARTURE_BLOCKED);
  __atomic_store_n(&wait->state, WAIT_IDLE,
                   __ATOMIC_RELAXED); /* pairs with wait_is_open, of a waiter not yet withdrawn */
  if (wait->timed)
    disarm_deadline(wait);
  return wait->winner;
}

void wait_wake(struct wait *wait) {
  if (port_several() && !port_meet(&wait->met))
    return;
  task_ready(container_of(wait, struct task, wait));
}

bool wait_wake_first(struct wait_queue *queue) {
  while (!wait_queue_empty(queue)) {
    struct waiter *waiter = queue->head;
    struct wait *wait = waiter->wait;
    if (wait_claim(waiter)) {
      wait_wake(wait);
      return true;
    }
  }
  return false;
}

int wait_in_queue(enum wait_kind kind, struct wait_queue *queue, int64_t deadline, struct port_lock *lock) {
  struct waiter waiter;
  struct wait *wait = wait_open(kind, &waiter, 1, sizeof waiter);
  wait_enlist(wait, &waiter, queue);
  if (wait_commit(wait, deadline, lock) != NULL)
    return 0;
  if (lock != NULL)
    port_lock(lock);
  if (waiter.queue != NULL)
    wait_queue_remove(&waiter);
  if (lock != NULL)
    port_unlock(lock);
  return -ETIMEDOUT;
}

void wait_abort(struct wait *wait) {
  if (wait->state == WAIT_IDLE) {
    wait->count = 0;
    return;
  }
  char *waiter = (char *)wait->first;
  for (uint32_t i = 0; i < wait->count; i++, waiter += wait->stride)
    if (((struct waiter *)waiter)->queue != NULL)
      wait_queue_remove((struct waiter *)waiter);
  if (wait->timed)
    disarm_deadline(wait);
  wait->state = WAIT_IDLE;
}
