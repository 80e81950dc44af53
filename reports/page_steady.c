/* page_steady.c — the first screen: the seed's question, answered by sentences, one picture and one table. */
#include "page.h"

#include "allocation.h"
#include "chart_steady.h"
#include "html.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool write_picture(struct page *page, const struct steady_group *group) {
  static const enum chart_steady halves[] = {CHART_STEADY_TIME, CHART_STEADY_MEMORY};
  fputs("<figure class=\"steady\">\n<div class=\"pair\">\n", page->out);
  for (size_t i = 0; i < 2; i++) {
    char *id = page_picture_id(page);
    char *drawing = chart_steady(page->report->results, group, halves[i], id, page->problem);
    free(id);
    if (drawing == NULL)
      return false;
    fputs(drawing, page->out);
    free(drawing);
  }
  fputs("</div>\n"
        "<figcaption>Both axes are logarithmic. Left: median and its interval. Right: what is still allocated once as "
        "many timers expire as are made; the upright bar is the prediction, rate × timeout × bytes a timer, where "
        "every message abandons one (policy after, classic mode).</figcaption>\n"
        "</figure>\n",
        page->out);
  return true;
}

static void write_verdict(struct page *page, const struct steady_line *line) {
  if (line->predicted) {
    html_print(page->out, "<td class=\"number\">%s</td><td class=\"number\">%s</td>",
               number_bytes(line->if_abandoned).characters, number_percent(line->deviation).characters);
    fputs(line->within ? "<td class=\"good\">✓ within 20 %</td>" : "<td class=\"bad\">✗ off by more than 20 %</td>",
          page->out);
    return;
  }
  fputs("<td class=\"number none\">–</td><td class=\"number none\">–</td>", page->out);
  if (line->keeps)
    html_print(page->out, "<td class=\"bad\">✗ grows: %s of rate × timeout × bytes a timer</td>",
               number_share(line->live_bytes / line->if_abandoned).characters);
  else
    fputs("<td>flat</td>", page->out);
}

static void write_line(struct page *page, const struct steady_line *line) {
  const struct cell *cell = line->cell;
  fputs("<th scope=\"row\">", page->out);
  page_system(page, cell->peer);
  fputs("</th>", page->out);
  if (line->status == STEADY_FAILED) {
    html_print(page->out, "<td colspan=\"8\" class=\"bad\">✕ failed: %s</td></tr>\n",
               cell->failure == NULL ? "no sample" : cell->failure);
    return;
  }
  page_interval(page, &cell->ns);
  html_print(page->out, "<td class=\"number\">%s</td>", number_short(line->rate).characters);
  if (line->status == STEADY_NEVER_REACHED) {
    html_print(page->out,
               "<td colspan=\"6\" class=\"bad\">never reached steady state (%zu of %zu repetitions did)</td></tr>\n",
               line->reached, cell->count);
    return;
  }
  html_print(page->out, "<td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s</td>",
             number_count(line->timers_pending).characters, number_count(line->timers_abandoned).characters,
             number_bytes(line->live_bytes).characters);
  write_verdict(page, line);
  fputs("</tr>\n", page->out);
}

/* How many lines share the policy and mode of `first`. */
static size_t block_length(const struct steady_group *group, size_t first) {
  const struct point *here = &group->lines[first].cell->point;
  size_t end = first + 1;
  while (end < group->count && group->lines[end].cell->point.policy == here->policy &&
         group->lines[end].cell->point.mode == here->mode)
    end++;
  return end - first;
}

static void write_table(struct page *page, const struct steady_group *group) {
  char *caption = allocation_format("%ld subscriber%s, %ld publisher task%s, timeout %ld ms, %ld worker%s; every "
                                    "figure is the median of its repetitions",
                                    group->size.subscribers, group->size.subscribers == 1 ? "" : "s",
                                    group->size.concurrency, group->size.concurrency == 1 ? "" : "s",
                                    group->size.timeout_ms, group->size.workers, group->size.workers == 1 ? "" : "s");
  page_table_captioned(page, "Cost of a message and what it leaves behind", "blocks", caption);
  free(caption);
  fputs("<thead><tr><th scope=\"col\">Policy, mode</th><th scope=\"col\">System</th><th scope=\"col\" "
        "class=\"number\">ns a message</th><th scope=\"col\" class=\"number\">Messages/s</th><th scope=\"col\" "
        "class=\"number\">Pending timers</th><th scope=\"col\" class=\"number\">Abandoned</th><th scope=\"col\" "
        "class=\"number\">Live bytes</th><th scope=\"col\" class=\"number\">Predicted</th><th scope=\"col\" "
        "class=\"number\">Deviation</th><th scope=\"col\">Verdict</th></tr></thead>\n",
        page->out);
  for (size_t first = 0; first < group->count;) {
    size_t length = block_length(group, first);
    const struct point *point = &group->lines[first].cell->point;
    fputs(first == 0 ? "<tbody>\n" : "</tbody>\n<tbody>\n", page->out);
    for (size_t i = 0; i < length; i++) {
      fputs("<tr>", page->out);
      if (i == 0)
        html_print(page->out,
                   "<th scope=\"rowgroup\" rowspan=\"%zu\"><strong>%s</strong><span class=\"range\">%s</span></th>",
                   length, point_policy_name(point->policy), point_mode_name(point->mode));
      write_line(page, &group->lines[first + i]);
    }
    first += length;
  }
  page_table_end(page);
}

static void write_inputs(struct page *page, const struct steady_group *group) {
  fputs("<details><summary>What the predictions are made of</summary>\n", page->out);
  page_table_begin(page, "Rate, timeout and bytes a timer", "");
  fputs("<thead><tr><th scope=\"col\">Row</th><th scope=\"col\" class=\"number\">Messages/s</th><th scope=\"col\" "
        "class=\"number\">Timeout</th><th scope=\"col\" class=\"number\">Bytes a timer</th><th scope=\"col\" "
        "class=\"number\">If every message left one</th><th scope=\"col\" "
        "class=\"number\">Measured</th></tr></thead>\n"
        "<tbody>\n",
        page->out);
  for (size_t i = 0; i < group->count; i++) {
    const struct steady_line *line = &group->lines[i];
    if (line->status != STEADY_REACHED)
      continue;
    fputs("<tr><th scope=\"row\">", page->out);
    page_name(page, line->cell->name);
    html_print(page->out,
               "</th><td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s</td><td "
               "class=\"number\">%s</td><td class=\"number\">%s</td></tr>\n",
               number_count(round(line->rate)).characters, number_duration(line->timeout_ns).characters,
               number_count(line->bytes_per_timer).characters, number_bytes(line->if_abandoned).characters,
               number_bytes(line->live_bytes).characters);
  }
  page_table_end(page);
  fputs("</details>\n", page->out);
}

/* What stands between backquotes is code. */
static void write_sentence(struct page *page, const char *sentence) {
  for (bool code = false; *sentence != '\0'; code = !code) {
    size_t length = strcspn(sentence, "`");
    char *part = allocation_format("%.*s", (int)length, sentence);
    html_print(page->out, "%s", part);
    free(part);
    sentence += length;
    if (*sentence == '`') {
      fputs(code ? "</code>" : "<code>", page->out);
      sentence++;
    }
  }
}

bool page_steady(struct page *page) {
  const struct steady *steady = page->report->steady;
  fputs("<section id=\"steady\" aria-label=\"The answer\">\n<div class=\"lede\">\n", page->out);
  for (size_t i = 0; i < page->report->story->count; i++) {
    fputs(i == 0 ? "<p>" : i == 1 ? "</p>\n<p>" : " ", page->out);
    write_sentence(page, page->report->story->sentences[i]);
  }
  fputs("</p>\n", page->out);
  fputs("</div>\n", page->out);
  for (size_t i = 0; i < steady->count; i++) {
    if (i == 1)
      fputs("<h2>The same at other sizes</h2>\n", page->out);
    if (!write_picture(page, &steady->groups[i]))
      return false;
    write_table(page, &steady->groups[i]);
    write_inputs(page, &steady->groups[i]);
  }
  if (steady->count > 0)
    fputs("<p class=\"note\">Steady state: at least ten times the timeout has passed before the first reading. "
          "Pending timers include the abandoned ones; – means that this system does not show them. Live bytes are "
          "what was allocated more than before the first message. <em>Flat</em>: less than a tenth of what abandoning "
          "every timer would hold.</p>\n",
          page->out);
  fputs("</section>\n", page->out);
  return true;
}
