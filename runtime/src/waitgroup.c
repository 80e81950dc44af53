/* waitgroup.c — the wait group: a counter with a queue.
 *
 * Invariant, where the lock is free: nobody who is still to be claimed waits while the counter is zero.
 */
#include "sync.h"

#include <errno.h>

_Static_assert(sizeof(struct wait_queue) == sizeof(void *), "a wait group's waiters field is a queue");
_Static_assert(sizeof(struct port_lock) == sizeof(uint32_t), "its lock field is a lock");

static struct wait_queue *queue_of(weir_waitgroup *group) {
  return (struct wait_queue *)&group->waiters;
}

static struct port_lock *lock_of(weir_waitgroup *group) {
  return (struct port_lock *)&group->lock;
}

int weir_waitgroup_add(weir_waitgroup *group, int64_t n) {
  port_step_on("group add", group);
  struct wake_list woken = {0};
  int64_t count;
  port_lock(lock_of(group));
  int result = __builtin_add_overflow(group->count, n, &count) || count < 0 ? -EINVAL : 0;
  if (likely(result == 0)) {
    group->count = count;
    if (count == 0)
      wake_list_claim_all(&woken, queue_of(group));
  }
  port_unlock(lock_of(group));
  wake_list_wake(&woken);
  return result;
}

int weir_waitgroup_done(weir_waitgroup *group) {
  return weir_waitgroup_add(group, -1);
}

int weir_waitgroup_wait_until(weir_waitgroup *group, int64_t deadline) {
  port_step_on("group wait", group);
  port_lock(lock_of(group));
  if (likely(group->count != 0 && deadline != WEIR_POLL && wait_allowed()))
    return wait_in_queue(WAIT_FOR_GROUP, queue_of(group), deadline, lock_of(group));
  int result = group->count == 0 ? 0 : deadline == WEIR_POLL ? -ETIMEDOUT : -EPERM;
  port_unlock(lock_of(group));
  return result;
}

int weir_waitgroup_wait(weir_waitgroup *group) {
  return weir_waitgroup_wait_until(group, WEIR_FOREVER);
}
