/* arenas.c — see arenas.h and weir/heap.h. */
#include "arenas.h"

#include <errno.h>
#include <string.h>
#include <weir/heap.h>

#if WEIR_ARENAS

#include <jemalloc/jemalloc.h>
#include <stdlib.h>

enum { SELF_TEST = 1 << 20, MIB_MOST = 8 };
enum figure { SMALL, LARGE, ACTIVE_PAGES, RESIDENT, FIGURES };

/* A name of jemalloc's as numbers: the third one is the arena. */
struct mib {
  size_t numbers[MIB_MOST];
  size_t length;
};

static struct {
  bool work;
  unsigned arenas[MEMORY_KINDS];
  struct mib figures[FIGURES];
  size_t page;
} heap;

/* ---- statistics -------------------------------------------------------------------------------------------------- */

static void new_epoch(void) {
  uint64_t epoch = 1;
  mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
}

static size_t read_figure(enum figure figure, unsigned arena) {
  struct mib mib = heap.figures[figure];
  size_t value = 0, size = sizeof value;
  mib.numbers[2] = arena;
  return mallctlbymib(mib.numbers, mib.length, &value, &size, NULL, 0) == 0 ? value : 0;
}

static size_t read_total(const char *name) {
  size_t value = 0, size = sizeof value;
  return mallctl(name, &value, &size, NULL, 0) == 0 ? value : 0;
}

static size_t allocated_in(unsigned arena) {
  return read_figure(SMALL, arena) + read_figure(LARGE, arena);
}

static bool find_names(void) {
  static const char *const names[FIGURES] = {
      [SMALL] = "stats.arenas.0.small.allocated",
      [LARGE] = "stats.arenas.0.large.allocated",
      [ACTIVE_PAGES] = "stats.arenas.0.pactive",
      [RESIDENT] = "stats.arenas.0.resident",
  };
  bool found = true;
  for (int figure = 0; figure < FIGURES; figure++) {
    heap.figures[figure].length = MIB_MOST;
    found = found && mallctlnametomib(names[figure], heap.figures[figure].numbers, &heap.figures[figure].length) == 0;
  }
  heap.page = read_total("arenas.page");
  return found && heap.page != 0;
}

static bool make_arenas(void) {
  bool made = true;
  for (int kind = 0; kind < MEMORY_KINDS; kind++) {
    size_t size = sizeof heap.arenas[kind];
    made = made && mallctl("arenas.create", &heap.arenas[kind], &size, NULL, 0) == 0;
  }
  return made;
}

/* A block through the arenas and one through malloc: both must be seen coming and going. */
static bool statistics_move(void) {
  new_epoch();
  size_t before = allocated_in(heap.arenas[MEMORY_OTHER]), total_before = read_total("stats.allocated");
  void *volatile block = arenas_allocate(MEMORY_OTHER, SELF_TEST);
  void *volatile plain = malloc(SELF_TEST);
  new_epoch();
  size_t with = allocated_in(heap.arenas[MEMORY_OTHER]), total_with = read_total("stats.allocated");
  arenas_release(block);
  free(plain);
  new_epoch();
  return with - before >= SELF_TEST && allocated_in(heap.arenas[MEMORY_OTHER]) == before &&
         total_with - total_before >= 2 * (size_t)SELF_TEST;
}

__attribute__((constructor(101))) static void open_arenas(void) {
  heap.work = find_names() && make_arenas();
  heap.work = heap.work && statistics_move();
}

bool arenas_work(void) {
  return heap.work;
}

size_t arenas_bytes(void) {
  mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
  new_epoch();
  return read_total("stats.allocated");
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static int flags_of(enum port_memory kind) {
  return MALLOCX_ARENA(heap.arenas[kind]) | MALLOCX_TCACHE_NONE;
}

void *arenas_allocate(enum port_memory kind, size_t size) {
  return mallocx(size == 0 ? 1 : size, flags_of(kind));
}

void *arenas_reallocate(void *memory, size_t size) {
  return memory == NULL ? arenas_allocate(MEMORY_TABLE, size)
                        : rallocx(memory, size == 0 ? 1 : size, flags_of(MEMORY_TABLE));
}

void *arenas_allocate_aligned(size_t alignment, size_t size) {
  return mallocx(size, flags_of(MEMORY_OTHER) | MALLOCX_ALIGN(alignment));
}

void arenas_release(void *memory) {
  if (memory != NULL)
    dallocx(memory, MALLOCX_TCACHE_NONE);
}

/* ---- weir/heap.h ------------------------------------------------------------------------------------------------- */

int weir_heap_take(struct weir_heap *reading) {
  static const char *const names[MEMORY_KINDS] = {
      [MEMORY_OTHER] = "other",       [MEMORY_TABLE] = "table",           [MEMORY_CHANNEL] = "channel",
      [MEMORY_TIMER] = "timer",       [MEMORY_CONTEXT] = "context",       [MEMORY_BROKER] = "broker",
      [MEMORY_RESPONSE] = "response", [MEMORY_CONNECTION] = "connection",
  };
  *reading = (struct weir_heap){.count = MEMORY_KINDS + 1};
  if (!heap.work)
    return -ENOTSUP;
  struct weir_heap_kind rest = {"program", arenas_bytes(), read_total("stats.active"), read_total("stats.resident")};
  for (int kind = 0; kind < MEMORY_KINDS; kind++) {
    struct weir_heap_kind *one = &reading->kinds[kind];
    *one = (struct weir_heap_kind){
        .kind = names[kind],
        .allocated = allocated_in(heap.arenas[kind]),
        .active = read_figure(ACTIVE_PAGES, heap.arenas[kind]) * heap.page,
        .resident = read_figure(RESIDENT, heap.arenas[kind]),
    };
    rest.allocated -= one->allocated;
    rest.active -= one->active;
    rest.resident -= one->resident;
  }
  reading->kinds[MEMORY_KINDS] = rest;
  return 0;
}

int weir_heap_profile(bool active) {
  return heap.work && mallctl("prof.active", NULL, NULL, &active, sizeof active) == 0 ? 0 : -ENOTSUP;
}

int weir_heap_dump(const char *file) {
  bool profiled = false;
  size_t size = sizeof profiled;
  if (!heap.work || mallctl("opt.prof", &profiled, &size, NULL, 0) != 0 || !profiled)
    return -ENOTSUP;
  return mallctl("prof.dump", NULL, NULL, &file, sizeof file) == 0 ? 0 : -EIO;
}

#else

int weir_heap_take(struct weir_heap *reading) {
  *reading = (struct weir_heap){.count = 0};
  return -ENOTSUP;
}

int weir_heap_profile(bool active) {
  (void)active;
  return -ENOTSUP;
}

int weir_heap_dump(const char *file) {
  (void)file;
  return -ENOTSUP;
}

#endif

int weir_heap_print(const struct weir_heap *reading, FILE *stream) {
  fprintf(stream, "%-12s %14s %14s %14s\n", "heap", "allocated", "active", "resident");
  for (size_t i = 0; i < reading->count; i++)
    fprintf(stream, "%-12s %14zu %14zu %14zu\n", reading->kinds[i].kind, reading->kinds[i].allocated,
            reading->kinds[i].active, reading->kinds[i].resident);
  return ferror(stream) ? -EIO : 0;
}
