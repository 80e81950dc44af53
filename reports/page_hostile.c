/* page_hostile.c — the table of hostile HTTP servers: what each did, what came of it, what was held. */
#include "page.h"

#include "html.h"
#include "number.h"

#include <math.h>
#include <string.h>

static void write_row(struct page *page, const struct hostile_row *row) {
  html_print(page->out, "<tr><td class=\"number\">%s</td><th scope=\"row\">",
             number_count(row->number > 0 ? row->number : NAN).characters);
  page_name(page, row->name);
  html_print(page->out, "<span class=\"range\">%s</span></th><td>%s", row->server, row->got);
  if (!row->ok)
    html_print(page->out, "<span class=\"range\">expected: %s</span>", row->expected);
  html_print(page->out,
             "</td><td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s</td><td "
             "class=\"number\">%s</td>",
             number_bytes(row->sent).characters, number_bytes(row->bytes_held).characters,
             number_bytes(row->bytes_peak).characters,
             number_count(row->descriptors_after - row->descriptors_before).characters);
  if (row->ok)
    fputs("<td class=\"good\">✓\u00a0as\u00a0expected</td></tr>\n", page->out);
  else
    html_print(page->out, "<td class=\"bad\">✕ %s</td></tr>\n", row->why);
}

/* Where the client gave up, and on how many servers; in the order in which it first did. */
static void write_stages(struct page *page, const struct hostile *hostile) {
  page_table_captioned(page, "Where it ended", "", "Where it ended");
  fputs("<thead><tr><th scope=\"col\">Stage</th><th scope=\"col\" class=\"number\">"
        "Servers</th></tr></thead>\n<tbody>\n",
        page->out);
  for (size_t i = 0; i < hostile->count; i++) {
    size_t first = 0, servers = 0;
    while (strcmp(hostile->rows[first].stage, hostile->rows[i].stage) != 0)
      first++;
    for (size_t j = i; j < hostile->count; j++)
      servers += strcmp(hostile->rows[j].stage, hostile->rows[i].stage) == 0;
    if (first == i)
      html_print(page->out, "<tr><th scope=\"row\">%s</th><td class=\"number\">%zu</td></tr>\n",
                 *hostile->rows[i].stage == '\0' ? "a whole answer" : hostile->rows[i].stage, servers);
  }
  page_table_end(page);
}

void page_hostile(struct page *page) {
  const struct hostile *hostile = page->report->hostile;
  if (hostile == NULL)
    return;
  const struct hostile_row *most = &hostile->rows[0];
  size_t failed = hostile_failed(hostile);
  double left = 0;
  for (size_t i = 0; i < hostile->count; i++) {
    const struct hostile_row *row = &hostile->rows[i];
    most = row->bytes_held > most->bytes_held ? row : most;
    left += fmax(0, row->descriptors_after - row->descriptors_before);
  }
  html_print(
      page->out,
      "<section id=\"http\">\n<h2>Hostile servers</h2>\n<p>%zu servers that break off, lie, dawdle or never end; "
      "of each the client must say what is wrong, hold a bounded memory, and answer the next requests well. "
      "<strong>%zu were met as expected, %zu were not.</strong> libcurl %s, %s worker%s.</p>\n",
      hostile->count, hostile->count - failed, failed, hostile->libcurl, number_count(hostile->workers).characters,
      hostile->workers == 1 ? "" : "s");
  html_print(
      page->out,
      "<p>The most that the client held for one of them is %s (<code>%s</code>, while the server sent %s). Descriptors "
      "left open: %s.</p>\n",
      number_bytes(most->bytes_held).characters, most->name, number_bytes(most->sent).characters,
      number_count(left).characters);
  write_stages(page, hostile);
  fputs("<h3>Every server</h3>\n", page->out);
  page_table_captioned(
      page, "Every server", "servers",
      "Those that were not met as expected first. Numbers are those of the list of known attacks; held is the "
      "heap before the response is closed, peak the rise of resident memory, descriptors those left open");
  fputs("<thead><tr>"
        "<th scope=\"col\" class=\"number\">No.</th><th scope=\"col\">Server</th><th scope=\"col\">What came</th>"
        "<th scope=\"col\" class=\"number\">Sent</th><th scope=\"col\" class=\"number\">Held</th><th scope=\"col\" "
        "class=\"number\">Peak</th><th scope=\"col\" class=\"number\">Descriptors</th><th scope=\"col\">Verdict</th>"
        "</tr></thead>\n<tbody>\n",
        page->out);
  for (int ok = 0; ok < 2; ok++)
    for (size_t i = 0; i < hostile->count; i++)
      if (hostile->rows[i].ok == (ok == 1))
        write_row(page, &hostile->rows[i]);
  page_table_end(page);
  fputs("</section>\n", page->out);
}
