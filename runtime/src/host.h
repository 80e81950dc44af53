/* host.h — what a library beside the core may have of it. weir_http is one: it drives somebody else's event loop.
 *
 *   a home        One worker owns the library's state. A task that calls in visits that worker and stays until it
 *                 leaves: pinned, so that a wake-up brings it back there. So the state needs no locks, and a look at
 *                 it and the enlisting that follows are one step.
 *   an errand     Foreign code runs on the worker's own stack, which is a thread's: a task's may be too small, and what
 *                 runs there cannot block by mistake. The task that asked waits; two switches, and no queue between.
 *   no hope       A task may wait for a descriptor, or until a time, from which no other task can hope for anything (an
 *                 idle connection's end): such a wait does not keep a deadlock from being found.
 *   an end        At a simulation's end everything that was made in it is freed: a library names what it has left, and
 *                 frees it, before the core looks at its own books.
 *
 * Rejected: a queue of jobs a worker (the mail of pinned tasks is one already); libcurl under a lock, on whatever worker
 * (its callbacks would hold it across wake-ups, and every request would move its cache lines).
 */
#ifndef WEIR_SRC_HOST_H
#define WEIR_SRC_HOST_H

#include "wait.h"

#include <weir/task.h>
#include <weir/timer.h>

/* The calling worker. */
WEIR_PRIVATE uint8_t host_here(void);

/* The calling task goes to that worker, and is pinned there until the visit ends. It may be a deferred function. Nothing
 * outside a task. */
struct host_visit {
  uint8_t home; /* before */
  bool pinned;
};
WEIR_PRIVATE struct host_visit host_visit_begin(uint8_t worker);
WEIR_PRIVATE void host_visit_end(struct host_visit visit);

/* Runs fn(arg) on the calling worker's own stack; there, and outside a task, right here. */
WEIR_PRIVATE void host_run(void (*fn)(void *arg), void *arg);

/* Starts a pinned daemon of the calling worker, also on its own stack. Its end, end(arg), is a deferred function from the
 * beginning: it comes also when the run ends before the task has begun. False without memory. */
WEIR_PRIVATE bool host_start(const char *name, void (*fn)(void *arg), void (*end)(void *arg), void *arg, uint32_t site);

/* Waits on a queue that belongs to the calling task's worker. 0 or -ETIMEDOUT; wait_allowed() was true. */
WEIR_PRIVATE int host_wait(struct wait_queue *queue, int64_t deadline);
/* The same, of a task from whose deadline nobody can hope for anything. */
WEIR_PRIVATE int host_doze(struct wait_queue *queue, int64_t deadline);

/* weir_poll without a deadline, and without a scheduling point before it: a simulation could otherwise let the number be
 * closed, and be another's, between the look that found it and the wait. */
WEIR_PRIVATE int host_poll(int fd, int events);

/* Called once, when a simulation is over and has no task any more: tells of each object that was made in it and is left,
 * and frees it. */
typedef void host_tell(void *context, const char *noun, uint32_t site);
struct host_library {
  struct host_library *next;
  bool present;
  void (*end)(host_tell *tell, void *context);
};
/* Asks for that in the simulation that is active. */
WEIR_PRIVATE void host_library_present(struct host_library *library);
/* For the verdict: the libraries end what they have. */
void host_libraries_end(host_tell *tell, void *context);

/* The tasks of a function timer are daemons from now on. */
WEIR_PRIVATE void host_timer_daemon(weir_timer *timer);

/* So many more tasks wait for a descriptor without hope, or fewer. */
WEIR_PRIVATE void host_hopeless(int change);

#endif
