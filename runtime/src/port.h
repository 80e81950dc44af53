/* port.h — the one way out: every lock, claim, clock read, pause of the thread and allocation of the core goes through
 * here.
 *
 * One source serves four modes behind one byte:
 *   PORT_ONE        one worker: locks and claims are plain memory, no lock-prefixed instruction, one predicted branch
 *   PORT_SIMULATED  one worker, one thread, virtual clock; each operation on a shared object is a choice (simulation.c)
 *   PORT_SEVERAL    several workers: locks and claims are atomic
 *   PORT_VIRTUAL    several virtual workers on one thread: each lock, claim, queue step, park and unpark is a choice
 *   too
 *                   (virtual.c)
 *
 * Invariants: the mode changes only while no other thread of the core exists. A lock is held for a few instructions and
 * never across a context switch: wait_commit releases the one it is given before it switches.
 *
 * Rejected: a table of function pointers (an indirect call on each lock); compiling the core once a mode (what is
 * simulated would not be what runs); futexes under the locks (a release would be a locked instruction; sections are so
 * short that a waiter spins, and gives its processor up when the holder has lost its own).
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
struct weir_case;
struct task;

/* What a task is about to do to a shared object. It stays on the task's stack while others may go first. */
struct port_operation {
  const char *name;             /* static */
  const void *object;           /* NULL: none */
  const struct weir_chan *chan; /* the object as a channel, if it is one */
  const struct weir_case *cases;
  uint32_t count; /* of cases: a select concerns several objects */
};

enum port_mode { PORT_ONE = 0, PORT_SIMULATED = 1, PORT_SEVERAL = 2, PORT_VIRTUAL = PORT_SIMULATED | PORT_SEVERAL };

#define WEIR_INTERNAL __attribute__((visibility("hidden"))) /* reached without a table, from other files too */

/* What libweir_http takes from libweir beside the public functions. Hidden, unless they are shared libraries. */
#ifndef WEIR_SHARED
#define WEIR_PRIVATE WEIR_INTERNAL
#elif defined(weir_EXPORTS)
#define WEIR_PRIVATE __attribute__((visibility("protected")))
#else
#define WEIR_PRIVATE __attribute__((visibility("default")))
#endif

extern WEIR_PRIVATE uint8_t weir_port_mode;

/* Several workers, real or virtual. */
static inline bool port_several(void) {
  return unlikely((weir_port_mode & PORT_SEVERAL) != 0);
}

static inline bool port_simulated(void) {
  return unlikely((weir_port_mode & PORT_SIMULATED) != 0);
}

/* What a simulation puts in the place of the machine; set while one is active. */
struct port_simulation {
  int64_t (*clock)(void);
  void (*step)(const struct port_operation *operation);
  void (*yield)(void);
  bool (*allocation_fails)(void);
  uint32_t (*choose)(int kind, uint32_t count);
  void (*fires)(const struct weir_chan *chan, const struct task *task);
  void (*gone)(const void *object);
  void (*leave)(void);            /* the running task goes no further */
  void (*turn)(const char *what); /* these, of virtual workers only: another one may go first */
  void (*lock)(uint32_t *word);
  void (*park)(int64_t until);
  void (*unpark)(uint32_t worker);
};
extern WEIR_PRIVATE const struct port_simulation *weir_port_simulation;

/* Between two steps of an algorithm of several workers: a virtual one may be overtaken here. */
static inline void port_turn(const char *what) {
  if (unlikely(weir_port_mode == PORT_VIRTUAL))
    weir_port_simulation->turn(what);
}

/* A lock word. With one worker it only proves, in a debug build, that sections do not nest on one object. */
struct port_lock {
  uint32_t word;
};

WEIR_PRIVATE void port_lock_several(struct port_lock *lock);

static inline void port_lock(struct port_lock *lock) {
  if (port_several()) {
    port_lock_several(lock);
    return;
  }
#ifndef NDEBUG
  assert(lock->word == 0);
  lock->word = 1;
#endif
}

static inline void port_unlock(struct port_lock *lock) {
  if (port_several()) {
    __atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE); /* pairs with the exchange in port_lock_several */
    return;
  }
#ifndef NDEBUG
  assert(lock->word == 1);
  lock->word = 0;
#endif
}

/* Moves *word from one state to another if it is still there: the claim of wait.h. What the claimer does next cannot be
 * seen by others before they see the claim; acquire and release pair with each other's claims of the same word. */
static inline bool port_claim(uint32_t *word, uint32_t from, uint32_t to) {
  if (port_several()) {
    port_turn("claim");
    return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  }
  if (*word != from)
    return false;
  *word = to;
  return true;
}

/* Two parties come to *word, which begins as 0: true for the second one, who then sees all that the first one did. Only
 * with several workers. */
static inline bool port_meet(uint32_t *word) {
  port_turn("meet");
  return __atomic_exchange_n(word, 1, __ATOMIC_ACQ_REL) != 0; /* pairs with itself */
}

/* References. */
static inline void port_retain(uint32_t *references) {
  if (port_several())
    __atomic_fetch_add(references, 1, __ATOMIC_RELAXED); /* whoever retains holds one already: nothing to order */
  else
    ++*references;
}

/* The same, unless there is none left. */
static inline bool port_retain_living(uint32_t *references) {
  if (!port_several()) {
    *references += *references != 0;
    return *references != 0;
  }
  uint32_t count = __atomic_load_n(references, __ATOMIC_RELAXED); /* the exchange decides */
  do {
    if (count == 0)
      return false;
  } while (!__atomic_compare_exchange_n(references, &count, count + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return true;
}

/* True for the last one, who sees all that the others did before they let go (release and acquire pair with each
 * other). */
static inline bool port_release_count(uint32_t *references) {
  if (port_several()) {
    port_turn("release");
    return __atomic_fetch_sub(references, 1, __ATOMIC_ACQ_REL) == 1;
  }
  return --*references == 0;
}

/* A number that several workers change and anybody may read at any time (__atomic_load_n, relaxed: it orders nothing). */
static inline void port_count(size_t *count, ptrdiff_t change) {
  if (port_several())
    __atomic_fetch_add(count, (size_t)change, __ATOMIC_RELAXED);
  else
    __atomic_store_n(count, *count + (size_t)change, __ATOMIC_RELAXED);
}

/* A counter that one worker writes and others may read: exact once the writer is known to rest. */
static inline void port_tally(size_t *counter, size_t delta) {
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
  __asm__("addq %1, %0" : "+m"(*counter) : "er"(delta)); /* gcc would load, add and store */
#else
  __atomic_store_n(counter, *counter + delta,
                   __ATOMIC_RELAXED); /* pairs with the readers' relaxed loads: no order needed */
#endif
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

/* One of several workers sleeps until the absolute time, or until somebody unparks it: also before it slept. */
struct port_parker {
  uint32_t word;
};
void port_park(struct port_parker *parker, int64_t until);
void port_unpark(struct port_parker *parker, uint32_t worker);

/* Tells the processor that the thread spins. */
static inline void port_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* What memory is for: the measuring build has an arena for each (arenas.h). */
enum port_memory {
  MEMORY_OTHER,
  MEMORY_TABLE,
  MEMORY_CHANNEL,
  MEMORY_TIMER,
  MEMORY_CONTEXT,
  MEMORY_BROKER,
  MEMORY_RESPONSE,
  MEMORY_CONNECTION,
  MEMORY_KINDS
};

/* Memory of one object. NULL when there is none, or when a simulation's chooser says so: one choice an object, whatever
 * else must be allocated for it, because that depends on what the process did before. */
WEIR_PRIVATE void *port_allocate(enum port_memory kind, size_t size);
/* The same on a thread that is no worker: neither counted nor a choice. */
void *port_allocate_foreign(size_t size);
/* That choice alone, for an object whose memory comes from a pool. */
bool port_allocation_fails(void);
/* Memory of registers and tables, which outlive a simulation. NULL when there is none. */
WEIR_PRIVATE void *port_reallocate(void *memory, size_t size);
void *port_allocate_aligned(size_t alignment, size_t size);
WEIR_PRIVATE void port_release(void *memory);
/* Bytes of the whole process that the allocator has handed out and not got back; 0 where it cannot be asked. */
size_t port_heap_bytes(void);
/* False in a measuring build whose allocator does not count. */
bool port_heap_counts(void);

/* How many allocations (mappings included) the core has asked for since the process began: what the test that fails
 * each in turn compares its own count with. */
extern WEIR_INTERNAL uint64_t weir_port_allocations;

/* Address space for stacks. NULL when there is none. */
void *port_map(size_t size);
void port_unmap(void *memory, size_t size);
/* Makes one page inaccessible: by a guard marker (no mapping of its own) where the kernel has it, else by mprotect.
 * False when the kernel refuses (vm.max_map_count). */
bool port_guard(void *page, size_t size);

/* A timer of that channel, or the deadline of that task, has come due. */
static inline void port_fires(const struct weir_chan *chan, const struct task *task) {
  if (port_simulated())
    weir_port_simulation->fires(chan, task);
}

/* An object's memory is about to be given back: another one may lie there next. */
static inline void port_gone(const void *object) {
  if (port_simulated())
    weir_port_simulation->gone(object);
}

/* A scheduling point: call first in every operation on a shared object. name is a static string for the trace; chan is
 * the channel concerned, or NULL. */
static inline void port_step(const char *name, const struct weir_chan *chan) {
  if (port_simulated())
    weir_port_simulation->step(&(struct port_operation){.name = name, .object = chan, .chan = chan});
}

/* The same for an object that is no channel. */
static inline void port_step_on(const char *name, const void *object) {
  if (port_simulated())
    weir_port_simulation->step(&(struct port_operation){.name = name, .object = object});
}

/* The same for a select. */
static inline void port_step_select(const struct weir_case *cases, uint32_t count) {
  if (port_simulated())
    weir_port_simulation->step(&(struct port_operation){.name = "select", .cases = cases, .count = count});
}

#endif
