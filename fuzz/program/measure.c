/* measure.c — see measure.h.
 *
 * One run holds all rounds. An operation is the scenario's main function, called as it stands: weir_draw draws at random,
 * the clock is the machine's. What it leaves (tasks, timers, channels, its own statics) stays for the next, and is what is
 * looked for. A scenario that waits for its own end of the simulation, or needs weir_sim_pipe, cannot be measured: it
 * returns an error, or blocks, and both are said.
 */
#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <weir/scenario.h>

enum { EXIT_FLAT = 0, EXIT_GROWS = 1, EXIT_FAILED = 2, EXIT_UNSURE = 4 };

struct measurement {
  const struct measure *measure;
  const char *program;
  struct weir_growth_report report;
  uint64_t operations;
  int result; /* the scenario's own, when it was not 0 */
  bool done;
};

static int run_round(void *arg) {
  struct measurement *measurement = arg;
  uint64_t times = measurement->measure->growth.operations;
  for (uint64_t i = 0; i < (times == 0 ? 1 : times) && measurement->result == 0; i++) {
    measurement->operations++;
    measurement->result = weir_scenario.main(NULL);
  }
  return measurement->result == 0 ? 0 : -ECANCELED;
}

static int measure_main(void *arg) {
  struct measurement *measurement = arg;
  int error = weir_growth_run(&measurement->measure->growth, run_round, measurement, &measurement->report);
  measurement->done = true;
  return error;
}

/* Tasks left over at the end have been judged already; what comes before the end is the report of a deadlock. */
static void log_line(void *context, const char *line) {
  const struct measurement *measurement = context;
  if (!measurement->done)
    fprintf(stderr, "%s: %s\n", measurement->program, line);
}

static int print(const struct measurement *measurement) {
  static const int statuses[] = {
      [WEIR_GROWTH_FLAT] = EXIT_FLAT, [WEIR_GROWTH_GROWS] = EXIT_GROWS, [WEIR_GROWTH_UNSURE] = EXIT_UNSURE};
  const struct weir_growth_report *report = &measurement->report;
  int error;
  if (measurement->measure->json) {
    error = weir_growth_print_json(report, weir_scenario.name, stdout);
  } else {
    printf("growth of %s: %s\n", weir_scenario.name, weir_scenario.terms.story);
    error = weir_growth_print(report, stdout);
  }
  if (error == 0 && fflush(stdout) == 0)
    return statuses[report->verdict];
  fprintf(stderr, "%s: the verdict (%s) could not be written\n", measurement->program,
          weir_growth_verdict_name(report->verdict));
  return EXIT_FAILED;
}

int measure(const struct measure *measure, const char *program) {
  struct measurement measurement = {.measure = measure, .program = program};
  const struct weir_config config = {
      .workers = measure->workers, .timer_mode = measure->mode, .log = log_line, .log_context = &measurement};
  int error = weir_run(&config, measure_main, &measurement);
  int status = EXIT_FAILED;
  if (measurement.result != 0)
    fprintf(stderr,
            "%s: --growth: the scenario %s returned %d when it ran for time %llu; only one that succeeds in real time, "
            "again and again, can be measured\n",
            program, weir_scenario.name, measurement.result, (unsigned long long)measurement.operations);
  else if (error == -EDEADLK)
    fprintf(stderr, "%s: --growth: the scenario %s waits for ever (time %llu that it ran)\n", program,
            weir_scenario.name, (unsigned long long)measurement.operations);
  else if (error != 0)
    fprintf(stderr, "%s: --growth: %s\n", program, strerror(-error));
  else
    status = print(&measurement);
  if (error == 0)
    weir_growth_report_free(&measurement.report);
  return status;
}
