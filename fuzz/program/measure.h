/* measure.h — the scenario again and again in real time, and what it leaves: --growth. */
#ifndef WEIR_FUZZ_MEASURE_H
#define WEIR_FUZZ_MEASURE_H

#include <weir/growth.h>
#include <weir/task.h>

struct measure {
  struct weir_growth growth; /* operations: how often the scenario runs in a round */
  enum weir_timer_mode mode;
  unsigned workers;
  bool json;
};

/* Runs it and prints the verdict to standard output, under a first line (a first field) that says whose it is. Returns
 * the exit status: 0 flat, 1 grows, 4 unsure; 2 when the scenario failed, and then standard error says how. */
int measure(const struct measure *measure, const char *program);

#endif
