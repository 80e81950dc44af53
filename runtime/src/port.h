/* port.h — the one way out: every lock, claim, clock read, pause of the thread and allocation of the core goes through
 * here.
 *
 * One source serves three modes behind one byte:
 *   PORT_ONE        one worker: locks and claims are plain memory, no lock-prefixed instruction, one predicted branch
 *   PORT_SIMULATED  one thread, virtual clock; each operation on a shared object is a scheduling point (simulation.c)
 *   (several workers: the locks below get their atomic form behind the same branch)
 *
 * Invariants: the mode changes only while no run and no simulation is active. A lock is held for a few instructions and
 * never across a context switch: wait_commit releases the one it is given before it switches.
 *
 * Rejected: a table of function pointers (an indirect call on each lock); compiling the core once a mode (what is
 * simulated would not be what runs).
 */
#ifndef WEIR_PORT_H
#define WEIR_PORT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct weir_chan;

enum port_mode { PORT_ONE = 0, PORT_SIMULATED = 1 };

extern uint8_t weir_port_mode;

/* A lock word. With one thread it only proves, in a debug build, that sections do not nest on one object. */
struct port_lock {
  uint32_t word;
};

static inline void port_lock(struct port_lock *lock) {
#ifndef NDEBUG
  assert(lock->word == 0);
  lock->word = 1;
#else
  (void)lock;
#endif
}

static inline void port_unlock(struct port_lock *lock) {
#ifndef NDEBUG
  assert(lock->word == 1);
  lock->word = 0;
#else
  (void)lock;
#endif
}

/* Moves *word from one state to another if it is still there: the claim of wait.h. */
static inline bool port_claim(uint32_t *word, uint32_t from, uint32_t to) {
  if (*word != from)
    return false;
  *word = to;
  return true;
}

/* Nanoseconds of CLOCK_MONOTONIC, or virtual time in a simulation. Never cached. */
int64_t port_clock(void);

/* The deadline that lies so long after a fresh reading; saturates below "for ever". */
static inline int64_t port_deadline(int64_t duration) {
  int64_t deadline;
  if (__builtin_add_overflow(port_clock(), duration, &deadline) || deadline == INT64_MAX)
    return duration < 0 ? 0 : INT64_MAX - 1;
  return deadline;
}

/* Pauses the thread until the absolute time, or earlier when a signal comes. Never in a simulation. */
void port_pause(int64_t until);

/* Memory of one object. NULL when there is none, or when a simulation's chooser says so: one choice an object, whatever
 * else must be allocated for it, because that depends on what the process did before. */
void *port_allocate(size_t size);
/* That choice alone, for an object whose memory comes from a pool. */
bool port_allocation_fails(void);
/* Memory of registers and tables, which outlive a simulation. NULL when there is none. */
void *port_reallocate(void *memory, size_t size);
void port_release(void *memory);

/* How many allocations (mappings included) the core has asked for since the process began: what the test that fails
 * each in turn compares its own count with. */
extern uint64_t weir_port_allocations;

/* Address space for stacks. NULL when there is none. */
void *port_map(size_t size);
void port_unmap(void *memory, size_t size);
/* Makes one page inaccessible: by a guard marker (no mapping of its own) where the kernel has it, else by mprotect.
 * False when the kernel refuses (vm.max_map_count). */
bool port_guard(void *page, size_t size);

/* Virtual clock, scheduling point and allocation choice of the simulation; set while weir_port_mode is PORT_SIMULATED.
 */
struct port_simulation {
  int64_t (*clock)(void);
  void (*step)(const char *operation, const struct weir_chan *chan);
  void (*yield)(void);
  bool (*allocation_fails)(void);
  uint32_t (*choose)(int kind, uint32_t count);
};
extern const struct port_simulation *weir_port_simulation;

/* A scheduling point: call first in every operation on a shared object. operation is a static name for the trace; chan
 * is the channel concerned, or NULL. */
static inline void port_step(const char *operation, const struct weir_chan *chan) {
  if (unlikely(weir_port_mode != PORT_ONE))
    weir_port_simulation->step(operation, chan);
}

#endif
