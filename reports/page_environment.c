/* page_environment.c — what a reader needs to believe the rest: machine, build, order, peers, failures. */
#include "page.h"

#include "allocation.h"
#include "context.h"
#include "file.h"
#include "html.h"
#include "number.h"
#include "order.h"

#include <stdlib.h>
#include <string.h>

static void write_fields(struct page *page) {
  const struct results *results = page->report->results;
  struct context_fields fields = context_fields_of(results);
  page_table_begin(page, "Environment", "environment");
  fputs("<thead><tr><th scope=\"col\">Field</th>", page->out);
  for (size_t s = 0; s < results->source_count; s++)
    html_print(page->out, "<th scope=\"col\">%s</th>", file_name(results->sources[s].path));
  fputs("</tr></thead>\n<tbody>\n", page->out);
  for (size_t i = 0; i < fields.count; i++) {
    const struct context_field *field = &fields.fields[i];
    html_print(page->out, "<tr><th scope=\"row\"><code>%s</code>", field->key);
    if (field->note != NULL)
      html_print(page->out, "<span class=\"range\">%s</span>", field->note);
    if (field->differs)
      fputs("<span class=\"range unclear\">~ differs between the files</span>", page->out);
    fputs("</th>", page->out);
    for (size_t s = 0; s < results->source_count; s++) {
      char *value = context_value(&results->sources[s], field->key);
      html_print(page->out, "<td>%s</td>", value);
      free(value);
    }
    fputs("</tr>\n", page->out);
  }
  page_table_end(page);
  context_fields_free(&fields);
}

static size_t rows_of(const struct results *results, const char *peer) {
  size_t rows = 0;
  for (size_t i = 0; i < results->count; i++)
    rows += results->cells[i].peer != NULL && strcmp(results->cells[i].peer, peer) == 0;
  return rows;
}

static void write_peer(struct page *page, const char *peer, const char *version) {
  size_t rows = rows_of(page->report->results, peer);
  fputs("<tr><th scope=\"row\">", page->out);
  page_system(page, peer);
  bool missing = version != NULL && strncmp(version, "missing", strlen("missing")) == 0;
  fputs(missing ? "</th><td class=\"bad\">" : "</th><td>", page->out);
  html_print(page->out, "%s%s</td><td class=\"number\">%zu</td></tr>\n", missing ? "✕ " : "",
             version == NULL ? "not recorded" : version, rows);
}

/* Those that ran, then those a file speaks of without rows: the missing ones. */
static void write_peers(struct page *page) {
  const struct results *results = page->report->results;
  size_t shown = 0;
  fputs("<h3>Peers</h3>\n", page->out);
  page_table_begin(page, "Peers", "");
  fputs("<thead><tr><th scope=\"col\">Peer</th><th scope=\"col\">Version, or why it is missing</th><th scope=\"col\" "
        "class=\"number\">Rows</th></tr></thead>\n"
        "<tbody>\n",
        page->out);
  for (size_t p = 0; p < results->peer_count; p++, shown++)
    write_peer(page, results->peers[p], context_peer(results, results->peers[p]));
  struct context_fields fields = context_fields_of(results);
  for (size_t i = 0; i < fields.count; i++) {
    if (strncmp(fields.fields[i].key, CONTEXT_PEER_PREFIX, strlen(CONTEXT_PEER_PREFIX)) != 0)
      continue;
    const char *peer = fields.fields[i].key + strlen(CONTEXT_PEER_PREFIX);
    if (rows_of(results, peer) > 0)
      continue;
    write_peer(page, peer, context_peer(results, peer));
    shown++;
  }
  context_fields_free(&fields);
  if (shown == 0)
    fputs("<tr><td colspan=\"3\" class=\"none\">no peer took part</td></tr>\n", page->out);
  page_table_end(page);
}

static void write_failures(struct page *page) {
  const struct results *results = page->report->results;
  size_t failed = 0;
  for (size_t i = 0; i < results->count; i++)
    failed += results->cells[i].failures > 0;
  fputs("<h3>Failed rows</h3>\n", page->out);
  if (failed == 0) {
    html_print(page->out, "<p>None of the %zu rows failed.</p>\n", results->count);
    return;
  }
  html_print(page->out,
             "<p>%zu of %zu rows failed at least once. A failed repetition enters no figure and no picture.</p>\n",
             failed, results->count);
  page_table_begin(page, "Failed rows", "");
  fputs("<thead><tr><th scope=\"col\">Row</th><th scope=\"col\" class=\"number\">Failed</th><th scope=\"col\">First "
        "message</th></tr></thead>\n"
        "<tbody>\n",
        page->out);
  for (size_t i = 0; i < results->count; i++) {
    const struct cell *cell = &results->cells[i];
    if (cell->failures == 0)
      continue;
    fputs("<tr><th scope=\"row\">", page->out);
    page_name(page, cell->name);
    html_print(page->out, "</th><td class=\"number\">%zu of %zu</td><td class=\"bad\">✕ %s</td></tr>\n", cell->failures,
               cell->failures + cell->count, cell->failure);
  }
  page_table_end(page);
}

void page_environment(struct page *page) {
  char *order = order_note(page->report->results), *repetitions = order_repetitions(page->report->results);
  html_print(page->out, "<section id=\"environment\">\n<h2>Environment</h2>\n<p>%s</p>\n<p>%s</p>\n", repetitions,
             order);
  free(order);
  free(repetitions);
  write_fields(page);
  write_peers(page);
  write_failures(page);
  fputs("</section>\n", page->out);
}
