/* Switching stacks: what a function holds in registers and on its stack is there when it goes on, at any depth and in
 * any order of switches; a new stack begins aligned; floating-point numbers survive, the rounding mode is the thread's.
 */
#include "check.h"

#include "context.h"
#include "random.h"
#include "sanitizer.h"

#include <fenv.h>

enum { SIDES = 5, STACK = 256 * 1024 };

/* Side 0 is the thread's own stack. */
static struct side {
  struct context context;
  struct fiber fiber;
  char *memory;
} sides[SIDES];

static int here;
static uint64_t switches;

static void go(int to) {
  const int from = here;
  here = to;
  switches++;
  fiber_leave(&sides[from].fiber, &sides[to].fiber, false);
  context_switch(&sides[from].context, &sides[to].context);
  fiber_enter(&sides[from].fiber);
}

static void prepare(void (*entry)(void)) {
  fiber_init_thread(&sides[0].fiber);
  for (int i = 1; i < SIDES; i++) {
    CHECK((sides[i].memory = aligned_alloc(64, STACK)) != NULL);
    context_init(&sides[i].context, sides[i].memory, sides[i].memory + STACK, entry);
    fiber_create(&sides[i].fiber, sides[i].memory, STACK);
  }
}

/* Nobody runs on them any more. */
static void release(void) {
  for (int i = 1; i < SIDES; i++) {
    fiber_destroy(&sides[i].fiber);
    free(sides[i].memory);
  }
}

/* ---- state survives --------------------------------------------------------------------------------------------- */

static struct random random_source = {11};
static uint64_t budget;

/* Many values alive across the switch: more than there are registers, of both kinds. */
static __attribute__((noinline)) uint64_t wander(int depth, uint64_t seed) {
  const uint64_t a = seed * 3, b = seed ^ 5, c = seed + 7, d = seed - 9, e = seed * 11, f = seed ^ 13, g = seed + 17,
                 h = ~seed, i = seed << 3, j = seed >> 3;
  const double p = (double)(seed % 1000003), q = p / 3, r = p * 7, s = p - 0.5, t = -p;
  const float u = (float)(seed % 4099) / 8;
  const long double v = (long double)p / 7;
  char local[64];
  memset(local, (int)seed, sizeof local);
  const int me = here;
  if (budget > 0) {
    budget--;
    go((int)random_below(&random_source, SIDES));
  }
  CHECK_EQ_INT(here, me);
  const uint64_t below = depth > 0 ? wander(depth - 1, seed * UINT64_C(6364136223846793005) + 1) : 1;
  CHECK(a == seed * 3 && b == (seed ^ 5) && c == seed + 7 && d == seed - 9 && e == seed * 11 && f == (seed ^ 13) &&
        g == seed + 17 && h == ~seed && i == seed << 3 && j == seed >> 3);
  CHECK(p == (double)(seed % 1000003) && q == p / 3 && r == p * 7 && s == p - 0.5 && t == -p);
  CHECK(u == (float)(seed % 4099) / 8 && v == (long double)p / 7);
  for (size_t at = 0; at < sizeof local; at++)
    CHECK_EQ_INT(local[at], (char)seed);
  return below + a;
}

static void wander_for_ever(void) {
  fiber_enter(&sides[here].fiber);
  for (uint64_t seed = (uint64_t)here;; seed++) {
    wander((int)random_below(&random_source, 20), seed);
    if (budget == 0)
      go(0);
  }
}

static void state_survives_at_any_depth(void) {
  prepare(wander_for_ever);
  budget = SCALED(2000000);
  for (uint64_t seed = 1; budget > 0; seed++)
    wander((int)random_below(&random_source, 20), seed);
  CHECK_INT(switches, >=, SCALED(2000000));
  release();
}

/* ---- callee-saved registers, literally --------------------------------------------------------------------------- */

#ifdef __x86_64__
void registers_go_there(void);
uint64_t registers_differ(void);

/* Fills rbx, rbp and r12 to r15, switches away and back, and returns the bits that differ. */
__asm__(".text\n"
        ".type registers_differ, @function\n"
        "registers_differ:\n"
        "  pushq %rbx\n  pushq %rbp\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n  subq $8, %rsp\n"
        "  movq $0x1b1b1b1b, %rbx\n  movq $0x2c2c2c2c, %rbp\n  movq $0x3d3d3d3d, %r12\n"
        "  movq $0x4e4e4e4e, %r13\n  movq $0x5f5f5f5f, %r14\n  movq $0x6a6a6a6a, %r15\n"
        "  call registers_go_there\n"
        "  xorq $0x1b1b1b1b, %rbx\n  xorq $0x2c2c2c2c, %rbp\n  xorq $0x3d3d3d3d, %r12\n"
        "  xorq $0x4e4e4e4e, %r13\n  xorq $0x5f5f5f5f, %r14\n  xorq $0x6a6a6a6a, %r15\n"
        "  movq %rbx, %rax\n  orq %rbp, %rax\n  orq %r12, %rax\n  orq %r13, %rax\n  orq %r14, %rax\n  orq %r15, %rax\n"
        "  addq $8, %rsp\n  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbp\n  popq %rbx\n"
        "  ret\n"
        ".size registers_differ, . - registers_differ\n");

__attribute__((used)) void registers_go_there(void) {
  go(1);
}

static void disturb(void) {
  fiber_enter(&sides[here].fiber);
  for (uint64_t seed = 1;; seed++) {
    budget = 0;
    wander(3, seed);
    go(0);
  }
}

static void callee_saved_registers_survive(void) {
  prepare(disturb);
  for (int i = 0; i < 1000; i++)
    CHECK_EQ_INT(registers_differ(), 0);
  release();
}
#endif

/* ---- a new stack ------------------------------------------------------------------------------------------------ */

static uintptr_t misaligned;
static char *seen_low, *seen_high;

/* The compiler believes the entry's alignment: a 16-byte object, which vector instructions touch, shows whether it is. */
static __attribute__((noinline)) void look_at_the_stack(void) {
  _Alignas(16) volatile char object[16] = {0};
  misaligned |= (uintptr_t)object % 16 | (uintptr_t)__builtin_frame_address(0) % 16;
  seen_low = (char *)(uintptr_t)__builtin_frame_address(0);
  CHECK_EQ_INT(object[0], 0);
  char text[64];
  CHECK_INT(snprintf(text, sizeof text, "%.3f", (double)here), >, 0); /* needs 16 bytes for its vector registers */
}

static void begin(void) {
  fiber_enter(&sides[here].fiber);
  seen_high = __builtin_frame_address(0);
  look_at_the_stack();
  for (;;)
    go(0);
}

static void a_new_stack_is_aligned_and_its_own(void) {
  prepare(begin);
  for (int i = 1; i < SIDES; i++) {
    go(i);
    CHECK_EQ_INT(misaligned, 0);
    CHECK(seen_high <= sides[i].memory + STACK && seen_high > sides[i].memory + STACK - 1024);
    CHECK(seen_low < seen_high && seen_low > sides[i].memory);
  }
  release();
}

/* ---- floating point --------------------------------------------------------------------------------------------- */

static void round_upward(void) {
  fiber_enter(&sides[here].fiber);
  for (;;) {
    fesetround(FE_UPWARD);
    go(0);
  }
}

static void the_rounding_mode_is_the_threads(void) {
  prepare(round_upward);
  fesetround(FE_TONEAREST);
  go(1);
#ifndef WEIR_CONTEXT_UCONTEXT
  CHECK_EQ_INT(fegetround(), FE_UPWARD);
#endif
  fesetround(FE_TONEAREST);
  release();
}

static const struct check_case cases[] = {
    CHECK_CASE(state_survives_at_any_depth),
#ifdef __x86_64__
    CHECK_CASE(callee_saved_registers_survive),
#endif
    CHECK_CASE(a_new_stack_is_aligned_and_its_own),
    CHECK_CASE(the_rounding_mode_is_the_threads),
};
CHECK_MAIN(cases)
