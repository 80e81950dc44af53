/* report.c — see report.h. */
#include "report.h"

#include "books.h"
#include "chan.h"
#include "pipes.h"
#include "poller.h"
#include "scheduler.h"
#include "sync.h"

#include <stdarg.h>
#include <stdio.h>

struct line {
  char *text;
  size_t size;
  size_t length;
};

static __attribute__((format(printf, 2, 3))) void append(struct line *line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int written = vsnprintf(line->text + line->length, line->size - line->length, format, arguments);
  va_end(arguments);
  if (written > 0)
    line->length += (size_t)written < line->size - line->length ? (size_t)written : line->size - line->length - 1;
}

static void append_case(struct line *line, const struct weir_case *one) {
  append(line, "%s ", one->op == WEIR_OPERATION_SEND ? "send to" : "receive from");
  const weir_chan *chan = one->chan;
  if (chan == NULL)
    append(line, "a NULL channel");
  else
    append(line, "the %s made at %s:%d", chan_noun(chan), site_file(chan->site), site_line(chan->site));
}

static void append_cases(struct line *line, const struct wait *wait) {
  if (wait->count == 0) {
    append(line, "a select of no cases");
    return;
  }
  const char *first = (const char *)wait->first - offsetof(struct weir_case, reserved);
  if (wait->count > 1)
    append(line, "select of %u: ", wait->count);
  for (uint32_t i = 0; i < wait->count && i < 4; i++) {
    append(line, "%s", i == 0 ? "" : "; ");
    append_case(line, (const struct weir_case *)(first + (size_t)i * wait->stride));
  }
  if (wait->count > 4)
    append(line, "; …");
}

static void append_name(struct line *line, const struct task *task) {
  if (task == weir_scheduler.main)
    append(line, "main (task 1)");
  else
    append(line, "task %u%s%s started at %s:%d", task->number, task->name != NULL ? " " : "",
           task->name != NULL ? task->name : "", site_file(task->site), site_line(task->site));
}

struct holder {
  uint32_t number;
  const struct task *task; /* NULL: it has ended, or is none */
};

static void find_holder(struct task *task, void *context) {
  struct holder *holder = context;
  if (holder_of(task) == holder->number)
    holder->task = task;
}

/* The next link of the chain: who holds what is waited for. */
static void append_holder(struct line *line, const struct wait *wait, const char *verb,
                          uint32_t (*holder_of_waiter)(const struct waiter *waiter)) {
  struct holder holder = {.number = wait->first->queue != NULL ? holder_of_waiter(wait->first) : 0};
  if (holder.number == 0)
    return;
  tasks_each(find_holder, &holder);
  append(line, " %s by ", verb);
  if (holder.task == NULL)
    append(line, "%s", holder.number == HOLDER_OUTSIDE ? "nobody in this run" : "a task that has ended");
  else if (&holder.task->wait == wait)
    append(line, "itself");
  else
    append_name(line, holder.task);
}

/* Numbers of descriptors depend on what the process has open: a simulation names the line instead. */
static void append_descriptor(struct line *line, const struct wait *wait) {
  const struct poll_waiter *end = container_of(wait->first, const struct poll_waiter, waiter);
  static const char *const names[] = {"input", "output", "input or output"};
  const char *events = names[end->events == POLLIN ? 0 : end->events == POLLOUT ? 1 : 2];
  const char *what;
  uint32_t site = port_simulated() ? pipes_site(end->fd, &what) : 0;
  if (site != 0)
    append(line, "%s of the %s made at %s:%d", events, what, site_file(site), site_line(site));
  else
    append(line, "%s of descriptor %d", events, end->fd);
}

static void append_wait(struct line *line, const struct wait *wait) {
  append(line, "blocked: ");
  switch ((enum wait_kind)wait->kind) {
  case WAIT_FOR_TIME:
    append(line, "sleep");
    break;
  case WAIT_FOR_CASES:
    append_cases(line, wait);
    break;
  case WAIT_FOR_GROUP:
    append(line, "wait for a wait group");
    break;
  case WAIT_FOR_SETTLE:
    append(line, "settle");
    break;
  case WAIT_FOR_MUTEX:
    append(line, "lock a mutex");
    append_holder(line, wait, "held", mutex_holder);
    break;
  case WAIT_FOR_READ:
    append(line, "lock a reader-writer mutex to read");
    append_holder(line, wait, "held", rwmutex_holder);
    break;
  case WAIT_FOR_WRITE:
    append(line, "lock a reader-writer mutex to write");
    append_holder(line, wait, "held", rwmutex_holder);
    break;
  case WAIT_FOR_COND:
    append(line, "wait for a condition");
    break;
  case WAIT_FOR_ONCE:
    append(line, "wait for a once");
    append_holder(line, wait, "run", once_holder);
    break;
  case WAIT_FOR_BROKER:
    append(line, "wait for the publishers of a broker");
    break;
  case WAIT_FOR_DESCRIPTOR:
    append_descriptor(line, wait);
    break;
  case WAIT_FOR_JOB:
    append(line, "a blocking job");
    break;
  case WAIT_FOR_RESPONSE:
    append(line, "an HTTP server, or a connection to it");
    break;
  case WAIT_FOR_REQUEST:
    append(line, "an HTTP request that has something to do here");
    break;
  }
}

static void append_deadline(struct line *line, const struct wait *wait) {
  int64_t left;
  if (wait->deadline == WEIR_FOREVER)
    return;
  if (__builtin_sub_overflow(wait->deadline, port_clock(), &left) || left < 0)
    append(line, ", with a deadline that has passed");
  else
    append(line, ", with a deadline in %.6f s", (double)left / 1e9);
}

void report_task_name(const struct task *task, char *text, size_t size) {
  struct line line = {.text = text, .size = size};
  append_name(&line, task);
}

void report_task(const struct task *task, char *text, size_t size) {
  struct line line = {.text = text, .size = size};
  append_name(&line, task);
  append(&line, ": ");
  if (wait_is_open(&task->wait)) {
    append_wait(&line, &task->wait);
    append_deadline(&line, &task->wait);
  } else {
    append(&line, "could run");
  }
}

void report_blocked(const struct task *task, char *text, size_t size) {
  struct line line = {.text = text, .size = size};
  if (task->site == 0)
    append(&line, "main");
  else
    append(&line, "%s%sstarted at %s:%d", task->name != NULL ? task->name : "", task->name != NULL ? " " : "",
           site_file(task->site), site_line(task->site));
  append(&line, ": ");
  append_wait(&line, &task->wait);
}

struct emitter {
  void (*emit)(void *context, const char *line);
  void *context;
};

static void emit_task(struct task *task, void *context) {
  const struct emitter *emitter = context;
  if (task->daemon)
    return;
  char line[REPORT_LINE];
  report_task(task, line, sizeof line);
  emitter->emit(emitter->context, line);
}

void report_tasks(void (*emit)(void *context, const char *line), void *context) {
  struct emitter emitter = {.emit = emit, .context = context};
  tasks_each(emit_task, &emitter);
}
