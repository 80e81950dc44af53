/* ring.h — the bounded run queue of one of several workers: its owner pushes and takes, other workers steal.
 *
 * First in, first out: the owner pushes at the tail and takes at the head; a thief takes the older half at the head.
 * Only the owner moves the tail; everybody moves the head, by compare and swap. The numbers run through 32 bits and
 * never go back, so that a head that is still the same means that the slots read meanwhile were not reused.
 *
 * Invariants: tail - head is the number of tasks, 0 … RING_SIZE, whoever looks in whatever order (head first, then
 * tail, may show more: ring_steal tries again). A slot between head and tail is written by the owner only.
 *
 * Source: the run queue of Go's scheduler, after Blumofe and Leiserson, "Scheduling Multithreaded Computations by Work
 * Stealing" (1999).
 * Rejected: the deque of Chase and Lev (its owner takes the newest: a pair of tasks would starve the rest); a locked
 * list (two locked instructions more for each task taken).
 */
#ifndef WEIR_SRC_RING_H
#define WEIR_SRC_RING_H

#include "port.h"

enum { RING_SIZE = 256 };

struct task;

struct ring {
  uint32_t head;
  uint32_t tail;
  struct task *slots[RING_SIZE];
};

/* The owner adds a task; false when the ring is full. announced: a virtual worker that falls asleep at the same
 * time must see it (the tail is stored sequentially consistent; pairs with ring_length there). */
static inline bool ring_push(struct ring *ring, struct task *task, bool announced) {
  uint32_t tail = ring->tail;
  uint32_t head =
      __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE); /* pairs with the thieves' swap: their reads are over */
  if (unlikely(tail - head >= RING_SIZE))
    return false;
  __atomic_store_n(&ring->slots[tail % RING_SIZE], task, __ATOMIC_RELAXED); /* published by the tail */
  port_turn("push");
  if (announced)
    __atomic_store_n(&ring->tail, tail + 1, __ATOMIC_SEQ_CST);
  else
    __atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE); /* pairs with the load in ring_steal */
  return true;
}

/* The owner takes up to most of the oldest tasks into tasks; how many. */
static inline uint32_t ring_take(struct ring *ring, struct task **tasks, uint32_t most) {
  uint32_t tail = ring->tail;
  for (;;) {
    uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE); /* pairs with the swaps of thieves */
    uint32_t count = tail - head < most ? tail - head : most;
    if (count == 0)
      return 0;
    for (uint32_t i = 0; i < count; i++)
      tasks[i] = __atomic_load_n(&ring->slots[(head + i) % RING_SIZE], __ATOMIC_RELAXED);
    port_turn("take");
    if (__atomic_compare_exchange_n(&ring->head, &head, head + count, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
      return count;
  }
}

/* How many tasks another worker sees. Sequentially consistent: pairs with an announced push. */
static inline uint32_t ring_length(const struct ring *ring) {
  uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_SEQ_CST);
  uint32_t count = __atomic_load_n(&ring->tail, __ATOMIC_SEQ_CST) - head;
  return count > RING_SIZE ? RING_SIZE : count;
}

/* Takes the older half of a victim's tasks, one of one: the first is returned, the others go to the thief's own ring,
 * which is empty. NULL when there is none. */
struct task *ring_steal(struct ring *victim, struct ring *own);

#endif
