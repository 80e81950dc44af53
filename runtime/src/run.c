/* run.c — see run.h. */
#include "run.h"

#include "blocking.h"
#include "books.h"
#include "census_signal.h"
#include "chan.h"
#include "inbox.h"
#include "poller.h"
#include "report.h"
#include "sync.h"
#include "team.h"
#include "timer.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef WEIR_ASAN
enum { DEFAULT_STACK = 240 * 1024 };
#else
enum { DEFAULT_STACK = 44 * 1024 };
#endif

enum { KEPT_STACKS = 16 << 20 };

uint32_t weir_run_generation;

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER; /* one line at a time, from several workers */

static struct {
  bool active;
  void (*log)(void *context, const char *line);
  void *log_context;
} run;

bool weir_run_active(void) {
  return run.active;
}

void run_log(const char *format, ...) {
  char line[REPORT_LINE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  pthread_mutex_lock(&log_mutex);
  if (run.log != NULL)
    run.log(run.log_context, line);
  else
    fprintf(stderr, "%s\n", line);
  pthread_mutex_unlock(&log_mutex);
}

void run_log_last_words(void) {
  if (port_simulated())
    run.log = NULL;
}

static void log_line(void *context, const char *line) {
  run_log("%s%s", (const char *)context, line);
}

/* On the signal's own stack: only the task that runs can have overflowed. */
static bool describe_overflow(const void *address) {
  const struct task *task = worker_here()->current;
  const char *at = address;
  if (task == NULL || at < task->low || at >= task->low + STACK_GUARD)
    return false;
  char line[REPORT_LINE];
  char who[REPORT_LINE / 2];
  report_task_name(task, who, sizeof who);
  int length = snprintf(line, sizeof line,
                        "weir: stack overflow in %s: its stack has %zu bytes; ask for more with weir_go_with "
                        "(.stack_size) or weir_config.stack_size\n",
                        who, ((size_t)1 << task->size_class) - STACK_GUARD);
  if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
    return true;
  return true;
}

static int check_config(const struct weir_config *config) {
  if (!port_heap_counts()) {
    run_log(
        "weir: this library was built with WEIR_ARENAS, but the heap's statistics do not move (a sanitizer, or another "
        "allocator before jemalloc?): use a build without the option");
    return -ENOTSUP;
  }
  if (config->workers > WORKERS_MOST) {
    run_log("weir: config.workers is %u: at most %d; 0 is one a processor", config->workers, WORKERS_MOST);
    return -EINVAL;
  }
  if (config->timer_mode != WEIR_TIMERS_PROMPT && config->timer_mode != WEIR_TIMERS_CLASSIC) {
    run_log("weir: config.timer_mode is %d: use WEIR_TIMERS_PROMPT or WEIR_TIMERS_CLASSIC", (int)config->timer_mode);
    return -EINVAL;
  }
  if (config->hog_ns < 0) {
    run_log("weir: config.hog_ns is %lld: use nanoseconds, or 0 for no report", (long long)config->hog_ns);
    return -EINVAL;
  }
  if (config->census_signal != 0 && !census_signal_possible(config->census_signal)) {
    run_log("weir: config.census_signal is %d: use a signal that can be caught, as SIGUSR1, or 0 for none",
            config->census_signal);
    return -EINVAL;
  }
  if (config->stack_size != 0 && stack_class(config->stack_size, TASK_SIZE) == 0) {
    run_log("weir: config.stack_size is %zu: the largest stack is 2 GiB", config->stack_size);
    return -EINVAL;
  }
  return 0;
}

int run_begin(uint32_t first, uint32_t count, const struct weir_config *config) {
  if (run.active)
    return -EBUSY;
  run.log = config->log;
  run.log_context = config->log_context;
  int error = check_config(config);
  if (error != 0 || !stack_watch(describe_overflow)) {
    run.log = NULL;
    return error != 0 ? error : -ENOMEM;
  }
  run.active = true;
  weir_run_generation++;
  scheduler_reset(first, count);
  uint8_t size_class = stack_class(config->stack_size != 0 ? config->stack_size : DEFAULT_STACK, TASK_SIZE);
  for (uint32_t i = 0; i < count; i++)
    worker_reset(weir_workers[first + i], config->timer_mode, size_class);
  weir_scheduler.hog_ns = port_simulated() ? 0 : config->hog_ns;
  weir_mutex_patience = count > 1 ? MUTEX_PATIENCE : 0;
  weir_worker_here = weir_workers[first];
  if (first == 0 && count == 1)
    books_alone();
  weir_worker_thread = true;
  fiber_init_thread(&weir_worker_here->fiber);
  return 0;
}

/* What objects that outlive the run count goes to worker 0, or is over. Its wheel has contexts' deadlines only. */
static void forget_sums(struct worker *worker) {
  worker->watched = worker->wheel.count;
  worker->timers_pending = worker->timers_abandoned = worker->stack_bytes = worker->daemons = 0;
}

void run_finish(void) {
  for (uint32_t i = 0; i < weir_scheduler.count; i++) {
    struct worker *worker = weir_scheduler.workers[i];
    forget_sums(worker);
    /* One simulation after another keeps its stacks, a few. */
    if (!port_simulated() || worker->stacks->mapped > KEPT_STACKS)
      stack_pool_free(worker->stacks);
  }
  stack_shelf_clear();
  if (!port_simulated() || !stack_keep_watch())
    stack_unwatch();
  books_shared();
  books_trim();
  weir_worker_here = &weir_worker_one;
  weir_worker_one.stamp = 0;
  weir_worker_thread = false;
  scheduler_reset(0, 1);
  run.active = false;
  run.log = NULL;
}

static void withdraw_task(struct task *task, void *context) {
  (void)context;
  wait_abort(&task->wait);
}

static void unpin_task(struct task *task, void *context) {
  (void)context;
  chans_unpin(&task->wait);
}

/* As the current task, so that what a deferred function defers is run too; it must not block here either. */
static void run_defers_of(struct task *task, void *context) {
  struct worker *worker = worker_here();
  (void)context;
  worker->current = task;
  task_run_defers(task);
  worker->current = NULL;
}

static void free_task(struct task *task, void *context) {
  (void)context;
  task_free(task);
}

void run_take_down(void) {
  weir_scheduler.ending = true;
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    weir_scheduler.workers[i]->run = (struct task_queue){0};
  tasks_each(withdraw_task, NULL);
  if (weir_scheduler.count > 1)
    tasks_each(unpin_task, NULL);
  timers_end();
  tasks_each(run_defers_of, NULL);
  timers_end();
  tasks_each(free_task, NULL);
  weir_scheduler.main = NULL;
}

static void call_main(void *arg) {
  struct main_call *call = arg;
  call->result = call->fn(call->arg);
}

bool run_start_main(struct main_call *call) {
  weir_scheduler.main = task_new(NULL, call_main, call, 0);
  if (weir_scheduler.main != NULL)
    task_start(weir_scheduler.main);
  return weir_scheduler.main != NULL;
}

static void log_left_over(void) {
  size_t left = books_live(BOOK_TASK) - scheduler_daemons();
  if (left == 0)
    return;
  run_log("weir: main returned with %zu task%s left over; what only their stacks held is lost:", left,
          left == 1 ? "" : "s");
  report_tasks(log_line, "  ");
}

/* Runs tasks to the end of the run. */
static int run_workers(uint32_t count) {
  if (count == 1)
    return worker_loop(weir_worker_here);
  return team_run();
}

static int run_to_end(const struct weir_config *config, uint32_t count, int (*main)(void *), void *arg) {
  int error = run_begin(0, count, config);
  if (error != 0)
    return error;
  struct main_call call = {.fn = main, .arg = arg};
  if (poller_begin() != 0 || !run_start_main(&call)) {
    poller_end();
    run_finish();
    return -ENOMEM;
  }
  inbox_open();
  census_signal_begin(config->census_signal);
  error = run_workers(count);
  census_signal_end();
  blocking_end(); /* jobs under way may use the stacks of their tasks */
  size_t dropped = inbox_end();
  if (dropped != 0)
    run_log("weir: main returned before %zu post%s could begin", dropped, dropped == 1 ? "" : "s");
  if (error == 0) {
    weir_scheduler.main = NULL;
    log_left_over();
  } else if (error == -EDEADLK) {
    run_log("weir: deadlock: no task can run and nothing that is pending could wake one:");
    report_tasks(log_line, "  ");
  }
  run_take_down();
  poller_end();
  run_finish();
  if (error != 0)
    return error;
  if (config->result != NULL)
    *config->result = call.result;
  return call.result;
}

int weir_run(const struct weir_config *config, int (*main)(void *), void *arg) {
  static const struct weir_config defaults;
  if (config == NULL)
    config = &defaults;
  if (run.active)
    return -EBUSY;
  uint32_t count = config->workers;
  if (count == 0)
    count = team_processors();
  if (count > WORKERS_MOST)
    count = 1; /* refused by name in a moment */
  if (count > 1 && !team_make(count))
    return -ENOMEM;
  int result = run_to_end(config, count, main, arg);
  if (count > 1)
    team_free(count);
  return result;
}
