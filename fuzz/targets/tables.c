/* tables.c — the parsers of what weir-report reads beside results: growth, the zoo, the hostile servers.
 *
 * The input is a file, given to each of the three: two at least refuse it, by its schema. What one takes becomes a
 * summary and its section of a page (report_checks.h), beside results of one row. */
#include "report_checks.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char row[] =
    "{\"context\": {\"weir_schema\": \"1\"}, \"benchmarks\": [{\"name\": \"yield/pair/workers:1\","
    "\"run_name\": \"yield/pair/workers:1\", \"run_type\": \"iteration\", \"iterations\": 1,"
    "\"real_time\": 20, \"cpu_time\": 20, \"time_unit\": \"ns\", \"repetition_index\": 0}]}";

/* What all reports share: made once. */
static struct {
  struct results results;
  struct steady steady;
  struct sweep sweep;
  struct comparison comparison;
  struct story story;
} base;

static struct report base_report(void) {
  struct problem problem;
  if (base.results.source_count == 0) {
    if (!results_take(&base.results, "row", report_copy((const uint8_t *)row, sizeof row - 1), sizeof row - 1,
                      &problem)) {
      fprintf(stderr, "tables: %s\n", problem.text);
      abort();
    }
    results_finish(&base.results);
    base.steady = steady_of(&base.results);
    base.sweep = sweep_of(&base.results);
    base.comparison = comparison_of(&base.results);
    base.story = story_of(&base.steady);
  }
  return (struct report){.results = &base.results,
                         .steady = &base.steady,
                         .sweep = &base.sweep,
                         .comparison = &base.comparison,
                         .story = &base.story,
                         .version = "0"};
}

/* A part of the section on memory. */
static void verdicts(struct page *page) {
  fputs("<h2>Memory</h2>\n", page->out);
  page_verdicts(page);
}

static bool take_growth(const uint8_t *data, size_t size) {
  struct growth growth = {0};
  struct problem problem = {"nothing"};
  struct report report = base_report();
  report.growth = &growth;
  bool taken = growth_take(&growth, REPORT_INPUT, report_copy(data, size), size, &problem);
  if (taken)
    report_check(&report, verdicts, growth.document.content);
  else
    report_check_refusal(problem.text);
  growth_free(&growth);
  return taken;
}

static bool take_zoo(const uint8_t *data, size_t size) {
  struct zoo zoo = {0};
  struct problem problem = {"nothing"};
  struct report report = base_report();
  report.zoo = &zoo;
  bool taken = zoo_take(&zoo, REPORT_INPUT, report_copy(data, size), size, &problem);
  if (taken)
    report_check(&report, page_zoo, zoo.document.content);
  else
    report_check_refusal(problem.text);
  zoo_free(&zoo);
  return taken;
}

static bool take_hostile(const uint8_t *data, size_t size) {
  struct hostile hostile = {0};
  struct problem problem = {"nothing"};
  struct report report = base_report();
  report.hostile = &hostile;
  bool taken = hostile_take(&hostile, REPORT_INPUT, report_copy(data, size), size, &problem);
  if (taken)
    report_check(&report, page_hostile, hostile.document.content);
  else
    report_check_refusal(problem.text);
  hostile_free(&hostile);
  return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (take_growth(data, size) + take_zoo(data, size) + take_hostile(data, size) > 1)
    abort();
  return 0;
}
