/* weir/sim.h — simulation: the production code on one thread, a virtual clock, and a chooser that decides every tie.
 *
 *     struct weir_sim sim = {.chooser = weir_chooser_seed(7)};
 *     struct weir_sim_report report;
 *     weir_simulate(&sim, scenario, NULL, &report);
 *     puts(weir_verdict_name(report.verdict));  puts(report.schedule);
 *     weir_sim_report_free(&report);  weir_chooser_free(sim.chooser);
 *
 * Every operation on a shared object is a scheduling point. Time stands still while tasks run; it moves when all are
 * blocked, or when the chooser fires the earliest timer although tasks could run.
 */
#ifndef WEIR_SIM_H
#define WEIR_SIM_H

#include <weir/census.h>
#include <weir/task.h>

WEIR_BEGIN

/* What a simulation found: the first that applies, in this order after ok. */
enum weir_verdict {
  WEIR_VERDICT_OK = 0,
  WEIR_VERDICT_CRASH,    /* given by the program that a scenario becomes, which outlives it; never by weir_simulate */
  WEIR_VERDICT_ASSERT,   /* main returned something other than 0, or a weir_assert failed */
  WEIR_VERDICT_MODEL,    /* the runtime did what it must not: a channel's ledger, a wake-up owed, a weir_model */
  WEIR_VERDICT_DEADLOCK, /* a task is blocked and nothing could wake it */
  WEIR_VERDICT_LEAK,     /* something is left */
  WEIR_VERDICT_LIVELOCK, /* no end, even under fair scheduling */
};

/* The verdict's name as in the documentation: "ok", "assert", "deadlock", … */
WEIR_API const char *weir_verdict_name(enum weir_verdict verdict);

/* The kinds of decision. Choice 0 is always the quietest: stay, do not fire, first case, allocation succeeds. */
enum weir_choice {
  WEIR_CHOICE_TASK = 1,   /* which task runs next; the last alternative may be to fire the earliest timer now */
  WEIR_CHOICE_SELECT,     /* which of the ready cases */
  WEIR_CHOICE_TIMER,      /* which of the timers due in the same tick */
  WEIR_CHOICE_ALLOCATION, /* 1: this allocation fails (only when asked for) */
  WEIR_CHOICE_DRAW,       /* data drawn by the scenario */
  WEIR_CHOICE_WORKER, /* which virtual worker goes on; the last alternative may be to let time move on to the next timer */
};

/* A decision source; each simulation restarts a chooser made below from its beginning (a depth-first one goes on to its
 * next schedule). choose returns a number below
 * count (taken modulo count); count is at least 2. */
typedef struct weir_chooser {
  uint32_t (*choose)(void *context, int kind, uint32_t count);
  void *context;
} weir_chooser;

/* The bytes decide (borrowed); missing bytes choose 0, so that any input is a schedule and a shorter one a simpler one.
 * Each returns NULL when there is no memory; free with weir_chooser_free. */
WEIR_API weir_chooser *weir_chooser_bytes(const void *data, size_t size);
/* Uniformly random, from a seed. */
WEIR_API weir_chooser *weir_chooser_seed(uint64_t seed);
/* Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatti, "A randomized scheduler with
 * probabilistic guarantees of finding bugs", ASPLOS 2010): the task of highest random priority runs; depth - 1 times,
 * at random moments, the running one falls below all others. A yield falls too. */
WEIR_API weir_chooser *weir_chooser_pct(uint64_t seed, unsigned depth);
/* Partial order sampling (Yuan, Yang, Gu, "Partial order aware concurrency sampling", CAV 2018): the task of highest
 * random priority runs its operation; those about to touch the same object draw anew. */
WEIR_API weir_chooser *weir_chooser_pos(uint64_t seed);
/* Every schedule with at most that many preemptions (moments at which a task that could go on does not, early firing
 * included), depth first; each simulation is the next one. Bounding after Musuvathi, Qadeer, "Iterative context
 * bounding" (PLDI 2007). */
WEIR_API weir_chooser *weir_chooser_dfs(unsigned preemptions);
/* A depth-first chooser has no schedule left that it has not tried; false for every other. */
WEIR_API bool weir_chooser_exhausted(const weir_chooser *chooser);
/* Gives another seed to a chooser made from one, without making it anew; others stay as they are. */
WEIR_API void weir_chooser_reseed(weir_chooser *chooser, uint64_t seed);
/* Replays a schedule string as a report gives it, strictly: a divergence ends the simulation with -EILSEQ and
 * report.divergence says where. NULL also when the string is no schedule. */
WEIR_API weir_chooser *weir_chooser_replay(const char *schedule);
WEIR_API void weir_chooser_free(weir_chooser *chooser);

/* What a task is about to do, or what time did. Strings live as long as the program. */
struct weir_sim_event {
  uint64_t step;         /* scheduling points passed */
  int64_t time;          /* virtual nanoseconds since the beginning */
  uint32_t worker;       /* virtual worker, from 0 */
  uint32_t task;         /* main is 1; 0: no task, a timer fires */
  uint32_t object;       /* numbered as they appear; 0: none */
  const char *operation; /* "send", "mutex lock", "timer fires", … */
  const char *noun;      /* "channel", "timer", …; NULL when the object has no register of its own */
  const char *file;      /* where that object was made; NULL when not known */
  int line;
  const char *task_name; /* NULL: none */
  const char *task_file; /* where the task was started; NULL: main, or no task */
  int task_line;
  uint32_t length; /* of a channel, before the operation */
  uint32_t capacity;
  bool closed;
};

/* Zero in every field is the default, except that a chooser is needed. */
struct weir_sim {
  weir_chooser *chooser;
  unsigned
      workers; /* virtual workers, at most 8; 0 = 1. With more than one their scheduler's own steps are choices too */
  enum weir_timer_mode timer_mode;
  size_t stack_size;       /* as in struct weir_config */
  uint64_t step_limit;     /* steps before livelock is looked for; 0 = 1,000,000 */
  int64_t horizon;         /* how far time runs on after the end; 0 = one virtual hour */
  size_t abandoned_max;    /* more abandoned timers than this on the way is a leak; 0 = no limit */
  bool fail_allocation;    /* let the chooser fail allocations */
  bool trace;              /* keep report.trace */
  uint32_t early_fire_max; /* how often the earliest timer may fire while tasks can run; 0 = 64 */
  /* Called at each scheduling point, and whenever a timer fires; must not call into the runtime. NULL: nobody looks. */
  void (*observe)(void *context, const struct weir_sim_event *event);
  void *observe_context;
  /* Called after each decision, with what was chosen among how many: the schedule as it comes, which a program that
   * outlives a crash has then seen. NULL: nobody looks. */
  void (*decided)(void *context, int kind, uint32_t choice, uint32_t count);
  void *decided_context;
};

struct weir_sim_report {
  enum weir_verdict verdict;
  bool global;          /* with deadlock: main is among the blocked */
  int result;           /* main's own, when it returned */
  char *schedule;       /* enough to replay exactly */
  char *trace;          /* one line a step when asked for, else NULL */
  char *text;           /* what a person reads: who waits on what, what was left and where it was made */
  char *graph;          /* the wait-for graph, one line a task that is blocked; empty when none is */
  char *signature;      /* verdict and the lines concerned: the same for the same mistake, "ok" when there is none */
  uint64_t steps;       /* scheduling points passed */
  uint64_t choices;     /* decisions with more than one alternative */
  int64_t virtual_time; /* nanoseconds that passed */
  struct weir_counts census; /* what was left, before the runtime freed it */
  char *divergence;          /* with -EILSEQ: where and why, else NULL */
};

/* Runs main and every task it starts to quiescence under the chooser. The clock starts at one virtual second.
 * Returns 0 (the verdict is in the report); -EINVAL no chooser, or a field without meaning; -EBUSY a run or simulation
 * is active; -ENOMEM; -EILSEQ a replayed schedule did not fit. Everything the runtime made inside is freed at the end,
 * also what the scenario lost. The report's strings are the caller's: weir_sim_report_free, after every call that
 * returned 0 or -EILSEQ. Called from outside any task. The handler that names the task of a stack overflow (SIGSEGV)
 * stays installed after the first simulation, until a run ends. */
WEIR_API int weir_simulate(const struct weir_sim *sim, int (*main)(void *), void *arg, struct weir_sim_report *report);
WEIR_API void weir_sim_report_free(struct weir_sim_report *report);

/* ---- descriptors ------------------------------------------------------------------------------------------------ */

/* A pipe, non-blocking, for weir_poll inside a simulation, which accepts no other descriptor: read from fds[0], write
 * to fds[1]. Nobody else may use it, so that the simulation stays deterministic. Returns 0, -EPERM outside a
 * simulation, -ENOMEM, or what pipe2 refused (-EMFILE, -ENFILE). The caller closes both ends; an end left open is a
 * leak. */
#define weir_sim_pipe(fds) weir_sim_pipe_at((fds), __FILE__, __LINE__)
WEIR_API int weir_sim_pipe_at(int fds[2], const char *file, int line);

/* The same of two connected stream sockets: what is written to one end is read from the other. */
#define weir_sim_socketpair(fds) weir_sim_socketpair_at((fds), __FILE__, __LINE__)
WEIR_API int weir_sim_socketpair_at(int fds[2], const char *file, int line);

/* A simulation is active: weir_now reads its clock. For a program that shows that clock to others as clock_gettime. */
WEIR_API bool weir_sim_active(void);

WEIR_END

#endif
