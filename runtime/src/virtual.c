/* virtual.c — several virtual workers on one thread.
 *
 * The production scheduler runs as it is: each virtual worker has a stack for its loop, and between any two steps of it
 * (port_turn, a lock, a park) the chooser may let another go first. A virtual worker is always somewhere in the code of
 * a task or of its loop; switching to another one is a switch between those stacks that neither of them notices.
 *
 *   state     goes on when
 *   ready     it is chosen
 *   locking   the lock's word is 0
 *   parked    somebody has unparked it; or its time has come; or, as from a nap, while any ring, or its own list of
 *             pinned tasks, holds one: the engine, too, makes tasks ready, as whoever ran last
 *   over      never: its stack is where the simulation left it
 *
 * Time moves when no virtual worker can go on, or early when the chooser says so. When the simulation stops, each
 * worker goes on alone to where it holds no lock and is in the middle of nothing.
 *
 * Rejected: an own scheduler for simulations with several workers (its races would not be the real ones); real threads
 * under a baton (a thousand times slower).
 */
#include "chan.h"
#include "pipes.h"
#include "simulation.h"

#include <weir/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define sim weir_simulation

enum state { READY, LOCKING, PARKED, OVER };

struct virtual_worker {
  struct worker *worker;
  struct context context;
  enum state state;
  bool notified;
  int64_t until;
  const uint32_t *word;
  struct stack stack;
};

static struct virtual_worker virtuals[WORKERS_VIRTUAL_MOST];
static struct virtual_worker *running; /* NULL: the engine */
static struct context home;
static struct fiber home_fiber;

static bool any_ring_filled(void) {
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    if (ring_length(&weir_scheduler.workers[i]->ring) != 0)
      return true;
  return false;
}

static bool can_go_on(const struct virtual_worker *one) {
  switch (one->state) {
  case READY:
    return true;
  case LOCKING:
    return *one->word == 0;
  case PARKED:
    return one->notified || one->until <= sim.now || any_ring_filled() || one->worker->run.head != NULL;
  case OVER:
    break;
  }
  return false;
}

/* The fiber of the stack that a worker is on. */
static struct fiber *fiber_of(struct virtual_worker *one) {
  if (one == NULL)
    return &home_fiber;
  return one->worker->current != NULL ? &one->worker->current->fiber : &one->worker->fiber;
}

static void switch_to(struct virtual_worker *to) {
  struct virtual_worker *from = running;
  if (to == from)
    return;
  running = to;
  if (to != NULL)
    weir_worker_here = to->worker;
  worker_switch_virtual(from != NULL ? &from->context : &home, fiber_of(from), to != NULL ? &to->context : &home,
                        fiber_of(to));
}

/* The place-th worker that can go on, the running one left out; NULL when there are fewer. */
static struct virtual_worker *other(uint32_t place) {
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    if (&virtuals[i] != running && can_go_on(&virtuals[i]) && place-- == 0)
      return &virtuals[i];
  return NULL;
}

static uint32_t count_others(void) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    count += &virtuals[i] != running && can_go_on(&virtuals[i]);
  return count;
}

static struct candidate candidate_of(const struct virtual_worker *one) {
  const struct task *task = one->worker->current;
  return (struct candidate){.key = (uint32_t)(one - virtuals) + 1, .pending = task != NULL ? task->pending : NULL};
}

/* Time, when it is an alternative, is the last one: what is written there is not looked at when it is not. */
static void list_others(struct candidate *candidates) {
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    if (&virtuals[i] != running && can_go_on(&virtuals[i]))
      *candidates++ = candidate_of(&virtuals[i]);
  *candidates = (struct candidate){0};
}

static void list_all(struct candidate *candidates) {
  candidates[0] = candidate_of(running);
  list_others(candidates + 1);
}

/* Which of the others goes on. */
static struct virtual_worker *choose_other(uint32_t others) {
  sim.free_choices = others;
  sim.candidates = list_others;
  return other(simulation_decide(WEIR_CHOICE_WORKER, others));
}

/* Whether the running worker goes on (0), another one, or time. */
static uint32_t choose(uint32_t others, bool time) {
  sim.free_choices = 1;
  sim.candidates = list_all;
  return simulation_decide(WEIR_CHOICE_WORKER, 1 + others + time);
}

/* The running worker cannot go on: another one does, or the engine. */
static void give_way(void) {
  uint32_t others = count_others();
  switch_to(others == 0 ? NULL : choose_other(others));
}

static void turn(const char *what) {
  if (unlikely(sim.quiet_since >= 0) && strcmp(what, "dispatch") == 0)
    sim.quiet_since = -1;
  if (running == NULL || sim.stop || sim.round_robin)
    return;
  uint32_t others = count_others();
  uint32_t choice = choose(others, false);
  if (choice != 0 && !sim.stop)
    switch_to(other(choice - 1));
}

static void lock(uint32_t *word) {
  turn("lock");
  while (*word != 0) {
    running->state = LOCKING;
    running->word = word;
    if (count_others() == 0) {
      fprintf(stderr, "weir: a virtual worker waits for a lock that nobody can release\n");
      abort();
    }
    give_way();
    running->state = READY;
  }
  *word = 1;
}

static void leave(void) {
  running->state = OVER;
  for (;;)
    switch_to(NULL);
}

static void park(int64_t until) {
  if (sim.stop)
    leave();
  running->state = PARKED;
  running->until = until;
  if (!running->notified)
    give_way();
  running->state = READY;
  running->notified = false;
  if (sim.stop)
    leave();
}

static void unpark(uint32_t number) {
  virtuals[number - WORKER_VIRTUAL].notified = true;
  turn("unpark");
}

/* ---- time ---------------------------------------------------------------------------------------------------------
 * */

static int64_t virtual_clock(void) {
  return sim.now;
}

static int64_t earliest_timer(void) {
  int64_t earliest = INT64_MAX;
  for (uint32_t i = 0; i < weir_scheduler.count; i++) {
    int64_t of_one = wheel_earliest(&weir_scheduler.workers[i]->wheel);
    earliest = of_one < earliest ? of_one : earliest;
  }
  return earliest;
}

static void move_time(void) {
  int64_t earliest = earliest_timer();
  if (earliest > sim.now && earliest != INT64_MAX) {
    simulation_move_time(earliest);
    simulation_trace("time moves", NULL);
  }
}

static bool may_move_time(void) {
  bool any = false;
  for (uint32_t i = 0; i < weir_scheduler.count && sim.early_left != 0; i++) {
    const struct wheel *wheel = &weir_scheduler.workers[i]->wheel;
    any |= wheel->count != 0;
    if (wheel->count != 0 && wheel_next(wheel) <= sim.now)
      return false; /* something is due: its worker has only to look */
  }
  return any;
}

/* Past the step limit everybody has a turn, time too. */
static void take_turns(void) {
  uint32_t here = (uint32_t)(running - virtuals);
  if (++sim.turns > weir_scheduler.count) {
    sim.turns = 0;
    if (earliest_timer() != INT64_MAX)
      move_time();
    else
      simulation_move_time(sim.now + (1 << WHEEL_TICK_BITS));
  }
  for (uint32_t i = 1; i < weir_scheduler.count; i++) {
    struct virtual_worker *next = &virtuals[(here + i) % weir_scheduler.count];
    if (can_go_on(next)) {
      switch_to(next);
      return;
    }
  }
}

/* ---- tasks --------------------------------------------------------------------------------------------------------
 * */

static void note_main(void) {
  if (weir_scheduler.main_done && sim.main_ended < 0) {
    sim.main_ended = sim.now;
    weir_scheduler.main = NULL;
  }
}

static void step(const struct port_operation *operation) {
  struct task *current = worker_here()->current;
  if (running == NULL || current == NULL || weir_scheduler.ending)
    return;
  note_main();
  simulation_trace_operation(operation);
  if (!simulation_count_step())
    leave();
  pipes_serve();
  current->pending = operation;
  if (sim.round_robin) {
    take_turns();
  } else {
    uint32_t others = count_others();
    uint32_t choice = choose(others, may_move_time());
    if (choice > others) {
      sim.early_left--;
      move_time();
    } else if (choice != 0 && !sim.stop) {
      switch_to(other(choice - 1));
    }
  }
  if (sim.stop)
    leave();
  current->pending = NULL;
}

static bool allocation_fails(void) {
  return sim.config->fail_allocation && worker_here()->current != NULL &&
         simulation_decide(WEIR_CHOICE_ALLOCATION, 2) == 1;
}

const struct port_simulation virtual_hooks = {
    .clock = virtual_clock,
    .step = step,
    .allocation_fails = allocation_fails,
    .choose = simulation_decide,
    .fires = simulation_trace_fires,
    .gone = simulation_gone,
    .leave = leave,
    .turn = turn,
    .lock = lock,
    .park = park,
    .unpark = unpark,
};

/* ---- begin, loop, end ---------------------------------------------------------------------------------------------
 * */

/* Where a virtual worker begins. */
static void virtual_main(void) {
  fiber_enter(&worker_here()->fiber);
  scheduler_loop(worker_here());
  leave();
}

bool virtual_begin(uint32_t count) {
  struct worker *first = weir_scheduler.workers[0];
  home_fiber = first->fiber; /* of the thread's own stack */
  running = NULL;
  for (uint32_t i = 0; i < count; i++) {
    struct virtual_worker *one = &virtuals[i];
    *one = (struct virtual_worker){.worker = weir_scheduler.workers[i]};
    if (!stack_take(first->stacks, first->stack_class, &one->stack)) {
      while (i-- > 0)
        stack_give(first->stacks, virtuals[i].stack.low, virtuals[i].stack.size_class);
      return false;
    }
    char *low = one->stack.low + STACK_GUARD;
    context_init(&one->context, low, one->stack.top, virtual_main);
    fiber_create(&one->worker->fiber, low, (size_t)(one->stack.top - low));
  }
  weir_port_mode = PORT_VIRTUAL;
  return true;
}

void virtual_loop(void) {
  while (!sim.stop) {
    note_main();
    uint32_t ready = count_others();
    if (ready != 0) {
      switch_to(choose_other(ready));
      continue;
    }
    pipes_serve();
    if (count_others() != 0)
      continue; /* somebody waited for a pipe */
    int64_t earliest = earliest_timer();
    if (simulation_only_daemons() || !simulation_may_wait(earliest))
      break;
    move_time();
    sim.stop = !simulation_count_step();
  }
  bool stopped = sim.stop; /* else it came to rest */
  sim.stop = true;
  weir_scheduler.stop = 1;
  for (bool any = true; any;) {
    any = false;
    for (uint32_t i = 0; i < weir_scheduler.count; i++) {
      if (virtuals[i].state == PARKED)
        virtuals[i].state = OVER;
      if (virtuals[i].state == OVER || !can_go_on(&virtuals[i]))
        continue;
      any = true;
      switch_to(&virtuals[i]);
    }
  }
  sim.stop = stopped;
}

void virtual_end(void) {
  struct worker *first = weir_scheduler.workers[0];
  for (uint32_t i = 0; i < weir_scheduler.count; i++) {
    struct virtual_worker *one = &virtuals[i];
    one->worker->current = NULL;
    one->worker->departed = NULL;
    fiber_destroy(&one->worker->fiber);
    stack_give(first->stacks, one->stack.low, one->stack.size_class);
  }
  first->fiber = home_fiber;
  weir_worker_here = first;
  weir_port_mode = PORT_SIMULATED;
}
