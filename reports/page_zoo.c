/* page_zoo.c — the zoo: which strategy finds which mistake after how many schedules. */
#include "page.h"

#include "html.h"
#include "number.h"

#include <math.h>

static void write_cell(struct page *page, const struct zoo_cell *cell, double best) {
  if (!cell->present) {
    fputs("<td class=\"number none\">–</td>", page->out);
    return;
  }
  if (isnan(cell->median))
    html_print(page->out, "<td class=\"number %s\">%s", cell->found > 0 ? "unclear" : "bad",
               cell->found > 0 ? "~ too few" : "✕ not found");
  else
    html_print(page->out, cell->median == best ? "<td class=\"number\"><strong>%s</strong>" : "<td class=\"number\">%s",
               number_count(cell->median).characters);
  if (cell->trials > 1 && cell->least < cell->most)
    html_print(page->out, "<span class=\"range\">%s–%s</span>", number_count(cell->least).characters,
               number_count(cell->most).characters);
  if (cell->found < cell->trials)
    html_print(page->out, "<span class=\"range\">%s of %s trials</span>", number_count(cell->found).characters,
               number_count(cell->trials).characters);
  fputs("</td>", page->out);
}

/* How a strategy fares over all entries. */
static void write_strategy(struct page *page, const struct zoo *zoo, size_t strategy) {
  size_t always = 0, some = 0, never = 0, fastest = 0;
  for (size_t e = 0; e < zoo->entry_count; e++) {
    const struct zoo_cell *cell = zoo_cell(zoo, e, strategy);
    if (!cell->present)
      continue;
    always += cell->found == cell->trials;
    some += cell->found > 0 && cell->found < cell->trials;
    never += cell->found == 0;
    fastest += cell->median == zoo_best(zoo, e);
  }
  html_print(page->out,
             "<tr><th scope=\"row\">%s</th><td class=\"number\">%zu</td><td class=\"number\">%zu</td><td "
             "class=\"number\">%zu</td><td class=\"number\">%zu</td></tr>\n",
             zoo_strategy_name(zoo->strategies[strategy]), always, some, never, fastest);
}

static void write_strategies(struct page *page, const struct zoo *zoo) {
  fputs("<h3>What finds what</h3>\n", page->out);
  page_table_captioned(
      page, "What finds what", "",
      "Entries by how many of a strategy’s trials found them; fastest is the least median of an entry, shared "
      "where it is equal");
  fputs("<thead><tr><th scope=\"col\">Strategy</th><th scope=\"col\" class=\"number\">In "
        "every trial</th><th scope=\"col\" class=\"number\">In some</th><th scope=\"col\" class=\"number\">In none</th>"
        "<th scope=\"col\" class=\"number\">Fastest</th></tr></thead>\n<tbody>\n",
        page->out);
  for (size_t s = 0; s < zoo->strategy_count; s++)
    write_strategy(page, zoo, s);
  page_table_end(page);
}

void page_zoo(struct page *page) {
  const struct zoo *zoo = page->report->zoo;
  if (zoo == NULL)
    return;
  size_t found = 0;
  for (size_t e = 0; e < zoo->entry_count; e++)
    found += !isnan(zoo_best(zoo, e));
  html_print(
      page->out,
      "<section id=\"fuzzing\">\n<h2>The zoo: mistakes that must be found</h2>\n<p>Mistakes of real programs, each "
      "written anew on Weir; a strategy tries one schedule after the other until one shows the mistake. Of %zu "
      "entries <strong>%zu are found by some strategy in more than half of its trials</strong>.</p>\n",
      zoo->entry_count, found);
  write_strategies(page, zoo);
  fputs("<h3>Every entry</h3>\n", page->out);
  page_table_captioned(
      page, "Every entry", "zoo",
      "Schedules until it is found: the median of the trials, a trial that found nothing counting as more "
      "than "
      "it ran; the least in bold; below it the range of those that did. Switches: of the simplest schedule that shows "
      "it");
  fputs("<thead><tr><th scope=\"col\">Entry</th><th scope=\"col\" class=\"number\">Switches</th>", page->out);
  for (size_t s = 0; s < zoo->strategy_count; s++)
    html_print(page->out, "<th scope=\"col\" class=\"number\">%s</th>", zoo_strategy_name(zoo->strategies[s]));
  fputs("</tr></thead>\n<tbody>\n", page->out);
  for (size_t e = 0; e < zoo->entry_count; e++) {
    html_print(page->out, "<tr><th scope=\"row\"><code>%s</code></th><td class=\"number\">%s</td>", zoo->entries[e],
               number_count(zoo_switches(zoo, e)).characters);
    for (size_t s = 0; s < zoo->strategy_count; s++)
      write_cell(page, zoo_cell(zoo, e, s), zoo_best(zoo, e));
    fputs("</tr>\n", page->out);
  }
  page_table_end(page);
  fputs("</section>\n", page->out);
}
