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
 * 2^22 ns (4.2 ms), when its worker last read it, which is at the beginning of the round, every 1,024 switches where
 * nothing waits for time: nobody reads a clock for it. So an age is never too small, and too great by what the worker
 * did since. Outside a run the clock is read. It wraps after 208 days: an age is right up to that, and modulo that
 * beyond.
 *
 * A library without books (WEIR_BOOKS=OFF) has the registers of tasks, which the end of a run needs, and those of a
 * simulation, whose verdict does; no stamps, and no census. Lines stay: every report names them.
 *
 * A run of one worker, while nothing is alive that another has made, is alone: then the free slots of home 0 hang on
 * `free`, else on `shelf`. So whether there is a free slot says that no lock, no simulation and no reading of the clock
 * is needed either. Bytes are live objects times their size, and only what goes beyond is summed.
 *
 * Cost, in instructions with and without (bench/tests/books_cost.sh): under 2 % on each row; most where each operation
 * makes an object and ends it: a child cancelled 729 and 716. Asking for mode, stamp and slot apart, and a sum of bytes
 * a kind, made that 806 and 740.
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
  uint32_t free;  /* the first free slot's number, or 0; of one worker that is alone, else 0 */
  uint32_t shelf; /* the same for all others */
  size_t live;
  size_t more; /* bytes beyond those that all of the kind have */
};

enum { BOOK_HOMES = 240 };

struct books {
  struct port_lock lock;
  struct book kinds[BOOK_KINDS];
} __attribute__((aligned(64)));

extern WEIR_INTERNAL struct books weir_books[BOOK_HOMES];
extern WEIR_INTERNAL bool weir_book_alone;
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

/* Numbers are odd, so that a slot shows what it holds, and 2 i + 1 for slot i. */
static inline void **book_slot(const struct book *book, size_t number) {
  enum { HALF = sizeof(void *) / 2 };
  return (void **)((char *)book->slots + number * HALF - HALF);
}

/* Takes the first slot of a list of free ones, which has that number, and puts one back. */
static inline uint32_t book_put(struct book *book, uint32_t *list, size_t number, void *object, size_t more) {
  void **slot = book_slot(book, number);
  *list = (uint32_t)(uintptr_t)*slot;
  *slot = object;
  port_tally(&book->live, 1);
  if (more != 0)
    port_tally(&book->more, more);
  return (uint32_t)number;
}

static inline void book_take(struct book *book, uint32_t *list, size_t number, size_t more) {
  *book_slot(book, number) = (void *)(uintptr_t)*list;
  *list = (uint32_t)number;
  port_tally(&book->live, (size_t)-1);
  if (more != 0)
    port_tally(&book->more, -more);
}

/* The next two wherever one worker is not alone, or has no free slot, and for another library, which does not reach the
 * workers. */
WEIR_PRIVATE uint32_t book_enter_shared(enum book_kind kind, void *object, struct book_mark mark, size_t more);
WEIR_PRIVATE void book_leave_shared(uint8_t home, enum book_kind kind, size_t number, size_t more);

/* Enters an object; its number, or BOOK_NONE when there is no memory. mark: of the object, whose home is 0 so far.
 * more: bytes beyond those that all of its kind have (weir_book_shapes). */
static inline uint32_t book_enter(enum book_kind kind, void *object, struct book_mark mark, size_t more) {
  if (!WORKER_STAMPS) {
    *mark.stamp = 0;
    if (!book_kept(kind))
      return BOOK_UNKEPT;
  }
  struct book *book = &weir_books[0].kinds[kind];
  size_t free = book->free;
  if (unlikely(free == 0))
    return book_enter_shared(kind, object, mark, more);
  if (WORKER_STAMPS)
    *mark.stamp = weir_worker_one.stamp;
  uint32_t number = book_put(book, &book->free, free, object, more);
  if (number == BOOK_NONE)
    __builtin_unreachable(); /* spares the caller its question */
  return number;
}

static inline void book_leave(const uint8_t *home, enum book_kind kind, size_t number, size_t more) {
  if (!WORKER_STAMPS && number == BOOK_UNKEPT)
    return;
  struct book *book = &weir_books[0].kinds[kind];
  if (unlikely(!weir_book_alone))
    book_leave_shared(*home, kind, number, more);
  else
    book_take(book, &book->free, number, more);
}

/* More bytes, or fewer, of an object that stays. */
void book_more(uint8_t home, enum book_kind kind, uint32_t number, size_t more);

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

/* A run of one worker begins and ends: it is alone, unless something is alive that another worker has made. The worker
 * is there and has seen the time. */
void books_alone(void);
void books_shared(void);

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
