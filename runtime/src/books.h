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
 * Invariants: slots[object->book] == object while it is alive; live is the number of such slots.
 * Rejected: a doubly linked list of all objects (touches cold neighbours); slabs (tie the books to one allocator).
 */
#ifndef WEIR_SRC_BOOKS_H
#define WEIR_SRC_BOOKS_H

#include "port.h"

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
  size_t site;                             /* the offset of an object's site */
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

enum { BOOK_NONE = UINT32_MAX };

/* The registers that the calling thread enters objects in. */
WEIR_PRIVATE uint8_t book_home(void);

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
