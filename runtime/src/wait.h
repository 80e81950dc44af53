/* wait.h — THE waiting primitive. Channel, select, timer, sleep, wait group, settle (later descriptors, locks, HTTP)
 * all block through it.
 *
 * A task has one struct wait. To block it enlists waiters in queues and commits; whoever makes it run again claims it,
 * once.
 *
 *   state         moved by                               to
 *   WAIT_IDLE     the task, wait_open                    WAIT_OPEN     waiters may be enlisted, others may see them
 *   WAIT_OPEN     a waker, wait_claim                    WAIT_CLAIMED  with that waiter, which leaves its queue
 *   WAIT_OPEN     the deadline's expiry                  WAIT_CLAIMED  with no waiter
 *   WAIT_CLAIMED  the task, when wait_commit returns     WAIT_IDLE
 *   any           the run's end, wait_abort              WAIT_IDLE     without waking
 *
 * With several workers a task can be claimed as soon as it has enlisted, while it still runs. Its waker, done with the
 * operation, and its worker, once the task's stack is left, meet (wait->met): who comes second makes it runnable. So no
 * lock is held across a switch, and nobody runs a stack that another worker still stands on.
 *
 * Invariants: a waiter is in a queue only while its wait is open, or claimed but not yet resumed. The task then
 * withdraws those that lost, unless somebody who met them before has taken them out (wait_claim, chan_purge): whoever
 * asks whether a queue is waited on must look at the state. Queues are first in, first out. Queue and waiter belong to
 * the lock of the object. The deadline's wheel node is unlinked by its expiry, or by the task when it resumes; an
 * expiry that finds the wait claimed came second.
 * Nothing is allocated: a waiter lies on the waiting task's stack or in the caller's case array.
 *
 * Rejected: one object each for select and for single operations (two places for one race); waking by broadcast and
 * re-checking (a thundering herd, and no FIFO); a queue with a sentinel (16 bytes more in each channel).
 */
#ifndef WEIR_SRC_WAIT_H
#define WEIR_SRC_WAIT_H

#include "port.h"
#include "wheel.h"

struct wait_queue {
  struct waiter *head; /* circular: head->previous is the tail */
};

struct waiter {
  struct waiter *next;
  struct waiter *previous;
  struct wait *wait;
  struct wait_queue *queue; /* NULL when in none */
};

enum wait_state { WAIT_IDLE = 0, WAIT_OPEN, WAIT_CLAIMED };

/* What a blocked task waits for: reports name it, and the end of a run withdraws it. */
enum wait_kind {
  WAIT_FOR_TIME,
  WAIT_FOR_CASES,
  WAIT_FOR_GROUP,
  WAIT_FOR_SETTLE,
  WAIT_FOR_MUTEX,
  WAIT_FOR_READ,
  WAIT_FOR_WRITE,
  WAIT_FOR_COND,
  WAIT_FOR_ONCE,
  WAIT_FOR_BROKER,
  WAIT_FOR_DESCRIPTOR,
  WAIT_FOR_JOB,
  WAIT_FOR_RESPONSE, /* of HTTP */
  WAIT_FOR_REQUEST,  /* a connection, for something to do */
};

struct wait {
  uint32_t state;
  uint16_t kind;
  bool timed;     /* with a deadline */
  uint32_t since; /* its worker's stamp (books.h) when it opened */
  uint32_t met;
  struct waiter *winner; /* whom the waker claimed; NULL: the deadline passed */
  struct waiter *first;  /* the enlisted waiters: count of them, stride bytes apart */
  uint32_t count;
  uint32_t stride;
  int64_t deadline;
  struct wheel_node expiry;
};

static inline bool wait_queue_empty(const struct wait_queue *queue) {
  return queue->head == NULL;
}

/* A look without the lock: somebody may wait. Acquire keeps a look at something else behind it; whoever acts on it
 * takes the lock and looks again. */
static inline bool wait_queue_hint(const struct wait_queue *queue) {
  return __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE) != NULL;
}

static inline void wait_queue_set_head(struct wait_queue *queue, struct waiter *head) {
  __atomic_store_n(&queue->head, head, __ATOMIC_RELEASE); /* pairs with wait_queue_hint */
}

static inline void wait_queue_push(struct wait_queue *queue, struct waiter *waiter) {
  struct waiter *head = queue->head;
  waiter->queue = queue;
  if (head == NULL) {
    waiter->next = waiter->previous = waiter;
    wait_queue_set_head(queue, waiter);
    return;
  }
  struct waiter *tail = head->previous;
  waiter->next = head;
  waiter->previous = tail;
  tail->next = head->previous = waiter;
}

/* Puts a waiter before another that is in the queue. */
static inline void wait_queue_insert(struct wait_queue *queue, struct waiter *waiter, struct waiter *before) {
  waiter->queue = queue;
  waiter->next = before;
  waiter->previous = before->previous;
  before->previous->next = waiter;
  before->previous = waiter;
  if (queue->head == before)
    wait_queue_set_head(queue, waiter);
}

static inline void wait_queue_remove(struct waiter *waiter) {
  struct wait_queue *queue = waiter->queue;
  assert(queue != NULL);
  struct waiter *next = waiter->next;
  waiter->queue = NULL;
  if (next == waiter) {
    wait_queue_set_head(queue, NULL);
    return;
  }
  next->previous = waiter->previous;
  waiter->previous->next = next;
  if (queue->head == waiter)
    wait_queue_set_head(queue, next);
}

/* True when the calling context may block: a task, and not one of its deferred functions. */
WEIR_PRIVATE bool wait_allowed(void);

/* The calling task begins to wait for count waiters, stride bytes apart (count may be 0). */
struct wait *wait_open(enum wait_kind kind, struct waiter *first, size_t count, size_t stride);

static inline void wait_enlist(struct wait *wait, struct waiter *waiter, struct wait_queue *queue) {
  waiter->wait = wait;
  wait_queue_push(queue, waiter);
}

/* The waiter's task can still be woken: false of one that was claimed elsewhere. The object's lock is held, else the
 * wait might be gone. */
static inline bool wait_is_open(const struct wait *wait) {
  return __atomic_load_n(&wait->state, __ATOMIC_RELAXED) == WAIT_OPEN; /* a claim decides */
}

/* Blocks until claimed or until the deadline has passed. Releases *lock, which may be NULL. Returns the claimed waiter,
 * or NULL after the deadline; the waiters that lost are still enlisted. */
struct waiter *wait_commit(struct wait *wait, int64_t deadline, struct port_lock *lock);

/* A waker takes this waiter out of its queue, alone: true when it may now complete the operation and must call
 * wait_wake; false when somebody else was first. The object's lock is held. */
static inline bool wait_claim(struct waiter *waiter) {
  struct wait *wait = waiter->wait;
  wait_queue_remove(waiter);
  if (!port_claim(&wait->state, WAIT_OPEN, WAIT_CLAIMED))
    return false;
  wait->winner = waiter;
  return true;
}

/* Makes the task of a claimed wait runnable. */
void wait_wake(struct wait *wait);

/* Claims and wakes the first of a queue; false when the queue is empty. */
WEIR_PRIVATE bool wait_wake_first(struct wait_queue *queue);

/* Blocks on one queue: open, enlist, commit, withdraw. 0 or -ETIMEDOUT; wait_allowed() was true. */
int wait_in_queue(enum wait_kind kind, struct wait_queue *queue, int64_t deadline, struct port_lock *lock);

/* The run ends: takes every waiter and the deadline of a blocked task away without waking it. The wait then has the
 * count of what it waited for, 0 of a task that did not. */
void wait_abort(struct wait *wait);

#endif
