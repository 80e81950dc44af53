/* cond.c — the condition variable: a queue that a task joins before it lets the mutex go.
 *
 * Nothing is lost between unlocking and waiting: the waiter is enlisted, its wait open, while the mutex is still held;
 * a signal that comes between may claim it before it has committed (as with a select's cases). A signal takes the first
 * waiter out of the queue for good: it can be neither lost to one that came later nor woken twice.
 *
 * No lock of the condition is held while the mutex is touched; the mutex is locked again like any other time, without
 * a deadline.
 *
 * Rejected: moving signalled waiters to the mutex's queue (both locks at once, and an owner that unlocks at once after
 * a broadcast gains nothing).
 */
#include "sync.h"

#include <errno.h>

static struct wait_queue *queue_of(weir_cond *cond) {
  return (struct wait_queue *)&cond->waiters;
}

static struct port_lock *lock_of(weir_cond *cond) {
  return (struct port_lock *)&cond->lock;
}

int weir_cond_wait_until(weir_cond *cond, weir_mutex *mutex, int64_t deadline) {
  port_step_on("cond wait", cond);
  if (!mutex_locked(mutex) || !wait_allowed())
    return -EPERM;
  if (deadline == WEIR_POLL)
    return -ETIMEDOUT;
  struct waiter waiter;
  struct wait *wait = wait_open(WAIT_FOR_COND, &waiter, 1, sizeof waiter);
  port_lock(lock_of(cond));
  wait_enlist(wait, &waiter, queue_of(cond));
  port_unlock(lock_of(cond));
  mutex_unlock(mutex);
  int result = 0;
  if (wait_commit(wait, deadline, NULL) == NULL) {
    port_lock(lock_of(cond));
    if (waiter.queue != NULL)
      wait_queue_remove(&waiter);
    port_unlock(lock_of(cond));
    result = -ETIMEDOUT;
  }
  weir_mutex_lock(mutex);
  return result;
}

int weir_cond_wait(weir_cond *cond, weir_mutex *mutex) {
  return weir_cond_wait_until(cond, mutex, WEIR_FOREVER);
}

int weir_cond_signal(weir_cond *cond) {
  port_step_on("cond signal", cond);
  port_lock(lock_of(cond));
  struct waiter *waiter = queue_claim_first(queue_of(cond));
  port_unlock(lock_of(cond));
  if (waiter != NULL)
    wait_wake(waiter->wait);
  return 0;
}

int weir_cond_broadcast(weir_cond *cond) {
  port_step_on("cond broadcast", cond);
  struct wake_list woken = {0};
  port_lock(lock_of(cond));
  wake_list_claim_all(&woken, queue_of(cond));
  port_unlock(lock_of(cond));
  wake_list_wake(&woken);
  return 0;
}
