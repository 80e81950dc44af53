/* weir/task.h — starting the runtime, tasks, and the clock.
 *
 *     static int program(void *arg) { weir_go(worker, arg); weir_sleep(WEIR_SECOND); return 0; }
 *     int main(void) { return weir_run(NULL, program, NULL); }
 *
 * A task is a stackful coroutine. Scheduling is cooperative: a task runs until it blocks or yields.
 */
#ifndef WEIR_TASK_H
#define WEIR_TASK_H

#include <weir/base.h>

WEIR_BEGIN

/* ---- the simple interface ------------------------------------------------------------------------------------- */

struct weir_config;

/* Runs main as the first task, and every task it starts, until main returns.
 * Returns the runtime's error, else main's result (also stored in *config->result when that is given):
 *   -EDEADLK  no task could run and nothing could have woken one; who waits on what went to config->log
 *   -ENOMEM   the runtime could not get its memory     -EINVAL  a field of config has no meaning (logged by name)
 *   -ENOTSUP  a measuring build (weir/heap.h) whose allocator does not count
 *   -EBUSY    a run or a simulation is active in this process
 * config may be NULL: all defaults. Called from outside any task; blocks the calling thread until the end.
 * When main returns no other task runs again: deferred functions run, every wait is withdrawn, stacks and pending
 * timers are freed. Channels the program still holds stay valid to unref. Tasks left over are reported to the log. */
WEIR_API int weir_run(const struct weir_config *config, int (*main)(void *), void *arg);

/* Starts a task that runs fn(arg). Returns 0, or -ENOMEM with nothing started; -EPERM outside a run.
 * Does not block; the task runs when the caller next blocks or yields. */
#define weir_go(fn, arg) weir_go_at((fn), (arg), __FILE__, __LINE__)

/* Lets every other task that can run now do so first. Returns at once when there is none. No-op outside a task. */
WEIR_API void weir_yield(void);

/* Blocks the calling task for at least duration nanoseconds, measured from a fresh clock reading; zero or less
 * yields. Returns 0, or -EPERM outside a task and inside a deferred function. */
WEIR_API int weir_sleep(int64_t duration);

/* The same until an absolute deadline. WEIR_FOREVER blocks for ever and counts as no wake source. */
WEIR_API int weir_sleep_until(int64_t deadline);

/* Nanoseconds on a monotonic clock: a fresh reading, never cached; virtual time inside a simulation. */
WEIR_API int64_t weir_now(void);

/* ---- other threads ---------------------------------------------------------------------------------------------- */

/* Has the run start a task that runs fn(arg). The only function of the library that any thread may call while a run is
 * active (with weir_external_begin and weir_external_end); from a task it is weir_go. Posts of one thread begin in
 * their order. Returns 0, and fn runs unless main returns first; -ENOMEM; -EPERM when no run is active (a simulation
 * admits no other thread). When only the task finds no memory the post is tried again later. Does not block. */
#define weir_post(fn, arg) weir_post_at((fn), (arg), __FILE__, __LINE__)

/* Between these two a run in which no task can run waits instead of ending with -EDEADLK: somebody outside will post.
 * They nest, and may stand outside a run; any thread; the last end without a post lets the run find its deadlock. No
 * effect in a simulation. */
WEIR_API void weir_external_begin(void);
WEIR_API void weir_external_end(void);

/* Runs fn(arg), which may block its thread, on a helper thread while the calling task waits; returns fn's result.
 * At most 64 jobs run at a time, the others wait their turn. -EPERM outside a task and inside a deferred function;
 * -EAGAIN or -ENOMEM when not even one helper thread can be made (fn has not run). Inside fn the library may only be
 * used like from any foreign thread; signals are blocked. A run ends only after the jobs under way have returned, so
 * arg may lie on the task's stack; jobs that had not begun when main returned never run. In a simulation fn runs
 * inline. */
WEIR_API int weir_blocking(int (*fn)(void *arg), void *arg);

/* ---- deferred work ---------------------------------------------------------------------------------------------- */

/* How many deferred functions of a task the runtime keeps itself. */
#define WEIR_DEFER_KEPT 8

/* Caller storage; the fields belong to the runtime. A local of the task's function will do for the first
 * WEIR_DEFER_KEPT that a task has pending; the storage of further ones must live until they have run, after the
 * function has returned. */
struct weir_defer {
  struct weir_defer *next;
  void (*fn)(void *arg);
  void *arg;
};

/* Registers fn(arg) to run when the calling task returns, or when it is destroyed at the end of a run; last in, first
 * out. Inside fn a call that would block returns -EPERM. No-op outside a task. */
WEIR_API void weir_defer(struct weir_defer *storage, void (*fn)(void *arg), void *arg);

/* ---- control -------------------------------------------------------------------------------------------------- */

enum weir_timer_mode {
  WEIR_TIMERS_PROMPT = 0,  /* Go >= 1.23: Stop and Reset discard an unread tick; an abandoned after is freed at once */
  WEIR_TIMERS_CLASSIC = 1, /* Go <= 1.22: a stale tick stays; an abandoned after stays until it is due */
};

/* Zero in every field is the default. */
struct weir_config {
  unsigned workers; /* threads that run tasks, the caller's included; 0 = one a processor; at most 240 */
  /* Bytes a task may use, rounded up; 0 = 44 KiB (more under AddressSanitizer). 16 KiB of guard lie below: compile
   * code with larger frames with -fstack-clash-protection. */
  size_t stack_size;
  enum weir_timer_mode timer_mode;                  /* how Stop, Reset and abandoned timers behave */
  int *result;                                      /* where main's own result goes, or NULL */
  void (*log)(void *log_context, const char *line); /* one line without its newline; NULL = standard error */
  void *log_context;
  /* Log the start line of a task that ran for longer than this many nanoseconds before it gave up its worker, once it has
   * given it up; 0 = never. Costs two clock readings a switch. No effect in a simulation. */
  int64_t hog_ns;
  /* On this signal, SIGUSR1 say, the run logs a census (census.h), from a worker that is between two tasks, also when
   * all of them sleep; one whose task does not give it up leaves that to the others. Signals that come before that are
   * one. What the signal did before is restored at the end. 0 = none. The thread that calls weir_run must not block it.
   * No effect in a simulation. */
  int census_signal;
};

struct weir_task_options {
  const char *name;  /* shown in reports; borrowed until the task ends */
  size_t stack_size; /* bytes; 0 = the run's */
  bool pinned;       /* stays on the worker that starts it: for what a thread owns */
  bool daemon;       /* left over at the end is no finding */
};

/* weir_go with options; options may be NULL. Returns 0, -ENOMEM, or -EPERM outside a run. */
#define weir_go_with(options, fn, arg) weir_go_with_at((options), (fn), (arg), __FILE__, __LINE__)

/* Tasks alive, main included: what Go calls NumGoroutine. 0 while no run is active. */
WEIR_API size_t weir_task_count(void);

/* Blocks until every other task is blocked and all that is due has been delivered.
 * Returns 0, -ETIMEDOUT when that state did not come before deadline, or -EPERM outside a task. */
WEIR_API int weir_settle(int64_t deadline);

WEIR_API int weir_post_at(void (*fn)(void *arg), void *arg, const char *file, int line);
WEIR_API int weir_go_at(void (*fn)(void *arg), void *arg, const char *file, int line);
WEIR_API int weir_go_with_at(const struct weir_task_options *options, void (*fn)(void *arg), void *arg,
                             const char *file, int line);

WEIR_END

#endif
