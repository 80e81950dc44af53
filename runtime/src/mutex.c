/* mutex.c — the mutex.
 *
 *   state     held by  set by
 *   0         nobody
 *   HELD      one      lock, or an unlock that hands over
 *   | COMING  (either) an unlock that has woken the first waiter to try; cleared by that waiter when it runs
 *
 * With HELD goes the holder's number, for reports. All fields are guarded by the lock; the unlocked mutex becomes
 * visible with port_unlock, which is the unlocker's last touch, so that the next owner may free it.
 *
 * Invariant, where the lock is free: if somebody waits and the mutex is not held, then COMING is set: a waiter is on
 * its way, has left the queue, and takes the mutex or goes back to the head of the queue.
 *
 * An unlock hands over to the first waiter if that has been passed by weir_mutex_patience times, else it leaves the
 * mutex free and has the waiter try. Patience is 0 on one worker: strictly first in, first out, one switch a lock. With
 * several workers a hand-over keeps the mutex idle until the new owner has been switched to, perhaps on another worker,
 * and has every running task that wants it block (the lock convoy); a patience of a few lets those that run go on, and
 * bounds what a waiter suffers without reading a clock.
 *
 * Rejected: one state word with compare-and-swap and the lock for waiting only (as many atomic instructions a lock and
 * unlock, one each, and an unlock that must not touch what it has freed while somebody takes the slow path); a time
 * limit as in Go (a clock reading each time somebody waits).
 */
#include "sync.h"

#include <errno.h>

enum { HELD = 1, COMING = 2, HOLDER_SHIFT = 2 };

_Static_assert(HOLDER_BITS + HOLDER_SHIFT <= 32, "a holder fits beside the flags");

struct mutex_waiter {
  struct waiter waiter;
  uint32_t passed; /* how often it was woken to try and found the mutex held */
  bool owns;       /* handed over */
};

uint32_t weir_mutex_patience;

static inline struct wait_queue *queue_of(weir_mutex *mutex) {
  return (struct wait_queue *)&mutex->waiters;
}

static inline struct port_lock *lock_of(weir_mutex *mutex) {
  return (struct port_lock *)&mutex->lock;
}

static inline uint32_t held_by(uint32_t holder) {
  return HELD | holder << HOLDER_SHIFT;
}

uint32_t mutex_holder(const struct waiter *waiter) {
  const weir_mutex *mutex = container_of((void **)waiter->queue, weir_mutex, waiters);
  return mutex->state >> HOLDER_SHIFT;
}

bool mutex_locked(weir_mutex *mutex) {
  port_lock(lock_of(mutex));
  bool locked = mutex->state & HELD;
  port_unlock(lock_of(mutex));
  return locked;
}

/* First in, first out; who has been on its way and came too late goes to the head again. */
static void enlist(struct mutex_waiter *self, weir_mutex *mutex, bool again) {
  struct wait *wait = wait_open(WAIT_FOR_MUTEX, &self->waiter, 1, sizeof *self);
  struct wait_queue *queue = queue_of(mutex);
  if (again && !wait_queue_empty(queue)) {
    self->waiter.wait = wait;
    wait_queue_insert(queue, &self->waiter, queue->head);
  } else {
    wait_enlist(wait, &self->waiter, queue);
  }
}

/* The mutex is held by somebody, and the lock is held. */
static __attribute__((noinline)) int lock_slowly(weir_mutex *mutex, int64_t deadline) {
  if (deadline == WEIR_POLL || !wait_allowed()) {
    port_unlock(lock_of(mutex));
    return deadline == WEIR_POLL ? -ETIMEDOUT : -EPERM;
  }
  struct mutex_waiter self = {.passed = 0};
  for (bool again = false; mutex->state & HELD; again = true) {
    enlist(&self, mutex, again);
    if (!sync_commit(&self.waiter, deadline, lock_of(mutex))) {
      port_unlock(lock_of(mutex));
      return -ETIMEDOUT;
    }
    if (self.owns)
      return 0;
    port_lock(lock_of(mutex));
    mutex->state &= ~(uint32_t)COMING;
    self.passed++;
  }
  mutex->state |= held_by(holder_here());
  port_unlock(lock_of(mutex));
  return 0;
}

int weir_mutex_lock_until(weir_mutex *mutex, int64_t deadline) {
  port_step_on("mutex lock", mutex);
  port_lock(lock_of(mutex));
  if (unlikely(mutex->state & HELD))
    return lock_slowly(mutex, deadline);
  mutex->state |= held_by(holder_here());
  port_unlock(lock_of(mutex));
  return 0;
}

int weir_mutex_lock(weir_mutex *mutex) {
  return weir_mutex_lock_until(mutex, WEIR_FOREVER);
}

int weir_mutex_try_lock(weir_mutex *mutex) {
  port_step_on("mutex try lock", mutex);
  port_lock(lock_of(mutex));
  int result = mutex->state & HELD ? -EAGAIN : 0;
  if (result == 0)
    mutex->state |= held_by(holder_here());
  port_unlock(lock_of(mutex));
  return result;
}

/* Somebody waits and nobody is on its way. Says whom to wake. */
static __attribute__((noinline)) struct waiter *unlock_for_waiter(weir_mutex *mutex) {
  mutex->state = 0;
  struct waiter *waiter = queue_claim_first(queue_of(mutex));
  if (waiter == NULL)
    return NULL;
  struct mutex_waiter *first = container_of(waiter, struct mutex_waiter, waiter);
  first->owns = first->passed >= weir_mutex_patience;
  mutex->state = first->owns ? held_by(holder_of(container_of(waiter->wait, struct task, wait))) : COMING;
  return waiter;
}

int mutex_unlock(weir_mutex *mutex) {
  port_lock(lock_of(mutex));
  if (unlikely(!(mutex->state & HELD))) {
    port_unlock(lock_of(mutex));
    return -EPERM;
  }
  struct waiter *waiter = NULL;
  if (likely(wait_queue_empty(queue_of(mutex)) || mutex->state & COMING))
    mutex->state &= COMING;
  else
    waiter = unlock_for_waiter(mutex);
  port_unlock(lock_of(mutex));
  if (waiter != NULL)
    wait_wake(waiter->wait);
  return 0;
}

int weir_mutex_unlock(weir_mutex *mutex) {
  port_step_on("mutex unlock", mutex);
  return mutex_unlock(mutex);
}
