/* chan.h — the inside of a channel, for the files that complete operations on it: chan.c, select.c, timer.c.
 *
 * Invariants, at every point where the lock is free:
 *   - senders wait only while the channel is open and length == capacity;
 *   - receivers wait only while the channel is open, length == 0 and nobody could be paired with them: a channel with a
 *     waiting sender and a waiting receiver exists only when all of them belong to one and the same select;
 *   - elements are received in the order in which they were sent, waiters served in the order in which they came;
 *   - the channel of a timer is only sent to by its timer; in prompt mode its one-element buffer is hidden from len and
 *     cap.
 *
 * With several workers an operation that was ended elsewhere (a deadline, another case) may still have to leave the
 * channel when its last reference is dropped. Such operations pin it: the last to leave frees it. And whoever drops the
 * last reference takes the lock before anything else, so that an operation that has just woken it is out.
 */
#ifndef WEIR_SRC_CHAN_H
#define WEIR_SRC_CHAN_H

#include <weir/chan.h>
#include <weir/select.h>

#include "books.h"
#include "wait.h"

enum chan_role { CHAN_PLAIN, CHAN_TIMER, CHAN_TICKER, CHAN_FUNCTION, CHAN_CONTEXT, CHAN_BROKER };

struct weir_chan {
  struct port_lock lock;
  uint32_t references;
  uint32_t element_size;
  uint32_t capacity;
  uint32_t length;
  uint32_t head; /* index of the oldest element */
  bool closed;
  uint8_t role : 6;   /* enum chan_role: what the object around it is */
  uint8_t daemon : 1; /* of a function timer: its task is one */
  uint8_t prompt : 1; /* of a timer: the mode it was made in */
  uint8_t book_home;  /* in whose register it is */
  bool armed;         /* of a timer */
  uint32_t book;
  uint32_t site;
  uint32_t stamp; /* of its making: books.h */
  struct wait_queue receivers;
  struct wait_queue senders;
  void (*drop)(void *element);
  uint32_t pins; /* waiters whose tasks have not left; kept with several workers only */
  bool dropped;  /* no reference is left, the last pin frees it */
  bool untimed;  /* nothing that is due can arrive on it, although it has a role */
  uint16_t
      order; /* in a simulation: counts its channels up, addresses would decide otherwise in another process; else 0 */
  /* the buffer follows */
};

static inline char *chan_slot(weir_chan *c, uint32_t index) {
  char *buffer = (char *)(c + 1);
  __asm__("" : "+r"(buffer)); /* the compiler must not bound it by the struct */
  return buffer + (size_t)index * c->element_size;
}

static inline struct weir_case *case_of(struct waiter *waiter) {
  return container_of(waiter, struct weir_case, reserved);
}

static inline struct waiter *waiter_of(struct weir_case *one) {
  return (struct waiter *)one->reserved;
}

/* Takes waiters out of a queue that were claimed elsewhere (a deadline, another case) and whose tasks have not yet run
 * to withdraw them; true when one that still waits is left. */
bool chan_purge(struct wait_queue *queue);

static inline bool chan_waited_on(struct wait_queue *queue) {
  return queue->head != NULL && (likely(wait_is_open(queue->head->wait)) || chan_purge(queue));
}

/* Looks without the lock, with several workers: an operation would perhaps not block. Whoever acts on it takes the lock
 * and looks again. */
static inline uint32_t chan_length_hint(const weir_chan *c) {
  return __atomic_load_n(&c->length, __ATOMIC_ACQUIRE); /* pairs with chan_set_length */
}

static inline bool chan_closed_hint(const weir_chan *c) {
  return __atomic_load_n(&c->closed, __ATOMIC_ACQUIRE); /* pairs with the store in weir_chan_close */
}

static inline void chan_set_length(weir_chan *c, uint32_t length) {
  __atomic_store_n(&c->length, length, __ATOMIC_RELEASE);
}

static inline bool chan_may_send(const weir_chan *c) {
  return chan_length_hint(c) < c->capacity || wait_queue_hint(&c->receivers) || chan_closed_hint(c);
}

static inline bool chan_may_recv(const weir_chan *c) {
  return chan_length_hint(c) != 0 || wait_queue_hint(&c->senders) || chan_closed_hint(c);
}

/* A send, or a receive, would not block now (it may find the channel closed). c is not NULL; the lock is held. */
static inline bool chan_can_send(weir_chan *c) {
  return c->length < c->capacity || c->closed || chan_waited_on(&c->receivers);
}

static inline bool chan_can_recv(weir_chan *c) {
  return c->length != 0 || c->closed || chan_waited_on(&c->senders);
}

/* Completes an operation at once: 0 or -EPIPE, or -EAGAIN when it would block. The lock is held. */
int chan_send_now(weir_chan *c, const void *value);
int chan_recv_now(weir_chan *c, void *value);

/* Enters a case's waiter in its channel's queue. The lock is held. */
void chan_enlist(struct weir_case *one, struct wait *wait);

/* The case was not the one that went through: takes its waiter out of its channel's queue if it is still there. The
 * lock is not held. True: nobody has the channel any more, and the caller frees it, once it has left all its channels: an
 * element that is dropped may be where a simulation stops, and its task goes no further. */
bool chan_leave(struct weir_case *one);
void chan_free(weir_chan *c);

/* The end of a run of several workers: a task that was to leave its channels has been withdrawn. */
void chans_unpin(const struct wait *wait);

/* A simulation made it: the one that is active, because one leaves nothing behind. */
static inline bool chan_of_simulation(const weir_chan *c) {
  return c->order != 0;
}

/* A timer is around it. */
static inline bool chan_has_timer(const weir_chan *c) {
  return c->role >= CHAN_TIMER && c->role <= CHAN_FUNCTION;
}

/* Closes it, whatever is around it: 0 or -EALREADY. The lock is held, and so is the channel. */
int chan_close_now(weir_chan *c);

/* The last reference is gone. Aborts if tasks wait on it. True: free it; false: whoever leaves it last will. */
bool chan_unused(weir_chan *c);

/* For sentences: "channel", "timer", "ticker", … */
const char *chan_noun(const weir_chan *c);

/* Channels are locked in this order, where several are. */
static inline bool chan_goes_before(const weir_chan *a, const weir_chan *b) {
  return a->order != b->order ? a->order < b->order : (uintptr_t)a < (uintptr_t)b;
}

/* A simulation begins: its channels are counted anew. */
void chans_restart(void);

/* Its bytes, of one that stands alone. */
size_t chan_footprint(const weir_chan *c);

void chan_init(weir_chan *c, size_t element_size, size_t capacity, uint32_t site);

/* Enters it, or the object that begins with it, in the books. False: there is no memory. */
static inline bool chan_enter(weir_chan *c, enum book_kind kind, size_t more) {
  c->book = book_enter(kind, c, (struct book_mark){&c->stamp, &c->book_home}, more);
  return c->book != BOOK_NONE;
}

static inline void chan_exit(weir_chan *c, enum book_kind kind, size_t more) {
  book_leave(&c->book_home, kind, c->book, more);
}

#endif
