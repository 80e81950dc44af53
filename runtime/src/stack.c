/* stack.c — see stack.h. */
#include "stack.h"

#include "port.h"
#include "sanitizer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { REGION_CLASS = 22, LARGEST_CLASS = 32, STAGGERS = 16, STAGGER = 128 };

enum { POOL_MOST = 256, BATCH = 128 };

struct stack_free {
  struct stack_free *next;
  char *low;
  struct stack_free *next_batch; /* on the shelf, in the first of a batch */
};

/* Batches of free stacks, for several workers. */
static struct {
  struct port_lock lock;
  struct stack_free *batches[STACK_CLASSES];
} shelf;

uint8_t stack_class(size_t usable, size_t control) {
  if (usable > (size_t)1 << (LARGEST_CLASS - 1))
    return 0;
  size_t bytes = usable + control + STACK_GUARD + (STAGGERS - 1) * STAGGER;
  uint8_t size_class = STACK_SMALLEST;
  while ((size_t)1 << size_class < bytes)
    size_class++;
  return size_class;
}

static char *slot_top(char *low, uint8_t size_class) {
  size_t stagger = ((uintptr_t)low >> size_class) % STAGGERS * STAGGER;
  return low + ((size_t)1 << size_class) - stagger;
}

static struct stack_region *region_new(uint8_t size_class) {
  size_t slot = (size_t)1 << size_class;
  size_t size = size_class < REGION_CLASS ? (size_t)1 << REGION_CLASS : slot;
  size_t slots = size / slot;
  struct stack_region *region = port_reallocate(NULL, sizeof *region + slots * sizeof region->valgrind[0]);
  if (region == NULL)
    return NULL;
  region->memory = port_map(size);
  if (region->memory == NULL) {
    port_release(region);
    return NULL;
  }
  region->size = size;
  region->slots = (uint32_t)slots;
  region->used = 0;
  return region;
}

void stack_shelf_clear(void) {
  memset(&shelf, 0, sizeof shelf);
}

/* The pool has too many: a batch of the newest goes to the shelf. */
static __attribute__((noinline)) void give_batch(struct stack_pool *pool, uint8_t size_class) {
  struct stack_free *first = pool->free[size_class], *last = first;
  for (unsigned i = 1; i < BATCH; i++)
    last = last->next;
  pool->free[size_class] = last->next;
  pool->free_count[size_class] -= BATCH;
  last->next = NULL;
  port_lock(&shelf.lock);
  first->next_batch = shelf.batches[size_class];
  shelf.batches[size_class] = first;
  port_unlock(&shelf.lock);
}

/* The pool is empty: takes a batch if there is one. */
static void take_batch(struct stack_pool *pool, uint8_t size_class) {
  port_lock(&shelf.lock);
  struct stack_free *first = shelf.batches[size_class];
  if (first != NULL) {
    shelf.batches[size_class] = first->next_batch;
    pool->free[size_class] = first;
    pool->free_count[size_class] = BATCH;
  }
  port_unlock(&shelf.lock);
}

bool stack_take(struct stack_pool *pool, uint8_t size_class, struct stack *stack) {
  stack->size_class = size_class;
  bool shared = weir_port_mode == PORT_SEVERAL; /* virtual workers have one pool */
  if (unlikely(shared && pool->free[size_class] == NULL))
    take_batch(pool, size_class);
  struct stack_free *free = pool->free[size_class];
  if (likely(free != NULL)) {
    pool->free[size_class] = free->next;
    pool->free_count[size_class] -= shared;
    stack->low = free->low;
    stack->top = slot_top(stack->low, size_class);
    return true;
  }
  struct stack_region *region = pool->open[size_class];
  if (region == NULL || region->used == region->slots) {
    region = region_new(size_class);
    if (region == NULL)
      return false;
    region->next = pool->regions;
    pool->mapped += region->size;
    pool->regions = pool->open[size_class] = region;
  }
  char *low = region->memory + ((size_t)region->used << size_class);
  if (!port_guard(low, STACK_GUARD))
    return false;
  region->valgrind[region->used++] = stack_register(low + STACK_GUARD, low + ((size_t)1 << size_class));
  stack->low = low;
  stack->top = slot_top(low, size_class);
  return true;
}

void stack_give(struct stack_pool *pool, char *low, uint8_t size_class) {
  struct stack_free *free = (struct stack_free *)(slot_top(low, size_class) - 64);
  free->low = low;
  free->next = pool->free[size_class];
  pool->free[size_class] = free;
  if (unlikely(weir_port_mode == PORT_SEVERAL) && ++pool->free_count[size_class] > POOL_MOST)
    give_batch(pool, size_class);
}

void stack_pool_free(struct stack_pool *pool) {
  for (struct stack_region *region = pool->regions, *next; region != NULL; region = next) {
    next = region->next;
    size_t slot_size = region->size / region->slots;
    char *low = region->memory;
    for (uint32_t slot = 0; slot < region->used; slot++, low += slot_size)
      stack_deregister(region->valgrind[slot], low + STACK_GUARD, low + slot_size);
    port_unmap(region->memory, region->size);
    port_release(region);
  }
  memset(pool, 0, sizeof *pool);
}

/* ---- overflow ------------------------------------------------------------------------------------------------- */

enum { SIGNAL_STACK = 64 * 1024 };

static bool (*describe_overflow)(const void *address);
static struct sigaction previous_action;
static _Thread_local stack_t previous_stack;
static _Thread_local void *signal_stack;
static bool kept; /* by simulations: installed, although none is active */

static void handle_fault(int number, siginfo_t *info, void *context) {
  if (info->si_code > 0 && describe_overflow(info->si_addr))
    abort();
  if (previous_action.sa_flags & SA_SIGINFO) {
    previous_action.sa_sigaction(number, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(number);
  } else {
    sigaction(number, &previous_action, NULL);
    if (info->si_code <= 0)
      raise(number); /* it was sent; a fault comes again by itself */
  }
}

bool stack_watch_thread(void) {
  signal_stack = port_reallocate(NULL, SIGNAL_STACK);
  if (signal_stack == NULL)
    return false;
  stack_t alternate = {.ss_sp = signal_stack, .ss_size = SIGNAL_STACK};
  sigaltstack(&alternate, &previous_stack);
  return true;
}

void stack_unwatch_thread(void) {
  sigaltstack(&previous_stack, NULL);
  port_release(signal_stack);
  signal_stack = NULL;
}

bool stack_watch(bool (*describe)(const void *address)) {
  describe_overflow = describe;
  if (kept && signal_stack != NULL)
    return true;
  if (kept)
    stack_unwatch();
  if (!stack_watch_thread())
    return false;
  struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &previous_action);
  if (previous_action.sa_sigaction == handle_fault) /* a program put back what it had found during an earlier run */
    previous_action = (struct sigaction){.sa_handler = SIG_DFL};
  return true;
}

bool stack_keep_watch(void) {
  static _Thread_local int main_thread; /* 0: not known yet */
  if (main_thread == 0)
    main_thread = gettid() == getpid() ? 1 : -1;
  kept = main_thread > 0; /* another thread's signal stack would be lost with it */
  return kept;
}

void stack_unwatch(void) {
  struct sigaction current;
  kept = false;
  /* A handler the program installed meanwhile stays. */
  if (sigaction(SIGSEGV, NULL, &current) == 0 && current.sa_sigaction == handle_fault)
    sigaction(SIGSEGV, &previous_action, NULL);
  stack_unwatch_thread();
}
