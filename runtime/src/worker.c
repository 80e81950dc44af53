/* worker.c — see worker.h. */
#include "worker.h"

#include <errno.h>

enum { ROUND = 64, ROUND_NS = 100000 };

struct worker *const weir_workers[] = {&weir_worker_one, &weir_worker_simulated};
struct worker weir_worker_simulated = {.number = 1};
struct worker weir_worker_one = {.wheel = {.due_tail = &weir_worker_one.wheel.due}, .random = 1};
_Thread_local struct worker *weir_worker_here = &weir_worker_one;

static inline void reap(struct worker *worker) {
  struct task *ended = worker->ended;
  if (unlikely(ended != NULL)) {
    worker->ended = NULL;
    task_free(ended);
  }
}

/* The only switch between stacks in the core. */
static inline __attribute__((always_inline)) void switch_stacks(struct context *from, struct fiber *from_fiber,
                                                                struct context *to, struct fiber *to_fiber, bool last) {
  fiber_leave(from_fiber, to_fiber, last);
  context_switch(from, to);
  fiber_enter(from_fiber);
}

/* Who runs after the current task: the next in the queue while the round lasts, else the loop. */
static inline struct task *next_task(struct worker *worker) {
  if (unlikely(worker->run.head == NULL || --worker->budget <= 0 || weir_port_mode != PORT_ONE))
    return NULL;
  return task_queue_pop(&worker->run);
}

__attribute__((noinline)) void worker_suspend(struct worker *worker) {
  struct task *self = worker->current;
  struct task *next = next_task(worker);
  worker->current = next;
  struct context *to = next != NULL ? &next->context : &worker->context;
  struct fiber *to_fiber = next != NULL ? &next->fiber : &worker->fiber;
  switch_stacks(&self->context, &self->fiber, to, to_fiber, false);
  reap(worker_here());
}

_Noreturn void worker_exit_task(struct worker *worker) {
  struct task *self = worker->current;
  if (self == worker->main)
    worker->main_done = true;
  struct task *next = worker->main_done ? NULL : next_task(worker);
  worker->current = next;
  worker->ended = self;
  struct context *to = next != NULL ? &next->context : &worker->context;
  struct fiber *to_fiber = next != NULL ? &next->fiber : &worker->fiber;
  switch_stacks(&self->context, &self->fiber, to, to_fiber, true);
  __builtin_unreachable();
}

void worker_task_entry(void) {
  fiber_enter(&worker_here()->current->fiber);
  reap(worker_here());
  struct task *self = worker_here()->current;
  self->fn(self->arg);
  if (unlikely(self->kept_count != 0))
    task_run_defers(self);
  worker_exit_task(worker_here());
}

void worker_dispatch(struct worker *worker, struct task *task) {
  worker->current = task;
  switch_stacks(&worker->context, &worker->fiber, &task->context, &task->fiber, false);
  worker->current = NULL;
  reap(worker);
}

uint32_t worker_random(struct worker *worker, uint32_t bound) {
  /* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" (2016). */
  uint64_t x = worker->random;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  worker->random = x;
  return (uint32_t)(((x * UINT64_C(0x2545f4914f6cdd1d) >> 32) * bound) >> 32);
}

void worker_expire(struct worker *worker, struct wheel_node *node, int64_t now) {
  if (node->kind != NODE_DEADLINE) {
    timer_expired(worker, node, now);
    return;
  }
  struct wait *wait = container_of(node, struct wait, expiry);
  worker->watched--;
  if (port_claim(&wait->state, WAIT_OPEN, WAIT_CLAIMED))
    wait_wake(wait);
}

static void expire_until(struct worker *worker, int64_t now) {
  wheel_advance(&worker->wheel, now);
  for (struct wheel_node *node; (node = wheel_pop(&worker->wheel)) != NULL;)
    worker_expire(worker, node, now);
}

void worker_serve_timers(struct worker *worker) {
  bool running = worker->current != NULL && !worker->ending;
  if (weir_port_mode == PORT_ONE && running && worker->wheel.count != 0)
    expire_until(worker, port_clock());
}

void worker_spend(struct worker *worker) {
  if (likely(++worker->spent < ROUND))
    return;
  worker->spent = 0;
  worker_serve_timers(worker);
}

/* Between two rounds: timers, and how long the next round may be. */
static void begin_round(struct worker *worker) {
  int32_t before = worker->granted;
  int32_t used = before - worker->budget;
  worker->granted = ROUND;
  if (worker->wheel.count != 0) {
    int64_t now = port_clock();
    int64_t took = now - worker->round_time;
    worker->round_time = now;
    if (took > ROUND_NS) {
      int64_t fitting = (int64_t)used * ROUND_NS / took;
      worker->granted = fitting < 1 ? 1 : fitting < ROUND ? (int32_t)fitting : ROUND;
    } else if (before < ROUND) {
      worker->granted = before < 1 ? 1 : 2 * before < ROUND ? 2 * before : ROUND;
    }
    expire_until(worker, now);
  }
  worker->budget = worker->granted;
}

/* Nothing can run. False when nothing will ever wake a task. */
static bool idle(struct worker *worker) {
  if (wait_wake_first(&worker->settlers))
    return true;
  if (worker->watched == 0)
    return false;
  int64_t next = wheel_next(&worker->wheel);
  port_pause(next);
  worker->round_time = port_clock();
  return true;
}

int worker_loop(struct worker *worker) {
  while (!worker->main_done) {
    begin_round(worker);
    if (worker->run.head != NULL)
      worker_dispatch(worker, task_queue_pop(&worker->run));
    else if (!idle(worker))
      return -EDEADLK;
  }
  return 0;
}
