/* results.c — the parser of weir-report, and all that is written of what it lets through.
 *
 * The input is a result file, byte for byte. Refused, it must have got a reason of one line that names a line of the
 * file. Taken, it becomes a summary and the sections of the page that need no gnuplot (report_checks.h).
 *
 * Rejected: a grammar that makes only valid JSON (jansson and the refusals would hardly be met; the dictionary does as
 * well), gnuplot for each input (30 a second). */
#include "report_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sections(struct page *page) {
  page_scaling(page);
  page_comparison(page);
  page_environment(page);
}

static void report(const struct results *results) {
  struct steady steady = steady_of(results);
  struct sweep sweep = sweep_of(results);
  struct comparison comparison = comparison_of(results);
  struct story story = story_of(&steady);
  struct report report = {.results = results,
                          .steady = &steady,
                          .sweep = &sweep,
                          .comparison = &comparison,
                          .story = &story,
                          .version = "0"};
  report_check(&report, sections, results->sources[0].content);
  story_free(&story);
  comparison_free(&comparison);
  sweep_free(&sweep);
  steady_free(&steady);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct results results = {0};
  struct problem problem = {"nothing"};
  char *content = report_copy(data, size);
  if (content == NULL)
    return 0;
  if (results_take(&results, REPORT_INPUT, content, size, &problem)) {
    results_finish(&results);
    report(&results);
  } else {
    report_check_refusal(problem.text);
  }
  results_free(&results);
  return 0;
}
