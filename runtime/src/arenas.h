/* arenas.h — one jemalloc arena a kind of object: the build option WEIR_ARENAS, for port.c alone.
 *
 * MALLOCX_ARENA without MALLOCX_TCACHE_NONE is served from the thread's cache, that is from another arena; with it, on
 * both sides, what an arena has allocated is exact. Statistics stand still until epoch is written.
 *
 * The arenas are made before main. A block of 1 MiB must then move the statistics, and its end move them back: with a
 * sanitizer's allocator, or another one before jemalloc's, they would never move, and every verdict would be "flat". When
 * they do not, nothing is measured: memory comes from malloc, weir_run refuses to begin, weir_heap_take returns -ENOTSUP.
 *
 * Rejected: an arena a kind with a cache a thread (exact only after each is flushed by its thread); as the default (7
 * times the time of a cached pair, 40 times with two threads).
 */
#ifndef WEIR_SRC_ARENAS_H
#define WEIR_SRC_ARENAS_H

#include "port.h"

#if WEIR_ARENAS

/* False: the statistics do not move. */
bool arenas_work(void);

void *arenas_allocate(enum port_memory kind, size_t size);
void *arenas_reallocate(void *memory, size_t size);
void *arenas_allocate_aligned(size_t alignment, size_t size);
void arenas_release(void *memory);

/* Bytes allocated in the process, this thread's cache flushed. */
size_t arenas_bytes(void);

#endif
#endif
