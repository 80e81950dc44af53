/* page_changes.c — this session against an earlier one: what changed, by how much, and what could not have been seen. */
#include "page.h"

#include "html.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>

static void write_change(struct page *page, const struct change *change) {
  static const char *const marks[] = {"", "=", "~"};
  bool slower = change->difference > 0;
  fputs("<tr><th scope=\"row\">", page->out);
  page_name(page, change->after->name);
  fputs("</th>", page->out);
  page_interval(page, &change->before->ns);
  page_interval(page, &change->after->ns);
  if (isnan(change->difference))
    fputs("<td class=\"number none\">–</td>", page->out);
  else
    html_print(page->out, "<td class=\"number\">%s", number_percent(change_share(change->difference)).characters);
  if (!isnan(change->low))
    html_print(page->out, "<span class=\"range\">%s to %s</span>", number_percent(change_share(change->low)).characters,
               number_percent(change_share(change->high)).characters);
  html_print(page->out, "</td><td class=\"number\">%s%s</td>", isnan(change->floor) ? "" : "±",
             number_share(change_share(change->floor)).characters);
  if (change->word == CHANGE_CHANGED)
    html_print(page->out, "<td class=\"%s\">%s changed: %s</td>", slower ? "bad" : "good", slower ? "✗" : "✓",
               slower ? "slower" : "faster");
  else
    html_print(page->out, "<td class=\"%s\">%s %s</td>", change->word == CHANGE_NOT_CHANGED ? "" : "unclear",
               marks[change->word], change_word(change->word));
  if (change->why != NULL)
    html_print(page->out, "<td>%s</td></tr>\n", change->why);
  else if (change->word == CHANGE_CHANGED)
    fputs("<td></td></tr>\n", page->out);
  else
    html_print(page->out, "<td class=\"number\">%s</td></tr>\n", number_share(change_share(change->least)).characters);
}

static void write_table(struct page *page, enum change_word word, const char *label) {
  const struct changes *changes = page->report->changes;
  page_table_begin(page, label, "ratios");
  fputs("<thead><tr><th scope=\"col\">Row</th><th scope=\"col\" class=\"number\">Before, ns</th>"
        "<th scope=\"col\" class=\"number\">Now, ns</th><th scope=\"col\" class=\"number\">Change</th>"
        "<th scope=\"col\" class=\"number\">A/A floor</th><th scope=\"col\">Verdict</th>"
        "<th scope=\"col\" class=\"number\">Least change to be seen</th></tr></thead>\n<tbody>\n",
        page->out);
  for (size_t i = 0; i < changes->count; i++)
    if (changes->changes[i].word == word)
      write_change(page, &changes->changes[i]);
  page_table_end(page);
}

static void write_folded(struct page *page, enum change_word word, const char *label) {
  size_t count = page->report->changes->words[word];
  if (count == 0)
    return;
  html_print(page->out, "<details><summary>%s: %zu</summary>\n", label, count);
  write_table(page, word, label);
  fputs("</details>\n", page->out);
}

void page_changes(struct page *page) {
  const struct changes *changes = page->report->changes;
  if (changes == NULL)
    return;
  fputs("<section id=\"changes\">\n<h2>Against the baseline</h2>\n", page->out);
  if (page->report->objection != NULL)
    html_print(
        page->out,
        "<p class=\"bad\"><strong>Unlike things, compared by force:</strong> %s. Nothing below is evidence.</p>\n",
        page->report->objection);
  html_print(
      page->out,
      "<p>Of %zu rows <strong class=\"bad\">%zu are slower</strong>, <strong class=\"good\">%zu faster</strong>, "
      "%zu not changed, and for <strong class=\"unclear\">%zu</strong> nobody can tell. "
      "%zu processes against %zu of the baseline%s</p>\n",
      changes->count, changes->slower, changes->faster, changes->words[CHANGE_NOT_CHANGED],
      changes->words[CHANGE_CANNOT_TELL], changes->processes_after, changes->processes_before,
      changes->floor.controls > 0 ? "; the peers’ rows, the same programs in both, are the controls." : ".");
  if (changes->gone + changes->fresh > 0)
    html_print(page->out, "<p>%zu rows of the baseline are gone, %zu are new.</p>\n", changes->gone, changes->fresh);
  fputs(
      "<details><summary>What the words mean</summary>\n<p><strong>Changed</strong>: Mann and Whitney’s test over the "
      "processes’ medians, adjusted by Holm over all rows, stays below 0.05; the difference is above the A/A floor and "
      "at least 2 %; and its 95 % interval, resampled over processes and then over repetitions, is clear of zero. "
      "<strong>Not changed</strong>: nothing of 10 % or more can hide here. <strong>Cannot tell</strong>: something "
      "could. The <strong>A/A floor</strong> is what 19 of 20 comparisons of one half of a session’s processes with "
      "the other stay below, where nothing has changed.</p>\n</details>\n",
      page->out);
  if (changes->words[CHANGE_CHANGED] > 0)
    write_table(page, CHANGE_CHANGED, "Changed rows");
  write_folded(page, CHANGE_CANNOT_TELL, "Cannot tell");
  write_folded(page, CHANGE_NOT_CHANGED, "Not changed");
  fputs("</section>\n", page->out);
}
