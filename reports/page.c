/* page.c — see page.h: the frame of the page, and what its sections share. */
#include "page.h"

#include "allocation.h"
#include "html.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const char page_style[]; /* page.css, embedded by the build */

char *page_picture_id(struct page *page) {
  return allocation_format("picture-%u", ++page->pictures);
}

/* A table wider than the screen scrolls in its own container, which the keyboard can reach. */
void page_table_begin(struct page *page, const char *label, const char *classes) {
  html_print(page->out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table class=\"%s\">\n",
             label, classes);
}

void page_table_end(struct page *page) {
  fputs("</tbody></table></div>\n", page->out);
}

void page_interval(struct page *page, const struct interval *interval) {
  if (isnan(interval->middle)) {
    fputs("<td class=\"number none\">–</td>", page->out);
    return;
  }
  html_print(page->out, "<td class=\"number\">%s", number_nanoseconds(interval->middle).characters);
  if (!isnan(interval->low))
    html_print(page->out, "<span class=\"range\">%s–%s</span>", number_nanoseconds(interval->low).characters,
               number_nanoseconds(interval->high).characters);
  fputs("</td>", page->out);
}

void page_system(struct page *page, const char *peer) {
  char *name = results_system_name(peer);
  html_text(page->out, name);
  free(name);
}

void page_name(struct page *page, const char *name) {
  fputs("<code>", page->out);
  while (*name != '\0') {
    size_t length = strcspn(name, "/");
    length += name[length] == '/';
    char *component = allocation_format("%.*s", (int)length, name);
    html_print(page->out, "%s", component);
    if (name[length] != '\0')
      fputs("<wbr>", page->out);
    free(component);
    name += length;
  }
  fputs("</code>", page->out);
}

static const char *context_text(const struct report *report, const char *key) {
  const char *text = json_string_value(json_object_get(report->results->sources[0].context, key));
  return text == NULL ? "" : text;
}

static void write_head(struct page *page) {
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<title>Weir: what a message costs, and what it leaves behind</title>\n<style>\n",
        page->out);
  fputs(page_style, page->out);
  fputs("</style>\n</head>\n", page->out);
}

/* Twelve digits name a commit well enough; what follows it ("-dirty") stays. */
static void write_revision(struct page *page, const char *git) {
  bool is_sha = strspn(git, "0123456789abcdef") == 40;
  char *revision = is_sha ? allocation_format("%.12s%s", git, git + 40) : allocation_string(git);
  html_print(page->out, " at %s", revision);
  free(revision);
}

static void write_opening(struct page *page) {
  const struct report *report = page->report;
  fputs("<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n"
        "<p class=\"kicker\">Weir · benchmark report</p>\n"
        "<h1>What a message costs, and what it leaves behind</h1>\n",
        page->out);
  html_print(page->out, "<p class=\"meta\">Weir %s", context_text(report, "weir_version"));
  const char *build = context_text(report, "weir_build"), *git = context_text(report, "weir_git");
  if (*build != '\0')
    html_print(page->out, " (%s)", build);
  if (*git != '\0')
    write_revision(page, git);
  const char *date = context_text(report, "date"), *processor = context_text(report, "cpu_model");
  if (*date != '\0')
    html_print(page->out, " · <time>%s</time>", date);
  if (*processor != '\0')
    html_print(page->out, " · %s", processor);
  fprintf(page->out, "</p>\n<nav aria-label=\"Sections\">%s",
          report->changes == NULL ? "" : "<a href=\"#changes\">Baseline</a> ");
  fputs("<a href=\"#steady\">Answer</a> <a href=\"#sweep\">Sweep</a> <a href=\"#peers\">Peers</a> ", page->out);
  if (report->sweep->count > 0)
    fputs("<a href=\"#scaling\">Scaling</a> ", page->out);
  if (report->growth != NULL)
    fputs("<a href=\"#memory\">Memory</a> ", page->out);
  if (report->zoo != NULL)
    fputs("<a href=\"#fuzzing\">Fuzzing</a> ", page->out);
  if (report->hostile != NULL)
    fputs("<a href=\"#http\">HTTP</a> ", page->out);
  fputs("<a href=\"#ratios\">Ratios and goals</a> <a href=\"#environment\">Environment</a></nav>\n</header>\n"
        "<main id=\"main\">\n",
        page->out);
}

bool page_write(FILE *out, const struct report *report, struct problem *problem) {
  struct page page = {.out = out, .report = report, .problem = problem};
  write_head(&page);
  write_opening(&page);
  page_changes(&page);
  if (!page_steady(&page) || !page_heatmaps(&page) || !page_lines(&page))
    return false;
  page_scaling(&page);
  if (!page_memory(&page))
    return false;
  page_zoo(&page);
  page_hostile(&page);
  page_comparison(&page);
  page_environment(&page);
  html_print(
      out,
      "</main>\n<footer><p>Made by weir-report %s from %zu result file%s. No script, no network: this file is all "
      "there is.</p></footer>\n</body>\n</html>\n",
      report->version, report->results->source_count, report->results->source_count == 1 ? "" : "s");
  return true;
}
