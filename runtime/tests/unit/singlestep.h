/* singlestep.h — runs a child one instruction at a time and counts those that lock the bus, enter the kernel or read
 * the time stamp counter. x86-64 only: SINGLESTEP_WORKS says whether this is one.
 *
 * The program that is stepped says where counting begins and ends; what comes before runs at full speed (a warm-up:
 * symbols are bound, pools are filled). The tracer is ptrace, so that nothing but the program's own instructions runs
 * in the child.
 *
 * Rejected: the trap flag and a SIGTRAP handler in the same process (needs the alternate stack the library uses for
 * itself); disassembling the library (does not say what is executed, and not what libc adds).
 */
#ifndef UNIT_SINGLESTEP_H
#define UNIT_SINGLESTEP_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__linux__)
#define SINGLESTEP_WORKS 1
#else
#define SINGLESTEP_WORKS 0
#endif

enum instruction {
  INSTRUCTION_PLAIN,
  INSTRUCTION_LOCKED,   /* a lock prefix on anything */
  INSTRUCTION_EXCHANGE, /* xchg with a memory operand: locks without a prefix */
  INSTRUCTION_SYSTEM_CALL,
  INSTRUCTION_CLOCK, /* rdtsc, rdtscp */
  INSTRUCTIONS
};

enum { INSTRUCTION_BYTES_MAX = 15 };

/* What the x86-64 instruction at code is; size bytes can be read, missing ones count as zeros. */
enum instruction instruction_decode(const uint8_t *code, size_t size);

struct singlestep {
  uint64_t total;
  uint64_t count[INSTRUCTIONS];
  uintptr_t first[INSTRUCTIONS]; /* where the first of each kind stands */
};

/* Forks a child that runs program(arg), and counts between its two marks. Prints and fails the calling case when the
 * child does not end well, or without having passed both marks. Call it outside a run. */
void singlestep(struct singlestep *counted, void (*program)(void *arg), void *arg);

/* The two marks, each to be passed once, in this order. Called in the child. */
void singlestep_begin(void);
void singlestep_end(void);

/* Prints one line about a kind: how many, and where the first stands, for addr2line. */
void singlestep_describe(const struct singlestep *counted, enum instruction kind, char *line, size_t size);

#endif
