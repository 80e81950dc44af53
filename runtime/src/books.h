/* books.h — what is alive, by kind, and the line that made it.
 *
 * Each object has a slot in its kind's register (an array of pointers with a free list through the empty slots), so
 * that a report can walk what is alive whatever allocator made it, for 8 bytes an object and two warm memory writes.
 * Lines are interned: an object carries a 4-byte site.
 *
 * Each of several workers has registers of its own, under a lock of its own: an object carries the number of the worker
 * that made it (its home), and leaves there. One worker, and a simulation, use those of worker 0. They outlive the run:
 * an object may. Sites are found without a lock: a table only grows, by a new one, and the old ones stay until the run
 * ends.
 *
 * Behind its site an object carries a stamp, 4 bytes: the monotonic clock (in a simulation virtual time) in units of
 * 2^22 ns (4.2 ms), when its worker last read it, which is at the beginning of the round, of every sixteenth where
 * nothing waits for time: nobody reads a clock for it. So an age is never too small, and too great by what the worker
 * did since. Outside a run the clock is read. It wraps after 208 days: an age is right up to that, and modulo that
 * beyond.
 *
 * A library without books (WEIR_BOOKS=OFF) has the registers of tasks, which the end of a run needs, and those of a
 * simulation, whose verdict does; no stamps, and no census. Lines stay: every report names them.
 *
 * Cost, in instructions with and without (bench/tests/books_cost.sh): under 1 % on each row, but where each operation
 * makes an object and ends it: a child cancelled 739 and 715 (3.4 %), a broadcast's message by `after` 1,088 and 1,064
 * (2.3 %). It was 8.9 % and 6.7 % with a sum of bytes a kind, 4-byte links that had to be shifted, and the mode asked
 * at each step: now bytes are live objects times their size, a slot is reached by the number an object carries, and
 * one question separates one worker's run from all else. What is left is the stamp, the slot, the link and the count.
 *
 * Invariants: *book_slot(object's number) == object while it is alive; live is the number of such slots.
 * Rejected: a doubly linked list of all objects (touches cold neighbours); slabs (tie the books to one allocator).
 */
#ifndef WEIR_SRC_BOOKS_H
#define WEIR_SRC_BOOKS_H

#include "worker.h"

enum book_kind {
  BOOK_TASK,
  BOOK_CHANNEL,
  BOOK_TIMER,
  BOOK_CONTEXT,
  BOOK_BROKER,
  BOOK_RESPONSE,
  BOOK_CONNECTION,
  BOOK_KINDS
};

/* What a reading of the books must know of a kind. */
struct book_kind_shape {
  const char *name;
  size_t site;                        /* the offset of an object's site; its stamp follows */
  const size_t *bytes;                /* of each */
  size_t (*more)(const void *object); /* bytes beyond those; NULL: none */
};
extern WEIR_PRIVATE struct book_kind_shape weir_book_shapes[BOOK_KINDS];

struct book {
  void **slots;   /* an object, else the number of the next free one, or 0 */
  uint32_t count; /* slots ever used: the peak */
  uint32_t capacity;
  uint32_t free; /* the first free slot's number, or 0 */
  size_t live;
  size_t more; /* bytes beyond those that all of the kind have */
};

enum { BOOK_HOMES = 240 };

struct books {
  struct port_lock lock;
  struct book kinds[BOOK_KINDS];
} __attribute__((aligned(64)));

extern WEIR_PRIVATE struct books weir_books[BOOK_HOMES];
extern WEIR_INTERNAL unsigned weir_book_homes; /* how many have ever been used */

enum { BOOK_NONE = UINT32_MAX, BOOK_UNKEPT = UINT32_MAX - 1 };

static inline bool book_kept(enum book_kind kind) {
  return WORKER_STAMPS || kind == BOOK_TASK || port_simulated();
}

/* Where an object keeps what the books write into it. */
struct book_mark {
  uint32_t *stamp;
  uint8_t *home;
};

/* Nanoseconds from a stamp to a time on port_clock. */
int64_t book_age(uint32_t stamp, int64_t now);

static inline void books_lock(struct books *books) {
  if (unlikely(weir_port_mode == PORT_SEVERAL)) /* virtual workers have nothing to gain from choices here */
    port_lock(&books->lock);
}

static inline void books_unlock(struct books *books) {
  if (unlikely(weir_port_mode == PORT_SEVERAL))
    port_unlock(&books->lock);
}

/* The same two for several workers and simulations, outside a run, for what another run's worker made, and for another
 * library, which does not reach the workers. */
WEIR_PRIVATE uint32_t book_enter_shared(enum book_kind kind, void *object, struct book_mark mark, size_t more);
WEIR_PRIVATE void book_leave_shared(uint8_t home, enum book_kind kind, uint32_t number, size_t more);

/* A slot that was never used. */
WEIR_PRIVATE uint32_t book_enter_slowly(struct book *book, void *object);

/* Numbers are odd, so that a slot shows what it holds, and 2 i + 1 for slot i. */
static inline void **book_slot(const struct book *book, uint32_t number) {
  enum { HALF = sizeof(void *) / 2 };
  return (void **)((char *)book->slots + (size_t)number * HALF - HALF);
}

static inline uint32_t book_put(struct book *book, void *object, size_t more) {
  uint32_t number = book->free;
  if (likely(number != 0)) {
    void **slot = book_slot(book, number);
    book->free = (uint32_t)(uintptr_t)*slot;
    *slot = object;
    if (number == BOOK_NONE)
      __builtin_unreachable(); /* spares the caller its question */
  } else {
    number = book_enter_slowly(book, object);
    if (number == BOOK_NONE)
      return number;
  }
  port_tally(&book->live, 1);
  if (more != 0)
    port_tally(&book->more, more);
  return number;
}

static inline void book_take(struct book *book, uint32_t number, size_t more) {
  *book_slot(book, number) = (void *)(uintptr_t)book->free;
  book->free = number;
  port_tally(&book->live, (size_t)-1);
  if (more != 0)
    port_tally(&book->more, -more);
}

/* Enters an object; its number, or BOOK_NONE when there is no memory. mark: of the object, whose home is 0 so far. more:
 * bytes beyond those that all of its kind have (weir_book_shapes). */
static inline uint32_t book_enter(enum book_kind kind, void *object, struct book_mark mark, size_t more) {
  if (!WORKER_STAMPS)
    *mark.stamp = 0;
  if (!book_kept(kind))
    return BOOK_UNKEPT;
  uint32_t stamp = weir_worker_one.stamp;
  if (unlikely(weir_port_mode != PORT_ONE || (WORKER_STAMPS && stamp == 0)))
    return book_enter_shared(kind, object, mark, more);
  *mark.stamp = stamp;
  return book_put(&weir_books[0].kinds[kind], object, more);
}

/* More bytes, or fewer, of an object that stays. */
WEIR_PRIVATE void book_more(uint8_t home, enum book_kind kind, uint32_t number, size_t more);

static inline void book_leave(uint8_t home, enum book_kind kind, uint32_t number, size_t more) {
  if (!WORKER_STAMPS && number == BOOK_UNKEPT)
    return;
  if (unlikely((weir_port_mode | home) != 0))
    book_leave_shared(home, kind, number, more);
  else
    book_take(&weir_books[0].kinds[kind], number, more);
}

/* Calls visit for each object of a kind that is alive; it may leave meanwhile. No other worker runs. */
WEIR_PRIVATE void books_each(enum book_kind kind, void (*visit)(void *object));

/* Sums over all homes; exact while no other worker runs. */
size_t books_live(enum book_kind kind);
size_t books_bytes(void);
size_t book_bytes(const struct book *book, enum book_kind kind);

/* The object in a slot, NULL when it is empty (the last free one holds 0). Walk slots 0 … count - 1. */
static inline void *book_at(const struct book *book, uint32_t slot) {
  void *object = book->slots[slot];
  return (uintptr_t)object & 1 ? NULL : object;
}

/* Gives back the memory of registers in which nothing is alive, and of outgrown tables. No other worker runs. */
void books_trim(void);

/* A source line as 4 bytes. file is borrowed for ever (a string literal). Site 0 is "unknown", also what comes back
 * when there is no memory for a new one. */
WEIR_PRIVATE uint32_t site_of(const char *file, int line);
/* Sites handed out so far, 0 included. */
uint32_t sites_count(void);
WEIR_PRIVATE const char *site_file(uint32_t site);
WEIR_PRIVATE int site_line(uint32_t site);

#endif
