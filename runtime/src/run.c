/* run.c — see run.h. */
#include "run.h"

#include "books.h"
#include "report.h"
#include "timer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef WEIR_ASAN
enum { DEFAULT_STACK = 240 * 1024 };
#else
enum { DEFAULT_STACK = 44 * 1024 };
#endif

enum { KEPT_STACKS = 16 << 20 };

uint32_t weir_run_generation;

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
  if (run.log != NULL)
    run.log(run.log_context, line);
  else
    fprintf(stderr, "%s\n", line);
}

void run_log_last_words(void) {
  if (weir_port_mode == PORT_SIMULATED)
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
  if (config->workers > 1) {
    run_log("weir: config.workers is %u: this version runs one worker; use 0 or 1", config->workers);
    return -EINVAL;
  }
  if (config->timer_mode != WEIR_TIMERS_PROMPT && config->timer_mode != WEIR_TIMERS_CLASSIC) {
    run_log("weir: config.timer_mode is %d: use WEIR_TIMERS_PROMPT or WEIR_TIMERS_CLASSIC", (int)config->timer_mode);
    return -EINVAL;
  }
  if (config->stack_size != 0 && stack_class(config->stack_size, TASK_SIZE) == 0) {
    run_log("weir: config.stack_size is %zu: the largest stack is 2 GiB", config->stack_size);
    return -EINVAL;
  }
  return 0;
}

int run_begin(struct worker *worker, const struct weir_config *config) {
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
  weir_worker_here = worker;
  worker->timer_mode = config->timer_mode;
  worker->stack_class = stack_class(config->stack_size != 0 ? config->stack_size : DEFAULT_STACK, TASK_SIZE);
  worker->run = (struct task_queue){0};
  worker->granted = worker->budget = worker->spent = 0;
  worker->tasks_made = 0;
  worker->main_done = worker->ending = false;
  worker->round_time = port_clock();
  worker->random = (uint64_t)worker->round_time * UINT64_C(0x9e3779b97f4a7c15) | 1;
  fiber_init_thread(&worker->fiber);
  return 0;
}

void run_finish(struct worker *worker) {
  /* One simulation after another keeps its stacks, a few. */
  if (weir_port_mode == PORT_ONE || worker->stacks.mapped > KEPT_STACKS)
    stack_pool_free(&worker->stacks);
  stack_unwatch();
  books_trim();
  weir_worker_here = &weir_worker_one;
  run.active = false;
  run.log = NULL;
}

static void withdraw_task(struct task *task, void *context) {
  (void)context;
  wait_abort(&task->wait);
}

/* As the current task, so that what a deferred function defers is run too; it must not block here either. */
static void run_defers_of(struct task *task, void *context) {
  struct worker *worker = context;
  worker->current = task;
  task_run_defers(task);
  worker->current = NULL;
}

static void free_task(struct task *task, void *context) {
  (void)context;
  task_free(task);
}

void run_take_down(struct worker *worker) {
  worker->ending = true;
  worker->run = (struct task_queue){0};
  tasks_each(withdraw_task, NULL);
  timers_end();
  tasks_each(run_defers_of, worker);
  timers_end();
  tasks_each(free_task, NULL);
  worker->watched = 0; /* nothing is pending; receivers that were withdrawn above did not count themselves out */
  worker->main = NULL;
}

static void call_main(void *arg) {
  struct main_call *call = arg;
  call->result = call->fn(call->arg);
}

bool run_start_main(struct worker *worker, struct main_call *call) {
  worker->main = task_new(NULL, call_main, call, 0);
  if (worker->main != NULL)
    task_ready(worker->main);
  return worker->main != NULL;
}

static void log_left_over(const struct worker *worker) {
  size_t left = weir_books[BOOK_TASK].live - worker->daemons;
  if (left == 0)
    return;
  run_log("weir: main returned with %zu task%s left over; what only their stacks held is lost:", left,
          left == 1 ? "" : "s");
  report_tasks(log_line, "  ");
}

int weir_run(const struct weir_config *config, int (*main)(void *), void *arg) {
  static const struct weir_config defaults;
  struct worker *worker = &weir_worker_one;
  if (config == NULL)
    config = &defaults;
  int error = run_begin(worker, config);
  if (error != 0)
    return error;
  struct main_call call = {.fn = main, .arg = arg};
  if (!run_start_main(worker, &call)) {
    run_finish(worker);
    return -ENOMEM;
  }
  error = worker_loop(worker);
  if (error == 0) {
    worker->main = NULL;
    log_left_over(worker);
  } else {
    run_log("weir: deadlock: no task can run and nothing that is pending could wake one:");
    report_tasks(log_line, "  ");
  }
  run_take_down(worker);
  run_finish(worker);
  if (error != 0)
    return error;
  if (config->result != NULL)
    *config->result = call.result;
  return call.result;
}
