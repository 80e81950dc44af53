/* worker.h — a worker: the run queue, the wheel and the loop of one thread.
 *
 * A blocking task switches straight to the next runnable one. Every 64 dispatches it switches to the worker's own stack
 * instead, where the loop reads the clock once, expires timers, and sleeps when there is nothing to run. So nothing
 * starves, and neither a block nor a wake reads a clock. The aim is a round of 100 microseconds: a round that took
 * longer shortens the next ones, which then grow again by doubling; tasks that turn slow all at once can overrun one
 * round.
 *
 * Idle order: due timers, runnable tasks, a task that waits for everything to settle, sleep in the poller until the
 * wheel's next tick; a deadlock when nothing that is pending could wake a task (watched == 0), no task waits for a
 * descriptor and no other thread is expected to post. While tasks run, descriptors are looked at every 50 us. What several workers add is in
 * scheduler.h.
 *
 * The wheel is under its lock: a task that has moved to another worker leaves its deadline behind, and an idle worker
 * expires what another does not come to. Only the owner adds. Locks of channels
 * come before it, nothing comes after.
 *
 * Rejected: the loop between any two tasks (two switches a block); a next-to-run slot as in Go (first in, first out is
 * as fast, and fair without a bound to enforce).
 */
#ifndef WEIR_SRC_WORKER_H
#define WEIR_SRC_WORKER_H

#include "ring.h"
#include "stack.h"
#include "task.h"

/* Numbers of workers: 0 is that of the thread that runs weir_run, virtual ones begin at WORKER_VIRTUAL. */
enum { WORKERS_MOST = 240, WORKER_VIRTUAL = WORKERS_MOST, WORKERS_VIRTUAL_MOST = 8, WORKER_NONE = 255 };

/* Why the last switch left a task, which is dealt with once its stack is left. */
enum departure { DEPARTURE_BLOCKED, DEPARTURE_YIELDED, DEPARTURE_ENDED };

/* When the head of a ring was first seen where it was last seen. */
struct look {
  int64_t time;
  uint32_t head;
};

struct worker {
  struct task *current;  /* NULL on the worker's own stack and outside a run */
  struct task_queue run; /* what only this worker may run: with one worker every task, with several the pinned ones */
  int32_t budget;        /* dispatches left in this round */
  int32_t granted;
  int32_t spent; /* worker_spend's count */
  uint8_t number;
  uint8_t departure; /* enum departure */
  uint8_t stack_class;
  enum weir_timer_mode timer_mode;
  struct task *departed;
  /* What a task has asked to be run on the worker's own stack; NULL: nothing. */
  void (*errand)(void *arg);
  void *errand_arg;
  struct task *errand_of;
  struct context context;
  struct fiber fiber;
  int64_t round_time; /* these two by worker_see_time */
  uint32_t stamp;     /* of what is made now (books.h); 0 outside a run */
  uint32_t unread;    /* switches since the clock was read, where nothing waits for time */
  int64_t polled;     /* when it last looked at descriptors; 0: it must look, whoever waits for one */
  uint64_t random;
  struct stack_pool *stacks;
  uint32_t task_number; /* the next task's; up to task_numbers_end */
  uint32_t task_numbers_end;
  /* Sums over the workers: one alone may be below 0. */
  size_t watched; /* pending things that can wake a task: deadlines, function timers, armed timers somebody waits on */
  size_t timers_pending;
  size_t timers_abandoned;
  size_t stack_bytes;
  size_t daemons;      /* tasks alive that are daemons */
  struct task *chosen; /* simulation: what runs next */
  struct port_lock wheel_lock;
  struct wheel wheel;
  /* With several workers (scheduler.c). */
  struct port_parker parker;
  struct task *mail; /* pinned tasks that others made ready, newest first */
  struct worker *next_idle;
  uint32_t idle; /* in the list of idle workers */
  bool spinning;
  bool deep;                       /* idle, and sleeps without naps; under the scheduler's lock */
  bool global_turn;                /* this round began with the global queue */
  bool pinned_turn;                /* the next task is a pinned one, if there is one */
  bool waits_for_memory;           /* for the task of a post */
  struct look looks[WORKERS_MOST]; /* at each worker's ring */
  int64_t looked;                  /* when it last looked at all of them */
  uint32_t starts;                 /* of tasks */
  int64_t served_late;             /* when it last looked at all their wheels */
  int64_t stole_at;                /* 0: it has not since it last was idle */
  struct ring ring __attribute__((aligned(64)));
};

extern WEIR_INTERNAL struct worker weir_worker_one;
extern WEIR_INTERNAL struct worker *weir_workers[256];
extern WEIR_INTERNAL _Thread_local struct worker *weir_worker_here;
extern WEIR_PRIVATE _Thread_local bool weir_worker_thread;

/* The calling thread runs tasks of the active run or simulation. */
static inline bool worker_thread(void) {
  return weir_worker_thread;
}

/* The calling thread's worker; outside a run the one that the next run will use. Read it again after a switch: a task
 * may go on in another thread. */
#ifdef __x86_64__
static inline struct worker *worker_here(void) {
  return weir_worker_here; /* one access through the thread register: nothing a compiler could keep across a switch */
}
#else
struct worker *worker_here(void); /* elsewhere compilers keep the thread register's value */
#endif

/* The worker whose wheel a node is or was in; NULL when it was in none. */
static inline struct worker *worker_of(const struct wheel_node *node) {
  return weir_workers[node->owner];
}

/* Unlinks a node from wherever it rests. */
static inline void worker_wheel_forget(struct wheel_node *node) {
  struct worker *home = worker_of(node);
  if (home == NULL)
    return;
  port_lock(&home->wheel_lock);
  wheel_forget(&home->wheel, node);
  port_unlock(&home->wheel_lock);
}

static inline void worker_wheel_add(struct worker *worker, struct wheel_node *node, int64_t due) {
  if (unlikely(node->owner != worker->number)) {
    worker_wheel_forget(node);
    node->owner = worker->number;
  }
  port_lock(&worker->wheel_lock);
  wheel_add(&worker->wheel, node, due);
  port_unlock(&worker->wheel_lock);
}

/* True when the node was pending. */
static inline bool worker_wheel_remove(struct wheel_node *node) {
  struct worker *home = worker_of(node);
  if (unlikely(home == NULL)) /* it outlived the run */
    return false;
  port_lock(&home->wheel_lock);
  bool pending = wheel_pending(node);
  if (pending)
    wheel_remove(&home->wheel, node);
  port_unlock(&home->wheel_lock);
  return pending;
}

#ifdef WEIR_WITHOUT_BOOKS
enum { WORKER_STAMPS = 0, WORKER_STAMP_BITS = 22 };
#else
enum { WORKER_STAMPS = 1, WORKER_STAMP_BITS = 22 };
#endif

static inline uint32_t worker_stamp_of(int64_t time) {
  return (uint32_t)(time >> WORKER_STAMP_BITS);
}

static inline void worker_see_time(struct worker *worker, int64_t now) {
  worker->round_time = now;
  if (WORKER_STAMPS)
    worker->stamp = worker_stamp_of(now);
}

/* Makes a worker ready for a run: no tasks, nothing counted. Its wheel and its stacks stay. */
void worker_reset(struct worker *worker, enum weir_timer_mode mode, uint8_t stack_class);

void task_ready_several(struct task *task);
void task_start_several(struct task *task);

/* A task may run. Its wait, if it had one, is claimed and its stack is left. */
static inline void task_ready(struct task *task) {
  if (port_several())
    task_ready_several(task);
  else
    task_queue_push(&worker_here()->run, task);
}

/* The same for a new task: it is worth waking a worker for. */
static inline void task_start(struct task *task) {
  if (port_several())
    task_start_several(task);
  else
    task_queue_push(&worker_here()->run, task);
}

/* Switches away from the current task until somebody makes it ready. */
void worker_suspend(struct worker *worker, enum departure departure);

/* The task's function and its deferred functions are over: never returns. */
_Noreturn void worker_exit_task(struct worker *worker);

/* Runs fn(arg) on the worker's own stack while the current task waits; nothing else runs on it meanwhile. */
void worker_errand(struct worker *worker, void (*fn)(void *arg), void *arg);

/* Where a new task begins. */
void worker_task_entry(void);

/* What other threads and the kernel have for the run. True: a post waits for memory, try again in WORKER_RETRY_NS. */
bool worker_serve_outside(struct worker *worker);
enum { WORKER_RETRY_NS = 1000000 };

/* Runs tasks until main is done (0) or nothing can run any more (-EDEADLK). On the worker's own stack; one worker. */
int worker_loop(struct worker *worker);

/* Expires here what is due of another worker. */
void worker_expire_other(struct worker *other, int64_t now);

/* Between two rounds: timers, and how long the next round may be. */
void worker_begin_round(struct worker *worker);

/* Runs one task until it gives up the worker. */
void worker_dispatch(struct worker *worker, struct task *task);

/* Another suspended stack goes on in the thread, virtual workers' own. */
void worker_switch_virtual(struct context *from, struct fiber *from_fiber, struct context *to, struct fiber *to_fiber);

/* A uniformly distributed number below bound. */
uint32_t worker_random(struct worker *worker, uint32_t bound);

/* The same, as a decision of that kind that a simulation's chooser makes. */
static inline uint32_t worker_draw(int kind, uint32_t bound) {
  if (port_simulated())
    return weir_port_simulation->choose(kind, bound);
  return worker_random(worker_here(), bound);
}

/* Handles a node that the wheel gave up: a deadline or a timer. now is the time to report. The wheel's lock is held; it
 * is released meanwhile. */
void worker_expire(struct worker *worker, struct wheel_node *node, int64_t now);

/* Expires all that is due, for a task that looks without ever blocking; a fresh reading of the clock. Nothing outside a
 * task: timers fire during a run. */
void worker_serve_timers(struct worker *worker);

/* The same, once in a round: for an operation that a task may repeat for ever without blocking. */
void worker_spend(struct worker *worker);

/* Takes the number of a new task. */
uint32_t worker_number_task(struct worker *worker);

enum node_kind { NODE_DEADLINE, NODE_TIMER, NODE_CONTEXT };

/* timer.c, cancel.c: a timer's node came due. The wheel's lock as for worker_expire. */
void timer_expired(struct worker *worker, struct wheel_node *node, int64_t now);

#endif
