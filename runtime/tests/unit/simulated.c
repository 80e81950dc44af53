/* simulated.c — see simulated.h. */
#include "simulated.h"

enum { REPLAYED = 4 };

static char mismatch_text[1024];

bool mismatched(void) {
  return mismatch_text[0] != '\0';
}

void mismatch(const char *format, ...) {
  if (mismatched())
    return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(mismatch_text, sizeof mismatch_text, format, arguments);
  va_end(arguments);
}

void simulated_forget(void) {
  mismatch_text[0] = '\0';
}

static const struct port_simulation *simulated_original;
static struct port_simulation simulated_observed;
static void (*simulated_after_step)(void);
static void (*simulated_before_decision)(void);

static void simulated_step(const struct port_operation *operation) {
  simulated_original->step(operation);
  simulated_after_step();
}

static uint32_t choose(void *chooser, int kind, uint32_t count) {
  if (simulated_before_decision != NULL)
    simulated_before_decision();
  return ((weir_chooser *)chooser)->choose(((weir_chooser *)chooser)->context, kind, count);
}

void simulated_observe(void (*after_step)(void), void (*before_decision)(void)) {
  simulated_original = weir_port_simulation;
  simulated_observed = *simulated_original;
  simulated_observed.step = simulated_step;
  simulated_after_step = after_step;
  simulated_before_decision = before_decision;
  weir_port_simulation = &simulated_observed;
}

static int simulated_main(void *arg) {
  const struct simulated *simulated = arg;
  simulated->main(simulated->arg);
  return mismatched();
}

static void simulate_once(const struct simulated *simulated, weir_chooser *chooser, bool trace,
                          struct weir_sim_report *report) {
  weir_chooser asked = {.choose = choose, .context = chooser};
  const struct weir_sim sim = {.chooser = &asked, .timer_mode = simulated->mode, .trace = trace};
  simulated_forget();
  simulated_before_decision = NULL;
  CHECK(chooser != NULL);
  const int result = weir_simulate(&sim, simulated_main, (void *)(uintptr_t)simulated, report);
  if (result != 0)
    check_fail(__FILE__, __LINE__, "weir_simulate: %d (%s)", result,
               report->divergence != NULL ? report->divergence : "no divergence");
  weir_chooser_free(chooser);
}

static void simulated_print(uint64_t seed, const struct weir_sim_report *report) {
  fprintf(stderr, "seed %" PRIu64 ": verdict %s%s%s\n%s\nschedule: %s\n%s\n", seed, weir_verdict_name(report->verdict),
          mismatched() ? ": " : "", mismatch_text, report->text, report->schedule,
          report->trace == NULL ? "" : report->trace);
}

/* The same schedule must give the same steps, byte for byte. report is of a run with a trace. */
static void simulated_replay(const struct simulated *simulated, uint64_t seed, const struct weir_sim_report *report) {
  struct weir_sim_report again;
  simulate_once(simulated, weir_chooser_replay(report->schedule), true, &again);
  if (strcmp(again.trace, report->trace) != 0 || strcmp(again.schedule, report->schedule) != 0 ||
      again.verdict != report->verdict) {
    simulated_print(seed, report);
    simulated_print(seed, &again);
    check_fail(__FILE__, __LINE__, "seed %" PRIu64 ": the replay took other steps", seed);
  }
  weir_sim_report_free(&again);
}

bool simulated_seed(const struct simulated *simulated, uint64_t seed, bool quiet) {
  struct weir_sim_report report;
  const bool replay = seed % REPLAYED == 0;
  simulate_once(simulated, weir_chooser_seed(seed), replay, &report);
  const bool well = report.verdict == WEIR_VERDICT_OK && !mismatched();
  if (well && replay)
    simulated_replay(simulated, seed, &report);
  if (!well && !quiet)
    simulated_print(seed, &report);
  weir_sim_report_free(&report);
  return well;
}
