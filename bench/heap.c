/* bench/heap.c — see heap.h: stands before the process's allocator, whichever that is, and counts.
 *
 * Invariants: live is the sum of the usable sizes of the blocks that are out. The allocator is looked up at the first
 * call; what dlsym itself wants meanwhile comes from a small store that is never given back and not counted.
 *
 * Rejected: mallinfo2 (knows neither what was ever allocated nor a peak); jemalloc's thread.allocatedp (needs jemalloc
 * as the allocator of the times too); sums in the books (a write an object in every program, for this one's sake).
 */
#include "heap.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

static struct {
  void *(*allocate)(size_t);
  void *(*allocate_zeroed)(size_t, size_t);
  void *(*reallocate)(void *, size_t);
  void *(*allocate_aligned)(size_t, size_t);
  void (*release)(void *);
  size_t (*usable)(void *);
} next;

static int64_t allocated, live, peak; /* by relaxed atomics: numbers, which order nothing */

/* ---- until the allocator is found ------------------------------------------------------------------------------- */

static alignas(max_align_t) char store[8192];
static size_t stored;

static void *store_allocate(size_t size) {
  size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
  if (size > sizeof store - stored)
    return NULL;
  stored += size;
  return store + stored - size;
}

static bool of_store(const void *block) {
  return (const char *)block >= store && (const char *)block < store + sizeof store;
}

/* False while dlsym asks for memory: only one thread is there yet. */
static bool found(void) {
  static bool finding;
  if (next.usable != NULL)
    return true;
  if (finding)
    return false;
  finding = true;
  *(void **)&next.allocate = dlsym(RTLD_NEXT, "malloc");
  *(void **)&next.allocate_zeroed = dlsym(RTLD_NEXT, "calloc");
  *(void **)&next.reallocate = dlsym(RTLD_NEXT, "realloc");
  *(void **)&next.allocate_aligned = dlsym(RTLD_NEXT, "aligned_alloc");
  *(void **)&next.release = dlsym(RTLD_NEXT, "free");
  *(void **)&next.usable = dlsym(RTLD_NEXT, "malloc_usable_size");
  return true;
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

static void count(int64_t change) {
  if (change > 0)
    __atomic_fetch_add(&allocated, change, __ATOMIC_RELAXED);
  int64_t now = __atomic_add_fetch(&live, change, __ATOMIC_RELAXED);
  int64_t most = __atomic_load_n(&peak, __ATOMIC_RELAXED);
  while (now > most && !__atomic_compare_exchange_n(&peak, &most, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

static int64_t size_of(void *block) {
  return block == NULL || of_store(block) ? 0 : (int64_t)next.usable(block);
}

static void *counted(void *block) {
  count(size_of(block));
  return block;
}

PUBLIC heap_read_function weir_bench_heap_read;

struct heap_reading weir_bench_heap_read(int anew) {
  if (anew)
    __atomic_store_n(&peak, __atomic_load_n(&live, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
  int64_t now = __atomic_load_n(&live, __ATOMIC_RELAXED), most = __atomic_load_n(&peak, __ATOMIC_RELAXED);
  return (struct heap_reading){
      .allocated = __atomic_load_n(&allocated, __ATOMIC_RELAXED),
      .live = now,
      .peak = most > now ? most : now, /* a block may have come while the peak began anew */
  };
}

/* ---- the allocator's functions ---------------------------------------------------------------------------------- */

PUBLIC void *malloc(size_t size) {
  return found() ? counted(next.allocate(size)) : store_allocate(size);
}

PUBLIC void *calloc(size_t number, size_t size) {
  return found() ? counted(next.allocate_zeroed(number, size)) : store_allocate(number * size); /* of dlsym: small */
}

PUBLIC void free(void *block) {
  if (block == NULL || of_store(block))
    return;
  int saved = errno;
  count(-size_of(block));
  next.release(block);
  errno = saved;
}

PUBLIC void *realloc(void *block, size_t size) {
  if (!found() || of_store(block)) {
    void *moved = malloc(size);
    if (moved != NULL && block != NULL) {
      size_t left = (size_t)(store + sizeof store - (char *)block);
      memcpy(moved, block, size < left ? size : left);
    }
    return moved;
  }
  int64_t before = size_of(block);
  void *moved = next.reallocate(block, size);
  if (moved != NULL || size == 0)
    count(size_of(moved) - before);
  return moved;
}

PUBLIC void *aligned_alloc(size_t alignment, size_t size) {
  return found() ? counted(next.allocate_aligned(alignment, size)) : NULL;
}

PUBLIC void *memalign(size_t alignment, size_t size) {
  return aligned_alloc(alignment, size);
}

PUBLIC int posix_memalign(void **block, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
    return EINVAL;
  void *made = aligned_alloc(alignment, size);
  if (made == NULL)
    return ENOMEM;
  *block = made;
  return 0;
}
