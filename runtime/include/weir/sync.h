/* weir/sync.h — waiting for a group of tasks.
 *
 *     weir_waitgroup group = {0};
 *     weir_waitgroup_add(&group, 2);  ... each task ends with weir_waitgroup_done(&group); ...
 *     weir_waitgroup_wait(&group);
 *
 * Caller storage; all-zero is ready to use; it must stay valid while a task waits on it, also when main has
 * returned. Nothing here allocates.
 */
#ifndef WEIR_SYNC_H
#define WEIR_SYNC_H

#include <weir/base.h>

WEIR_BEGIN

typedef struct weir_waitgroup {
  int64_t count;
  void *waiters;
  uint32_t lock;
  uint32_t reserved;
} weir_waitgroup;

/* Adds n, which may be negative, to the counter; at zero every waiter goes on.
 * Returns 0, or -EINVAL (nothing changed) when the counter would become negative or overflow. Does not block. */
WEIR_API int weir_waitgroup_add(weir_waitgroup *group, int64_t n);

/* weir_waitgroup_add(group, -1). */
WEIR_API int weir_waitgroup_done(weir_waitgroup *group);

/* Blocks until the counter is zero. Returns 0, -ETIMEDOUT (the _until form), or -EPERM when it would have to block
 * outside a task or inside a deferred function. */
WEIR_API int weir_waitgroup_wait(weir_waitgroup *group);
WEIR_API int weir_waitgroup_wait_until(weir_waitgroup *group, int64_t deadline);

WEIR_END

#endif
