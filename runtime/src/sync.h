/* sync.h — what mutex, rwmutex, cond, once and waitgroup have in common: caller storage with a lock word and a queue in
 * it, and who holds what.
 *
 * Caller storage may be freed by the task that is let go. So whoever wakes claims waiters while it holds the object's
 * lock, and wakes them after it has released it; port_unlock, one store, is its last touch of the object. A task that
 * was let go does not touch the object again either: another one that was let go may have freed it. A fact that a task
 * can see without the lock and that allows it to free the object (once.c) needs care of its own.
 *
 * Rejected: waking under the lock (the woken task frees the storage on another worker, then the waker unlocks it).
 */
#ifndef WEIR_SRC_SYNC_H
#define WEIR_SRC_SYNC_H

#include <weir/sync.h>

#include "worker.h"

/* Waiters that were claimed, first in first out, chained by their next, which is free once they have left the queue. */
struct wake_list {
  struct waiter *first;
  struct waiter *last;
};

static inline void wake_list_add(struct wake_list *list, struct waiter *waiter) {
  waiter->next = NULL;
  if (list->first == NULL)
    list->first = waiter;
  else
    list->last->next = waiter;
  list->last = waiter;
}

/* Claims the first of a queue that nobody else has claimed; NULL when there is none. The object's lock is held. */
static inline struct waiter *queue_claim_first(struct wait_queue *queue) {
  while (!wait_queue_empty(queue)) {
    struct waiter *waiter = queue->head;
    if (likely(wait_claim(waiter)))
      return waiter;
  }
  return NULL;
}

/* Claims all. The object's lock is held. */
static inline void wake_list_claim_all(struct wake_list *list, struct wait_queue *queue) {
  for (struct waiter *waiter; (waiter = queue_claim_first(queue)) != NULL;)
    wake_list_add(list, waiter);
}

/* Lets them go. No lock is held. A waiter is gone as soon as its task has been woken. */
static inline void wake_list_wake(struct wake_list *list) {
  for (struct waiter *next, *waiter = list->first; waiter != NULL; waiter = next) {
    next = waiter->next;
    wait_wake(waiter->wait);
  }
}

/* Waits with one waiter, which is enlisted and whose object's lock is held (released here). True when claimed, false
 * when the deadline passed: then the lock is held again and the waiter is in no queue. */
static inline bool sync_commit(struct waiter *waiter, int64_t deadline, struct port_lock *lock) {
  if (wait_commit(waiter->wait, deadline, lock) != NULL)
    return true;
  port_lock(lock);
  if (waiter->queue != NULL)
    wait_queue_remove(waiter);
  return false;
}

/* Who holds a lock, for reports only: the low bits of a task's number, or this outside a task. One task in 2^30 has 0
 * there, and is named by no report. */
enum { HOLDER_BITS = 30, HOLDER_OUTSIDE = (1 << HOLDER_BITS) - 1 };

static inline uint32_t holder_of(const struct task *task) {
  return task == NULL ? HOLDER_OUTSIDE : task->number & HOLDER_OUTSIDE;
}

static inline uint32_t holder_here(void) {
  return holder_of(worker_here()->current);
}

/* Who holds what this waiter waits for, 0 when that is not one task: mutex.c, rwmutex.c, once.c. */
uint32_t mutex_holder(const struct waiter *waiter);
uint32_t rwmutex_holder(const struct waiter *waiter);
uint32_t once_holder(const struct waiter *waiter);

/* mutex.c, for cond.c: without a scheduling point. */
bool mutex_locked(weir_mutex *mutex);
int mutex_unlock(weir_mutex *mutex);

/* How often a waiter of a mutex may be passed by before an unlock hands over to it (mutex.c). */
extern uint32_t weir_mutex_patience;
enum { MUTEX_PATIENCE = 4 }; /* of several workers */

#endif
