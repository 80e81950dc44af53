/* context.h — the switch between stacks.
 *
 * A context is where a suspended stack goes on: stack pointer, frame pointer, address. The switch saves these three and
 * tells the compiler that everything else is lost, so that it keeps only what is live; it ends in a jump, because a
 * return would be predicted from the other task's calls and miss (3 times the cost). Floating-point control words
 * belong to the worker and are not saved. All suspensions of tasks go through one place (worker.c), so that the jump is
 * well predicted.
 *
 * Rejected: a function in an assembly file that saves six registers (20 more memory operations a round trip);
 * swapcontext everywhere (two system calls a switch); it stays as the fallback for other processors.
 */
#ifndef WEIR_SRC_CONTEXT_H
#define WEIR_SRC_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#if !defined(WEIR_CONTEXT_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define WEIR_CONTEXT_UCONTEXT 1
#endif

#ifdef WEIR_CONTEXT_UCONTEXT

#include <ucontext.h>

struct context {
  ucontext_t registers;
};

static inline void context_init(struct context *context, char *low, char *high, void (*entry)(void)) {
  getcontext(&context->registers);
  context->registers.uc_stack.ss_sp = low;
  context->registers.uc_stack.ss_size = (size_t)(high - low);
  context->registers.uc_link = NULL;
  makecontext(&context->registers, entry, 0);
}

static inline void context_switch(struct context *from, struct context *to) {
  swapcontext(&from->registers, &to->registers);
}

#else

struct context {
  void *stack;
  void *address;
  void *frame;
};

/* entry must never return. high is 16-byte aligned. */
static inline void context_init(struct context *context, char *low, char *high, void (*entry)(void)) {
  (void)low;
#ifdef __x86_64__
  high -= 8; /* as if entry had been called from address 0: unwinders stop there */
  *(uintptr_t *)high = 0;
#endif
  context->stack = high;
  context->address = (void *)(uintptr_t)entry;
  context->frame = NULL;
}

static inline __attribute__((always_inline)) void context_switch(struct context *from, struct context *to) {
#if defined(__x86_64__)
  __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                   "movq %%rsp, 0(%%rdi)\n\t"
                   "movq %%rax, 8(%%rdi)\n\t"
                   "movq %%rbp, 16(%%rdi)\n\t"
                   "movq 0(%%rsi), %%rsp\n\t"
                   "movq 16(%%rsi), %%rbp\n\t"
                   "jmpq *8(%%rsi)\n"
                   "1:\n\t"
                   : "+D"(from), "+S"(to)
                   :
                   : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1",
                     "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                     "xmm14", "xmm15",
#ifdef __AVX512F__
                     "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26",
                     "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7",
#endif
                     "cc", "memory");
#else
  register struct context *x0 __asm__("x0") = from;
  register struct context *x1 __asm__("x1") = to;
  __asm__ volatile("adr x9, 1f\n\t"
                   "mov x10, sp\n\t"
                   "stp x10, x9, [x0]\n\t"
                   "str x29, [x0, #16]\n\t"
                   "ldp x10, x9, [x1]\n\t"
                   "ldr x29, [x1, #16]\n\t"
                   "mov sp, x10\n\t"
                   "mov x30, xzr\n\t" /* unwinders stop where a task begins */
                   "br x9\n"
                   "1:\n\t"
                   : "+r"(x0), "+r"(x1)
                   :
                   : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
                     "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "v0",
                     "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
                     "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29",
                     "v30", "v31", "cc", "memory");
#endif
}

#endif

#endif
