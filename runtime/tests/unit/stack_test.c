/* Stacks: sizes, the pool, the guard. */
#include "stack.h"

#include "check.h"
#include "random.h"

#include <weir/task.h>

enum { CONTROL = 512, MANY = 300 };

static void a_class_holds_what_was_asked_for(void) {
  struct stack_pool pool = {0};
  uint8_t before = 0;
  for (size_t usable = 1; usable < (size_t)64 << 20; usable += usable / 3 + 1) {
    const uint8_t size_class = stack_class(usable, CONTROL);
    CHECK_INT(size_class, >=, before);
    before = size_class;
    for (int i = 0; i < 20; i++) { /* tops are staggered: each of them must hold it */
      struct stack stack;
      CHECK(stack_take(&pool, size_class, &stack));
      CHECK_INT(stack.top - stack.low, >=, (intptr_t)(usable + CONTROL + STACK_GUARD));
      CHECK_INT(stack.top - stack.low, <=, (intptr_t)1 << size_class);
      CHECK_EQ_INT((uintptr_t)stack.top % 64, 0);
      if (usable > (size_t)1 << 20)
        break;
    }
    stack_pool_free(&pool);
  }
  CHECK_EQ_INT(stack_class((size_t)1 << 60, CONTROL), 0);
  CHECK_EQ_INT(stack_class(SIZE_MAX, CONTROL), 0);
}

static void stacks_do_not_overlap(void) {
  static struct stack stacks[MANY];
  struct stack_pool pool = {0};
  for (int i = 0; i < MANY; i++)
    CHECK(stack_take(&pool, stack_class(i % 3 == 0 ? 300000 : 20000, CONTROL), &stacks[i]));
  for (int i = 0; i < MANY; i++) {
    memset(stacks[i].top - 256, i, 256);
    for (int j = 0; j < i; j++)
      CHECK(stacks[i].low >= stacks[j].low + ((size_t)1 << stacks[j].size_class) ||
            stacks[j].low >= stacks[i].low + ((size_t)1 << stacks[i].size_class));
  }
  for (int i = 0; i < MANY; i++)
    CHECK_EQ_INT(stacks[i].top[-1], (char)i);
  stack_pool_free(&pool);
}

static void the_last_given_is_taken_first(void) {
  struct stack_pool pool = {0};
  const uint8_t size_class = stack_class(20000, CONTROL), other = stack_class(500000, CONTROL);
  struct stack a, b, c, again;
  CHECK(stack_take(&pool, size_class, &a) && stack_take(&pool, size_class, &b) && stack_take(&pool, other, &c));
  stack_give(&pool, a.low, size_class);
  stack_give(&pool, b.low, size_class);
  stack_give(&pool, c.low, other);
  CHECK(stack_take(&pool, size_class, &again) && again.low == b.low && again.top == b.top);
  CHECK(stack_take(&pool, other, &again) && again.low == c.low);
  CHECK(stack_take(&pool, size_class, &again) && again.low == a.low && again.top == a.top);
  stack_pool_free(&pool);
}

/* Neither takes more memory nor hands out one stack twice. */
static void reuse_against_an_array(void) {
  static struct stack stacks[MANY];
  static bool taken[MANY];
  struct stack_pool pool = {0};
  struct random random = {4};
  const uint8_t size_class = stack_class(20000, CONTROL);
  for (uint32_t step = 0; step < SCALED(20000); step++) {
    const uint32_t i = random_below(&random, MANY);
    if (taken[i]) {
      CHECK_EQ_INT(*(uint32_t *)(stacks[i].top - 128), i);
      stack_give(&pool, stacks[i].low, size_class);
    } else {
      CHECK(stack_take(&pool, size_class, &stacks[i]));
      *(uint32_t *)(stacks[i].top - 128) = i;
    }
    taken[i] = !taken[i];
  }
  size_t slots = 0;
  for (const struct stack_region *region = pool.regions; region != NULL; region = region->next)
    slots += region->used;
  CHECK_INT(slots, <=, MANY);
  stack_pool_free(&pool);
  CHECK(pool.regions == NULL);
}

/* ---- the guard -------------------------------------------------------------------------------------------------- */

static ptrdiff_t touched; /* from a stack's low end */

static void touch(void) {
  struct stack_pool pool = {0};
  struct stack stack;
  CHECK(stack_take(&pool, stack_class(20000, CONTROL), &stack));
  *(volatile char *)(stack.low + touched) = 1;
  stack_pool_free(&pool);
}

static bool faults(ptrdiff_t offset) {
  struct check_child child;
  touched = offset;
  check_child_run(&child, touch);
  CHECK_LACKS(child.output, "CHECK");
  return check_child_died(&child);
}

static void the_guard_faults(void) {
  CHECK(faults(0));
  CHECK(faults(STACK_GUARD / 2));
  CHECK(faults(STACK_GUARD - 1));
  CHECK(!faults(STACK_GUARD));
  CHECK(!faults(STACK_GUARD + 20000));
}

/* The guard of a stack that was used before. */
static void touch_reused(void) {
  struct stack_pool pool = {0};
  struct stack stack;
  const uint8_t size_class = stack_class(20000, CONTROL);
  CHECK(stack_take(&pool, size_class, &stack));
  stack_give(&pool, stack.low, size_class);
  CHECK(stack_take(&pool, size_class, &stack));
  *(volatile char *)(stack.low + STACK_GUARD - 1) = 1;
  stack_pool_free(&pool);
}

static void the_guard_of_a_reused_stack_faults(void) {
  struct check_child child;
  check_child_run(&child, touch_reused);
  CHECK(check_child_died(&child));
  CHECK_LACKS(child.output, "CHECK");
}

static const struct check_case cases[] = {
    CHECK_CASE(a_class_holds_what_was_asked_for),
    CHECK_CASE(stacks_do_not_overlap),
    CHECK_CASE(the_last_given_is_taken_first),
    CHECK_CASE(reuse_against_an_array),
    CHECK_CASE(the_guard_faults),
    CHECK_CASE(the_guard_of_a_reused_stack_faults),
};
CHECK_MAIN(cases)
