/* report.h — sentences about tasks: where they began, what they wait for, where that was made. */
#ifndef WEIR_SRC_REPORT_H
#define WEIR_SRC_REPORT_H

#include "task.h"

enum { REPORT_LINE = 1024 };

/* Writes "main (task 1)" or "task N NAME started at FILE:LINE" into line. */
void report_task_name(const struct task *task, char *line, size_t size);

/* Writes that name, then ": blocked: …" or ": could run" into line. */
void report_task(const struct task *task, char *line, size_t size);

/* Writes "started at FILE:LINE: blocked: …" of a task whose wait is open: the same for all that wait so. */
void report_blocked(const struct task *task, char *line, size_t size);

/* Calls emit with one line for each task alive that is not a daemon. */
void report_tasks(void (*emit)(void *context, const char *line), void *context);

#endif
