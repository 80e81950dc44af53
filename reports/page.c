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

static const struct {
  const char *file, *word, *heading, *way;
} kinds[PAGE_KIND_COUNT] = {
    [PAGE_OVERVIEW] = {"index.html", "Overview", "What a message costs, and what it leaves behind", ""},
    [PAGE_SWEEP] = {"sweep.html", "Sweep", "The sweep: Weir and its peers", ""},
    [PAGE_MEMORY] = {"memory.html", "Memory", "Memory over messages",
                     "no growth data: weir-curves -o growth.json writes them, --growth=growth.json brings them here."},
    [PAGE_FUZZING] = {"fuzzing.html", "Fuzzing", "What the fuzzers find",
                      "no trials: the target zoo-table writes zoo.json, --fuzz=zoo.json brings them here."},
    [PAGE_HTTP] = {"http.html", "HTTP", "HTTP against hostile servers",
                   "no table of hostile servers: the test http_hostile --json=hostile.json writes it, "
                   "--hostile=hostile.json brings it here."},
    [PAGE_ENVIRONMENT] = {"environment.html", "Environment", "Machine, build and order", ""},
    [PAGE_DATA] = {"data.html", "Data", "Raw data", ""},
};

bool page_has(const struct report *report, enum page_kind kind) {
  return kind == PAGE_MEMORY    ? report->growth != NULL
         : kind == PAGE_FUZZING ? report->zoo != NULL
         : kind == PAGE_HTTP    ? report->hostile != NULL
                                : true;
}

const char *page_file(enum page_kind kind) {
  return kinds[kind].file;
}

const char *page_word(enum page_kind kind) {
  return kinds[kind].word;
}

const char *page_way(enum page_kind kind) {
  return kinds[kind].way;
}

static void begin_table(struct page *page, const char *label, const char *classes) {
  html_print(page->out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table class=\"%s\">\n",
             label, classes);
}

/* A table wider than the screen scrolls in its own container, which the keyboard can reach. */
void page_table_begin(struct page *page, const char *label, const char *classes) {
  begin_table(page, label, classes);
  html_print(page->out, "<caption class=\"hidden\">%s</caption>\n", label);
}

void page_table_captioned(struct page *page, const char *label, const char *classes, const char *caption) {
  begin_table(page, label, classes);
  html_print(page->out, "<caption>%s</caption>\n", caption);
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

static void write_head(struct page *page, enum page_kind kind) {
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" PAGE_GENERATOR "\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n",
        page->out);
  html_print(page->out, "<title>Weir: %s</title>\n<style>\n",
             kind == PAGE_OVERVIEW ? "what a message costs, and what it leaves behind" : kinds[kind].heading);
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

static void write_navigation(struct page *page, enum page_kind current) {
  fputs("<nav aria-label=\"Pages\"><ul>\n", page->out);
  for (int i = 0; i < PAGE_KIND_COUNT; i++)
    if (page_has(page->report, (enum page_kind)i)) {
      html_print(page->out, "<li><a href=\"%s\"", kinds[i].file);
      html_print(page->out, i == (int)current ? " aria-current=\"page\">%s</a></li>\n" : ">%s</a></li>\n",
                 kinds[i].word);
    }
  fputs("</ul></nav>\n", page->out);
}

static void write_meta(struct page *page) {
  const struct report *report = page->report;
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
  fputs("</p>\n", page->out);
}

static void write_opening(struct page *page, enum page_kind kind) {
  fputs("<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n"
        "<p class=\"kicker\">Weir · benchmark report</p>\n",
        page->out);
  write_navigation(page, kind);
  html_print(page->out, "<h1>%s</h1>\n", kinds[kind].heading);
  write_meta(page);
  if (kind == PAGE_SWEEP)
    fprintf(page->out,
            "<nav aria-label=\"On this page\"><a href=\"#sweep\">Maps</a> <a href=\"#peers\">Peers</a> %s<a "
            "href=\"#ratios\">Ratios and goals</a></nav>\n",
            page->report->sweep->count > 0 ? "<a href=\"#scaling\">Scaling</a> " : "");
  fputs("</header>\n<main id=\"main\" tabindex=\"-1\">\n", page->out);
}

static bool write_overview(struct page *page) {
  page_changes(page);
  if (!page_steady(page))
    return false;
  page_overview(page);
  return true;
}

static bool write_sweep(struct page *page) {
  if (!page_heatmaps(page) || !page_lines(page))
    return false;
  page_scaling(page);
  page_comparison(page);
  return true;
}

static bool write_sections(struct page *page, enum page_kind kind) {
  switch (kind) {
  case PAGE_OVERVIEW:
    return write_overview(page);
  case PAGE_SWEEP:
    return write_sweep(page);
  case PAGE_MEMORY:
    return page_memory(page);
  case PAGE_FUZZING:
    page_zoo(page);
    return true;
  case PAGE_HTTP:
    page_hostile(page);
    return true;
  case PAGE_ENVIRONMENT:
    page_environment(page);
    return true;
  default:
    page_data(page);
    return true;
  }
}

bool page_write(FILE *out, const struct report *report, enum page_kind kind, struct problem *problem) {
  struct page page = {.out = out, .report = report, .problem = problem};
  write_head(&page, kind);
  write_opening(&page, kind);
  if (!write_sections(&page, kind))
    return false;
  html_print(out,
             "</main>\n<footer><p>Made by weir-report %s from %zu file%s. No script, no network: this folder is all "
             "there is.</p></footer>\n</body>\n</html>\n",
             report->version, report->raw_count, report->raw_count == 1 ? "" : "s");
  return true;
}
