/* report.c — see report.h. */
#include "report.h"

#include "books.h"
#include "chan.h"
#include "worker.h"

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
  }
  int64_t left;
  if (wait->deadline == WEIR_FOREVER)
    return;
  if (__builtin_sub_overflow(wait->deadline, port_clock(), &left) || left < 0)
    append(line, ", with a deadline that has passed");
  else
    append(line, ", with a deadline in %.6f s", (double)left / 1e9);
}

static void append_name(struct line *line, const struct task *task) {
  if (task == worker_here()->main)
    append(line, "main (task 1)");
  else
    append(line, "task %u%s%s started at %s:%d", task->number, task->name != NULL ? " " : "",
           task->name != NULL ? task->name : "", site_file(task->site), site_line(task->site));
}

void report_task_name(const struct task *task, char *text, size_t size) {
  struct line line = {.text = text, .size = size};
  append_name(&line, task);
}

void report_task(const struct task *task, char *text, size_t size) {
  struct line line = {.text = text, .size = size};
  append_name(&line, task);
  append(&line, ": ");
  if (task->wait.state == WAIT_OPEN)
    append_wait(&line, &task->wait);
  else
    append(&line, "could run");
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
