/* attempt.h — one simulation of the scenario, in a process of its own.
 *
 * A scenario may crash, or never come to a scheduling point again. The program outlives it: each attempt is a forked
 * child that writes what it decides, sees and finds into memory shared with its parent. Addresses of static strings are
 * the same in both. The child of an attempt begins with the statics of a program that has run nothing yet.
 *
 * Rejected: catching signals inside the process (the heap is in an unknown state, and the next attempt inherits it).
 */
#ifndef WEIR_FUZZ_ATTEMPT_H
#define WEIR_FUZZ_ATTEMPT_H

#include <weir/scenario.h>

#include <stdio.h>

enum { ATTEMPT_DECISIONS = 1 << 20, ATTEMPT_EVENTS = 64, ATTEMPT_TEXT = 1 << 16, ATTEMPT_SIGNATURE = 1 << 13 };

struct decision {
  uint32_t choice;
  uint32_t count;
  uint8_t kind;
};

/* What a child leaves to its parent. */
struct outcome {
  int error; /* of weir_simulate */
  enum weir_verdict verdict;
  bool global;
  bool finished; /* the simulation came to its end: else the child died in it */
  uint64_t steps;
  uint64_t choices;
  int64_t virtual_time;
  char signature[ATTEMPT_SIGNATURE];
  char text[ATTEMPT_TEXT];
  char graph[ATTEMPT_TEXT];
  char divergence[256];
  uint64_t trace_hash;
  uint64_t event_count;                         /* all */
  struct weir_sim_event events[ATTEMPT_EVENTS]; /* the last ones: number n at n modulo ATTEMPT_EVENTS */
  uint32_t decision_count;                      /* those that had room */
  struct decision decisions[ATTEMPT_DECISIONS];
};

/* Memory for an outcome that children share; NULL when there is none. */
struct outcome *outcome_new(void);
void outcome_free(struct outcome *outcome);

/* Runs the scenario once under sim in this process, and writes what happened; trace: also as a Chrome trace, or NULL. */
void attempt_here(const struct weir_sim *sim, struct outcome *outcome, FILE *trace);

/* The same in a child: a crash is a verdict, and so is a child that runs on without a step (livelock). */
void attempt_forked(const struct weir_sim *sim, struct outcome *outcome);

/* The same, and the steps up to its end, whatever that is, as a Chrome trace. */
void attempt_traced(const struct weir_sim *sim, struct outcome *outcome, FILE *trace);

/* For weir_sim.decided with an outcome as context: keeps the decision. */
void attempt_decided(void *outcome, int kind, uint32_t choice, uint32_t count);

/* What a child that died has left becomes a verdict: status is waitpid's. */
void attempt_crashed(struct outcome *outcome, int status);

/* A chooser that follows decisions as far as they fit: where the kind is another one, and behind their end, it chooses
 * 0. */
struct follower {
  weir_chooser chooser;
  const struct decision *decisions;
  uint32_t count;
  uint32_t position;
};
void follower_init(struct follower *follower, const struct decision *decisions, uint32_t count);

/* The decisions as a schedule string that weir_chooser_replay reads; free it. NULL without memory. */
char *decisions_print(const struct decision *decisions, uint32_t count);

/* How many are not 0, draws of data aside: the switches a reader has to follow. */
uint32_t decisions_switches(const struct decision *decisions, uint32_t count);

#endif
