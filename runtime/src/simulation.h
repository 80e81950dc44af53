/* simulation.h — the state that the engine (simulation.c) and the verdict (verdict.c) share. */
#ifndef WEIR_SRC_SIMULATION_H
#define WEIR_SRC_SIMULATION_H

#include <weir/sim.h>

#include "run.h"
#include "schedule.h"
#include "text.h"

struct simulation {
  struct worker *worker;
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
  struct weir_counts before; /* what lived when the simulation began */
  struct main_call main;
  struct schedule schedule;
  struct text trace;
  struct text log;
};

enum { SIMULATION_START = 1000000000 };

/* Judges what is left, takes it down, frees it, and writes the report's verdict, text and census. */
void simulation_judge(struct simulation *simulation, struct weir_sim_report *report);

#endif
