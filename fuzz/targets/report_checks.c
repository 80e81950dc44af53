/* report_checks.c — see report_checks.h. */
#include "report_checks.h"

#include "page_checker.h"
#include "summary.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void wrong(const char *what, const char *where) {
  fprintf(stderr, "report: %s: %s\n", what, where);
  abort();
}

char *report_copy(const uint8_t *data, size_t size) {
  char *content = malloc(size + 1);
  if (content == NULL)
    return NULL;
  if (size > 0)
    memcpy(content, data, size);
  content[size] = '\0';
  return content;
}

void report_check_refusal(const char *text) {
  static const char start[] = REPORT_INPUT ":";
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

/* The summary where sections is NULL. */
static char *text_of(const struct report *report, void (*sections)(struct page *page)) {
  char *text = NULL;
  size_t size = 0;
  struct problem problem;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL)
    abort();
  struct page page = {.out = out, .report = report, .problem = &problem};
  if (sections == NULL) {
    summary_write(out, report);
  } else {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<body><h1>The sections without pictures</h1>\n", out);
    sections(&page);
    fputs("</body></html>\n", out);
  }
  fclose(out);
  return text;
}

/* Whether the input has a word of its own that reads as a number that is none. */
static bool speaks_of_none(const char *content) {
  static const char *const words[] = {"nan", "NaN", "inf", "\\u"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strstr(content, words[i]) != NULL)
      return true;
  return false;
}

static void write_twice(const struct report *report, void (*sections)(struct page *page), const char *content) {
  char words[256], *first = text_of(report, sections), *second = text_of(report, sections);
  if (strcmp(first, second) != 0)
    wrong("not the same the second time", sections == NULL ? "summary" : "page");
  if (sections == NULL)
    check_summary(first);
  else if (!page_checker(first, words, sizeof words) &&
           !(strncmp(words, "a number that is none", 21) == 0 && speaks_of_none(content)))
    wrong("a wrong page", words);
  free(first);
  free(second);
}

void report_check(const struct report *report, void (*sections)(struct page *page), const char *content) {
  write_twice(report, NULL, content);
  write_twice(report, sections, content);
}
