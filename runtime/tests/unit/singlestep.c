/* singlestep.c — see singlestep.h. */
#include "singlestep.h"

#include "check.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>

/* ---- the decoder --------------------------------------------------------------------------------------------------
 * An instruction is: legacy prefixes in any order, at most one REX, the opcode, ModRM. Enough for what is asked: a lock
 * is a legacy prefix, and xchg's opcodes are single bytes. VEX and EVEX begin with bytes that are opcodes here, and
 * nothing behind them can lock.
 */

static bool is_legacy_prefix(uint8_t byte) {
  static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
  return memchr(prefixes, byte, sizeof prefixes) != NULL;
}

enum instruction instruction_decode(const uint8_t *code, size_t size) {
  uint8_t bytes[INSTRUCTION_BYTES_MAX + 3] = {0};
  memcpy(bytes, code, size < INSTRUCTION_BYTES_MAX ? size : INSTRUCTION_BYTES_MAX);
  size_t at = 0;
  bool locked = false;
  while (at < INSTRUCTION_BYTES_MAX && is_legacy_prefix(bytes[at]))
    locked |= bytes[at++] == 0xf0;
  if (locked)
    return INSTRUCTION_LOCKED;
  at += (bytes[at] & 0xf0) == 0x40; /* REX */
  const uint8_t opcode = bytes[at];
  if (opcode == 0x86 || opcode == 0x87)
    return bytes[at + 1] >> 6 == 3 ? INSTRUCTION_PLAIN : INSTRUCTION_EXCHANGE;
  if (opcode == 0xcd && bytes[at + 1] == 0x80)
    return INSTRUCTION_SYSTEM_CALL;
  if (opcode != 0x0f)
    return INSTRUCTION_PLAIN;
  if (bytes[at + 1] == 0x05 || bytes[at + 1] == 0x34)
    return INSTRUCTION_SYSTEM_CALL;
  if (bytes[at + 1] == 0x31 || (bytes[at + 1] == 0x01 && bytes[at + 2] == 0xf9))
    return INSTRUCTION_CLOCK;
  return INSTRUCTION_PLAIN;
}

void singlestep_describe(const struct singlestep *counted, enum instruction kind, char *line, size_t size) {
  static const char *const names[] = {"plain", "lock-prefixed", "xchg with memory", "system call", "clock"};
  const uintptr_t first = counted->first[kind];
  Dl_info where;
  if (dladdr((const void *)first, &where) == 0)
    where = (Dl_info){.dli_fname = "?"};
  snprintf(line, size, "%" PRIu64 " %s instruction(s), the first: addr2line -fe %s 0x%" PRIxPTR "%s%s",
           counted->count[kind], names[kind], where.dli_fname, first - (uintptr_t)where.dli_fbase,
           where.dli_sname != NULL ? " near " : "", where.dli_sname != NULL ? where.dli_sname : "");
}

#if SINGLESTEP_WORKS

#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>

/* ---- the marks ------------------------------------------------------------------------------------------------------
 * The stop tells the tracer to begin stepping; counting begins and ends at the addresses of two functions, which a fork
 * leaves where they are.
 */

static __attribute__((noinline)) void counting_begins(void) {
  __asm__ volatile("# counting begins" ::: "memory");
}

static __attribute__((noinline)) void counting_ends(void) {
  __asm__ volatile("# counting ends" ::: "memory");
}

void singlestep_begin(void) {
  raise(SIGSTOP);
  counting_begins();
}

void singlestep_end(void) {
  counting_ends();
}

/* ---- the tracer -------------------------------------------------------------------------------------------------- */

enum { KNOWN = 1 << 15 };

struct tracer {
  pid_t child;
  struct singlestep *counted;
  uint32_t known_count;
  struct known { /* open addressing: what stands at an address */
    uintptr_t address;
    enum instruction kind;
  } known[KNOWN];
};

static enum instruction read_instruction(pid_t child, uintptr_t address) {
  long words[2];
  for (size_t i = 0; i < 2; i++) {
    errno = 0;
    words[i] = ptrace(PTRACE_PEEKTEXT, child, address + i * sizeof words[0], NULL);
    CHECK(errno == 0 || i > 0); /* the next page may not be there */
  }
  return instruction_decode((const uint8_t *)words, sizeof words);
}

static enum instruction instruction_at(struct tracer *tracer, uintptr_t address) {
  size_t slot = (address * UINT64_C(0x9e3779b97f4a7c15)) >> 49;
  for (; tracer->known[slot].address != 0; slot = (slot + 1) % KNOWN)
    if (tracer->known[slot].address == address)
      return tracer->known[slot].kind;
  CHECK_INT(++tracer->known_count, <, KNOWN);
  tracer->known[slot] = (struct known){.address = address, .kind = read_instruction(tracer->child, address)};
  return tracer->known[slot].kind;
}

/* Lets the child go on by request, until it stops again; a signal that is not the tracer's own is given to it. */
static int resume(struct tracer *tracer, long request, int signal) {
  int status;
  CHECK_EQ_INT(ptrace(request, tracer->child, NULL, (void *)(intptr_t)signal), 0);
  CHECK(waitpid(tracer->child, &status, 0) == tracer->child);
  return status;
}

static uintptr_t instruction_pointer(const struct tracer *tracer) {
  return (uintptr_t)ptrace(PTRACE_PEEKUSER, tracer->child, offsetof(struct user_regs_struct, rip), NULL);
}

static void count_until_end(struct tracer *tracer) {
  struct singlestep *counted = tracer->counted;
  bool counting = false;
  for (int signal = 0;;) {
    const uintptr_t address = instruction_pointer(tracer);
    if (address == (uintptr_t)counting_ends)
      return;
    counting |= address == (uintptr_t)counting_begins;
    if (counting) {
      const enum instruction kind = instruction_at(tracer, address);
      counted->total++;
      if (counted->count[kind]++ == 0)
        counted->first[kind] = address;
    }
    const int status = resume(tracer, PTRACE_SINGLESTEP, signal);
    if (!WIFSTOPPED(status))
      check_fail(__FILE__, __LINE__, "the child ended (status 0x%x) between the marks", status);
    signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
  }
}

/* Tracer and child take turns: on one processor a step costs a third of what it costs on two. */
static void stay_on_one_processor(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(sched_getcpu(), &set);
  sched_setaffinity(0, sizeof set, &set);
}

void singlestep(struct singlestep *counted, void (*program)(void *), void *arg) {
  static struct tracer tracer;
  stay_on_one_processor();
  fflush(NULL);
  memset(&tracer, 0, sizeof tracer);
  memset(counted, 0, sizeof *counted);
  tracer.counted = counted;
  tracer.child = fork();
  CHECK(tracer.child >= 0);
  if (tracer.child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
      check_fail(__FILE__, __LINE__, "ptrace: %s; this test needs it", strerror(errno));
    raise(SIGSTOP);
    program(arg);
    exit(0);
  }
  int status;
  CHECK(waitpid(tracer.child, &status, 0) == tracer.child);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  CHECK_EQ_INT(ptrace(PTRACE_SETOPTIONS, tracer.child, NULL, PTRACE_O_EXITKILL), 0);
  status = resume(&tracer, PTRACE_CONT, 0);
  if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
    check_fail(__FILE__, __LINE__, "the child ended (status 0x%x) before the first mark", status);
  count_until_end(&tracer);
  status = resume(&tracer, PTRACE_CONT, 0);
  while (WIFSTOPPED(status))
    status = resume(&tracer, PTRACE_CONT, WSTOPSIG(status));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    check_fail(__FILE__, __LINE__, "the child ended with status 0x%x", status);
}

#else

void singlestep(struct singlestep *counted, void (*program)(void *), void *arg) {
  (void)counted, (void)program, (void)arg;
  check_fail(__FILE__, __LINE__, "single-stepping knows x86-64 only");
}

void singlestep_begin(void) {}

void singlestep_end(void) {}

#endif
