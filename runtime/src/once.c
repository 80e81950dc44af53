/* once.c — a function that runs once.
 *
 *   state             moved by                 to
 *   FRESH (0)         the first caller         RUNNING, with its number; others wait
 *   RUNNING           that caller, fn is over  DONE: all who wait go on, later ones do not wait
 *
 * Guarded by the lock, but for one reading without it: a later call sees DONE and returns at once, and its caller may
 * then free the once. That must not happen between the store of DONE and the port_unlock behind it; so such a call also
 * looks that the lock is free, after it has seen DONE.
 */
#include "sync.h"

#include <errno.h>

enum { FRESH, RUNNING, DONE, STATE_MASK = 3, HOLDER_SHIFT = 2 };

static struct wait_queue *queue_of(weir_once *once) {
  return (struct wait_queue *)&once->waiters;
}

static struct port_lock *lock_of(weir_once *once) {
  return (struct port_lock *)&once->lock;
}

uint32_t once_holder(const struct waiter *waiter) {
  return container_of(waiter->queue, weir_once, waiters)->state >> HOLDER_SHIFT;
}

/* Pairs with run's store of DONE, which happens while the lock word is not 0: who sees DONE sees that, or its end. */
static inline bool is_done(const weir_once *once) {
  return __atomic_load_n(&once->state, __ATOMIC_ACQUIRE) == DONE && __atomic_load_n(&once->lock, __ATOMIC_ACQUIRE) == 0;
}

/* The lock is held. */
static int run(weir_once *once, void (*fn)(void *), void *arg) {
  __atomic_store_n(&once->state, RUNNING | holder_here() << HOLDER_SHIFT, __ATOMIC_RELAXED);
  port_unlock(lock_of(once));
  fn(arg);
  struct wake_list woken = {0};
  port_lock(lock_of(once));
  __atomic_store_n(&once->state, DONE, __ATOMIC_RELEASE);
  wake_list_claim_all(&woken, queue_of(once));
  port_unlock(lock_of(once));
  wake_list_wake(&woken);
  return 0;
}

int weir_once_do_until(weir_once *once, void (*fn)(void *), void *arg, int64_t deadline) {
  port_step_on("once", once);
  if (likely(is_done(once)))
    return 0;
  if (fn == NULL)
    return -EINVAL;
  port_lock(lock_of(once));
  uint32_t state = once->state & STATE_MASK;
  if (state == FRESH)
    return run(once, fn, arg);
  if (state == RUNNING && deadline != WEIR_POLL && wait_allowed())
    return wait_in_queue(WAIT_FOR_ONCE, queue_of(once), deadline, lock_of(once));
  port_unlock(lock_of(once));
  return state == DONE ? 0 : deadline == WEIR_POLL ? -ETIMEDOUT : -EPERM;
}

int weir_once_do(weir_once *once, void (*fn)(void *), void *arg) {
  return weir_once_do_until(once, fn, arg, WEIR_FOREVER);
}
