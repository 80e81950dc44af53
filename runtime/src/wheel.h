/* wheel.h — a hierarchical timing wheel. Pure: time is an argument, no clock, no lock, no allocation.
 *
 * Time is counted in ticks of 2^15 ns. Level L has 256 slots of 256^L ticks each; six levels hold 48 bits of ticks,
 * which is all of int64_t nanoseconds. A node is in the level in which its tick first differs from the wheel's current
 * tick, in the slot of that level's digit. Advancing to a tick empties the slots passed: level 0 to the due list,
 * higher levels into the levels below (the cascade).
 *
 * Most timers never fire: cancelling and postponing are the hot path. Removing a node therefore only marks it, and it
 * rests in its slot; adding it again for a later time only writes the time. When the slot is emptied a resting node
 * is dropped and a postponed one goes where its time belongs. So neither touches a neighbour: at a million pending,
 * in random order, each neighbour is a cache miss. Only memory that is about to be freed is unlinked (wheel_forget).
 *
 *   state      link      pending
 *   unlinked   NULL      no
 *   waiting    a slot    yes        its slot is emptied at its tick or before
 *   resting    a slot    no
 *   due        due list  yes        removal unlinks it
 *
 * Lists are doubly linked through the address of the pointer to the node, so that unlinking needs neither the list
 * nor a search: all is O(1) at any number pending. A node never comes due early: its tick is rounded up.
 *
 * Invariants (wheel_check says them the dumb way): count is the number of pending nodes, linked that of all; every node
 * lies in a slot that begins after the current tick, a pending one no later than it is due; a slot's bit is set exactly
 * while the slot is not empty; the due list is in order of ticks.
 *
 * Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 6.
 * Rejected: a heap (O(log n), two cache misses a level at a million); 64 slots a level (one more cascade for a 5 ms
 * timer).
 */
#ifndef WEIR_SRC_WHEEL_H
#define WEIR_SRC_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WHEEL_TICK_BITS = 15, WHEEL_SLOT_BITS = 8, WHEEL_SLOTS = 1 << WHEEL_SLOT_BITS, WHEEL_LEVELS = 6 };

struct wheel_node {
  struct wheel_node *next;
  struct wheel_node **link; /* what points at this node; NULL when on no list */
  int64_t due;              /* nanoseconds */
  uint32_t slot_tick;       /* low bits of the tick at which its slot is emptied */
  bool pending;
  bool near;    /* its slot is emptied within 2^32 ticks, so that slot_tick says when */
  uint8_t kind; /* these two are the owner's */
  uint8_t owner;
};

struct wheel {
  uint64_t tick; /* the current tick: everything up to it is on the due list */
  size_t count;  /* pending */
  size_t linked; /* pending or resting */
  struct wheel_node *due;
  struct wheel_node **due_tail;
  uint64_t occupied[WHEEL_LEVELS][WHEEL_SLOTS / 64];
  struct wheel_node *slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel, int64_t now);

/* The same for a wheel that has been used, cheaper when nothing is linked any more: time begins anew. */
void wheel_restart(struct wheel *wheel, int64_t now);

/* Makes a node that is not pending pending. A time that has passed is due at once, behind what is due already. */
void wheel_add(struct wheel *wheel, struct wheel_node *node, int64_t due);

/* Makes a pending node not pending. It may rest in the wheel. */
void wheel_remove(struct wheel *wheel, struct wheel_node *node);

/* Unlinks a node, in whatever state: before its memory is freed, or for another wheel. */
void wheel_forget(struct wheel *wheel, struct wheel_node *node);

static inline bool wheel_pending(const struct wheel_node *node) {
  return node->pending;
}

/* Moves everything due at now to the due list, in order of ticks; time never goes back. */
void wheel_advance(struct wheel *wheel, int64_t now);

/* Takes the first node off the due list; NULL when it is empty. */
struct wheel_node *wheel_pop(struct wheel *wheel);

/* Any linked node, pending or resting; NULL when there is none: to empty a wheel, with wheel_forget. */
struct wheel_node *wheel_any(const struct wheel *wheel);

/* The time (a tick's beginning) at which the wheel next needs to be advanced: never later than the earliest node comes
 * due, and earlier only where a cascade must come first. INT64_MAX when empty; the current tick's time when nodes are
 * due. */
int64_t wheel_next(const struct wheel *wheel);

/* The tick at which a due time has passed. */
static inline uint64_t wheel_tick_of(int64_t due) {
  const int64_t round_up = (1 << WHEEL_TICK_BITS) - 1;
  return due <= 0 ? 0 : (uint64_t)(due > INT64_MAX - round_up ? INT64_MAX : due + round_up) >> WHEEL_TICK_BITS;
}

/* The tick's time at which the earliest node comes due, exactly; walks one slot. INT64_MAX when empty. For simulations.
 */
int64_t wheel_earliest(const struct wheel *wheel);

/* Compares the whole structure with its invariants; returns NULL or what is wrong. For tests and fuzzers. */
const char *wheel_check(const struct wheel *wheel);

#endif
