/* weir/sync.h — locks, conditions, once, and waiting for a group of tasks.
 *
 *     weir_mutex mutex = {0};
 *     weir_mutex_lock(&mutex);  ...  weir_mutex_unlock(&mutex);
 *
 *     weir_waitgroup group = {0};
 *     weir_waitgroup_add(&group, 2);  ... each task ends with weir_waitgroup_done(&group); ...
 *     weir_waitgroup_wait(&group);
 *
 * Caller storage; all-zero is ready to use; nothing here allocates, and nothing needs to be destroyed. The storage must
 * stay valid while a call on it is under way, also when main has returned. It may be given up by whoever knows that no
 * other task is inside a call or will begin one, and a waker counts as gone as soon as it has let the other one go:
 * whoever got the mutex may free it after unlocking, whoever wait() let go may free the group, and so on. What tasks
 * held, or waited for, when their run ended must be set to zero before it is used again.
 *
 * A lock tells tasks apart in reports only: any task may unlock what another one locked, as in Go. A task that locks
 * again what it holds waits for itself; if that is a deadlock the report says who holds what.
 *
 * Common results of what blocks:
 *   0           done
 *   -ETIMEDOUT  the deadline passed first (the _until forms)
 *   -EPERM      the call would have to block outside a task or inside a deferred function
 * A call that can complete at once does so even if its deadline has passed.
 */
#ifndef WEIR_SYNC_H
#define WEIR_SYNC_H

#include <weir/base.h>

WEIR_BEGIN

/* The fields of these structures belong to the runtime. */

/* ---- mutex ------------------------------------------------------------------------------------------------------ */

typedef struct weir_mutex {
  void *waiters;
  uint32_t lock;
  uint32_t state;
} weir_mutex;

/* Locks. Results above. Those who wait get the mutex in the order in which they came; with several workers a task that
 * is running may come before them, but only a few times before the same waiter. */
WEIR_API int weir_mutex_lock(weir_mutex *mutex);
WEIR_API int weir_mutex_lock_until(weir_mutex *mutex, int64_t deadline);

/* Locks if that is possible at once: 0, else -EAGAIN. Any context. Does not block. */
WEIR_API int weir_mutex_try_lock(weir_mutex *mutex);

/* Unlocks: 0, or -EPERM when the mutex is not locked. Any context. Does not block. */
WEIR_API int weir_mutex_unlock(weir_mutex *mutex);

/* ---- reader-writer mutex ---------------------------------------------------------------------------------------- */

typedef struct weir_rwmutex {
  void *waiters;
  uint32_t lock;
  uint32_t readers;
  uint32_t writer;
  uint32_t reserved;
} weir_rwmutex;

/* Locks for one writer alone, or for any number of readers. Results above. Strictly first come, first served: who finds
 * somebody waiting waits behind him, so that a waiting writer bars new readers; a writer's unlock, and a writer that
 * gives up at its deadline, let all readers go that wait before the next writer. Reading again while one reads may
 * therefore deadlock, as in Go. */
WEIR_API int weir_rwmutex_lock(weir_rwmutex *rwmutex);
WEIR_API int weir_rwmutex_lock_until(weir_rwmutex *rwmutex, int64_t deadline);
WEIR_API int weir_rwmutex_read_lock(weir_rwmutex *rwmutex);
WEIR_API int weir_rwmutex_read_lock_until(weir_rwmutex *rwmutex, int64_t deadline);

/* The same if possible at once: 0, else -EAGAIN. Any context. Does not block. */
WEIR_API int weir_rwmutex_try_lock(weir_rwmutex *rwmutex);
WEIR_API int weir_rwmutex_try_read_lock(weir_rwmutex *rwmutex);

/* Unlocks: 0, or -EPERM when it is not locked that way. Any context. Does not block. */
WEIR_API int weir_rwmutex_unlock(weir_rwmutex *rwmutex);
WEIR_API int weir_rwmutex_read_unlock(weir_rwmutex *rwmutex);

/* ---- condition -------------------------------------------------------------------------------------------------- */

typedef struct weir_cond {
  void *waiters;
  uint32_t lock;
  uint32_t reserved;
} weir_cond;

/* Unlocks the mutex and waits, as one step; locks it again before it returns, however long that takes. It returns only
 * for a signal, a broadcast or the deadline, but another task may come between: look at the condition again.
 * Returns 0; -ETIMEDOUT (the _until form) with the mutex locked; -EPERM when the mutex is not locked, or when it cannot
 * block here: then nothing has happened and the mutex is as it was. With WEIR_POLL the mutex is not even unlocked. */
WEIR_API int weir_cond_wait(weir_cond *cond, weir_mutex *mutex);
WEIR_API int weir_cond_wait_until(weir_cond *cond, weir_mutex *mutex, int64_t deadline);

/* Lets the task go that has waited longest, or all that wait; with nobody waiting nothing happens. Returns 0. The
 * caller need not hold the mutex. Any context. Does not block. */
WEIR_API int weir_cond_signal(weir_cond *cond);
WEIR_API int weir_cond_broadcast(weir_cond *cond);

/* ---- once ------------------------------------------------------------------------------------------------------- */

typedef struct weir_once {
  void *waiters;
  uint32_t lock;
  uint32_t state;
} weir_once;

/* Calls fn(arg) in the first call for this once; every call returns when fn has returned. fn may block; if it calls
 * weir_once_do on the same once it waits for itself. Results above; -EINVAL when fn is NULL. The deadline bounds
 * waiting for another task's fn, not one's own. Runs fn in any context. */
WEIR_API int weir_once_do(weir_once *once, void (*fn)(void *arg), void *arg);
WEIR_API int weir_once_do_until(weir_once *once, void (*fn)(void *arg), void *arg, int64_t deadline);

/* ---- wait group ------------------------------------------------------------------------------------------------- */

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

/* Blocks until the counter is zero. Results above. */
WEIR_API int weir_waitgroup_wait(weir_waitgroup *group);
WEIR_API int weir_waitgroup_wait_until(weir_waitgroup *group, int64_t deadline);

WEIR_END

#endif
