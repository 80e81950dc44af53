/* worker.h — a worker: the run queue, the wheel and the loop of one thread.
 *
 * A blocking task switches straight to the next runnable one. Every 64 dispatches it switches to the worker's own stack
 * instead, where the loop reads the clock once, expires timers, and sleeps when there is nothing to run. So nothing
 * starves, and neither a block nor a wake reads a clock. The aim is a round of 100 microseconds: a round that took
 * longer shortens the next ones, which then grow again by doubling; tasks that turn slow all at once can overrun one
 * round.
 *
 * Idle order: due timers, runnable tasks, a task that waits for everything to settle, sleep until the wheel's next
 * tick; a deadlock when nothing that is pending could wake a task (watched == 0).
 *
 * Rejected: the loop between any two tasks (two switches a block); a next-to-run slot as in Go (on one worker first in,
 * first out is as fast and fair without a bound to enforce).
 */
#ifndef WEIR_SRC_WORKER_H
#define WEIR_SRC_WORKER_H

#include "stack.h"
#include "task.h"

struct worker {
  struct task *current; /* NULL on the worker's own stack and outside a run */
  struct task_queue run;
  int32_t budget; /* dispatches left in this round */
  int32_t granted;
  int32_t spent;      /* worker_spend's count */
  struct task *ended; /* to be reaped after the next switch */
  struct context context;
  struct fiber fiber;
  int64_t round_time;
  size_t watched; /* pending things that can wake a task: deadlines, function timers, armed timers somebody waits on */
  size_t timers_pending;
  size_t timers_abandoned;
  size_t stack_bytes;
  uint32_t tasks_made;
  uint64_t random;
  enum weir_timer_mode timer_mode;
  uint8_t stack_class;
  bool main_done;
  bool ending; /* the run is being taken down: nothing new starts */
  struct task *main;
  struct task *chosen; /* simulation: what runs next */
  uint32_t number;     /* its place in weir_workers */
  uint32_t daemons;    /* tasks alive that are daemons */
  struct wait_queue settlers;
  struct stack_pool stacks;
  struct wheel wheel;
};

extern struct worker weir_worker_one;
extern struct worker weir_worker_simulated;
extern struct worker *const weir_workers[];
extern _Thread_local struct worker *weir_worker_here;

/* The calling thread's worker; outside a run the one that the next run will use. Read it again after a switch. */
static inline struct worker *worker_here(void) {
  return weir_worker_here;
}

static inline void task_ready(struct task *task) {
  task_queue_push(&worker_here()->run, task);
}

/* Switches away from the current task until somebody makes it ready. */
void worker_suspend(struct worker *worker);

/* The task's function and its deferred functions are over: never returns. */
_Noreturn void worker_exit_task(struct worker *worker);

/* Where a new task begins. */
void worker_task_entry(void);

/* Runs tasks until main is done (0) or nothing can run any more (-EDEADLK). On the worker's own stack. */
int worker_loop(struct worker *worker);

/* Runs one task until it gives up the worker. */
void worker_dispatch(struct worker *worker, struct task *task);

/* A uniformly distributed number below bound. */
uint32_t worker_random(struct worker *worker, uint32_t bound);

/* The same, as a decision of that kind that a simulation's chooser makes. */
static inline uint32_t worker_draw(int kind, uint32_t bound) {
  if (unlikely(weir_port_mode != PORT_ONE))
    return weir_port_simulation->choose(kind, bound);
  return worker_random(worker_here(), bound);
}

/* Handles a node that the wheel gave up: a deadline or a timer. now is the time to report. */
void worker_expire(struct worker *worker, struct wheel_node *node, int64_t now);

/* Expires all that is due, for a task that looks without ever blocking; a fresh reading of the clock. Nothing outside a
 * task: timers fire during a run. */
void worker_serve_timers(struct worker *worker);

/* The same, once in a round: for an operation that a task may repeat for ever without blocking. */
void worker_spend(struct worker *worker);

enum node_kind { NODE_DEADLINE, NODE_TIMER };

/* timer.c: a timer's node came due. */
void timer_expired(struct worker *worker, struct wheel_node *node, int64_t now);

#endif
