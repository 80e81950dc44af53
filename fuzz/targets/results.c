/* results.c — the parser of weir-report, and all that is written of what it lets through.
 *
 * The input is a result file, byte for byte. Refused, it must have got a reason of one line that names a line of the
 * file. Taken, it becomes a summary and the sections of the page that need no gnuplot: the summary may hold no markup,
 * the page must be one that page_checker.h has nothing to say against, and both must be the same the second time.
 *
 * Rejected: a grammar that makes only valid JSON (jansson and the refusals would hardly be met; the dictionary does as
 * well), gnuplot for each input (30 a second). */
#include "page.h"
#include "page_checker.h"
#include "summary.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void wrong(const char *what, const char *where) {
  fprintf(stderr, "results: %s: %s\n", what, where);
  abort();
}

static void check_refusal(const char *text) {
  static const char start[] = "input:";
  if (strncmp(text, start, sizeof start - 1) != 0 || !isdigit((unsigned char)text[sizeof start - 1]))
    wrong("a refusal without a line", text);
  for (const char *at = text; *at != '\0'; at++)
    if ((unsigned char)*at < 0x20 || *at == 0x7f)
      wrong("a refusal that a terminal would obey", text);
}

/* Whatever a summary says, it says without markup. */
static void check_summary(const char *summary) {
  for (const char *at = summary; *at != '\0'; at++)
    if (*at == '<' || *at == '>' || ((unsigned char)*at < 0x20 && *at != '\n') || *at == 0x7f)
      wrong("a raw character in the summary", at);
}

static char *text_of(const struct report *report, bool summary) {
  char *text = NULL;
  size_t size = 0;
  struct problem problem;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL)
    abort();
  struct page page = {.out = out, .report = report, .problem = &problem};
  if (summary) {
    summary_write(out, report);
  } else {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<body><h1>The sections without pictures</h1>\n", out);
    page_scaling(&page);
    page_comparison(&page);
    page_environment(&page);
    fputs("</body></html>\n", out);
  }
  fclose(out);
  return text;
}

/* Whether the input has a word of its own that reads as a number that is none. */
static bool speaks_of_none(const struct report *report) {
  static const char *const words[] = {"nan", "NaN", "inf", "\\u"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strstr(report->results->sources[0].content, words[i]) != NULL)
      return true;
  return false;
}

static void write_twice(const struct report *report, bool summary) {
  char words[256], *first = text_of(report, summary), *second = text_of(report, summary);
  if (strcmp(first, second) != 0)
    wrong("not the same the second time", summary ? "summary" : "page");
  if (summary)
    check_summary(first);
  else if (!page_checker(first, words, sizeof words) &&
           !(strncmp(words, "a number that is none", 21) == 0 && speaks_of_none(report)))
    wrong("a wrong page", words);
  free(first);
  free(second);
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
  write_twice(&report, true);
  write_twice(&report, false);
  story_free(&story);
  comparison_free(&comparison);
  sweep_free(&sweep);
  steady_free(&steady);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct results results = {0};
  struct problem problem = {"nothing"};
  char *content = malloc(size + 1);
  if (content == NULL)
    return 0;
  memcpy(content, data, size);
  content[size] = '\0';
  if (results_take(&results, "input", content, size, &problem)) {
    results_finish(&results);
    report(&results);
  } else {
    check_refusal(problem.text);
  }
  results_free(&results);
  return 0;
}
