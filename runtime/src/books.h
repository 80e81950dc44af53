/* books.h — what is alive, by kind, and the line that made it.
 *
 * Each object has a slot in its kind's register (an array of pointers with a free list through the empty slots), so
 * that a report can walk what is alive whatever allocator made it, for 8 bytes an object and two warm memory writes.
 * Lines are interned: an object carries a 4-byte site.
 *
 * Invariants: slots[object->book] == object while it is alive; live is the number of such slots.
 * Rejected: a doubly linked list of all objects (touches cold neighbours); slabs (tie the books to one allocator).
 */
#ifndef WEIR_SRC_BOOKS_H
#define WEIR_SRC_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum book_kind { BOOK_TASK, BOOK_CHANNEL, BOOK_TIMER, BOOK_KINDS };

struct book {
  void **slots; /* an object, or (next free + 1) << 1 | 1 */
  uint32_t count;
  uint32_t capacity;
  uint32_t free; /* first free slot + 1, or 0 */
  size_t live;
  size_t bytes;
};

extern struct book weir_books[BOOK_KINDS];

enum { BOOK_NONE = UINT32_MAX };

/* Enters an object; its slot, or BOOK_NONE when there is no memory. */
uint32_t book_enter_slowly(struct book *book, void *object);

static inline uint32_t book_enter(enum book_kind kind, void *object, size_t bytes) {
  struct book *book = &weir_books[kind];
  uint32_t slot;
  if (book->free != 0) {
    slot = book->free - 1;
    book->free = (uint32_t)((uintptr_t)book->slots[slot] >> 1);
    book->slots[slot] = object;
  } else {
    slot = book_enter_slowly(book, object);
    if (slot == BOOK_NONE)
      return BOOK_NONE;
  }
  book->live++;
  book->bytes += bytes;
  return slot;
}

static inline void book_leave(enum book_kind kind, uint32_t slot, size_t bytes) {
  struct book *book = &weir_books[kind];
  book->slots[slot] = (void *)((uintptr_t)book->free << 1 | 1);
  book->free = slot + 1;
  book->live--;
  book->bytes -= bytes;
}

/* The object in a slot, NULL when it is empty. Walk slots 0 … count - 1. */
static inline void *book_at(const struct book *book, uint32_t slot) {
  void *object = book->slots[slot];
  return (uintptr_t)object & 1 ? NULL : object;
}

/* Gives back the memory of registers in which nothing is alive. */
void books_trim(void);

/* A source line as 4 bytes. file is borrowed for ever (a string literal). Site 0 is "unknown", also what comes back
 * when there is no memory for a new one. */
uint32_t site_of(const char *file, int line);
const char *site_file(uint32_t site);
int site_line(uint32_t site);

#endif
