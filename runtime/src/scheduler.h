/* scheduler.h — what the workers of a run share, and how several of them divide the work.
 *
 * Each of several workers has a bounded ring (ring.h), a list of its own for pinned tasks, a wheel, and a loop in a thread.
 *
 *   a task becomes ready   It goes to the ring of the worker that woke it: tasks that talk stay together, in one cache. A
 *                          full ring gives its older half to the global queue. Every other round of a worker begins
 *                          with the head of that, room in the ring or not: a ring that stays full starves nobody.
 *                          A pinned task goes home, by the worker's mail when another one made it ready.
 *   who is to help         A started task wakes a worker, and so does a full ring. Else a task that was woken does not:
 *                          once a round its worker looks whether what waits would wait for 20 us. Even if not, a load
 *                          is shared now and then, more seldom when that was of no use (0.25 to 16 ms). A thief looks at
 *                          how fast a ring moves, and takes the older half of one where tasks would wait for long.
 *   out of work            Spin for 50 us if another worker is awake (waking a sleeper costs 60 to 80 us on a virtual
 *                          machine); then announce, look again, and sleep until the wheel's next tick, the first in the
 *                          poller, the others in their parkers.
 *   asleep, others active  Nap for 10 ms (more when many are idle), and take what is stuck behind a task that does not
 *                          yield: tasks in its ring, timers and deadlines in its wheel. After a second of rest for all
 *                          nobody naps: an idle program costs nothing. The first to go on leaves one behind that naps
 *                          again: while one is active, one of the idle looks.
 *
 * Nothing that only a sleeper could do is lost between "look again" and "sleep": who sends mail or fills the global queue
 * stores that and then reads idle, a sleeper adds itself to idle and then reads those, all sequentially consistent. A
 * ring is its own worker's to run, and is not read again (in a simulation, where nobody naps, it is): that worker may
 * miss who is just falling asleep, and a nap sees what it does not come to.
 *
 * The last to go idle decides, under the lock, when nothing is in flight: a task in weir_settle goes on, or, when nothing
 * is watched, it is a deadlock.
 *
 * Rejected, with what they cost:
 *   - A next-to-run slot before the ring (Go, tokio): it needs a bound of its own against starvation, and a task in it
 *     cannot be stolen. First in, first out with direct switches is as fast.
 *   - Waking a worker for every ready task, or whenever two wait: tasks that talk are torn apart (110 ns for a cache line
 *     there and back). A broadcast to 100 took 58 ns a message with a second worker, now 36, and 17 without one; two
 *     independent ones 33 ns, now 18.
 *   - One spinner at a time: of two that talk across workers one is always asleep (1,800 ns a round trip, now 350).
 *   - One shared queue: two locked instructions and a contended line a task.
 *   - A monitor thread (Go's sysmon): what it does the naps of idle workers do; while no worker is idle nobody could take
 *     the work over anyway.
 *   - Holding the channel's lock across the switch (Go's gopark): every block would lengthen a section that others wait
 *     for by a switch.
 */
#ifndef WEIR_SRC_SCHEDULER_H
#define WEIR_SRC_SCHEDULER_H

#include "worker.h"

struct scheduler {
  struct task *main;
  bool main_done;
  bool ending;                /* the run is being taken down: nothing new starts */
  struct wait_queue settlers; /* under the lock */
  int64_t hog_ns;             /* of the configuration; 0: nobody looks */
  uint32_t count;             /* workers of the run */
  struct worker **workers;    /* the first of them */
  struct port_lock lock;      /* of the global queue, the idle list and the settlers */
  struct task_queue global;
  struct worker *idlers;
  uint32_t deep;         /* of them, sleep without naps; under the lock */
  struct worker *poller; /* the idle worker that sleeps in the poller; written under the lock */
  /* Read without the lock. */
  uint32_t global_count;
  uint32_t idle;
  uint32_t spinning;
  uint32_t stop;            /* every worker leaves its loop */
  uint32_t task_numbers;    /* handed out so far */
  uint32_t balance;         /* the next who looks for work takes it also where no task waits for long */
  int64_t balance_interval; /* nanoseconds between two such */
  int64_t balanced_at;
  int64_t active_at; /* when a worker last left idleness; under the lock */
  int error;
};

extern WEIR_PRIVATE struct scheduler weir_scheduler;

/* Prepares for a run of count workers, the first of which is weir_workers[first]. */
void scheduler_reset(uint32_t first, uint32_t count);

/* A worker's thread: runs tasks until main is done or nothing can run any more. */
void scheduler_loop(struct worker *worker);

/* Between two rounds: a worker is woken when what waits here would wait for long; used dispatches took so many ns. */
void scheduler_offer(struct worker *worker, int32_t used, int64_t took);

/* Who runs after the current task; NULL: the loop. */
struct task *scheduler_next(struct worker *worker);

/* Nothing but the current task could run on this worker. */
bool scheduler_alone(const struct worker *worker);

/* Every worker but this one is idle, and it has nothing else to do. False with one worker. */
bool scheduler_others_rest(const struct worker *worker);

/* Every worker is to leave its loop; error is the run's. */
void scheduler_stop(int error);

/* Sums over the workers of the run. */
size_t scheduler_watched(void);
size_t scheduler_daemons(void);

#endif
