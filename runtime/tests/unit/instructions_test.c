/* With one worker nothing locks: operations of each load (loads.h), one instruction at a time, execute no lock prefix
 * and no xchg with memory, whoever they belong to: the library, libc, the vdso. Loads that name no time make no system
 * call either, and read a clock at most every 1,024 switches, for the books (books.h).
 *
 * A step costs about 3 microseconds on bare metal and 20 in a virtual machine, so that the short test does 40
 * operations of each load, more than its buffers hold and more than a worker's round; --operations=1000 is what the
 * goal asks for.
 *
 * The last cases show that the counter counts.
 */
#include "check.h"
#include "loads.h"
#include "singlestep.h"

#include <stdlib.h>

enum { WARM_UP = 1000, OPERATIONS_SHORT = 40, HEAVY = 8, SKIPPED = 77 };

static const struct load_table *const tables[] = {&loads_channel, &loads_timer, &loads_sync};

static int64_t operations = OPERATIONS_SHORT;

static int64_t operations_of(const struct load *load) {
  return load->heavy && operations == OPERATIONS_SHORT ? operations / HEAVY : operations;
}

static int stepped_main(void *arg) {
  const struct load *load = arg;
  if (load->open != NULL)
    load->open(load->parameter);
  load->operate(WARM_UP, load->parameter);
  singlestep_begin();
  load->operate(operations_of(load), load->parameter);
  singlestep_end();
  if (load->close != NULL)
    load->close(load->parameter);
  return 0;
}

static void run_load(void *arg) {
  const struct load *load = arg;
  const struct weir_config config = {.workers = 1, .timer_mode = load->mode};
  CHECK_EQ_INT(weir_run(&config, stepped_main, arg), 0);
}

static void none(const struct load *load, const struct singlestep *counted, enum instruction kind) {
  char line[512];
  singlestep_describe(counted, kind, line, sizeof line);
  if (counted->count[kind] != 0)
    check_fail(__FILE__, __LINE__, "%s: %s", load->name, line);
}

/* 1,024 switches are more than 50,000 instructions. A reading begins anew when the kernel has moved its clock meanwhile,
 * which is often where each instruction takes long. */
static void clock_is_rare(const struct load *load, const struct singlestep *counted) {
  char line[512];
  singlestep_describe(counted, INSTRUCTION_CLOCK, line, sizeof line);
  if (counted->count[INSTRUCTION_CLOCK] > 3 * (1 + counted->total / 50000))
    check_fail(__FILE__, __LINE__, "%s: %s", load->name, line);
}

static const struct load *load_number(size_t which) {
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; which -= tables[i++]->count)
    if (which < tables[i]->count)
      return &tables[i]->loads[which];
  check_fail(__FILE__, __LINE__, "there is no such load");
}

static void nothing_locks(int which) {
  const struct load *load = load_number((size_t)which);
  const int64_t n = operations_of(load);
  struct singlestep counted;
  singlestep(&counted, run_load, (void *)(uintptr_t)load);
  printf("%-26s %4d instructions an operation, %d system calls, %d clock reads in %d\n", load->name,
         (int)(counted.total / (uint64_t)n), (int)counted.count[INSTRUCTION_SYSTEM_CALL],
         (int)counted.count[INSTRUCTION_CLOCK], (int)n);
  CHECK_INT(counted.total, >, n);
  none(load, &counted, INSTRUCTION_LOCKED);
  none(load, &counted, INSTRUCTION_EXCHANGE);
  if (load->silent) {
    none(load, &counted, INSTRUCTION_SYSTEM_CALL);
    clock_is_rare(load, &counted);
  }
}

/* ---- the counter counts ------------------------------------------------------------------------------------------ */

static void decodes(void) {
  static const struct {
    uint8_t code[INSTRUCTION_BYTES_MAX];
    enum instruction kind;
  } table[] = {
      {{0xf0, 0xff, 0x00}, INSTRUCTION_LOCKED},                     /* lock incl (%rax) */
      {{0xf0, 0x48, 0x0f, 0xb1, 0x0f}, INSTRUCTION_LOCKED},         /* lock cmpxchg %rcx,(%rdi) */
      {{0x66, 0xf0, 0x41, 0x83, 0x08, 0x01}, INSTRUCTION_LOCKED},   /* lock orw $1,(%r8) */
      {{0x64, 0xf0, 0x0f, 0xc1, 0x04, 0x25}, INSTRUCTION_LOCKED},   /* lock xadd %eax,%fs:… */
      {{0xf0, 0x83, 0x0c, 0x24, 0x00}, INSTRUCTION_LOCKED},         /* lock orl $0,(%rsp): a fence */
      {{0x87, 0x07}, INSTRUCTION_EXCHANGE},                         /* xchg %eax,(%rdi) */
      {{0x48, 0x87, 0x45, 0xf8}, INSTRUCTION_EXCHANGE},             /* xchg %rax,-8(%rbp) */
      {{0x86, 0x05, 0x00, 0x00, 0x00, 0x00}, INSTRUCTION_EXCHANGE}, /* xchg %al,0(%rip) */
      {{0xf2, 0x45, 0x87, 0x10}, INSTRUCTION_EXCHANGE},             /* xacquire xchg %r10d,(%r8) */
      {{0x87, 0xd8}, INSTRUCTION_PLAIN},                            /* xchg %ebx,%eax */
      {{0x66, 0x90}, INSTRUCTION_PLAIN},                            /* xchg %ax,%ax */
      {{0xf3, 0x90}, INSTRUCTION_PLAIN},                            /* pause */
      {{0x48, 0x8b, 0xf0}, INSTRUCTION_PLAIN},                      /* mov %rax,%rsi: 0xf0 is its operand */
      {{0xb8, 0xf0, 0x87, 0x07, 0x00}, INSTRUCTION_PLAIN},          /* mov $0x787f0,%eax */
      {{0x0f, 0x87, 0x00, 0x01, 0x00, 0x00}, INSTRUCTION_PLAIN},    /* ja: 0x87 of another table */
      {{0xc5, 0xf0, 0x57, 0xc9}, INSTRUCTION_PLAIN},                /* vxorps: 0xf0 of a VEX prefix */
      {{0x62, 0xf1, 0x7d, 0x48, 0x6f, 0x07}, INSTRUCTION_PLAIN},    /* vmovdqa32: EVEX */
      {{0x0f, 0x05}, INSTRUCTION_SYSTEM_CALL},                      /* syscall */
      {{0xcd, 0x80}, INSTRUCTION_SYSTEM_CALL},                      /* int $0x80 */
      {{0x0f, 0x31}, INSTRUCTION_CLOCK},                            /* rdtsc */
      {{0x0f, 0x01, 0xf9}, INSTRUCTION_CLOCK},                      /* rdtscp */
      {{0x0f, 0x01, 0xd0}, INSTRUCTION_PLAIN},                      /* xgetbv */
      {{0}, INSTRUCTION_PLAIN},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    CHECK_EQ_INT(instruction_decode(table[i].code, sizeof table[i].code), table[i].kind);
    uint8_t exact[3]; /* no byte behind the end is looked at */
    memcpy(exact, table[i].code, sizeof exact);
    instruction_decode(exact, 1);
  }
}

enum { LOCKS = 7, EXCHANGES = 5, CALLS = 3 };

#if SINGLESTEP_WORKS

static void locks(void *arg) {
  int count = 0, swapped = 1;
  (void)arg;
  __asm__ volatile("lock incl %0" : "+m"(count));
  singlestep_begin();
  for (int i = 0; i < LOCKS; i++)
    __asm__ volatile("lock incl %0" : "+m"(count));
  for (int i = 0; i < EXCHANGES; i++)
    __asm__ volatile("xchg %%eax, %0" : "+m"(swapped)::"eax");
  for (int i = 0; i < CALLS; i++)
    getppid();
  __asm__ volatile("rdtsc" ::: "eax", "edx");
  singlestep_end();
  __asm__ volatile("lock incl %0" : "+m"(count));
  CHECK_EQ_INT(count, LOCKS + 2);
}

/* What the compiler makes of an atomic operation is counted too. */
static void adds_atomically(void *arg) {
  (void)arg;
  static uint32_t word;
  singlestep_begin();
  for (int i = 0; i < LOCKS; i++)
    __atomic_fetch_add(&word, 2, __ATOMIC_RELAXED);
  for (int i = 0; i < EXCHANGES; i++)
    __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
  singlestep_end();
}

#else

static void locks(void *arg) {
  (void)arg;
}

static void adds_atomically(void *arg) {
  (void)arg;
}

#endif

static void counts_locks(void) {
  struct singlestep counted;
  char line[512];
  singlestep(&counted, locks, NULL);
  CHECK_EQ_INT(counted.count[INSTRUCTION_LOCKED], LOCKS);
  CHECK_EQ_INT(counted.count[INSTRUCTION_EXCHANGE], EXCHANGES);
  CHECK_INT(counted.count[INSTRUCTION_SYSTEM_CALL], ==, CALLS);
  CHECK_INT(counted.count[INSTRUCTION_CLOCK], ==, 1);
  singlestep_describe(&counted, INSTRUCTION_LOCKED, line, sizeof line);
  CHECK_CONTAINS(line, "7 lock-prefixed");
  CHECK_CONTAINS(line, "instructions");
}

static void counts_atomics(void) {
  struct singlestep counted;
  singlestep(&counted, adds_atomically, NULL);
  CHECK_EQ_INT(counted.count[INSTRUCTION_LOCKED] + counted.count[INSTRUCTION_EXCHANGE], LOCKS + EXCHANGES);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

enum { CASES_MAX = 64 };

int main(int argc, char **argv) {
  struct check_case cases[CASES_MAX] = {CHECK_CASE(decodes), CHECK_CASE(counts_locks), CHECK_CASE(counts_atomics)};
  size_t count = 3;
  static const char option[] = "--operations=";
  if (argc > 1 && strncmp(argv[1], option, sizeof option - 1) == 0) {
    operations = atoll(argv[1] + sizeof option - 1);
    CHECK_INT(operations, >=, HEAVY);
    CHECK_INT(operations, <=, WARM_UP);
    argc--, argv++;
  }
  if (!SINGLESTEP_WORKS) {
    printf("skipped: single-stepping knows x86-64 only\n");
    return SKIPPED;
  }
  const size_t load_count = loads_channel.count + loads_timer.count + loads_sync.count;
  CHECK_INT(count + load_count, <=, CASES_MAX);
  for (size_t i = 0; i < load_count; i++)
    cases[count++] = (struct check_case)CHECK_CASE_WITH(load_number(i)->name, nothing_locks, (int)i);
  return check_main(cases, count, argc, argv);
}
