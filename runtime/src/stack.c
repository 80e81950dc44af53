/* stack.c — see stack.h. */
#include "stack.h"

#include "port.h"
#include "sanitizer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { REGION_CLASS = 22, LARGEST_CLASS = 32, STAGGERS = 16, STAGGER = 128 };

struct stack_free {
  struct stack_free *next;
  char *low;
};

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

bool stack_take(struct stack_pool *pool, uint8_t size_class, struct stack *stack) {
  stack->size_class = size_class;
  struct stack_free *free = pool->free[size_class];
  if (likely(free != NULL)) {
    pool->free[size_class] = free->next;
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
static stack_t previous_stack;
static void *signal_stack;

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

bool stack_watch(bool (*describe)(const void *address)) {
  signal_stack = port_reallocate(NULL, SIGNAL_STACK);
  if (signal_stack == NULL)
    return false;
  stack_t alternate = {.ss_sp = signal_stack, .ss_size = SIGNAL_STACK};
  describe_overflow = describe;
  sigaltstack(&alternate, &previous_stack);
  struct sigaction action = {.sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &previous_action);
  if (previous_action.sa_sigaction == handle_fault) /* a program put back what it had found during an earlier run */
    previous_action = (struct sigaction){.sa_handler = SIG_DFL};
  return true;
}

void stack_unwatch(void) {
  struct sigaction current;
  /* A handler the program installed meanwhile stays. */
  if (sigaction(SIGSEGV, NULL, &current) == 0 && current.sa_sigaction == handle_fault)
    sigaction(SIGSEGV, &previous_action, NULL);
  sigaltstack(&previous_stack, NULL);
  port_release(signal_stack);
  signal_stack = NULL;
}
