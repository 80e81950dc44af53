/* task.c — making, ending and pausing tasks. */
#include "task.h"

#include "books.h"
#include "inbox.h"
#include "poller.h"
#include "run.h"
#include "scheduler.h"
#include "worker.h"

#include <errno.h>

struct task *task_new(const struct weir_task_options *options, void (*fn)(void *), void *arg, uint32_t site) {
  struct worker *worker = worker_here();
  uint8_t size_class = worker->stack_class;
  if (options != NULL && options->stack_size != 0)
    size_class = stack_class(options->stack_size, TASK_SIZE);
  struct stack stack;
  if (port_allocation_fails() || size_class == 0 || !stack_take(worker->stacks, size_class, &stack))
    return NULL;
  char *top = stack.top - TASK_SIZE;
  struct task *task = (struct task *)top;
  task->site = site; /* before it can be found in the books */
  task->book_home = 0;
  task->book = book_enter(BOOK_TASK, task, (struct book_mark){&task->stamp, &task->book_home}, 0);
  if (unlikely(task->book == BOOK_NONE)) {
    stack_give(worker->stacks, stack.low, size_class);
    return NULL;
  }
  port_tally(&worker->stack_bytes, (size_t)1 << size_class);
  if (unlikely(options != NULL && options->daemon))
    port_tally(&worker->daemons, 1);
  task->wait.state = WAIT_IDLE;
  task->wait.timed = false;
  task->wait.expiry = (struct wheel_node){.kind = NODE_DEADLINE, .owner = WORKER_NONE};
  task->fn = fn;
  task->arg = arg;
  task->defers = NULL;
  task->kept_count = 0;
  task->name = options != NULL ? options->name : NULL;
  task->low = stack.low;
  task->number = worker_number_task(worker);
  task->size_class = size_class;
  task->daemon = options != NULL && options->daemon;
  task->deferring = false;
  task->pinned = options != NULL && options->pinned;
  task->home = worker->number;
  context_init(&task->context, stack.low + STACK_GUARD, top, worker_task_entry);
  fiber_create(&task->fiber, stack.low + STACK_GUARD, (size_t)(top - stack.low) - STACK_GUARD);
  return task;
}

void task_free(struct task *task) {
  struct worker *worker = worker_here();
  worker_wheel_forget(&task->wait.expiry);
  fiber_destroy(&task->fiber);
  book_leave(&task->book_home, BOOK_TASK, task->book, 0);
  port_tally(&worker->stack_bytes, -((size_t)1 << task->size_class));
  if (unlikely(task->daemon))
    port_tally(&worker->daemons, (size_t)-1);
  stack_give(worker->stacks, task->low, task->size_class);
}

void task_run_defers(struct task *task) {
  task->deferring = true;
  for (;;) {
    struct weir_defer *stored = task->defers;
    if (stored != NULL) {
      task->defers = stored->next;
      stored->fn(stored->arg);
    } else if (task->kept_count > 0) {
      struct kept_defer kept = task->kept[--task->kept_count];
      kept.fn(kept.arg);
    } else {
      return;
    }
  }
}

void tasks_each(void (*visit)(struct task *task, void *context), void *context) {
  for (unsigned home = 0; home < weir_book_homes; home++) {
    const struct book *book = &weir_books[home].kinds[BOOK_TASK];
    for (uint32_t slot = 0; slot < book->count; slot++) {
      struct task *task = book_at(book, slot);
      if (task != NULL)
        visit(task, context);
    }
  }
}

int weir_go_with_at(const struct weir_task_options *options, void (*fn)(void *), void *arg, const char *file,
                    int line) {
  port_step("go", NULL);
  if (!weir_run_active() || weir_scheduler.ending)
    return -EPERM;
  struct task *task = task_new(options, fn, arg, site_of(file, line));
  if (task == NULL)
    return -ENOMEM;
  task_start(task);
  return 0;
}

int weir_go_at(void (*fn)(void *), void *arg, const char *file, int line) {
  return weir_go_with_at(NULL, fn, arg, file, line);
}

void weir_defer(struct weir_defer *storage, void (*fn)(void *), void *arg) {
  struct task *self = worker_here()->current;
  if (self == NULL)
    return;
  if (self->kept_count < WEIR_DEFER_KEPT) {
    self->kept[self->kept_count++] = (struct kept_defer){.fn = fn, .arg = arg};
    return;
  }
  *storage = (struct weir_defer){.next = self->defers, .fn = fn, .arg = arg};
  self->defers = storage;
}

/* In a simulation, or with several workers, where others may take the task as soon as it is in a queue. */
static __attribute__((noinline)) void yield_elsewhere(void) {
  if (weir_port_mode == PORT_SIMULATED) {
    weir_port_simulation->yield();
    return;
  }
  port_step("yield", NULL);
  struct worker *worker = worker_here();
  if (scheduler_alone(worker) && --worker->budget > 0)
    return;
  worker_suspend(worker, DEPARTURE_YIELDED);
}

void weir_yield(void) {
  struct worker *worker = worker_here();
  struct task *self = worker->current;
  if (self == NULL || self->deferring)
    return;
  if (unlikely(weir_port_mode != PORT_ONE)) {
    yield_elsewhere();
    return;
  }
  /* Alone, a yield still counts: a loop of yields must let timers fire. */
  if (worker->run.head == NULL && --worker->budget > 0)
    return;
  task_ready(self);
  worker_suspend(worker, DEPARTURE_YIELDED);
}

static int sleep_to(int64_t deadline) {
  wait_commit(wait_open(WAIT_FOR_TIME, NULL, 0, 0), deadline, NULL);
  return 0;
}

int weir_sleep_until(int64_t deadline) {
  port_step("sleep", NULL);
  if (!wait_allowed())
    return -EPERM;
  if (deadline > port_clock())
    return sleep_to(deadline);
  weir_yield();
  return 0;
}

int weir_sleep(int64_t duration) {
  if (!wait_allowed())
    return -EPERM;
  if (duration <= 0) {
    weir_yield();
    return 0;
  }
  port_step("sleep", NULL);
  return sleep_to(port_deadline(duration));
}

int64_t weir_now(void) {
  return port_clock();
}

size_t weir_task_count(void) {
  port_step("task count", NULL);
  return books_live(BOOK_TASK);
}

int weir_settle(int64_t deadline) {
  port_step("settle", NULL);
  if (!wait_allowed())
    return -EPERM;
  struct worker *worker = worker_here();
  worker_serve_timers(worker);
  if (inbox_pending())
    inbox_drain();
  if (!port_simulated() && poller_waiting() != 0)
    poller_serve(WEIR_POLL);
  /* With several workers only the last to go idle can know. */
  if (!port_several() && worker->run.head == NULL && worker->wheel.due == NULL)
    return 0;
  if (deadline == WEIR_POLL)
    return scheduler_others_rest(worker) ? 0 : -ETIMEDOUT;
  port_lock(&weir_scheduler.lock);
  return wait_in_queue(WAIT_FOR_SETTLE, &weir_scheduler.settlers, deadline, &weir_scheduler.lock);
}
