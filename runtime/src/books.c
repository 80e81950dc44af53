/* books.c — see books.h. */
#include "books.h"

#include "port.h"

#include <string.h>

struct book weir_books[BOOK_KINDS];

uint32_t book_enter_slowly(struct book *book, void *object) {
  if (book->count == book->capacity) {
    uint32_t capacity = book->capacity == 0 ? 64 : book->capacity * 2;
    void **slots = capacity > book->capacity ? port_reallocate(book->slots, capacity * sizeof *slots) : NULL;
    if (slots == NULL)
      return BOOK_NONE;
    book->slots = slots;
    book->capacity = capacity;
  }
  book->slots[book->count] = object;
  return book->count++;
}

void books_trim(void) {
  for (int kind = 0; kind < BOOK_KINDS; kind++) {
    struct book *book = &weir_books[kind];
    if (book->live != 0)
      continue;
    port_release(book->slots);
    memset(book, 0, sizeof *book);
  }
}

/* Sites: an open-addressed table of indices into an array that only grows; the program's lines are few. */

struct site {
  const char *file;
  int line;
};

static struct site *sites;
static uint32_t *site_table;
static uint32_t site_count; /* sites[0] stands for unknown */
static uint32_t site_capacity;

static uint32_t site_hash(const char *file, int line) {
  uint64_t key = (uint64_t)(uintptr_t)file ^ (uint64_t)line << 40;
  return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static void site_insert(uint32_t site) {
  uint32_t mask = site_capacity * 2 - 1;
  uint32_t at = site_hash(sites[site].file, sites[site].line) & mask;
  while (site_table[at] != 0)
    at = (at + 1) & mask;
  site_table[at] = site;
}

static bool site_grow(void) {
  uint32_t capacity = site_capacity == 0 ? 64 : site_capacity * 2;
  struct site *grown = port_reallocate(NULL, capacity * sizeof *grown);
  uint32_t *table = port_reallocate(NULL, 2 * (size_t)capacity * sizeof *table);
  if (grown == NULL || table == NULL) {
    port_release(grown);
    port_release(table);
    return false;
  }
  grown[0] = (struct site){"unknown", 0};
  for (uint32_t site = 1; site < site_count; site++)
    grown[site] = sites[site];
  memset(table, 0, 2 * (size_t)capacity * sizeof *table);
  port_release(sites);
  port_release(site_table);
  sites = grown;
  site_table = table;
  site_capacity = capacity;
  site_count = site_count == 0 ? 1 : site_count;
  for (uint32_t site = 1; site < site_count; site++)
    site_insert(site);
  return true;
}

uint32_t site_of(const char *file, int line) {
  if (site_capacity != 0) {
    uint32_t mask = site_capacity * 2 - 1;
    uint32_t at = site_hash(file, line) & mask;
    for (; site_table[at] != 0; at = (at + 1) & mask)
      if (sites[site_table[at]].file == file && sites[site_table[at]].line == line)
        return site_table[at];
  }
  if (site_count == site_capacity && !site_grow())
    return 0;
  sites[site_count] = (struct site){file, line};
  site_insert(site_count);
  return site_count++;
}

const char *site_file(uint32_t site) {
  return site == 0 || site >= site_count ? "unknown" : sites[site].file;
}

int site_line(uint32_t site) {
  return site == 0 || site >= site_count ? 0 : sites[site].line;
}
