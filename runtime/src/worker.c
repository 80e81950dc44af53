/* worker.c — see worker.h. */
#include "worker.h"

#include "inbox.h"
#include "poller.h"
#include "report.h"
#include "run.h"

#include "cancel.h"

#include <errno.h>
#include <string.h>

enum { ROUND = 64, ROUND_NS = 100000, POLL_NS = 50000, TASK_NUMBERS = 64, UNREAD_MOST = 16 * ROUND };

static struct stack_pool stacks_one;
struct worker weir_worker_one = {.wheel = {.due_tail = &weir_worker_one.wheel.due}, .random = 1, .stacks = &stacks_one};
struct worker *weir_workers[256] = {&weir_worker_one};
_Thread_local struct worker *weir_worker_here = &weir_worker_one;
_Thread_local bool weir_worker_thread;

#ifndef __x86_64__
__attribute__((noinline)) struct worker *worker_here(void) {
  __asm__ volatile(""); /* not pure: call it again */
  return weir_worker_here;
}
#endif

void worker_reset(struct worker *worker, enum weir_timer_mode mode, uint8_t stack_class) {
  worker->current = NULL;
  worker->run = (struct task_queue){0};
  worker->granted = worker->budget = worker->spent = 0;
  worker->departed = NULL;
  worker->errand = NULL;
  worker->mail = NULL;
  worker->ring.head = worker->ring.tail = 0;
  worker->idle = 0;
  worker->stole_at = worker->looked = worker->served_late = 0;
  memset(worker->looks, 0, weir_scheduler.count * sizeof worker->looks[0]);
  worker->spinning = worker->deep = false;
  worker->parker.word = 0;
  worker->task_number = worker->task_numbers_end = 0;
  worker->timer_mode = mode;
  worker->stack_class = stack_class;
  worker_see_time(worker, port_clock());
  worker->polled = worker->round_time;
  worker->random = ((uint64_t)worker->round_time + worker->number) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

/* The last switch left a task: now nobody stands on its stack any more. */
static __attribute__((noinline)) void settle_departed(struct worker *worker, struct task *departed) {
  worker->departed = NULL;
  if (worker->departure == DEPARTURE_ENDED)
    task_free(departed);
  else if (worker->departure == DEPARTURE_YIELDED || port_meet(&departed->wait.met))
    task_ready(departed);
}

static inline void arrive(struct worker *worker) {
  struct task *departed = worker->departed;
  if (unlikely(departed != NULL))
    settle_departed(worker, departed);
}

/* The only switch between stacks in the core. */
static inline __attribute__((always_inline)) void switch_stacks(struct context *from, struct fiber *from_fiber,
                                                                struct context *to, struct fiber *to_fiber, bool last) {
  fiber_leave(from_fiber, to_fiber, last);
  context_switch(from, to);
  fiber_enter(from_fiber);
}

void worker_switch_virtual(struct context *from, struct fiber *from_fiber, struct context *to, struct fiber *to_fiber) {
  switch_stacks(from, from_fiber, to, to_fiber, false);
}

/* Who runs after the current task: the next in the queue while the round lasts, else the loop. */
static inline struct task *next_task(struct worker *worker) {
  if (unlikely(weir_port_mode != PORT_ONE))
    return port_several() ? scheduler_next(worker) : NULL;
  if (unlikely(worker->run.head == NULL || --worker->budget <= 0))
    return NULL;
  return task_queue_pop(&worker->run);
}

__attribute__((noinline)) void worker_suspend(struct worker *worker, enum departure departure) {
  struct task *self = worker->current;
  struct task *next = next_task(worker);
  worker->current = next;
  if (port_several()) {
    worker->departed = self;
    worker->departure = (uint8_t)departure;
  }
  struct context *to = next != NULL ? &next->context : &worker->context;
  struct fiber *to_fiber = next != NULL ? &next->fiber : &worker->fiber;
  switch_stacks(&self->context, &self->fiber, to, to_fiber, false);
  arrive(worker_here());
}

_Noreturn void worker_exit_task(struct worker *worker) {
  struct task *self = worker->current;
  if (unlikely(self == weir_scheduler.main)) {
    weir_scheduler.main_done = true;
    if (weir_port_mode == PORT_SEVERAL)
      scheduler_stop(0);
  }
  struct task *next = self == weir_scheduler.main ? NULL : next_task(worker);
  worker->current = next;
  worker->departed = self;
  worker->departure = DEPARTURE_ENDED;
  struct context *to = next != NULL ? &next->context : &worker->context;
  struct fiber *to_fiber = next != NULL ? &next->fiber : &worker->fiber;
  switch_stacks(&self->context, &self->fiber, to, to_fiber, true);
  __builtin_unreachable();
}

void worker_task_entry(void) {
  fiber_enter(&worker_here()->current->fiber);
  arrive(worker_here());
  struct task *self = worker_here()->current;
  self->fn(self->arg);
  if (unlikely(self->kept_count != 0))
    task_run_defers(self);
  worker_exit_task(worker_here());
}

/* The loop's stack goes on with an errand, and then where it was left. */
static __attribute__((noinline)) void run_errand(struct worker *worker) {
  struct task *task = worker->errand_of;
  void (*fn)(void *) = worker->errand;
  worker->errand = NULL;
  worker->current = NULL;
  fn(worker->errand_arg);
  worker->current = task;
  switch_stacks(&worker->context, &worker->fiber, &task->context, &task->fiber, false);
}

void worker_errand(struct worker *worker, void (*fn)(void *), void *arg) {
  struct task *self = worker->current;
  worker->errand = fn;
  worker->errand_arg = arg;
  worker->errand_of = self;
  switch_stacks(&self->context, &self->fiber, &worker->context, &worker->fiber, false);
}

static inline void dispatch(struct worker *worker, struct task *task) {
  worker->current = task;
  switch_stacks(&worker->context, &worker->fiber, &task->context, &task->fiber, false);
  while (unlikely(worker->errand != NULL))
    run_errand(worker);
  worker->current = NULL;
  arrive(worker);
}

/* The task may be gone afterwards: what its report needs is read before. */
static __attribute__((noinline)) void dispatch_watched(struct worker *worker, struct task *task) {
  char name[REPORT_LINE / 2];
  report_task_name(task, name, sizeof name);
  int64_t begin = port_clock();
  dispatch(worker, task);
  int64_t took = port_clock() - begin;
  if (took > weir_scheduler.hog_ns)
    run_log("weir: %s ran for %.3f ms without giving up its worker", name, (double)took / 1e6);
}

void worker_dispatch(struct worker *worker, struct task *task) {
  if (unlikely(weir_scheduler.hog_ns != 0))
    dispatch_watched(worker, task);
  else
    dispatch(worker, task);
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

uint32_t worker_number_task(struct worker *worker) {
  if (unlikely(worker->task_number == worker->task_numbers_end)) {
    uint32_t numbers = port_several() ? TASK_NUMBERS : 1;
    if (port_several())
      worker->task_number = __atomic_fetch_add(&weir_scheduler.task_numbers, numbers, __ATOMIC_RELAXED); /* a name */
    else
      worker->task_number = weir_scheduler.task_numbers++;
    worker->task_numbers_end = worker->task_number + numbers;
  }
  return ++worker->task_number;
}

void worker_expire(struct worker *worker, struct wheel_node *node, int64_t now) {
  if (node->kind == NODE_CONTEXT) {
    context_expired(worker, node);
    return;
  }
  if (node->kind != NODE_DEADLINE) {
    timer_expired(worker, node, now);
    return;
  }
  struct wait *wait = container_of(node, struct wait, expiry);
  if (!port_claim(&wait->state, WAIT_OPEN, WAIT_CLAIMED))
    return;
  port_unlock(&worker->wheel_lock);
  port_fires(NULL, container_of(wait, struct task, wait));
  wait_wake(wait);
  port_lock(&worker->wheel_lock);
}

/* Whoever expires a wheel has read the clock before it had the lock: another one may have moved it further meanwhile.
 * What is due is so by that time, not yet by the own. */
static inline int64_t reached(const struct wheel *wheel, int64_t now) {
  int64_t time = (int64_t)(wheel->tick << WHEEL_TICK_BITS);
  return time > now ? time : now;
}

static void expire_until(struct worker *worker, int64_t now) {
  port_lock(&worker->wheel_lock);
  wheel_advance(&worker->wheel, now);
  for (struct wheel_node *node; (node = wheel_pop(&worker->wheel)) != NULL;)
    worker_expire(worker, node, reached(&worker->wheel, now));
  port_unlock(&worker->wheel_lock);
}

void worker_expire_other(struct worker *other, int64_t now) {
  port_lock(&other->wheel_lock);
  wheel_advance(&other->wheel, now);
  for (struct wheel_node *node; (node = wheel_pop(&other->wheel)) != NULL;)
    worker_expire(other, node, reached(&other->wheel, now));
  port_unlock(&other->wheel_lock);
}

/* Of the own wheel, without its lock: nobody else adds to it. */
static inline bool any_pending(const struct worker *worker) {
  return __atomic_load_n(&worker->wheel.count, __ATOMIC_RELAXED) != 0;
}

void worker_serve_timers(struct worker *worker) {
  bool running = worker->current != NULL && !weir_scheduler.ending;
  if (weir_port_mode != PORT_SIMULATED && running && any_pending(worker))
    expire_until(worker, port_clock());
}

void worker_spend(struct worker *worker) {
  if (likely(++worker->spent < ROUND))
    return;
  worker->spent = 0;
  worker_serve_timers(worker);
}

void worker_begin_round(struct worker *worker) {
  int32_t before = worker->granted;
  int32_t used = before - worker->budget;
  worker->granted = ROUND;
  if (any_pending(worker) || unlikely(poller_waiting() != 0) || port_several()) {
    int64_t now = port_clock();
    int64_t took = now - worker->round_time;
    worker_see_time(worker, now);
    if (took > ROUND_NS) {
      int64_t fitting = (int64_t)used * ROUND_NS / took;
      worker->granted = fitting < 1 ? 1 : fitting < ROUND ? (int32_t)fitting : ROUND;
    } else if (before < ROUND) {
      worker->granted = before < 1 ? 1 : 2 * before < ROUND ? 2 * before : ROUND;
    }
    if (any_pending(worker))
      expire_until(worker, now);
    if (port_several())
      scheduler_offer(worker, used, took);
  } else if (WORKER_STAMPS && unlikely((worker->unread += (uint32_t)used) >= UNREAD_MOST)) {
    worker->unread = 0;
    worker_see_time(worker, port_clock());
  }
  if (unlikely(weir_scheduler.hog_ns != 0))
    worker->granted = 1; /* every task is dispatched from the loop */
  worker->budget = worker->granted;
}

bool worker_serve_outside(struct worker *worker) {
  bool no_memory = inbox_pending() && inbox_drain();
  if (unlikely(poller_waiting() != 0 || worker->polled == 0) && worker->round_time - worker->polled >= POLL_NS) {
    worker->polled = worker->round_time;
    poller_serve(WEIR_POLL);
  }
  return no_memory;
}

/* Nothing can run. False when nothing will ever wake a task. */
static bool idle(struct worker *worker, bool no_memory) {
  bool settling = !wait_queue_empty(&weir_scheduler.settlers);
  if (settling && poller_waiting() != 0 && poller_serve(WEIR_POLL) != 0)
    return true;
  if (settling && !no_memory && wait_wake_first(&weir_scheduler.settlers))
    return true;
  if (worker->watched == 0 && !poller_hoped() && !foreign_expected() && inbox_close_if_empty())
    return false;
  int64_t next = wheel_next(&worker->wheel);
  if (no_memory && port_clock() + WORKER_RETRY_NS < next)
    next = port_clock() + WORKER_RETRY_NS;
  poller_serve(next);
  worker_see_time(worker, port_clock());
  worker->polled = worker->round_time;
  return true;
}

int worker_loop(struct worker *worker) {
  while (!weir_scheduler.main_done) {
    worker_begin_round(worker);
    bool no_memory = worker_serve_outside(worker);
    if (worker->run.head != NULL)
      worker_dispatch(worker, task_queue_pop(&worker->run));
    else if (!idle(worker, no_memory))
      return -EDEADLK;
  }
  return 0;
}
