/* books.c — see books.h. */
#include "books.h"

#include <string.h>

struct books weir_books[BOOK_HOMES];
bool weir_book_alone;
unsigned weir_book_homes = 1;

/* The stamp of an object that is made now; by a fresh reading outside a run. */
static uint32_t stamp_now(void) {
  uint32_t stamp = worker_here()->stamp;
  return !WORKER_STAMPS ? 0 : stamp != 0 ? stamp : worker_stamp_of(port_clock());
}

int64_t book_age(uint32_t stamp, int64_t now) {
  uint32_t units = worker_stamp_of(now) - stamp;
  /* The present unit has begun, the stamp's perhaps only at its end: never too small. */
  return ((int64_t)units << WORKER_STAMP_BITS) + (now & (((int64_t)1 << WORKER_STAMP_BITS) - 1));
}

void books_each(enum book_kind kind, void (*visit)(void *object)) {
  for (unsigned home = 0; home < weir_book_homes; home++) {
    const struct book *book = &weir_books[home].kinds[kind];
    for (uint32_t slot = 0; slot < book->count; slot++)
      if (book_at(book, slot) != NULL)
        visit(book_at(book, slot));
  }
}

size_t books_live(enum book_kind kind) {
  size_t live = 0;
  for (unsigned home = 0; home < weir_book_homes; home++)
    live += __atomic_load_n(&weir_books[home].kinds[kind].live, __ATOMIC_RELAXED); /* a sum of counts in motion */
  return live;
}

size_t book_bytes(const struct book *book, enum book_kind kind) {
  size_t live = __atomic_load_n(&book->live, __ATOMIC_RELAXED);                                 /* as above */
  return live * *weir_book_shapes[kind].bytes + __atomic_load_n(&book->more, __ATOMIC_RELAXED); /* as above */
}

size_t books_bytes(void) {
  size_t bytes = 0;
  for (unsigned home = 0; home < weir_book_homes; home++)
    for (int kind = 0; kind < BOOK_KINDS; kind++)
      bytes += book_bytes(&weir_books[home].kinds[kind], kind);
  return bytes;
}

enum { MOST_SLOTS = 1 << 30 }; /* no number is BOOK_NONE or BOOK_UNKEPT */

static uint32_t *list_of(struct book *book) {
  return weir_book_alone ? &book->free : &book->shelf;
}

/* One more slot, free: the others have been used. */
static bool grow(struct book *book) {
  if (book->count == book->capacity) {
    uint32_t capacity = book->capacity == 0 ? 64 : book->capacity * 2;
    void **slots = capacity <= MOST_SLOTS ? port_reallocate(book->slots, capacity * sizeof *slots) : NULL;
    if (slots == NULL)
      return false;
    book->slots = slots;
    book->capacity = capacity;
  }
  book->slots[book->count] = NULL;
  *list_of(book) = book->count++ << 1 | 1;
  return true;
}

uint32_t book_enter_shared(enum book_kind kind, void *object, struct book_mark mark, size_t more) {
  uint8_t home = weir_port_mode == PORT_SEVERAL ? worker_here()->number : 0;
  *mark.home = home;
  *mark.stamp = stamp_now();
  if (!book_kept(kind))
    return BOOK_UNKEPT;
  struct book *book = &weir_books[home].kinds[kind];
  books_lock(&weir_books[home]);
  uint32_t number = BOOK_NONE;
  if (*list_of(book) != 0 || grow(book))
    number = book_put(book, list_of(book), *list_of(book), object, more);
  books_unlock(&weir_books[home]);
  return number;
}

void book_more(uint8_t home, enum book_kind kind, uint32_t number, size_t more) {
  if (number == BOOK_UNKEPT)
    return;
  books_lock(&weir_books[home]);
  port_tally(&weir_books[home].kinds[kind].more, more);
  books_unlock(&weir_books[home]);
}

void book_leave_shared(uint8_t home, enum book_kind kind, size_t number, size_t more) {
  if (number == BOOK_UNKEPT)
    return;
  struct book *book = &weir_books[home].kinds[kind];
  if (kind != BOOK_TASK)
    port_gone(*book_slot(book, number));
  books_lock(&weir_books[home]);
  book_take(book, list_of(book), number, more);
  books_unlock(&weir_books[home]);
}

/* ---- sites: an open-addressed table of indices into an array that only grows; the program's lines are few -----------
 * */

struct site {
  const char *file;
  int line;
};

/* Published as a whole. A reader may hold an older one: it finds fewer lines there, and then takes the lock. */
struct site_table {
  struct site_table *older;
  struct site *sites; /* [0] stands for unknown */
  uint32_t capacity;  /* of sites; the index has twice as many places */
  uint32_t index[];   /* 0: an empty place */
};

static struct site_table *site_table;
static uint32_t site_count;
static struct port_lock site_lock;

static inline struct site_table *current_table(void) {
  return __atomic_load_n(&site_table, __ATOMIC_ACQUIRE); /* pairs with the store in site_grow */
}

static uint32_t site_hash(const char *file, int line) {
  uint64_t key = (uint64_t)(uintptr_t)file ^ (uint64_t)line << 40;
  return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static uint32_t site_find(const struct site_table *table, const char *file, int line) {
  uint32_t mask = table->capacity * 2 - 1;
  for (uint32_t at = site_hash(file, line) & mask;; at = (at + 1) & mask) {
    uint32_t site = __atomic_load_n(&table->index[at], __ATOMIC_ACQUIRE); /* pairs with the store in site_insert */
    if (site == 0 || (table->sites[site].file == file && table->sites[site].line == line))
      return site;
  }
}

static void site_insert(struct site_table *table, uint32_t site) {
  uint32_t mask = table->capacity * 2 - 1;
  uint32_t at = site_hash(table->sites[site].file, table->sites[site].line) & mask;
  while (table->index[at] != 0)
    at = (at + 1) & mask;
  __atomic_store_n(&table->index[at], site, __ATOMIC_RELEASE); /* pairs with the load in site_find */
}

static struct site_table *site_grow(void) {
  struct site_table *old = site_table;
  uint32_t capacity = old == NULL ? 64 : old->capacity * 2;
  size_t index_bytes = 2 * (size_t)capacity * sizeof old->index[0];
  struct site_table *table = port_reallocate(NULL, sizeof *table + index_bytes);
  struct site *sites = port_reallocate(NULL, capacity * sizeof *sites);
  if (table == NULL || sites == NULL) {
    port_release(table);
    port_release(sites);
    return NULL;
  }
  *table = (struct site_table){.older = old, .sites = sites, .capacity = capacity};
  memset(table->index, 0, index_bytes);
  sites[0] = (struct site){"unknown", 0};
  for (uint32_t site = 1; old != NULL && site < site_count; site++) {
    sites[site] = old->sites[site];
    site_insert(table, site);
  }
  if (site_count == 0)
    site_count = 1;
  __atomic_store_n(&site_table, table, __ATOMIC_RELEASE); /* pairs with current_table */
  return table;
}

static __attribute__((noinline)) uint32_t site_new(const char *file, int line) {
  bool locked = weir_port_mode == PORT_SEVERAL; /* no choice of a simulation: a line is new only once a process */
  if (locked)
    port_lock(&site_lock);
  struct site_table *table = site_table;
  uint32_t site = table != NULL ? site_find(table, file, line) : 0;
  if (site == 0 && (table == NULL || site_count == table->capacity))
    table = site_grow();
  if (site == 0 && table != NULL) {
    site = site_count;
    __atomic_store_n(&site_count, site + 1, __ATOMIC_RELAXED); /* pairs with site_known */
    table->sites[site] = (struct site){file, line};
    site_insert(table, site);
  }
  if (locked)
    port_unlock(&site_lock);
  return site;
}

uint32_t site_of(const char *file, int line) {
  const struct site_table *table = current_table();
  uint32_t site = table != NULL ? site_find(table, file, line) : 0;
  return likely(site != 0) ? site : site_new(file, line);
}

static bool site_known(uint32_t site) {
  return site != 0 && site < __atomic_load_n(&site_count, __ATOMIC_RELAXED); /* whoever holds a site has seen it made */
}

uint32_t sites_count(void) {
  return __atomic_load_n(&site_count, __ATOMIC_RELAXED); /* as above */
}

const char *site_file(uint32_t site) {
  return site_known(site) ? current_table()->sites[site].file : "unknown";
}

int site_line(uint32_t site) {
  return site_known(site) ? current_table()->sites[site].line : 0;
}

static bool only_first_home(void) {
  for (unsigned home = 1; home < weir_book_homes; home++)
    for (int kind = 0; kind < BOOK_KINDS; kind++)
      if (weir_books[home].kinds[kind].live != 0)
        return false;
  return true;
}

static void move_free(uint32_t *from, uint32_t *to) {
  *to = *from;
  *from = 0;
}

void books_alone(void) {
  if (!only_first_home())
    return;
  weir_book_alone = true;
  if (WORKER_STAMPS)
    weir_worker_one.stamp = worker_stamp_of(port_clock());
  for (int kind = 0; kind < BOOK_KINDS; kind++)
    move_free(&weir_books[0].kinds[kind].shelf, &weir_books[0].kinds[kind].free);
}

void books_shared(void) {
  if (!weir_book_alone)
    return;
  weir_book_alone = false;
  for (int kind = 0; kind < BOOK_KINDS; kind++)
    move_free(&weir_books[0].kinds[kind].free, &weir_books[0].kinds[kind].shelf);
}

void books_trim(void) {
  for (unsigned home = 0; home < weir_book_homes; home++) {
    for (int kind = 0; kind < BOOK_KINDS; kind++) {
      struct book *book = &weir_books[home].kinds[kind];
      if (book->live != 0 || book->slots == NULL)
        continue;
      port_release(book->slots);
      memset(book, 0, sizeof *book);
    }
  }
  while (site_table != NULL && site_table->older != NULL) {
    struct site_table *older = site_table->older;
    site_table->older = older->older;
    port_release(older->sites);
    port_release(older);
  }
}
