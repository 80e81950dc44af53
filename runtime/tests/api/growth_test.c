/* growth_test.c — leaks of every kind are told, with their line; what has stopped growing is not. Where time matters the
 * rounds run in virtual time: no machine is too slow for them. */
#include "run.h"

#include <weir/growth.h>

struct load {
  int (*round)(void *arg);
  struct weir_growth options;
  struct weir_growth_report report;
  int64_t timeout;
  int rounds, error;
};

static int measure_body(void *arg) {
  struct load *load = arg;
  load->error = weir_growth_run(&load->options, load->round, load, &load->report);
  return 0;
}

/* What rounds leak, for the case to give back in the end; the simulated ones' is freed with the simulation. */
static struct {
  weir_chan *chans[1000];
  weir_context *contexts[1000];
  size_t chan_count, context_count;
} leaked;

static int leak_chan(weir_chan *c) {
  if (!weir_sim_active())
    leaked.chans[leaked.chan_count++] = c;
  return c == NULL;
}

static void give_back(void) {
  while (leaked.chan_count > 0)
    weir_chan_unref(leaked.chans[--leaked.chan_count]);
  while (leaked.context_count > 0)
    weir_context_unref(leaked.contexts[--leaked.context_count]);
}

/* For real. What is left over is logged, to nobody. */
static void measure_in(enum weir_timer_mode mode, struct load *load) {
  static struct run_log log;
  needs_books();
  run_logged(mode, &log, measure_body, load);
  CHECK_EQ_INT(load->error, 0);
  give_back();
}

static const struct weir_growth_line *line_of(const struct weir_growth_report *report, const char *kind) {
  for (size_t i = 0; i < report->line_count; i++)
    if (strcmp(report->lines[i].kind, kind) == 0)
      return &report->lines[i];
  return NULL;
}

static void check_grows_by(const struct load *load, const char *kind, int line, double bytes) {
  const struct weir_growth_report *report = &load->report;
  CHECK_STR(weir_growth_verdict_name(report->verdict), "grows");
  const struct weir_growth_line *grown = line_of(report, kind);
  CHECK(grown != NULL);
  CHECK_STR(weir_growth_verdict_name(grown->verdict), "grows");
  CHECK_CONTAINS(grown->file, "growth_test.c");
  CHECK_EQ_INT(grown->line, line);
  CHECK(grown->low <= grown->bytes_per_operation && grown->bytes_per_operation <= grown->high);
  CHECK(bytes == 0 || (grown->low <= bytes && bytes <= grown->high));
  CHECK(grown->last_bytes > grown->first_bytes && grown->last_live > grown->first_live);
}

/* ---- flat -------------------------------------------------------------------------------------------------------- */

static void finish(void *arg) {
  weir_chan_send(arg, NULL);
}

static int balanced_round(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(0, 0);
  weir_chan *after = weir_after(WEIR_SECOND);
  weir_go(finish, c);
  weir_chan_recv(c, NULL);
  weir_chan_unref(after);
  weir_chan_unref(c);
  return 0;
}

static void no_leak_is_flat_to_the_byte(void) {
  struct load load = {.round = balanced_round, .options = {.rounds = 200, .operations = 3}};
  measure_in(WEIR_TIMERS_PROMPT, &load);
  CHECK_STR(weir_growth_verdict_name(load.report.verdict), "flat");
  CHECK_EQ_INT(load.report.rounds, 200);
  CHECK_EQ_INT(load.report.operations, 600);
  CHECK_EQ_INT(load.report.readings, 200);
  CHECK(load.report.settled && load.report.duration > 0 && load.report.bytes_per_operation == 0);
  for (size_t i = 0; i < load.report.line_count; i++)
    CHECK_STR(load.report.lines[i].kind, "task"); /* a last worker's task may be seen on its way out */
  weir_growth_report_free(&load.report);
  CHECK(load.report.lines == NULL);
}

static int warming_round(void *arg) {
  struct load *load = arg;
  if (load->rounds++ < 120)
    leak_chan(weir_chan_new(1, 1));
  return 0;
}

static void a_late_plateau_is_flat(void) {
  plants_leak();
  struct load load = {.round = warming_round, .options = {.rounds = 200}};
  measure_in(WEIR_TIMERS_PROMPT, &load);
  CHECK_STR(weir_growth_verdict_name(load.report.verdict), "flat");
  const struct weir_growth_line *line = line_of(&load.report, "channel");
  CHECK(line != NULL);
  CHECK_EQ_INT(line->since, 119);
  CHECK_CONTAINS(line->reason, "plateau");
  weir_growth_report_free(&load.report);
}

/* ---- leaks, by kind ---------------------------------------------------------------------------------------------- */

static void wait_for_ever(void *arg) {
  (void)arg;
  weir_sleep_until(WEIR_FOREVER);
}

enum { CHANNEL_LINE = __LINE__ + 2 };
static int leak_channel(void *arg) {
  return leak_chan(weir_chan_new(100, 1)) || arg == NULL;
}

enum { TASK_LINE = __LINE__ + 2 };
static int leak_task(void *arg) {
  return weir_go(wait_for_ever, arg);
}

enum { TIMER_LINE = __LINE__ + 2 };
static int leak_after(void *arg) {
  weir_chan_unref(weir_after(3600 * WEIR_SECOND));
  return arg == NULL;
}

enum { CONTEXT_LINE = __LINE__ + 2 };
static int leak_context(void *arg) {
  leaked.contexts[leaked.context_count] = weir_context_background();
  return leaked.contexts[leaked.context_count++] == NULL || arg == NULL;
}

static void a_leak_is_told_with_its_line(void) {
  plants_leak();
  static const struct {
    const char *kind;
    int line;
    int (*round)(void *arg);
  } leaks[] = {
      {"channel", CHANNEL_LINE, leak_channel},
      {"task", TASK_LINE, leak_task},
      {"timer", TIMER_LINE, leak_after},
      {"context", CONTEXT_LINE, leak_context},
  };
  for (size_t i = 0; i < sizeof leaks / sizeof leaks[0]; i++) {
    struct load load = {.round = leaks[i].round, .options = {.rounds = 40, .operations = 1}};
    measure_in(WEIR_TIMERS_CLASSIC, &load);
    check_grows_by(&load, leaks[i].kind, leaks[i].line, 0);
    const struct weir_growth_line *line = &load.report.lines[0];
    CHECK(line->low == line->high); /* the same each round: exact */
    CHECK(load.report.bytes_per_operation == line->bytes_per_operation);
    weir_growth_report_free(&load.report);
  }
}

static void operations_and_budget_count(void) {
  plants_leak();
  struct load load = {.round = leak_channel, .options = {.rounds = 40}};
  measure_in(WEIR_TIMERS_PROMPT, &load);
  const double each = load.report.bytes_per_operation;
  weir_growth_report_free(&load.report);
  load.options.operations = 10;
  measure_in(WEIR_TIMERS_PROMPT, &load);
  check_grows_by(&load, "channel", CHANNEL_LINE, each / 10);
  weir_growth_report_free(&load.report);
  load.options.budget = each / 10;
  measure_in(WEIR_TIMERS_PROMPT, &load);
  CHECK_STR(weir_growth_verdict_name(load.report.verdict), "unsure");
  CHECK_CONTAINS(load.report.reason, "budget");
  weir_growth_report_free(&load.report);
}

static int leak_memory(void *arg) {
  struct load *load = arg;
  static void *kept;
  void **block = malloc(40000);
  *block = kept; /* reachable: no leak to a leak checker */
  kept = block;
  return load == NULL;
}

/* A sanitizer's allocator is none that the C library counts. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_COUNTED 0
#elif defined(__has_feature)
#define HEAP_COUNTED !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define HEAP_COUNTED 1
#endif

static void the_heap_grows_without_an_object(void) {
  struct load load = {.round = leak_memory, .options = {.rounds = 100}};
  measure_in(WEIR_TIMERS_PROMPT, &load);
#if defined(__GLIBC__) && HEAP_COUNTED
  CHECK_STR(weir_growth_verdict_name(load.report.verdict), "grows");
  CHECK_STR(load.report.lines[0].kind, "heap");
  CHECK(load.report.low <= 40960 && load.report.high >= 40000);
#endif
  weir_growth_report_free(&load.report);
}

/* ---- plateaus in time -------------------------------------------------------------------------------------------- */

static int round_of_ten_milliseconds(void *arg) {
  struct load *load = arg;
  for (int i = 0; i < 7; i++)
    weir_chan_unref(weir_after(load->timeout));
  return weir_sleep(10 * WEIR_MILLISECOND);
}

static void judge_after(enum weir_timer_mode mode, uint32_t rounds, int64_t timeout, const char *verdict) {
  needs_books();
  struct load load = {.round = round_of_ten_milliseconds, .options = {.rounds = rounds}, .timeout = timeout};
  const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0), .timer_mode = mode, .step_limit = UINT64_MAX};
  struct weir_sim_report report;
  CHECK_EQ_INT(weir_simulate(&sim, measure_body, &load, &report), 0);
  CHECK_EQ_INT(load.error, 0);
  CHECK_STR(weir_growth_verdict_name(load.report.verdict), verdict);
  weir_growth_report_free(&load.report);
  weir_sim_report_free(&report);
  weir_chooser_free(sim.chooser);
}

/* Grows while its time has not come, and then no more. */
static void abandoned_timers_are_a_plateau_once_they_are_due(void) {
  judge_after(WEIR_TIMERS_CLASSIC, 90, WEIR_SECOND, "grows");
  judge_after(WEIR_TIMERS_CLASSIC, 400, WEIR_SECOND, "flat");
  judge_after(WEIR_TIMERS_CLASSIC, 170, WEIR_SECOND, "flat");
  judge_after(WEIR_TIMERS_PROMPT, 90, WEIR_SECOND, "flat");
}

/* ---- soak -------------------------------------------------------------------------------------------------------- */

#ifndef __SANITIZE_THREAD__
static int soak_round(void *arg) {
  struct load *load = arg;
  int error = load->rounds++ % 4 == 0 && load->timeout > 0 ? leak_channel(arg) : 0;
  if (error == 0)
    error = balanced_round(arg);
  return error != 0 ? error : weir_sleep(WEIR_MILLISECOND);
}

/* So many rounds that readings are thinned out; a leak of one in four rounds. */
static void a_soak_is_judged_from_few_readings(void) {
  needs_books();
  for (int leaks = 0; leaks < 2; leaks++) {
    struct load load = {.round = soak_round, .options = {.soak = 20 * WEIR_SECOND}, .timeout = leaks};
    const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0), .step_limit = UINT64_MAX};
    struct weir_sim_report report;
    CHECK_EQ_INT(weir_simulate(&sim, measure_body, &load, &report), 0);
    CHECK_EQ_INT(load.error, 0);
    CHECK_STR(weir_growth_verdict_name(load.report.verdict), leaks ? "grows" : "flat");
    CHECK(!load.report.settled);
    CHECK_INT(load.report.rounds, >, 10000);
    CHECK_INT(load.report.readings, <=, 2048);
    CHECK_INT(load.report.duration, >=, 20 * WEIR_SECOND);
    if (leaks)
      check_grows_by(&load, "channel", CHANNEL_LINE, 0);
    weir_growth_report_free(&load.report);
    weir_sim_report_free(&report);
    weir_chooser_free(sim.chooser);
  }
}
#endif

/* ---- refusals and print ------------------------------------------------------------------------------------------ */

static int fails_at_the_third(void *arg) {
  struct load *load = arg;
  return ++load->rounds == 3 ? -EIO : 0;
}

static int refusals_body(void *arg) {
  struct load load = {.round = fails_at_the_third};
  struct weir_growth_report report;
  CHECK_EQ_INT(weir_growth_run(&(struct weir_growth){.rounds = 7}, balanced_round, NULL, &report), -EINVAL);
  CHECK_EQ_INT(weir_growth_run(&(struct weir_growth){.soak = -1}, balanced_round, NULL, &report), -EINVAL);
  CHECK_EQ_INT(weir_growth_run(&(struct weir_growth){.budget = -1}, balanced_round, NULL, &report), -EINVAL);
  CHECK_EQ_INT(weir_growth_run(NULL, NULL, NULL, &report), -EINVAL);
  CHECK_EQ_INT(weir_growth_run(NULL, balanced_round, NULL, NULL), -EINVAL);
  CHECK_EQ_INT(weir_growth_run(NULL, fails_at_the_third, &load, &report), -EIO);
  CHECK_EQ_INT(load.rounds, 3);
  return arg != NULL;
}

static void refusals(void) {
  needs_books();
  struct weir_growth_report report;
  CHECK_EQ_INT(weir_growth_run(NULL, balanced_round, NULL, &report), -EPERM);
  CHECK_EQ_INT(run_plain(refusals_body, NULL), 0);
  weir_growth_report_free(NULL);
}

static void a_person_reads_it(void) {
  struct load load = {.round = leak_after, .options = {.rounds = 40}};
  measure_in(WEIR_TIMERS_CLASSIC, &load);
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  CHECK_EQ_INT(weir_growth_print(&load.report, stream), 0);
  fclose(stream);
  CHECK_CONTAINS(text, "grows: ");
  CHECK_CONTAINS(text, "bytes an operation (95 %");
  CHECK_CONTAINS(text, "40 rounds, 40 operations");
  char line[32];
  snprintf(line, sizeof line, "growth_test.c:%d: ", TIMER_LINE);
  CHECK_CONTAINS(text, line);
  free(text);
  CHECK_EQ_INT(weir_growth_print(NULL, stdout), -EINVAL);
  CHECK_STR(weir_growth_verdict_name((enum weir_growth_verdict)3), "?");
  weir_growth_report_free(&load.report);
}

static const struct check_case cases[] = {
    CHECK_CASE(no_leak_is_flat_to_the_byte),
    CHECK_CASE(a_late_plateau_is_flat),
    CHECK_CASE(a_leak_is_told_with_its_line),
    CHECK_CASE(operations_and_budget_count),
    CHECK_CASE(the_heap_grows_without_an_object),
    CHECK_CASE(abandoned_timers_are_a_plateau_once_they_are_due),
#ifndef __SANITIZE_THREAD__ /* a simulation has one thread, and this one is long */
    CHECK_CASE(a_soak_is_judged_from_few_readings),
#endif
    CHECK_CASE(refusals),
    CHECK_CASE(a_person_reads_it),
};
CHECK_MAIN(cases)
