/* chan.h — the inside of a channel, for the files that complete operations on it: chan.c, select.c, timer.c.
 *
 * Invariants, at every point where the lock is free:
 *   - senders wait only while the channel is open and length == capacity;
 *   - receivers wait only while the channel is open, length == 0 and nobody could be paired with them: a channel with a
 *     waiting sender and a waiting receiver exists only when all of them belong to one and the same select;
 *   - elements are received in the order in which they were sent, waiters served in the order in which they came;
 *   - the channel of a timer is only sent to by its timer; in prompt mode its one-element buffer is hidden from len and
 * cap.
 */
#ifndef WEIR_SRC_CHAN_H
#define WEIR_SRC_CHAN_H

#include <weir/chan.h>
#include <weir/select.h>

#include "wait.h"

enum chan_role { CHAN_PLAIN, CHAN_TIMER, CHAN_TICKER, CHAN_FUNCTION };

struct weir_chan {
  struct port_lock lock;
  uint32_t references;
  uint32_t element_size;
  uint32_t capacity;
  uint32_t length;
  uint32_t head; /* index of the oldest element */
  bool closed;
  uint8_t role; /* enum chan_role: what the object around it is */
  bool prompt;  /* of a timer: the mode it was made in */
  uint32_t site;
  uint32_t book;
  uint32_t birth;
  struct wait_queue receivers;
  struct wait_queue senders;
  void (*drop)(void *element);
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
  return queue->head != NULL && (likely(queue->head->wait->state == WAIT_OPEN) || chan_purge(queue));
}

/* A send, or a receive, would not block now (it may find the channel closed). c is not NULL. */
static inline bool chan_can_send(weir_chan *c) {
  return c->length < c->capacity || c->closed || chan_waited_on(&c->receivers);
}

static inline bool chan_can_recv(weir_chan *c) {
  return c->length != 0 || c->closed || chan_waited_on(&c->senders);
}

/* Completes an operation at once: 0 or -EPIPE, or -EAGAIN when it would block. The lock is held. */
int chan_send_now(weir_chan *c, const void *value);
int chan_recv_now(weir_chan *c, void *value);

/* Enters a case's waiter in its channel's queue, or withdraws it if it is still there. The lock is held. */
void chan_enlist(struct weir_case *one, struct wait *wait);
void chan_withdraw(struct weir_case *one);

/* For sentences: "channel", "timer", "ticker". */
const char *chan_noun(const weir_chan *c);

void chan_init(weir_chan *c, size_t element_size, size_t capacity, uint32_t site);

#endif
