/* page_verdicts.c — what weir-growth judged: flat, grows or unsure, and the lines that grow. */
#include "page.h"

#include "html.h"
#include "number.h"

static void write_word(struct page *page, enum growth_word word) {
  static const char *const marks[] = {
      [GROWTH_FLAT] = "good\">✓ ", [GROWTH_GROWS] = "bad\">✕ ", [GROWTH_UNSURE] = "unclear\">~ "};
  fputs("<td class=\"", page->out);
  fputs(marks[word], page->out);
  html_print(page->out, "%s</td>", growth_word_name(word));
}

static void write_slope(struct page *page, const struct growth_slope *slope) {
  html_print(page->out, "<td class=\"number\">%s", number_count(slope->middle).characters);
  if (slope->low != slope->high)
    html_print(page->out, "<span class=\"range\">%s to %s</span>", number_count(slope->low).characters,
               number_count(slope->high).characters);
  fputs("</td>", page->out);
}

static void write_verdict(struct page *page, const struct growth_verdict *verdict) {
  fputs("<tr><th scope=\"row\">", page->out);
  page_name(page, verdict->name);
  fputs("</th>", page->out);
  write_word(page, verdict->word);
  write_slope(page, &verdict->slope);
  html_print(page->out, "<td class=\"number\">%s</td><td class=\"number\">%s</td><td>%s</td><td>%s</td></tr>\n",
             number_count(verdict->rounds).characters, number_count(verdict->operations).characters,
             verdict->settled ? "settled" : "not settled", verdict->reason);
}

/* A file's name and its folder's: where the sources lay on the machine that built them is nobody's business. */
static const char *short_path(const char *path) {
  const char *from = path;
  for (const char *at = path, *folder = path; *at != '\0'; at++)
    if (*at == '/') {
      from = folder;
      folder = at + 1;
    }
  return from;
}

static void write_line(struct page *page, const struct growth_verdict *verdict, const struct growth_line *line) {
  fputs("<tr><th scope=\"row\">", page->out);
  page_name(page, verdict->name);
  html_print(page->out, "</th><td>%s</td><td>", line->kind);
  page_name(page, short_path(line->file));
  html_print(page->out, ":%ld</td>", (long)line->line);
  write_word(page, line->word);
  write_slope(page, &line->slope);
  html_print(page->out, "<td class=\"number\">%s to %s</td><td class=\"number\">%s to %s</td><td>%s</td></tr>\n",
             number_count(line->first_live).characters, number_count(line->last_live).characters,
             number_bytes(line->first_bytes).characters, number_bytes(line->last_bytes).characters, line->reason);
}

static size_t line_count(const struct growth *growth) {
  size_t lines = 0;
  for (size_t i = 0; i < growth->verdict_count; i++)
    lines += growth->verdicts[i].line_count;
  return lines;
}

void page_verdicts(struct page *page) {
  const struct growth *growth = page->report->growth;
  size_t words[GROWTH_WORD_COUNT] = {0};
  fputs("<h3>Growth, judged</h3>\n", page->out);
  if (growth->verdict_count == 0) {
    fputs("<p>The growth data hold no verdict.</p>\n", page->out);
    return;
  }
  for (size_t i = 0; i < growth->verdict_count; i++)
    words[growth->verdicts[i].word]++;
  html_print(page->out,
             "<p>Of %zu scenarios %zu are flat, %zu grow, and of %zu nobody can tell. Where a scenario settles after "
             "each round, flat means equal to the byte; else it is a slope with an interval that holds 0.</p>\n",
             growth->verdict_count, words[GROWTH_FLAT], words[GROWTH_GROWS], words[GROWTH_UNSURE]);
  page_table_captioned(page, "Growth, judged", "", "Bytes an operation with a 95 % interval");
  fputs("<thead><tr><th scope=\"col\">Scenario</th>"
        "<th scope=\"col\">Verdict</th><th scope=\"col\" class=\"number\">Bytes an operation</th><th scope=\"col\" "
        "class=\"number\">Rounds</th><th scope=\"col\" class=\"number\">Operations</th><th scope=\"col\">Read when"
        "</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n",
        page->out);
  for (size_t i = 0; i < growth->verdict_count; i++)
    write_verdict(page, &growth->verdicts[i]);
  page_table_end(page);
  if (line_count(growth) == 0)
    return;
  fputs("<details><summary>What is alive, by the line that made it</summary>\n", page->out);
  page_table_captioned(page, "What is alive, by the line that made it", "",
                       "From the first reading to the last, worst first");
  fputs("<thead><tr><th scope=\"col\">Scenario</th>"
        "<th scope=\"col\">Kind</th><th scope=\"col\">Made at</th><th scope=\"col\">Verdict</th><th scope=\"col\" "
        "class=\"number\">Bytes an operation</th><th scope=\"col\" class=\"number\">Alive</th><th scope=\"col\" "
        "class=\"number\">Bytes</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n",
        page->out);
  for (size_t i = 0; i < growth->verdict_count; i++)
    for (size_t l = 0; l < growth->verdicts[i].line_count; l++)
      write_line(page, &growth->verdicts[i], &growth->verdicts[i].lines[l]);
  page_table_end(page);
  fputs("</details>\n", page->out);
}
