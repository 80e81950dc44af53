/* inbox.h — what other threads hand to the run: posts that become tasks, and the completions of weir_blocking.
 *
 * A foreign thread touches no wait, queue, stack or book: it pushes a node, and a worker delivers it.
 *
 *   head      moved by                                              to
 *   CLOSED    a run begins, inbox_open                              empty (NULL)
 *   empty     any thread, a push (then it interrupts the poller)    the newest node
 *   a node    any thread, a push                                    a newer node
 *   a node    the draining worker                                   empty: completions are delivered, posts held
 *   empty     a worker, inbox_close_if_empty                        CLOSED
 *   any       the run's end, inbox_end                              CLOSED
 *
 * Invariants: head is changed by atomic operations in every mode, because the pusher is another thread; `held` belongs
 * to whoever claimed `draining`. Posts begin in the order of their pushes, a round's worth at a time; a completion
 * needs no memory and overtakes those that wait for theirs. A pusher is counted while it may touch the inbox or the
 * poller; inbox_end waits until none is, so that none writes to a descriptor of the past.
 *
 * Rejected: a lock around a queue (a poster that is preempted would stop the workers); an allocation-free post with
 * caller storage (the storage's life would end with the task's begin, on another thread); making the task on the
 * poster's thread (stacks, books and numbers would all need locks on one worker).
 */
#ifndef WEIR_SRC_INBOX_H
#define WEIR_SRC_INBOX_H

#include "port.h"

struct inbox_node {
  struct inbox_node *next;
  void (*deliver)(struct inbox_node *node); /* on a worker; afterwards the node may be gone. NULL: a post */
};

struct inbox {
  struct inbox_node *head;
  struct inbox_node *held; /* posts, the oldest first; written by the draining worker */
  struct inbox_node *held_last;
  uint32_t draining;
  uint32_t pushers;
  size_t externals; /* weir_external_begin less weir_external_end */
};
extern WEIR_INTERNAL struct inbox weir_inbox;

#define INBOX_CLOSED ((struct inbox_node *)1)

/* Begins and ends what other threads may do; inside poller_begin and poller_end. The end drops posts that were not
 * delivered, and returns their number. */
void inbox_open(void);
size_t inbox_end(void);

/* From any thread. False: closed; the node is still the caller's. */
bool inbox_push(struct inbox_node *node);

/* Two relaxed loads of one cache line. True also while posts are held. */
static inline bool inbox_pending(void) {
  struct inbox_node *head = __atomic_load_n(&weir_inbox.head, __ATOMIC_RELAXED);
  return unlikely(((uintptr_t)head & ~(uintptr_t)1) != 0 ||
                  __atomic_load_n(&weir_inbox.held, __ATOMIC_RELAXED) != NULL);
}

/* On a worker: delivers what has come. True: there was no memory for a post's task; it is held, and so are the posts
 * behind it. Wait a little before the next try. */
bool inbox_drain(void);

/* Nothing can run any more: closes the inbox if it is empty, at once for every pusher. False: something has come. */
bool inbox_close_if_empty(void);

/* Somebody outside may still make a task runnable: an external is open, or a blocking job is under way. */
bool foreign_expected(void);

/* The calling thread no longer expects anything: wakes the run, so that it can see whether anybody does. */
void inbox_interrupt(void);

#endif
