/* stress.h — random programs on real threads, or on virtual workers, for as long as is asked.
 *
 *     PROGRAM [--seconds=S] [--seed=N] [--virtual=N] [CASE]
 *
 * A case runs rounds until its seconds are over (1 unless asked; the long tests ask for more). A round is a run of its
 * own with a seed of its own; the case prints the first one. It ends with the census it began with and with nothing
 * logged. On real threads a seed repeats the program, not the schedule. With --virtual=N a round is a simulation with N
 * virtual workers under a random schedule, which the seed repeats too; its programs are smaller, so that there are more
 * of them.
 */
#ifndef STRESS_H
#define STRESS_H

#include "api/run.h"
#include "unit/random.h"

#include <inttypes.h>

struct stress {
  uint64_t seed;
  double seconds;
  unsigned virtual_workers; /* 0: real threads */
  struct random random;     /* of the current round: what main draws */
  uint64_t rounds;
};

static struct stress stress = {.seconds = 1};

/* A stream of random numbers for one task. */
static inline struct random stress_stream(void) {
  return (struct random){.state = random_bits(&stress.random)};
}

static inline bool stress_chance(struct random *random, uint32_t percent) {
  return random_below(random, 100) < percent;
}

/* Up to so many nanoseconds, every magnitude alike; 0 now and then. */
static inline int64_t stress_delay(struct random *random, unsigned bits) {
  return (int64_t)random_magnitude(random, bits);
}

/* How often to do what is done so often on real threads. */
static inline int stress_times(int times) {
  return stress.virtual_workers == 0 ? times : times < 12 ? times : times / 40 + 4;
}

/* Of real threads or of the simulation; the judge of "never early" is not the library's where there is another. */
static inline int64_t stress_now(void) {
  return stress.virtual_workers == 0 ? outside_now() : weir_now();
}

static inline void stress_simulate(enum weir_timer_mode mode, int (*body)(void *)) {
  const struct weir_sim sim = {.chooser = weir_chooser_seed(stress.random.state),
                               .workers = stress.virtual_workers,
                               .timer_mode = mode,
                               .step_limit = 10000000};
  const struct weir_counts before = weir_counts();
  struct weir_sim_report report;
  CHECK(sim.chooser != NULL);
  CHECK_EQ_INT(weir_simulate(&sim, body, &mode, &report), 0);
  if (report.verdict != WEIR_VERDICT_OK || report.result != 0)
    check_fail(__FILE__, __LINE__, "--seed=%" PRIu64 " --virtual=%u: verdict %s, result %d, mode %d\n%s",
               stress.seed + stress.rounds - 1, stress.virtual_workers, weir_verdict_name(report.verdict),
               report.result, mode, report.text);
  weir_sim_report_free(&report);
  weir_chooser_free(sim.chooser);
  check_counts_equal(weir_counts(), before);
}

/* Runs body(&mode) in both modes in turn until the time is over. */
static inline void stress_rounds(int (*body)(void *)) {
  const int64_t end = outside_now() + (int64_t)(stress.seconds * WEIR_SECOND);
  printf("seed %" PRIu64 ", %u %s worker(s)\n", stress.seed,
         stress.virtual_workers != 0 ? stress.virtual_workers : test_workers(),
         stress.virtual_workers != 0 ? "virtual" : "real");
  fflush(stdout);
  do {
    enum weir_timer_mode mode = run_modes[(stress.seed + stress.rounds) % 2];
    stress.random.state = stress.seed + stress.rounds++;
    if (stress.virtual_workers != 0)
      stress_simulate(mode, body);
    else
      run_balanced(mode, body, &mode);
  } while (outside_now() < end);
  printf("%" PRIu64 " rounds\n", stress.rounds);
}

/* A failing round's seed, for --seed=. */
#define STRESS_CHECK(condition, ...)                                                                                   \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "seed %" PRIu64 ": ", stress.seed + stress.rounds - 1);                                          \
      fprintf(stderr, __VA_ARGS__);                                                                                    \
      fprintf(stderr, "\n");                                                                                           \
      check_fail(__FILE__, __LINE__, "%s", #condition);                                                                \
    }                                                                                                                  \
  } while (0)

static inline int stress_main(const struct check_case *cases, size_t count, int argc, char **argv) {
  stress.seed = (uint64_t)outside_now();
  for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
    if (strncmp(argv[1], "--seconds=", 10) == 0)
      stress.seconds = strtod(argv[1] + 10, NULL);
    else if (strncmp(argv[1], "--seed=", 7) == 0)
      stress.seed = strtoull(argv[1] + 7, NULL, 10);
    else if (strncmp(argv[1], "--virtual=", 10) == 0)
      stress.virtual_workers = (unsigned)strtoul(argv[1] + 10, NULL, 10);
    else
      return fprintf(stderr, "usage: [--seconds=S] [--seed=N] [--virtual=N] [CASE]\n"), 2;
  }
  return check_main(cases, count, argc, argv);
}

#define STRESS_MAIN(cases)                                                                                             \
  int main(int argc, char **argv) {                                                                                    \
    return stress_main((cases), sizeof(cases) / sizeof(cases)[0], argc, argv);                                         \
  }

#endif
