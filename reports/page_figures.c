/* page_figures.c — rows whose time alone says little: each of their figures, all systems side by side.
 *
 * Whether a figure reaches its goal stands with the other ratios (page_comparison.c). */
#include "page.h"

#include "html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MOST 4

static const struct figure_table {
  const char *benchmark, *heading, *words;
  struct {
    enum counter figure;
    const char *heading;
  } columns[COLUMNS_MOST];
  size_t column_count;
} tables[] = {
    {"wake/latency",
     "How soon a sleeper runs again",
     "From just before a send to the first reading of the clock by the task that was blocked in the receive, in "
     "nanoseconds: the half, and all but one in a hundred and in a thousand, of the wake-ups of a run.",
     {{COUNTER_P50_NS, "p50"}, {COUNTER_P99_NS, "p99"}, {COUNTER_P999_NS, "p99.9"}, {COUNTER_TIME, "send and yield"}},
     4},
    {"parked/tasks:1000000",
     "A million parked tasks",
     "A task is made, blocks, and is woken to end. Bytes are what the process grew by, page tables included; times are "
     "nanoseconds a task, cold in a fresh process or run, warm when it is done once more.",
     {{COUNTER_BYTES_PER_TASK, "a task"},
      {COUNTER_COLD_MAKE_NS, "cold make"},
      {COUNTER_COLD_WAKE_NS, "cold wake"},
      {COUNTER_TIME, "warm, both"}},
     4},
};

static void write_figure(struct page *page, const struct cell *cell, enum counter figure) {
  double *values;
  size_t count = results_figure(cell, figure, &values);
  struct interval interval = statistics_interval(values, count);
  free(values);
  if (isnan(interval.middle)) {
    html_print(page->out, "<td class=\"number %s\">%s</td>", cell->count == 0 ? "bad" : "none",
               cell->count == 0 ? "✕ failed" : "–");
    return;
  }
  html_print(page->out, "<td class=\"number\">%s", comparison_figure_text(figure, interval.middle).characters);
  if (!isnan(interval.low))
    html_print(page->out, "<span class=\"range\">%s–%s</span>", comparison_figure_text(figure, interval.low).characters,
               comparison_figure_text(figure, interval.high).characters);
  fputs("</td>", page->out);
}

static bool belongs(const struct figure_table *table, const struct cell *cell) {
  return strcmp(cell->benchmark, table->benchmark) == 0;
}

static void write_table(struct page *page, const struct figure_table *table) {
  const struct results *results = page->report->results;
  html_print(page->out, "<h3>%s</h3>\n<p>%s</p>\n", table->heading, table->words);
  page_table_begin(page, table->heading, "");
  fputs("<thead><tr><th scope=\"col\" class=\"number\">Workers</th><th scope=\"col\">System</th>", page->out);
  for (size_t c = 0; c < table->column_count; c++)
    html_print(page->out, "<th scope=\"col\" class=\"number\">%s</th>", table->columns[c].heading);
  fputs("</tr></thead>\n<tbody>\n", page->out);
  for (size_t i = 0; i < results->count; i++) {
    const struct cell *cell = &results->cells[i];
    if (!belongs(table, cell))
      continue;
    html_print(page->out, "<tr><td class=\"number\">%ld</td><th scope=\"row\">", cell->workers);
    page_system(page, cell->peer);
    fputs("</th>", page->out);
    for (size_t c = 0; c < table->column_count; c++)
      write_figure(page, cell, table->columns[c].figure);
    fputs("</tr>\n", page->out);
  }
  page_table_end(page);
}

void page_figures(struct page *page) {
  const struct results *results = page->report->results;
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
    bool any = false;
    for (size_t i = 0; i < results->count; i++)
      any = any || belongs(&tables[t], &results->cells[i]);
    if (any)
      write_table(page, &tables[t]);
  }
}
