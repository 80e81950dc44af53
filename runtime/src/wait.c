/* wait.c — see wait.h. */
#include "wait.h"

#include "worker.h"

#include <errno.h>

bool wait_allowed(void) {
  const struct task *current = worker_here()->current;
  return current != NULL && !current->deferring;
}

struct wait *wait_open(enum wait_kind kind, struct waiter *first, size_t count, size_t stride) {
  struct wait *wait = &worker_here()->current->wait;
  wait->state = WAIT_OPEN;
  wait->kind = kind;
  wait->winner = NULL;
  wait->first = first;
  wait->count = (uint32_t)count;
  wait->stride = (uint32_t)stride;
  return wait;
}

struct waiter *wait_commit(struct wait *wait, int64_t deadline, struct port_lock *lock) {
  struct worker *worker = worker_here();
  wait->deadline = deadline;
  if (deadline != WEIR_FOREVER) {
    wheel_add(&worker->wheel, &wait->expiry, deadline);
    worker->watched++;
  }
  if (lock != NULL)
    port_unlock(lock);
  worker_suspend(worker);
  wait->state = WAIT_IDLE;
  if (wheel_pending(&wait->expiry)) {
    worker = worker_here();
    wheel_remove(&worker->wheel, &wait->expiry);
    worker->watched--;
  }
  return wait->winner;
}

void wait_wake(struct wait *wait) {
  task_ready(container_of(wait, struct task, wait));
}

bool wait_wake_first(struct wait_queue *queue) {
  while (!wait_queue_empty(queue)) {
    struct waiter *waiter = queue->head;
    if (wait_claim(waiter)) {
      wait_wake(waiter->wait);
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
  if (wait->state == WAIT_IDLE)
    return;
  char *waiter = (char *)wait->first;
  for (uint32_t i = 0; i < wait->count; i++, waiter += wait->stride)
    if (((struct waiter *)waiter)->queue != NULL)
      wait_queue_remove((struct waiter *)waiter);
  if (wheel_pending(&wait->expiry)) {
    struct worker *worker = worker_here();
    wheel_remove(&worker->wheel, &wait->expiry);
    worker->watched--;
  }
  wait->state = WAIT_IDLE;
}
