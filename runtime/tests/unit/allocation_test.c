/* Every allocation fails in turn: what is made must be -ENOMEM, NULL or false to its caller, nothing may be lost, and
 * the program must work afterwards.
 *
 * The linker's --wrap sends each call of libweir to malloc, realloc, free, mmap, munmap, madvise and mprotect through
 * the functions below: they count for themselves, independently of the library's own counter (weir_port_allocations).
 * Each failure is injected into a fresh child process, where registers and pools begin empty, so that the n-th
 * allocation is the same in each.
 *
 * What outlives a run, and is accounted for exactly: the table of source lines (two blocks, once there is one line),
 * the stacks that simulations keep (a block and a mapping a region), and the books' registers until a run ends.
 */
#include "exercise.h"

#include "books.h"
#include "check.h"
#include "random.h"
#include "worker.h"

#include <weir/census.h>
#include <weir/chan.h>

#include <stdbool.h>
#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* ---- the wrappers ----------------------------------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void *memory, size_t size);
int __real_madvise(void *memory, size_t size, int advice);
int __real_mprotect(void *memory, size_t size, int protection);

static struct {
  uint64_t asked; /* allocations and mappings */
  uint64_t fail_at;
  bool for_ever; /* all from fail_at on */
  uint64_t failed;
  int64_t blocks; /* live */
  int64_t mappings;
  uint64_t guards;
  const void *guard; /* the newest: a second way of making it is no second guard */
  uint64_t refuse_guard_at;
  bool no_markers; /* an older kernel: guards by mprotect */
} memory;

static bool fails(void) {
  memory.asked++;
  const bool failing =
      memory.for_ever && memory.fail_at != 0 ? memory.asked >= memory.fail_at : memory.asked == memory.fail_at;
  memory.failed += failing;
  return failing;
}

void *__wrap_malloc(size_t size) {
  void *block = fails() ? NULL : __real_malloc(size);
  memory.blocks += block != NULL;
  return block;
}

void *__wrap_realloc(void *old, size_t size) {
  void *block = fails() ? NULL : __real_realloc(old, size);
  memory.blocks += block != NULL && old == NULL;
  return block;
}

void *__wrap_calloc(size_t count, size_t size) {
  void *block = __wrap_malloc(count * size);
  return block == NULL ? NULL : memset(block, 0, count * size);
}

void __wrap_free(void *block) {
  memory.blocks -= block != NULL;
  __real_free(block);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  void *mapping = fails() ? MAP_FAILED : __real_mmap(address, size, protection, flags, file, offset);
  memory.mappings += mapping != MAP_FAILED;
  return mapping;
}

int __wrap_munmap(void *mapping, size_t size) {
  memory.mappings--;
  memory.guard = NULL;
  return __real_munmap(mapping, size);
}

static bool guard_is_refused(const void *address) {
  memory.guards += memory.guard != address;
  memory.guard = address;
  return memory.guards == memory.refuse_guard_at;
}

int __wrap_madvise(void *address, size_t size, int advice) {
  const bool guard = advice == MADV_GUARD_INSTALL;
  return guard && (guard_is_refused(address) || memory.no_markers) ? -1 : __real_madvise(address, size, advice);
}

int __wrap_mprotect(void *address, size_t size, int protection) {
  const bool refused = guard_is_refused(address);
  memory.guard = NULL; /* the next one at this place is another attempt */
  return refused ? -1 : __real_mprotect(address, size, protection);
}

/* ---- what must hold after each pass ----------------------------------------------------------------------------- */

/* Of simulations; empty before the first. */
static const struct stack_pool *simulated_pool(void) {
  static const struct stack_pool empty;
  return weir_workers[WORKER_VIRTUAL] != NULL ? weir_workers[WORKER_VIRTUAL]->stacks : &empty;
}

static int64_t kept_regions(void) {
  int64_t regions = 0;
  for (const struct stack_region *region = simulated_pool()->regions; region != NULL; region = region->next)
    regions++;
  return regions;
}

/* Every stack that simulations ever cut is in their pool again. White box: a free stack begins with the next one. */
static void every_stack_is_back(void) {
  const struct stack_pool *pool = simulated_pool();
  int64_t cut = 0, pooled = 0;
  for (const struct stack_region *region = pool->regions; region != NULL; region = region->next)
    cut += region->used;
  for (int size_class = 0; size_class < STACK_CLASSES; size_class++)
    for (const void *free = pool->free[size_class]; free != NULL; free = *(const void *const *)free)
      pooled++;
  CHECK_EQ_INT(pooled, cut);
}

/* Trimmed when a run ends: left only by a pass in which none could begin. */
static int64_t kept_registers(void) {
  int64_t registers = 0;
  for (int kind = 0; kind < BOOK_KINDS; kind++)
    registers += weir_books[0].kinds[kind].slots != NULL;
  return registers;
}

static void nothing_is_left(void) {
  const struct weir_counts counts = weir_counts();
  const struct weir_counts none = {0};
  CHECK(memcmp(&counts, &none, sizeof none) == 0);
  CHECK_EQ_INT(memory.mappings, kept_regions());
  stack_unwatch(); /* a simulation leaves it installed, with a signal stack */
  every_stack_is_back();
  const int64_t blocks = memory.blocks - kept_regions() - kept_registers(), asked = (int64_t)memory.asked;
  if (blocks == 0)
    site_of("nothing_is_left", 1); /* there was no table yet: now there is, by two allocations */
  else
    CHECK_EQ_INT(blocks, 2);
  CHECK_EQ_INT((int64_t)memory.asked - asked, blocks == 0 ? 2 : 0);
  CHECK_EQ_INT(memory.blocks - kept_regions() - kept_registers(), 2);
}

struct outcome {
  uint64_t asked;
  uint64_t failed;
  uint64_t guards;
  uint32_t reported;
  uint32_t done;
};

/* One pass with whatever failure has been set up, and one without; in a child of its own. */
static struct outcome pass(bool patient) {
  const struct exercise exercise = exercise_everything(patient);
  const struct outcome outcome = {memory.asked, memory.failed, memory.guards, exercise.reported, exercise.done};
  CHECK_EQ_INT(weir_port_allocations, memory.asked);
  memory.fail_at = 0;
  memory.refuse_guard_at = 0;
  nothing_is_left();
  const struct exercise after = exercise_everything(true);
  CHECK_EQ_INT(after.reported, 0);
  CHECK_EQ_INT(kept_registers(), 0);
  nothing_is_left();
  return outcome;
}

struct injection {
  uint64_t fail_at;
  bool for_ever;
  uint64_t refuse_guard_at;
  bool no_markers;
};

static struct outcome inject(const struct injection *injection) {
  struct outcome *shared = __real_mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(shared != MAP_FAILED);
  fflush(NULL);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    memset(&memory, 0, sizeof memory);
    memory.fail_at = injection->fail_at;
    memory.for_ever = injection->for_ever;
    memory.refuse_guard_at = injection->refuse_guard_at;
    memory.no_markers = injection->no_markers;
    *shared = pass(!injection->for_ever);
    exit(0);
  }
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    check_fail(__FILE__, __LINE__, "allocation %ju%s, guard %ju: the child ended with status %#x",
               (uintmax_t)injection->fail_at, injection->for_ever ? " and all after it" : "",
               (uintmax_t)injection->refuse_guard_at, (unsigned)status);
  const struct outcome outcome = *shared;
  __real_munmap(shared, sizeof *shared);
  return outcome;
}

/* ---- cases ------------------------------------------------------------------------------------------------------ */

/* Where no caller is told. A line's table: it grows twice, by two blocks, and what has no line is "unknown". The task
 * of a function timer: its stack is a block and a mapping of its own in the run of large stacks; it is made a little
 * later. */
enum { ABSORBED = 2 * 2 + 2 };

/* A process is dear under a sanitizer: every fifth of them will do there. */
enum { STRIDE = UNIT_SCALE > 4 ? 5 : 1 };

static void each_fails_once(void) {
  const struct outcome clean = inject(&(struct injection){0});
  CHECK_EQ_INT(clean.reported, 0);
  uint64_t injected = 0, absorbed = 0;
  for (uint64_t n = 1; n <= clean.asked; n += STRIDE) {
    const struct outcome outcome = inject(&(struct injection){.fail_at = n});
    CHECK_EQ_INT(outcome.failed, 1);
    CHECK_INT(outcome.reported, <=, 1);
    injected += outcome.failed;
    absorbed += outcome.reported == 0;
  }
  printf("%ju failures injected, one for each of the %ju allocations of a clean pass%s; %ju absorbed, %ju reported\n",
         (uintmax_t)injected, (uintmax_t)clean.asked, STRIDE > 1 ? " in five" : "", (uintmax_t)absorbed,
         (uintmax_t)(injected - absorbed));
  CHECK_EQ_INT(injected, (clean.asked + STRIDE - 1) / STRIDE);
  CHECK_INT(absorbed, <=, ABSORBED);
  CHECK(STRIDE > 1 || absorbed == ABSORBED);
}

static void all_fail_from_one_on(void) {
  const struct outcome clean = inject(&(struct injection){.for_ever = true});
  CHECK_EQ_INT(clean.reported, 0);
  uint32_t least_done = UINT32_MAX;
  for (uint64_t n = 1; n <= clean.asked; n += STRIDE) {
    const struct outcome outcome = inject(&(struct injection){.fail_at = n, .for_ever = true});
    CHECK_INT(outcome.failed, >=, 1);
    CHECK_INT(outcome.done, <=, clean.done);
    least_done = outcome.done < least_done ? outcome.done : least_done;
  }
  CHECK_EQ_INT(least_done, 0);
}

static void each_guard_is_refused(void) {
  const struct outcome clean = inject(&(struct injection){0});
  CHECK_INT(clean.guards, >, 70);
  for (uint64_t n = 1; n <= clean.guards; n += STRIDE)
    CHECK_INT(inject(&(struct injection){.refuse_guard_at = n}).reported, <=, 1);
  printf("%ju guards refused in turn\n", (uintmax_t)((clean.guards + STRIDE - 1) / STRIDE));
}

static void works_without_guard_markers(void) {
  const struct outcome outcome = inject(&(struct injection){.no_markers = true});
  CHECK_EQ_INT(outcome.reported, 0);
}

/* The accounts can fail: a block that is not given back, a failure that is never met. */
static void lost_block(void) {
  exercise_everything(true);
  CHECK(__wrap_malloc(1) != NULL);
  nothing_is_left();
}

static void lost_mapping(void) {
  exercise_everything(true);
  CHECK(__wrap_mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
  nothing_is_left();
}

static void lost_channel(void) {
  exercise_everything(true);
  CHECK(weir_chan_new_at(1, 1, __FILE__, __LINE__) != NULL);
  nothing_is_left();
}

static void accounts_can_fail(void) {
  static void (*const losses[])(void) = {lost_block, lost_mapping, lost_channel};
  for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
    struct check_child child;
    check_child_run(&child, losses[i]);
    CHECK(check_child_died(&child));
    CHECK_CONTAINS(child.output, "CHECK failed");
  }
}

static const struct check_case cases[] = {
    CHECK_CASE(each_fails_once),       CHECK_CASE(all_fail_from_one_on),
    CHECK_CASE(each_guard_is_refused), CHECK_CASE(works_without_guard_markers),
    CHECK_CASE(accounts_can_fail),
};
CHECK_MAIN(cases)
