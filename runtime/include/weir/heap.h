/* weir/heap.h — what the objects of each kind take of the heap, in a library built to measure it.
 *
 * The build option WEIR_ARENAS gives each kind a jemalloc arena of its own, without thread caches: the allocator's own
 * numbers are then exact, to hold the census against them. It is a mode for measuring (a pair of calls costs 60 ns
 * instead of 8), and not the default; there, and under a sanitizer, every function here returns -ENOTSUP.
 */
#ifndef WEIR_HEAP_H
#define WEIR_HEAP_H

#include <weir/base.h>

#include <stdio.h>

WEIR_BEGIN

enum { WEIR_HEAP_KINDS_MOST = 12 };

struct weir_heap_kind {
  const char *kind; /* as in the census; "table" for the runtime's registers, "other" for the rest of the core's,
                          "program" for everything else in the process. Tasks live in mapped stacks: they have none */
  size_t allocated; /* bytes of the blocks handed out: what was asked for, rounded up to jemalloc's classes */
  size_t active;    /* bytes of pages in which such blocks lie */
  size_t resident;  /* bytes of pages kept mapped, the allocator's own included */
};

struct weir_heap {
  struct weir_heap_kind kinds[WEIR_HEAP_KINDS_MOST];
  size_t count;
};

/* Reads them; exact while nobody allocates. 0, or -ENOTSUP. Any context; does not block; about 20 microseconds. */
WEIR_API int weir_heap_take(struct weir_heap *heap);

/* Prints them as a table. 0, or -EIO when the stream has an error. */
WEIR_API int weir_heap_print(const struct weir_heap *heap, FILE *stream);

/* Switches jemalloc's sampling of allocations on or off, and writes what was sampled and is alive to a file, for jeprof.
 * Needs a process started with MALLOC_CONF=prof:true,prof_active:false,lg_prof_sample:0. 0; -ENOTSUP without such a
 * library or such a start; -EIO the file could not be written. */
WEIR_API int weir_heap_profile(bool active);
WEIR_API int weir_heap_dump(const char *file);

WEIR_END

#endif
