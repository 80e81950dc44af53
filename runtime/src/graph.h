/* graph.h — who waits for whom, as a simulation's report shows it. */
#ifndef WEIR_SRC_GRAPH_H
#define WEIR_SRC_GRAPH_H

#include "task.h"
#include "text.h"

/* One line an edge of each task that is blocked, then the circles among them. */
void graph_write(struct text *text);

/* The task's entry in a signature: where it began, what it waits for, without numbers. */
void graph_describe(const struct task *task, char *entry, size_t size);

#endif
