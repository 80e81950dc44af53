/* stack.h — pooled, guarded stacks.
 *
 * A slot is a power of two of bytes: the guard, then the stack; the task's control block lies at its top, so that a
 * parked task touches one page. The guard is 16 KiB of address space, so that a large frame does not step over it.
 * Slots are cut from regions of 4 MiB (or of one slot, when larger) and pooled last in, first out by size; regions go
 * back to the system when a run ends. Tops are staggered by cache lines from slot to slot: slots are a power of two
 * apart, and all tasks' hot lines would otherwise fall into the same sets of the cache.
 *
 * Each of several workers has a pool. A task may end on another worker than it began on: a pool that has grown beyond
 * POOL_MOST free stacks of a size gives a batch of them to a shelf, from which an empty pool takes one before it cuts
 * new slots.
 *
 * Rejected: slots of 128 KiB with a guard of 64 (a broadcast to 10,000 tasks by 8 publishers takes 38 % longer); mmap
 * a stack (two system calls and a mapping each; vm.max_map_count ends it at 32,750 tasks).
 */
#ifndef WEIR_SRC_STACK_H
#define WEIR_SRC_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__
enum { STACK_GUARD = 16 * 1024, STACK_SMALLEST = 16 };
#else
enum { STACK_GUARD = 64 * 1024, STACK_SMALLEST = 17 }; /* pages may be as large */
#endif
enum { STACK_CLASSES = 48 };

struct stack_region {
  struct stack_region *next;
  char *memory;
  size_t size;
  uint32_t used; /* slots cut so far */
  uint32_t slots;
  unsigned valgrind[]; /* one number a slot */
};

/* All of zero is an empty pool. */
struct stack_pool {
  struct stack_free *free[STACK_CLASSES];
  uint32_t free_count[STACK_CLASSES];       /* kept with several workers only */
  struct stack_region *open[STACK_CLASSES]; /* the region being cut */
  struct stack_region *regions;
  size_t mapped; /* bytes of address space */
};

struct stack {
  char *low;          /* the guard's address */
  char *top;          /* one past the usable bytes, 64-byte aligned, staggered */
  uint8_t size_class; /* the slot is 1 << size_class bytes */
};

/* The slot size, as a power of two, for a task that may use this many bytes beside its control block. 0 when absurd. */
uint8_t stack_class(size_t usable, size_t control);

/* A stack of that class. False when there is no memory or the kernel refuses the guard. */
bool stack_take(struct stack_pool *pool, uint8_t size_class, struct stack *stack);

/* Gives it back; the memory near the top is used for the free list. */
void stack_give(struct stack_pool *pool, char *low, uint8_t size_class);

/* Forgets what is on the shelf: before the pools that it came from are freed. */
void stack_shelf_clear(void);

/* Unmaps everything. No stack of the pool is in use. */
void stack_pool_free(struct stack_pool *pool);

/* Installs, for the length of a run, the handler that recognises the overflow of a task's stack: it calls
 * describe(address) on a stack of its own and, when that returns false, lets the signal take its usual course. False
 * without memory. */
bool stack_watch(bool (*describe)(const void *address));
void stack_unwatch(void);

/* Leaves it as it is for the next simulation, which then makes no system call for it. False: it cannot be left. */
bool stack_keep_watch(void);

/* The handler's own stack in a further thread. */
bool stack_watch_thread(void);
void stack_unwatch_thread(void);

#endif
