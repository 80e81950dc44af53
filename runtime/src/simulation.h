/* simulation.h — the state that the engine (simulation.c), virtual workers (virtual.c) and the verdict (verdict.c)
 * share. */
#ifndef WEIR_SRC_SIMULATION_H
#define WEIR_SRC_SIMULATION_H

#include <weir/sim.h>

#include "objects.h"
#include "run.h"
#include "schedule.h"
#include "signature.h"
#include "text.h"

/* Who could go on: an alternative of a choice, as a chooser that tells tasks apart sees it. */
struct candidate {
  uint32_t key; /* a task's number, or a virtual worker's number + 1; 0: time, which fires the earliest timer */
  const struct port_operation *pending; /* what it is about to do; NULL: nothing shared, as far as known */
};

struct simulation {
  const struct weir_sim *config;
  weir_chooser *chooser;
  int64_t now;
  int64_t quiet_since; /* -1 while tasks run; else when the last of them blocked */
  int64_t main_ended;  /* -1 until main has returned */
  uint64_t steps;
  uint64_t step_limit;
  uint64_t choices;
  uint32_t early_left;
  uint32_t turns;   /* round robin: steps since time last had its turn */
  uint32_t rotated; /* round robin: rotates through a select's ready cases */
  bool round_robin; /* past the step limit: the chooser is no longer asked */
  bool stop;        /* no task runs any more */
  bool livelock;
  bool abandoned_too_many;
  /* Of the decision that is being made: the first alternatives preempt nobody; a task that yields is asked for another. */
  uint32_t free_choices;
  bool yields;
  void (*candidates)(struct candidate *candidates); /* writes one for each alternative; NULL: they have no names */
  enum weir_verdict failed; /* WEIR_VERDICT_OK: nobody has called weir_fail, no ledger is wrong */
  struct text failure;
  struct signature signature;
  struct objects objects;
  struct weir_counts before; /* what lived when the simulation began */
  struct main_call main;
  struct schedule schedule;
  struct text trace;
  struct text log;
};

enum { SIMULATION_START = 1000000000 };

extern struct simulation weir_simulation;

/* A decision among count alternatives. */
uint32_t simulation_decide(int kind, uint32_t count);

/* For choosers: what is being decided. False: alternatives without names. */
bool simulation_candidates(struct candidate *candidates);

/* observation.c: a line of the trace, and an event for who observes. */
void simulation_trace(const char *what, const weir_chan *chan);
void simulation_trace_operation(const struct port_operation *operation);
void simulation_trace_fires(const weir_chan *chan, const struct task *task);
void simulation_gone(const void *object);

/* The verdict is known, its entry in the signature, and why (taken over): no task goes on. The caller does, to where the engine next has a say. The
 * first verdict stands. */
void simulation_fail(enum weir_verdict verdict, const char *signature, struct text *text);

/* Counts a step. False: the simulation is over and the caller must not go on. */
bool simulation_count_step(void);

/* The clock goes forward to that time; it never goes back. */
void simulation_move_time(int64_t now);

/* Main has returned, and all that is left is exempt: it may go on for ever. */
bool simulation_only_daemons(void);

/* How far time may still move, when nothing can run, before what is pending no longer matters; false: it is over. */
bool simulation_may_wait(int64_t earliest);

/* Virtual workers: prepares them (false without memory), runs tasks to the end, gives their stacks back. */
bool virtual_begin(uint32_t count);
void virtual_loop(void);
void virtual_end(void);
extern const struct port_simulation virtual_hooks;

/* Judges what is left, takes it down, frees it, and writes the report's verdict, text and census. */
void simulation_judge(struct simulation *simulation, struct weir_sim_report *report);

#endif
