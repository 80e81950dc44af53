/* stress.h — real threads, random programs, for as long as is asked.
 *
 *     PROGRAM [--seconds=S] [--seed=N] [CASE]
 *
 * A case runs rounds until its seconds are over (1 unless asked; the long tests ask for more). A round is a run of its
 * own with a seed of its own; the case prints the first one. It ends with the census it began with and with nothing
 * logged. On real threads a seed repeats the program, not the schedule.
 */
#ifndef STRESS_H
#define STRESS_H

#include "api/run.h"
#include "unit/random.h"

#include <inttypes.h>

struct stress {
  uint64_t seed;
  double seconds;
  struct random random; /* of the current round: what main draws */
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

/* Runs body(&mode) in both modes in turn until the time is over. */
static inline void stress_rounds(int (*body)(void *)) {
  const int64_t end = outside_now() + (int64_t)(stress.seconds * WEIR_SECOND);
  printf("seed %" PRIu64 ", %u worker(s)\n", stress.seed, test_workers());
  fflush(stdout);
  do {
    enum weir_timer_mode mode = run_modes[stress.rounds % 2];
    stress.random.state = stress.seed + stress.rounds++;
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
    else
      return fprintf(stderr, "usage: [--seconds=S] [--seed=N] [CASE]\n"), 2;
  }
  return check_main(cases, count, argc, argv);
}

#define STRESS_MAIN(cases)                                                                                             \
  int main(int argc, char **argv) {                                                                                    \
    return stress_main((cases), sizeof(cases) / sizeof(cases)[0], argc, argv);                                         \
  }

#endif
