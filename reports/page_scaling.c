/* page_scaling.c — how the cost of a message grows with subscribers and with publishers, as exponents. */
#include "page.h"

#include "exponent.h"
#include "html.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void write_exponent(struct page *page, const struct exponent *exponent) {
  if (isnan(exponent->value)) {
    fputs("<td class=\"number none\">–</td>", page->out);
    return;
  }
  html_print(page->out, "<td class=\"number\">%s", number_exponent(exponent->value).characters);
  if (!isnan(exponent->low))
    html_print(page->out, "<span class=\"range\">%s to %s</span>", number_exponent(exponent->low).characters,
               number_exponent(exponent->high).characters);
  fputs("</td>", page->out);
}

static void write_system(struct page *page, const struct sweep_group *group, enum policy policy, enum mode mode,
                         const char *peer) {
  struct exponents exponents = exponents_of(page->report->results, group, policy, mode, peer);
  if (isnan(exponents.subscribers.value) && isnan(exponents.concurrency.value))
    return;
  html_print(page->out, "<tr><td>%s</td><td>%s</td><th scope=\"row\">", point_policy_name(policy),
             point_mode_name(mode));
  page_system(page, peer);
  fputs("</th>", page->out);
  write_exponent(page, &exponents.subscribers);
  write_exponent(page, &exponents.concurrency);
  html_print(page->out, "<td class=\"number\">%zu</td></tr>\n", exponents.points);
}

static bool has_times(const struct results *results, const struct point *key) {
  for (size_t i = 0; i < results->count; i++)
    if (results->cells[i].count > 0 && point_same_group(&results->cells[i].point, key))
      return true;
  return false;
}

static void write_group(struct page *page, const struct sweep_group *group) {
  const struct results *results = page->report->results;
  if ((group->subscriber_count < 2 && group->concurrency_count < 2) || !has_times(results, &group->key))
    return;
  char *title = sweep_group_title(group);
  html_print(page->out, "<details><summary>%s</summary>\n", title);
  page_table_begin(page, title, "");
  free(title);
  fputs("<thead><tr><th scope=\"col\">Policy</th><th scope=\"col\">Mode</th><th scope=\"col\">System</th>"
        "<th scope=\"col\" class=\"number\">Along subscribers</th><th scope=\"col\" class=\"number\">Along concurrency"
        "</th><th scope=\"col\" class=\"number\">Points</th></tr></thead>\n<tbody>\n",
        page->out);
  for (int policy = 0; policy < POLICY_COUNT; policy++)
    for (int mode = 0; mode < MODE_COUNT; mode++) {
      write_system(page, group, (enum policy)policy, (enum mode)mode, NULL);
      for (size_t p = 0; p < results->peer_count; p++)
        write_system(page, group, (enum policy)policy, (enum mode)mode, results->peers[p]);
    }
  page_table_end(page);
  fputs("</details>\n", page->out);
}

void page_scaling(struct page *page) {
  const struct sweep *sweep = page->report->sweep;
  if (sweep->count == 0)
    return;
  fputs(
      "<section id=\"scaling\">\n<h2>How the cost grows</h2>\n"
      "<p>The time of a message as a power of subscribers and of concurrency: at 0 it does not depend on them, at 1 it "
      "doubles when they double. Least squares on the logarithms of the medians, over all points of a table’s line; a "
      "wide interval says that the cost follows no such power.</p>\n",
      page->out);
  for (size_t i = 0; i < sweep->count; i++)
    write_group(page, &sweep->groups[i]);
  fputs("</section>\n", page->out);
}
