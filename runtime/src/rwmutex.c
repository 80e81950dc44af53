/* rwmutex.c — the reader-writer mutex: one queue of readers and writers, strictly first in, first out.
 *
 *   readers  writer              means
 *   0        0                   free
 *   n        0                   n read
 *   0        WRITTEN | a holder  one writes
 *
 * Invariant, where the lock is free: the first who waits and has not been claimed could not have it now. So whatever
 * gives something back, or takes a waiter out of the queue's head (a deadline), then admits from the head: one writer,
 * or all readers up to the next writer. Who comes and finds a queue waits behind it, even if those in it have just
 * been claimed by their deadlines: they withdraw, and admit.
 *
 * Hand-over is direct: writers are rare, or this is the wrong lock; there is no convoy of readers, which go together.
 *
 * Rejected: two queues with all waiting readers after each writer, as in Go (one that came after the next writer passes
 * it); a reader count without the lock (unlocking would have to look at the queue anyway).
 */
#include "sync.h"

#include <errno.h>

enum { WRITTEN = 1 << HOLDER_BITS };

struct rwmutex_waiter {
  struct waiter waiter;
  bool writes;
};

static inline struct wait_queue *queue_of(weir_rwmutex *rwmutex) {
  return (struct wait_queue *)&rwmutex->waiters;
}

static inline struct port_lock *lock_of(weir_rwmutex *rwmutex) {
  return (struct port_lock *)&rwmutex->lock;
}

uint32_t rwmutex_holder(const struct waiter *waiter) {
  return container_of(waiter->queue, weir_rwmutex, waiters)->writer & HOLDER_OUTSIDE;
}

static inline bool available(const weir_rwmutex *rwmutex, bool writes) {
  return rwmutex->writer == 0 && (!writes || rwmutex->readers == 0);
}

/* Lets go from the head whoever can. The lock is held; wake the list after it has been released. */
static void admit(weir_rwmutex *rwmutex, struct wake_list *woken) {
  struct wait_queue *queue = queue_of(rwmutex);
  while (!wait_queue_empty(queue)) {
    struct rwmutex_waiter *first = container_of(queue->head, struct rwmutex_waiter, waiter);
    bool writes = first->writes;
    if (!available(rwmutex, writes))
      return;
    if (!wait_claim(&first->waiter))
      continue;
    if (writes)
      rwmutex->writer = WRITTEN | holder_of(container_of(first->waiter.wait, struct task, wait));
    else
      rwmutex->readers++;
    wake_list_add(woken, &first->waiter);
  }
}

static void unlock_and_wake(weir_rwmutex *rwmutex) {
  struct wake_list woken = {0};
  admit(rwmutex, &woken);
  port_unlock(lock_of(rwmutex));
  wake_list_wake(&woken);
}

static __attribute__((noinline)) int lock_slowly(weir_rwmutex *rwmutex, bool writes, int64_t deadline) {
  if (deadline == WEIR_POLL || !wait_allowed()) {
    port_unlock(lock_of(rwmutex));
    return deadline == WEIR_POLL ? -ETIMEDOUT : -EPERM;
  }
  struct rwmutex_waiter self = {.writes = writes};
  struct wait *wait = wait_open(writes ? WAIT_FOR_WRITE : WAIT_FOR_READ, &self.waiter, 1, sizeof self);
  wait_enlist(wait, &self.waiter, queue_of(rwmutex));
  if (sync_commit(&self.waiter, deadline, lock_of(rwmutex)))
    return 0;
  unlock_and_wake(rwmutex); /* those behind may have waited for this one only */
  return -ETIMEDOUT;
}

/* True when it is the caller's; else the lock is still held. */
static inline bool take(weir_rwmutex *rwmutex, bool writes) {
  port_lock(lock_of(rwmutex));
  if (unlikely(!available(rwmutex, writes) || !wait_queue_empty(queue_of(rwmutex))))
    return false;
  if (writes)
    rwmutex->writer = WRITTEN | holder_here();
  else
    rwmutex->readers++;
  port_unlock(lock_of(rwmutex));
  return true;
}

int weir_rwmutex_lock_until(weir_rwmutex *rwmutex, int64_t deadline) {
  port_step_on("rwmutex lock", rwmutex);
  return likely(take(rwmutex, true)) ? 0 : lock_slowly(rwmutex, true, deadline);
}

int weir_rwmutex_lock(weir_rwmutex *rwmutex) {
  return weir_rwmutex_lock_until(rwmutex, WEIR_FOREVER);
}

int weir_rwmutex_read_lock_until(weir_rwmutex *rwmutex, int64_t deadline) {
  port_step_on("rwmutex read lock", rwmutex);
  return likely(take(rwmutex, false)) ? 0 : lock_slowly(rwmutex, false, deadline);
}

int weir_rwmutex_read_lock(weir_rwmutex *rwmutex) {
  return weir_rwmutex_read_lock_until(rwmutex, WEIR_FOREVER);
}

static int try_to_take(weir_rwmutex *rwmutex, bool writes) {
  if (take(rwmutex, writes))
    return 0;
  port_unlock(lock_of(rwmutex));
  return -EAGAIN;
}

int weir_rwmutex_try_lock(weir_rwmutex *rwmutex) {
  port_step_on("rwmutex try lock", rwmutex);
  return try_to_take(rwmutex, true);
}

int weir_rwmutex_try_read_lock(weir_rwmutex *rwmutex) {
  port_step_on("rwmutex try read lock", rwmutex);
  return try_to_take(rwmutex, false);
}

int weir_rwmutex_unlock(weir_rwmutex *rwmutex) {
  port_step_on("rwmutex unlock", rwmutex);
  port_lock(lock_of(rwmutex));
  int result = rwmutex->writer != 0 ? 0 : -EPERM;
  rwmutex->writer = 0;
  unlock_and_wake(rwmutex);
  return result;
}

int weir_rwmutex_read_unlock(weir_rwmutex *rwmutex) {
  port_step_on("rwmutex read unlock", rwmutex);
  port_lock(lock_of(rwmutex));
  int result = rwmutex->readers != 0 ? 0 : -EPERM;
  rwmutex->readers -= result == 0;
  unlock_and_wake(rwmutex);
  return result;
}
