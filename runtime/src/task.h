/* task.h — a task's control block and its life.
 *
 *   task_new → (task_ready → running → blocked → task_ready …) → function returns → deferred functions → reaped
 *
 * The control block lies at the top of the task's own stack: one page holds both for a parked task. A task is in
 * exactly one place: a run queue, running (worker->current), blocked (its wait is open), or claimed and in a run queue.
 * With several workers it is left to others only when its stack has been left (worker.c, departed).
 */
#ifndef WEIR_SRC_TASK_H
#define WEIR_SRC_TASK_H

#include <weir/task.h>

#include "context.h"
#include "sanitizer.h"
#include "wait.h"

struct task {
  struct task *next; /* in the run queue */
  struct context context;
  struct wait wait;
  void (*fn)(void *arg);
  void *arg;
  const char *name;
  char *low; /* the stack's slot: its guard */
  uint32_t book;
  uint32_t site;
  uint32_t stamp;  /* of its making: books.h */
  uint32_t number; /* main is 1; counts up through a run */
  uint8_t size_class;
  bool daemon;
  bool deferring; /* its deferred functions run: it must not block */
  bool pinned;
  uint8_t home;      /* of a pinned task: its worker's number */
  uint8_t book_home; /* in whose register it is */
  uint32_t kept_count;
  struct weir_defer *defers; /* those beyond what is kept, in the caller's storage */
  struct fiber fiber;
  const struct port_operation *pending; /* in a simulation: what it is about to do */
  /* Deferred functions are copied here, because their storage is most naturally a local of the task's function, which
   * is gone when they run. */
  struct kept_defer {
    void (*fn)(void *arg);
    void *arg;
  } kept[WEIR_DEFER_KEPT];
};

/* What a control block takes from the top of its stack. */
enum { TASK_SIZE = (sizeof(struct task) + 63) & ~(size_t)63 };

struct task_queue {
  struct task *head;
  struct task *tail;
  uint32_t count;
};

static inline void task_queue_push(struct task_queue *queue, struct task *task) {
  task->next = NULL;
  if (queue->head == NULL)
    queue->head = task;
  else
    queue->tail->next = task;
  queue->tail = task;
  queue->count++;
}

static inline struct task *task_queue_pop(struct task_queue *queue) {
  struct task *task = queue->head;
  queue->head = task->next;
  queue->count--;
  return task;
}

/* Makes a task that is not yet runnable; NULL when there is no memory. */
struct task *task_new(const struct weir_task_options *options, void (*fn)(void *), void *arg, uint32_t site);

/* Gives back a task that never ran, or that will never run again. */
void task_free(struct task *task);

/* Calls visit for every task alive, oldest slot first. */
void tasks_each(void (*visit)(struct task *task, void *context), void *context);

/* Runs and removes the deferred functions of a task that is ending. */
void task_run_defers(struct task *task);

#endif
