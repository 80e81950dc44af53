/* poller.h — readiness of file descriptors, and the one place where a worker's thread sleeps.
 *
 * One epoll instance a run, edge-triggered, shared by all workers. A descriptor is registered once, for both
 * directions, when a task first has to wait for it, and stays registered until it is forgotten. A record a number says
 * who waits.
 *
 * Invariants (a record's lock guards its fields):
 *   - A task looks with poll(2), and enlists, in one section of the lock; an edge is delivered in another. So an edge
 *     that came before the enlisting is seen by the look, a later one finds the waiter. A registration that is new
 *     reports the present state as an edge. An edge that finds nobody is dropped.
 *   - An event carries the record's generation; forgetting counts it up, so that what epoll_wait returned before the
 *     forgetting wakes nobody after it.
 *   - Records never move and live until the run ends: their table is chunks that double in size (26 pointers reach
 *     every number). Only a number beyond all chunks allocates.
 *   - At most one live waiter a direction; stale ones (claimed, their task has not run yet) may stand beside it.
 *   - The interruption is an eventfd, level-triggered: only the waiting server reads it, so a server that does not wait
 *     cannot swallow it. `interrupted` is set before the write and cleared after the read: a busy worker is interrupted
 *     by one system call, however often, and one that was never interrupted executes no atomic operation here.
 *
 * Rejected: level-triggered with one-shot (an epoll_ctl a wait); remembering edges in the record instead of poll(2) (a
 * descriptor made ready by somebody's partial read would be missed); an edge-triggered eventfd (whoever polls first
 * swallows it); an interruption state "waiting" (an atomic exchange a sleep, to save a write made once a sleep).
 */
#ifndef WEIR_SRC_POLLER_H
#define WEIR_SRC_POLLER_H

#include "wait.h"

#include <weir/poll.h>

/* A task in weir_poll: one of these a direction in a run, one in a simulation. */
struct poll_waiter {
  struct waiter waiter;
  int fd;
  int events; /* asked for, both directions */
  int result; /* set by the waker */
};

/* What poll(2) says now: ready events, 0, or -EBADF. */
int poll_look(int fd, int events);

/* What a waiter is told of these ready events; 0: it goes on waiting. */
static inline int poll_result(int asked, int ready) {
  return ready & (asked | POLLERR | POLLHUP);
}

/* At the start of a run, never of a simulation. 0, or -ENOMEM (the log says what the system refused). */
int poller_begin(void);
/* When no task is left and no other thread can interrupt any more. Nothing without a beginning. */
void poller_end(void);

/* Wakes the tasks whose descriptors are ready; when there is none, waits until a deadline on port_clock
 * (WEIR_POLL does not wait, WEIR_FOREVER), an interruption or a signal. Returns how many it woke. One worker at a time
 * may wait; others may meanwhile serve with WEIR_POLL. */
unsigned poller_serve(int64_t until);

/* Sleeps until a descriptor or the interruption is ready, or the deadline has passed, and takes the interruption; what is
 * ready stays for poller_serve. True when it took one, even as the deadline passed: the caller looks at everything again.
 * True also when a descriptor is ready, which a caller must serve even if nobody waits for it, because it would not sleep
 * again. So one of several workers is no longer idle when it wakes tasks, and what is ready can be delivered by another
 * meanwhile. One worker at a time. */
bool poller_sleep(int64_t until);

/* Makes the waiting poller_serve return, or the next one that would wait. Any thread, also a signal handler, between
 * poller_begin and poller_end. */
void poller_interrupt(void);

/* Tasks now blocked in weir_poll. */
size_t poller_waiting(void);

/* Of these, so many more or fewer wait for what can help no other task; whether any is left that does not. */
void poller_hopeless(ptrdiff_t change);
bool poller_hoped(void);

/* weir_poll in a real run, from a task that may block, for a caller that has just seen EAGAIN. */
int poller_wait(int fd, int events, int64_t deadline);

#endif
