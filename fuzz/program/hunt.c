/* hunt.c — see hunt.h. */
#include "hunt.h"

#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STUCK_SECONDS = 20, LOOK_MILLISECONDS = 100 };

/* Written by the child. */
struct shared {
  uint64_t runs; /* those that have ended */
  uint64_t steps;
  bool found;
  bool exhausted;
};

const char *strategy_name(enum strategy strategy) {
  static const char *const names[] = {"mix", "random", "pct", "pos", "dfs"};
  return (unsigned)strategy <= STRATEGY_DFS ? names[strategy] : NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- the child -------------------------------------------------------------------------------------------------- */

static enum strategy strategy_of(const struct hunt *hunt, uint64_t run) {
  static const enum strategy in_turns[] = {STRATEGY_RANDOM, STRATEGY_PCT, STRATEGY_POS};
  return hunt->strategy == STRATEGY_MIX ? in_turns[run % 3] : hunt->strategy;
}

/* Runs are numbered from the seed on, so that two seeds far apart share none. */
static uint64_t seed_of(const struct hunt *hunt, uint64_t run) {
  return hunt->seed * UINT64_C(0x9e3779b97f4a7c15) + run;
}

static weir_chooser *chooser_for(const struct hunt *hunt, enum strategy strategy, uint64_t seed, unsigned bound) {
  switch (strategy) {
  case STRATEGY_PCT:
    return weir_chooser_pct(seed, hunt->depth);
  case STRATEGY_POS:
    return weir_chooser_pos(seed);
  case STRATEGY_DFS:
    return weir_chooser_dfs(bound);
  case STRATEGY_MIX:
  case STRATEGY_RANDOM:
    break;
  }
  return weir_chooser_seed(seed);
}

/* True: this run found something. */
static bool run_once(const struct hunt *hunt, weir_chooser *chooser, struct shared *shared, struct outcome *outcome) {
  struct weir_sim sim = hunt->sim;
  struct weir_sim_report report;
  sim.chooser = chooser;
  sim.decided = attempt_decided;
  sim.decided_context = outcome;
  outcome->decision_count = 0;
  int error = weir_simulate(&sim, weir_scenario.main, NULL, &report);
  if (error != 0)
    _exit(3);
  bool found = report.verdict != WEIR_VERDICT_OK;
  shared->steps += report.steps;
  weir_sim_report_free(&report);
  return found;
}

/* Bound after bound: a bug is found with as few preemptions as it takes. */
static void run_depth_first(const struct hunt *hunt, struct shared *shared, struct outcome *outcome) {
  for (unsigned bound = 0; bound <= hunt->depth; bound++) {
    weir_chooser *chooser = chooser_for(hunt, STRATEGY_DFS, 0, bound);
    if (chooser == NULL)
      _exit(3);
    while (hunt->runs == 0 || shared->runs < hunt->runs) {
      bool found = run_once(hunt, chooser, shared, outcome);
      if (weir_chooser_exhausted(chooser))
        break; /* that run was the quietest one again */
      if (found) {
        shared->found = true;
        return;
      }
      __atomic_store_n(&shared->runs, shared->runs + 1, __ATOMIC_RELEASE);
    }
    shared->exhausted = bound == hunt->depth && weir_chooser_exhausted(chooser);
    weir_chooser_free(chooser);
  }
}

static void run_seeds(const struct hunt *hunt, struct shared *shared, struct outcome *outcome) {
  weir_chooser *choosers[STRATEGY_DFS + 1] = {0};
  while (hunt->runs == 0 || shared->runs < hunt->runs) {
    enum strategy strategy = strategy_of(hunt, shared->runs);
    if (choosers[strategy] == NULL)
      choosers[strategy] = chooser_for(hunt, strategy, 0, 0);
    if (choosers[strategy] == NULL)
      _exit(3);
    weir_chooser_reseed(choosers[strategy], seed_of(hunt, shared->runs));
    if (run_once(hunt, choosers[strategy], shared, outcome)) {
      shared->found = true;
      return;
    }
    __atomic_store_n(&shared->runs, shared->runs + 1, __ATOMIC_RELEASE);
  }
}

/* ---- its parent ------------------------------------------------------------------------------------------------- */

static void show(const struct hunt *hunt, const struct shared *shared, double elapsed, bool last) {
  if (hunt->quiet)
    return;
  uint64_t runs = __atomic_load_n(&shared->runs, __ATOMIC_ACQUIRE);
  double by_runs = hunt->runs == 0 ? 0 : (double)runs / (double)hunt->runs;
  double by_time = hunt->seconds <= 0 ? 0 : elapsed / hunt->seconds;
  progress_show(weir_scenario.name, runs, by_runs > by_time ? by_runs : by_time, elapsed, last);
}

/* Waits for the child's end, or ends it: its time is over, or it does not get on. True: it ended by itself. */
static bool watch(const struct hunt *hunt, const struct shared *shared, pid_t child, int *status) {
  double begin = now();
  double moved = begin;
  uint64_t runs = 0;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  for (;;) {
    if (waitpid(child, status, WNOHANG) == child)
      return true;
    double elapsed = now() - begin;
    uint64_t seen = __atomic_load_n(&shared->runs, __ATOMIC_ACQUIRE);
    if (seen != runs)
      moved = now();
    runs = seen;
    bool stuck = now() - moved > STUCK_SECONDS;
    if (stuck || (hunt->seconds > 0 && elapsed >= hunt->seconds)) {
      kill(child, SIGKILL);
      waitpid(child, status, 0);
      return stuck;
    }
    show(hunt, shared, elapsed, false);
    sigtimedwait(&signals, NULL, &(struct timespec){.tv_nsec = LOOK_MILLISECONDS * 1000000L});
  }
}

static pid_t start(const struct hunt *hunt, struct shared *shared, struct outcome *outcome) {
  fflush(stdout);
  fflush(stderr);
  pid_t child = fork();
  if (child != 0)
    return child;
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC); /* what it says is said again when its finding is repeated */
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  if (hunt->strategy == STRATEGY_DFS)
    run_depth_first(hunt, shared, outcome);
  else
    run_seeds(hunt, shared, outcome);
  _exit(0);
}

int hunt(const struct hunt *hunt, struct quarry *quarry, struct outcome *outcome) {
  memset(quarry, 0, sizeof *quarry);
  struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return -errno;
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_BLOCK, &signals, &before);
  double begin = now();
  pid_t child = start(hunt, shared, outcome);
  int error = child < 0 ? -errno : 0;
  int status = 0;
  if (child > 0) {
    bool ended = watch(hunt, shared, child, &status);
    show(hunt, shared, now() - begin, true);
    bool crashed = ended && status != 0;
    if (crashed && WIFEXITED(status) && WEXITSTATUS(status) == 3)
      error = -ENOMEM;
    *quarry = (struct quarry){.found = error == 0 && (shared->found || crashed),
                              .exhausted = shared->exhausted,
                              .runs = shared->runs + (shared->found || crashed),
                              .steps = shared->steps,
                              .seconds = now() - begin,
                              .strategy = strategy_of(hunt, shared->runs)};
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  munmap(shared, sizeof *shared);
  return error;
}
