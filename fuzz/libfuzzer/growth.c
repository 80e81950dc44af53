/* growth.c — see growth.h. */
#include "growth.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jemalloc's, when it is linked. */
int mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size) __attribute__((weak));

enum { BLOCKS_MOST = 4096, CALLERS = 12, PRINTED_MOST = 8, FRAMES_PRINTED = 6, SELF_TEST = 1 << 20 };

static const uint64_t *allocated, *deallocated;

static struct block {
  uintptr_t address; /* 0: an empty place */
  size_t size;
  void *callers[CALLERS];
  int count;
} blocks[BLOCKS_MOST];
static bool watching, full;
static void *hooks_handle;

/* ---- counts ------------------------------------------------------------------------------------------------------ */

static bool find_counter(const char *name, const uint64_t **counter) {
  size_t size = sizeof *counter;
  return mallctl(name, counter, &size, NULL, 0) == 0;
}

bool growth_ready(void) {
  if (mallctl == NULL || !find_counter("thread.allocatedp", &allocated) ||
      !find_counter("thread.deallocatedp", &deallocated))
    return false;
  const long before = growth_bytes();
  void *volatile block = malloc(SELF_TEST);
  const long with = growth_bytes();
  free(block);
  return with - before >= SELF_TEST && growth_bytes() == before;
}

long growth_bytes(void) {
  return (long)(*(const volatile uint64_t *)allocated - *(const volatile uint64_t *)deallocated);
}

/* ---- who allocated ----------------------------------------------------------------------------------------------- */

static struct block *place_of(uintptr_t address) {
  for (size_t i = 0; i < BLOCKS_MOST; i++)
    if (blocks[i].address == address)
      return &blocks[i];
  return NULL;
}

static void keep(uintptr_t address, size_t size) {
  struct block *block = place_of(0);
  full |= block == NULL;
  if (!watching || block == NULL || address == 0)
    return;
  watching = false; /* backtrace may allocate */
  *block = (struct block){.address = address, .size = size};
  block->count = backtrace(block->callers, CALLERS);
  watching = true;
}

static void forget(uintptr_t address) {
  struct block *block = watching && address != 0 ? place_of(address) : NULL;
  if (block != NULL)
    block->address = 0;
}

/* The forms of jemalloc 5.3's hooks. What kind of call it was says the arguments: the size is the first one, of calloc
 * (3) the product of two, of posix_memalign (1) the third, of aligned_alloc (2) the second. */
static void on_allocation(void *extra, int kind, void *result, uintptr_t raw, uintptr_t *arguments) {
  (void)extra, (void)raw;
  const size_t size = kind == 1   ? arguments[2]
                      : kind == 2 ? arguments[1]
                      : kind == 3 ? arguments[0] * arguments[1]
                      : kind >= 7 ? arguments[1] /* realloc and its like */
                                  : arguments[0];
  keep((uintptr_t)result, size);
}

static void on_deallocation(void *extra, int kind, void *address, uintptr_t *arguments) {
  (void)extra, (void)kind, (void)arguments;
  forget((uintptr_t)address);
}

static void on_expansion(void *extra, int kind, void *address, size_t old_size, size_t new_size, uintptr_t raw,
                         uintptr_t *arguments) {
  (void)extra, (void)kind, (void)old_size, (void)raw, (void)arguments;
  struct block *block = watching ? place_of((uintptr_t)address) : NULL;
  if (block != NULL)
    block->size = new_size;
}

void growth_watch(void) {
  static struct {
    void (*allocation)(void *, int, void *, uintptr_t, uintptr_t *);
    void (*deallocation)(void *, int, void *, uintptr_t *);
    void (*expansion)(void *, int, void *, size_t, size_t, uintptr_t, uintptr_t *);
    void *extra;
  } hooks = {on_allocation, on_deallocation, on_expansion, NULL};
  void *first[1];
  backtrace(first, 1); /* its first call loads a library */
  size_t size = sizeof hooks_handle;
  memset(blocks, 0, sizeof blocks);
  full = false;
  watching = mallctl("experimental.hooks.install", &hooks_handle, &size, &hooks, sizeof hooks) == 0;
  if (!watching)
    fprintf(stderr, "weir: this jemalloc has no hooks: what is left cannot be told by its callers\n");
}

void growth_unwatch(void) {
  if (watching)
    mallctl("experimental.hooks.remove", NULL, NULL, &hooks_handle, sizeof hooks_handle);
  watching = false;
}

static int most_bytes_first(const void *a, const void *b) {
  const struct block *left = a, *right = b;
  return (left->size < right->size) - (left->size > right->size);
}

/* "FUNCTION at FILE:LINE" of an address in this program, as a tool of the system tells it. */
static bool print_line(const Dl_info *found, uintptr_t offset) {
  static const char *const tools[] = {"llvm-symbolizer-14 --output-style=GNU -f -p",
                                      "llvm-symbolizer --output-style=GNU -f -p", "addr2line -f -p"};
  for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
    char command[1024], line[1024] = "";
    snprintf(command, sizeof command, "%s -e '%s' 0x%" PRIxPTR " 2>/dev/null", tools[i], found->dli_fname, offset);
    FILE *stream = popen(command, "r");
    bool read = stream != NULL && fgets(line, sizeof line, stream) != NULL;
    if (stream != NULL)
      pclose(stream);
    if (read && strchr(line, ':') != NULL) {
      fprintf(stderr, "    %s", line);
      return true;
    }
  }
  return false;
}

static void print_caller(void *caller) {
  Dl_info found;
  if (dladdr(caller, &found) == 0 || found.dli_fname == NULL) {
    fprintf(stderr, "    %p\n", caller);
    return;
  }
  const uintptr_t offset = (uintptr_t)caller - 1 - (uintptr_t)found.dli_fbase;
  if (!print_line(&found, offset))
    fprintf(stderr, "    %s(+0x%" PRIxPTR ") %s\n", found.dli_fname, offset,
            found.dli_sname != NULL ? found.dli_sname : "");
}

/* The innermost frames are these hooks and the allocator: those of other objects than this program, and of this file. */
static void print_callers(const struct block *block) {
  Dl_info here, found;
  const bool known = dladdr((void *)growth_print, &here) != 0;
  int frame = 0, last_foreign = -1;
  for (int i = 0; known && i < block->count; i++)
    if (dladdr(block->callers[i], &found) == 0 || found.dli_fbase != here.dli_fbase)
      last_foreign = last_foreign < 0 || last_foreign == i - 1 ? i : last_foreign;
  frame = last_foreign + 1;
  for (int printed = 0; frame < block->count && printed < FRAMES_PRINTED; frame++, printed++)
    print_caller(block->callers[frame]);
}

void growth_print(void) {
  size_t count = 0;
  for (size_t i = 0; i < BLOCKS_MOST; i++)
    if (blocks[i].address != 0)
      blocks[count++] = blocks[i];
  qsort(blocks, count, sizeof blocks[0], most_bytes_first);
  fprintf(stderr, "%zu blocks are left%s\n", count, full ? ", and more than could be kept in mind" : "");
  for (size_t i = 0; i < count && i < PRINTED_MOST; i++) {
    fprintf(stderr, "  %zu bytes allocated by\n", blocks[i].size);
    print_callers(&blocks[i]);
  }
}
