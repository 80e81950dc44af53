/* fuzzer.c — see fuzzer.h. */
#include "fuzzer.h"

#include "coverage.h"
#include "growth.h"
#include "input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/census.h>
#include <weir/scenario.h>

enum { STEP_LIMIT = 20000 }; /* as in the program: what runs longer turns in circles */

const char *fuzzer_input_name;

static struct {
  bool ready, twice, trace, blind, growth;
  uint64_t runs, steps, choices;
} fuzzer;

static void print_totals(void) {
  const double runs = fuzzer.runs == 0 ? 1 : (double)fuzzer.runs;
  fprintf(stderr, "weir: %s: %" PRIu64 " simulations of %.1f steps and %.1f choices\n", weir_scenario.name, fuzzer.runs,
          (double)fuzzer.steps / runs, (double)fuzzer.choices / runs);
}

static bool asked_for(const char *name) {
  const char *value = getenv(name);
  return value != NULL && strcmp(value, "") != 0 && strcmp(value, "0") != 0;
}

static void get_ready(void) {
  fuzzer.ready = true;
  fuzzer.twice = asked_for("WEIR_FUZZ_TWICE");
  fuzzer.trace = asked_for("WEIR_FUZZ_TRACE");
  fuzzer.blind = asked_for("WEIR_FUZZ_BLIND");
  fuzzer.growth = growth_ready();
  atexit(print_totals);
}

/* The simulation that the input describes. */
static struct weir_sim simulate(const uint8_t *bytes, size_t size, bool trace, struct weir_sim_report *report) {
  struct input input = input_of(bytes, size);
  weir_chooser chooser = {.choose = input_choose, .context = &input};
  struct weir_sim sim = weir_scenario.terms.sim;
  input_configure(&input, &sim);
  if (sim.step_limit == 0)
    sim.step_limit = STEP_LIMIT;
  sim.chooser = &chooser;
  sim.trace = trace;
  sim.observe = fuzzer.blind ? NULL : coverage_observe;
  coverage_begin();
  const int error = weir_simulate(&sim, weir_scenario.main, NULL, report);
  if (error != 0) {
    fprintf(stderr, "weir: %s: the simulation could not be made: %s\n", weir_scenario.name, strerror(-error));
    abort();
  }
  sim.chooser = NULL;
  return sim;
}

static void print_finding(const struct weir_sim *sim, const char *finding, const char *signature,
                          const struct weir_sim_report *report) {
  fprintf(stderr, "weir: %s: %s in run %" PRIu64 "\n", weir_scenario.name, finding, fuzzer.runs);
  if (fuzzer_input_name != NULL)
    fprintf(stderr, "input: %s\n", fuzzer_input_name);
  fprintf(stderr, "%s", report->text);
  if (report->graph[0] != '\0')
    fprintf(stderr, "who waits for whom:\n%s", report->graph);
  fprintf(stderr, "schedule: %s\n", report->schedule);
  fprintf(stderr, "replay: %s --mode=%s --workers=%u --replay='%s'\n", weir_scenario.name,
          sim->timer_mode == WEIR_TIMERS_CLASSIC ? "classic" : "prompt", sim->workers, report->schedule);
  fprintf(stderr, "DEDUP_TOKEN: %s\n", signature);
}

static bool same_text(const char *one, const char *other) {
  return (one == NULL || other == NULL) ? one == other : strcmp(one, other) == 0;
}

/* The same bytes, the same trace: else something that is no decision decides. */
static void compare(const uint8_t *bytes, size_t size, const struct weir_sim_report *report) {
  struct weir_sim_report again;
  const struct weir_sim sim = simulate(bytes, size, true, &again);
  if (same_text(report->trace, again.trace) && same_text(report->schedule, again.schedule) &&
      report->verdict == again.verdict && report->steps == again.steps) {
    weir_sim_report_free(&again);
    return;
  }
  fprintf(stderr, "weir: %s: first\n%s\nthen\n%s\n", weir_scenario.name, report->trace, again.trace);
  print_finding(&sim, "the same input gave another trace", "divergence", &again);
  abort();
}

/* A simulation gives everything back, also what its scenario lost. */
static void check_residue(const struct weir_sim *sim, const struct weir_sim_report *report) {
  const struct weir_counts counts = weir_counts();
  if (counts.tasks + counts.timers + counts.channels + counts.contexts + counts.brokers + counts.responses +
          counts.connections + counts.bytes ==
      0)
    return;
  fprintf(stderr,
          "%zu tasks, %zu timers, %zu channels, %zu contexts, %zu brokers, %zu responses, %zu connections, %zu bytes\n",
          counts.tasks, counts.timers, counts.channels, counts.contexts, counts.brokers, counts.responses,
          counts.connections, counts.bytes);
  struct weir_census census;
  if (weir_census_take(&census) == 0) {
    weir_census_print(&census, stderr); /* with the lines that made them */
    weir_census_free(&census);
  }
  print_finding(sim, "something is left after the simulation", "residue", report);
  abort();
}

/* The bytes that one more run of the input leaves. */
static long run_again(const uint8_t *bytes, size_t size) {
  struct weir_sim_report report;
  const long before = growth_bytes();
  simulate(bytes, size, false, &report);
  weir_sim_report_free(&report);
  return growth_bytes() - before;
}

/* Memory was left. A table that grew, or a cache that was filled, is no finding: it leaves nothing the next time. */
static void check_growth(const uint8_t *bytes, size_t size) {
  enum { TIMES = 8 };
  long left = 0;
  for (int i = 0; i < TIMES; i++) {
    left = run_again(bytes, size);
    if (left <= 0)
      return;
  }
  fprintf(stderr, "weir: %s: each run of this input leaves memory: %ld bytes, %d times\n", weir_scenario.name, left,
          TIMES);
  growth_watch();
  run_again(bytes, size);
  growth_unwatch();
  growth_print();
  struct weir_sim_report report;
  const struct weir_sim sim = simulate(bytes, size, false, &report);
  print_finding(&sim, "memory grows", "growth", &report);
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (!fuzzer.ready)
    get_ready();
  struct weir_sim_report report;
  const long before = fuzzer.growth ? growth_bytes() : 0;
  const struct weir_sim sim = simulate(bytes, size, fuzzer.twice || fuzzer.trace, &report);
  fuzzer.runs++;
  fuzzer.steps += report.steps;
  fuzzer.choices += report.choices;
  if (fuzzer.trace)
    fprintf(stderr, "%s", report.trace);
  if (report.verdict != WEIR_VERDICT_OK) {
    print_finding(&sim, weir_verdict_name(report.verdict), report.signature, &report);
    abort();
  }
  check_residue(&sim, &report);
  if (fuzzer.twice)
    compare(bytes, size, &report);
  weir_sim_report_free(&report);
  if (fuzzer.growth && growth_bytes() > before)
    check_growth(bytes, size);
  return 0;
}
