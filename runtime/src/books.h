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
 * Cost, in instructions with and without (bench/tests/books_cost.sh): spawn 478 and 474, a round trip 708 and 702, a
 * blocking select 562 and 559; but where each operation makes an object more than 2 %: a broadcast's message by `after`
 * 1,160 and 1,088, a child cancelled 806 and 740. The register is most of it: entering and leaving.
 *
 * Invariants: slots[object->book] == object while it is alive; live is the number of such slots.
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
  size_t site;                             /* the offset of an object's site; its stamp follows */
  size_t (*footprint)(const void *object); /* bytes; NULL: all have the same */
};
extern WEIR_PRIVATE struct book_kind_shape weir_book_shapes[BOOK_KINDS];

struct book {
  void **slots; /* an object, or (next free + 1) << 1 | 1 */
  uint32_t count;
  uint32_t capacity;
  uint32_t free; /* first free slot + 1, or 0 */
  size_t live;
  size_t bytes;
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

/* The registers that the calling thread enters objects in. */
static inline uint8_t book_home(void) {
  return weir_port_mode == PORT_SEVERAL ? worker_here()->number : 0;
}

/* The stamp of an object that is made now; by a fresh reading outside a run. */
uint32_t book_stamp_slowly(void);

static inline uint32_t book_stamp(void) {
  if (!WORKER_STAMPS)
    return 0;
  uint32_t stamp = worker_here()->stamp;
  return likely(stamp != 0) ? stamp : book_stamp_slowly();
}

/* Both for another library, which does not reach the workers. */
WEIR_PRIVATE void book_mark(uint8_t *home, uint32_t *stamp);

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

/* Enters an object; its slot, or BOOK_NONE when there is no memory. */
WEIR_PRIVATE uint32_t book_enter_slowly(struct book *book, void *object);

static inline uint32_t book_enter(uint8_t home, enum book_kind kind, void *object, size_t bytes) {
  if (!book_kept(kind))
    return BOOK_UNKEPT;
  struct book *book = &weir_books[home].kinds[kind];
  uint32_t slot;
  books_lock(&weir_books[home]);
  if (book->free != 0) {
    slot = book->free - 1;
    book->free = (uint32_t)((uintptr_t)book->slots[slot] >> 1);
    book->slots[slot] = object;
  } else {
    slot = book_enter_slowly(book, object);
  }
  if (likely(slot != BOOK_NONE)) {
    port_tally(&book->live, 1);
    port_tally(&book->bytes, bytes);
  }
  books_unlock(&weir_books[home]);
  return slot;
}

static inline void book_leave(uint8_t home, enum book_kind kind, uint32_t slot, size_t bytes) {
  if (!WORKER_STAMPS && slot == BOOK_UNKEPT)
    return;
  struct book *book = &weir_books[home].kinds[kind];
  if (kind != BOOK_TASK)
    port_gone(book->slots[slot]);
  books_lock(&weir_books[home]);
  book->slots[slot] = (void *)((uintptr_t)book->free << 1 | 1);
  book->free = slot + 1;
  port_tally(&book->live, (size_t)-1);
  port_tally(&book->bytes, -bytes);
  books_unlock(&weir_books[home]);
}

/* Calls visit for each object of a kind that is alive; it may leave meanwhile. No other worker runs. */
WEIR_PRIVATE void books_each(enum book_kind kind, void (*visit)(void *object));

/* Sums over all homes; exact while no other worker runs. */
size_t books_live(enum book_kind kind);
size_t books_bytes(void);

/* The object in a slot, NULL when it is empty. Walk slots 0 … count - 1. */
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
