/* killer.c — see killer.h. */
#include "killer.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STAY_LEVELS = 4, HANG_SECONDS = 20 };

struct random killer_random;
static uint64_t *schedules; /* this one included; shared with the parent process */

/* ---- found ------------------------------------------------------------------------------------------------------- */

_Noreturn void killer_found(const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("schedule %" PRIu64 ": ", *schedules);
  vprintf(format, arguments);
  printf(" (%s:%d)\n", strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file, line);
  va_end(arguments);
  fflush(stdout);
  _exit(1);
}

void killer_sleep(int64_t duration) {
  int64_t end = weir_now() + duration;
  weir_sleep_until(end);
  KILLER_CHECK(weir_now() >= end, "a sleep ended %" PRId64 " ns early", end - weir_now());
}

/* ---- schedules --------------------------------------------------------------------------------------------------- */

struct own_chooser {
  struct random random;
  uint32_t stays; /* of 64 choices so many are 0 */
};

static uint32_t choose(void *context, int kind, uint32_t count) {
  struct own_chooser *own = context;
  if (kind != WEIR_CHOICE_SELECT && random_below(&own->random, 64) < own->stays)
    return 0;
  return random_below(&own->random, count);
}

static void simulate(const struct killer_case *one, unsigned workers, uint64_t seed) {
  static const uint32_t stays[STAY_LEVELS] = {0, 32, 56, 62};
  struct own_chooser own = {.random = {.state = seed}, .stays = stays[seed % STAY_LEVELS]};
  weir_chooser chooser = {.choose = choose, .context = &own};
  const struct weir_sim sim = {.chooser = &chooser,
                               .workers = workers,
                               .timer_mode = seed / STAY_LEVELS % 2 ? WEIR_TIMERS_CLASSIC : WEIR_TIMERS_PROMPT,
                               .fail_allocation = one->scarce};
  struct weir_sim_report report;
  const struct weir_counts before = weir_counts();
  killer_random.state = ~seed;
  alarm(HANG_SECONDS);
  const int error = weir_simulate(&sim, one->body, NULL, &report);
  KILLER_CHECK(error == 0, "weir_simulate: %d", error);
  KILLER_CHECK(report.verdict == WEIR_VERDICT_OK, "verdict %s\n%s", weir_verdict_name(report.verdict), report.text);
  const struct weir_counts after = weir_counts();
  KILLER_CHECK(after.bytes == before.bytes && after.tasks == before.tasks && after.timers == before.timers,
               "%zu bytes, %zu tasks, %zu timers are left", after.bytes - before.bytes, after.tasks - before.tasks,
               after.timers - before.timers);
  weir_sim_report_free(&report);
}

/* ---- program ----------------------------------------------------------------------------------------------------- */

static const struct killer_case *const tables[] = {killer_lock_cases,   killer_gate_cases,   killer_cancel_cases,
                                                   killer_topic_cases,  killer_queue_cases,  killer_timer_cases,
                                                   killer_scarce_cases, killer_channel_cases};

static const struct killer_case *find(const char *name) {
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const struct killer_case *one = tables[i]; one->name != NULL; one++)
      if (strcmp(one->name, name) == 0)
        return one;
  return NULL;
}

/* In a process of its own, so that a fault may do to it what it likes. */
static _Noreturn void search(const struct killer_case *one, unsigned workers, uint64_t seed, uint64_t runs) {
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  while (*schedules < runs) {
    ++*schedules;
    simulate(one, workers, seed++);
  }
  printf("%" PRIu64 " schedules, nothing found\n", *schedules);
  exit(0);
}

static int usage(void) {
  fprintf(stderr, "usage: killer CASE [--workers=N] [--runs=N] [--seed=S]; the cases:");
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const struct killer_case *one = tables[i]; one->name != NULL; one++)
      fprintf(stderr, " %s", one->name);
  fprintf(stderr, "\n");
  return 2;
}

int main(int argc, char **argv) {
  uint64_t runs = 3000, seed = 1;
  unsigned workers = 1;
  const struct killer_case *one = argc > 1 ? find(argv[1]) : NULL;
  if (one == NULL)
    return usage();
  for (int i = 2; i < argc; i++)
    if (strncmp(argv[i], "--workers=", 10) == 0)
      workers = (unsigned)strtoul(argv[i] + 10, NULL, 10);
    else if (strncmp(argv[i], "--runs=", 7) == 0)
      runs = strtoull(argv[i] + 7, NULL, 10);
    else if (strncmp(argv[i], "--seed=", 7) == 0)
      seed = strtoull(argv[i] + 7, NULL, 10);
    else
      return usage();
  schedules = mmap(NULL, sizeof *schedules, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (schedules == MAP_FAILED)
    return 3;
  const pid_t child = fork();
  if (child == 0)
    search(one, workers, seed, runs);
  int status;
  if (child < 0 || waitpid(child, &status, 0) != child)
    return 3;
  if (WIFSIGNALED(status))
    printf("schedule %" PRIu64 ": signal %d\n", *schedules, WTERMSIG(status));
  return WIFSIGNALED(status) ? 1 : WEXITSTATUS(status);
}
