/* port.c — the operating system's side of port.h. */
#include "port.h"

#include "arenas.h"

#include <errno.h>
#include <linux/futex.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

uint8_t weir_port_mode = PORT_ONE;
const struct port_simulation *weir_port_simulation;
uint64_t weir_port_allocations;

int64_t port_clock(void) {
  if (unlikely(weir_port_mode & PORT_SIMULATED))
    return weir_port_simulation->clock();
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- several workers -------------------------------------------------------------------------------------------- */

enum { LOCK_SPINS = 100 };

static inline bool lock_taken(struct port_lock *lock) {
  return __atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE) == 0; /* pairs with the store in port_unlock */
}

static __attribute__((noinline)) void lock_slowly(struct port_lock *lock) {
  for (unsigned spins = 0;; spins++) {
    if (spins < LOCK_SPINS)
      port_relax();
    else
      sched_yield(); /* its holder may have lost its processor to us */
    if (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) == 0 && lock_taken(lock)) /* the exchange decides */
      return;
  }
}

void port_lock_several(struct port_lock *lock) {
  if (unlikely(weir_port_mode == PORT_VIRTUAL))
    weir_port_simulation->lock(&lock->word);
  else if (unlikely(!lock_taken(lock)))
    lock_slowly(lock);
}

enum { PARKER_AWAKE, PARKER_ASLEEP, PARKER_NOTIFIED };

void port_park(struct port_parker *parker, int64_t until) {
  if (unlikely(weir_port_mode == PORT_VIRTUAL)) {
    weir_port_simulation->park(until);
    return;
  }
  uint32_t awake = PARKER_AWAKE;
  /* Acquire: what came before the notice is seen; pairs with the exchange in port_unpark. */
  if (__atomic_compare_exchange_n(&parker->word, &awake, PARKER_ASLEEP, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    struct timespec when = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    /* A wake-up without a notice is harmless: the caller looks around and parks again. */
    syscall(SYS_futex, &parker->word, FUTEX_WAIT_BITSET_PRIVATE, PARKER_ASLEEP, until == INT64_MAX ? NULL : &when, NULL,
            FUTEX_BITSET_MATCH_ANY);
  }
  __atomic_exchange_n(&parker->word, PARKER_AWAKE, __ATOMIC_ACQ_REL); /* pairs with the exchange in port_unpark */
}

void port_unpark(struct port_parker *parker, uint32_t worker) {
  if (unlikely(weir_port_mode == PORT_VIRTUAL)) {
    weir_port_simulation->unpark(worker);
    return;
  }
  if (__atomic_exchange_n(&parker->word, PARKER_NOTIFIED, __ATOMIC_ACQ_REL) == PARKER_ASLEEP)
    syscall(SYS_futex, &parker->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- memory -------------------------------------------------------------------------------------------------------
 * */

static void count_allocation(void) {
  if (port_several())
    __atomic_fetch_add(&weir_port_allocations, 1, __ATOMIC_RELAXED); /* a number for tests */
  else
    weir_port_allocations++;
}

bool port_allocation_fails(void) {
  return unlikely(weir_port_mode & PORT_SIMULATED) && weir_port_simulation->allocation_fails();
}

#if WEIR_ARENAS
#define ARENAS_OR(measured, usual) (likely(arenas_work()) ? (measured) : (usual))
#else
#define ARENAS_OR(measured, usual) (usual)
#endif

void *port_allocate(enum port_memory kind, size_t size) {
  (void)kind;
  if (port_allocation_fails())
    return NULL;
  count_allocation();
  return ARENAS_OR(arenas_allocate(kind, size), malloc(size));
}

void *port_allocate_foreign(size_t size) {
  return ARENAS_OR(arenas_allocate(MEMORY_OTHER, size), malloc(size));
}

void *port_reallocate(void *memory, size_t size) {
  count_allocation();
  return ARENAS_OR(arenas_reallocate(memory, size), realloc(memory, size));
}

void *port_allocate_aligned(size_t alignment, size_t size) {
  count_allocation();
  size = (size + alignment - 1) / alignment * alignment;
  return ARENAS_OR(arenas_allocate_aligned(alignment, size), aligned_alloc(alignment, size));
}

void port_release(void *memory) {
#if WEIR_ARENAS
  if (likely(arenas_work())) {
    arenas_release(memory);
    return;
  }
#endif
  free(memory);
}

bool port_heap_counts(void) {
  return ARENAS_OR(true, !WEIR_ARENAS);
}

size_t port_heap_bytes(void) {
#if WEIR_ARENAS
  return arenas_work() ? arenas_bytes() : 0;
#elif defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
#else
  return 0;
#endif
}

void *port_map(size_t size) {
  count_allocation();
  void *memory =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED)
    return NULL;
  /* One huge page would make dozens of untouched stacks resident. */
  madvise(memory, size, MADV_NOHUGEPAGE);
  return memory;
}

void port_unmap(void *memory, size_t size) {
  munmap(memory, size);
}

/* Emulators may answer yes to advice that they do not know: a guard must make a read by the kernel fail. */
static bool guard_holds(void *page) {
  int ends[2];
  if (pipe(ends) != 0)
    return false;
  bool holds = write(ends[1], page, 1) < 0 && errno == EFAULT;
  close(ends[0]);
  close(ends[1]);
  return holds;
}

bool port_guard(void *page, size_t size) {
  static enum { UNKNOWN, MARKERS, MAPPINGS } kind;
  if (kind == UNKNOWN)
    kind = madvise(page, size, MADV_GUARD_INSTALL) == 0 && guard_holds(page) ? MARKERS : MAPPINGS;
  if (kind == MARKERS && madvise(page, size, MADV_GUARD_INSTALL) == 0)
    return true;
  return mprotect(page, size, PROT_NONE) == 0;
}
