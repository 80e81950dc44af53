/* page_overview.c — what the other pages say, in a sentence each, and what this report lacks. */
#include "page.h"

#include "html.h"
#include "number.h"

#include <math.h>

static void say_sweep(struct page *page) {
  const struct report *report = page->report;
  const size_t *verdicts = report->comparison->verdicts;
  size_t failed = 0;
  for (size_t i = 0; i < report->results->count; i++)
    failed += report->results->cells[i].failures > 0;
  html_print(page->out,
             "%zu rows. Of the goals that can be judged %zu are met, %zu are not, and of %zu nobody can tell. %zu rows "
             "failed.",
             report->results->count, verdicts[VERDICT_MET], verdicts[VERDICT_NOT_MET], verdicts[VERDICT_UNCLEAR],
             failed);
}

static void say_leak(struct page *page, const char *peer) {
  const struct growth *growth = page->report->growth;
  double timeout_ns = growth->timeouts[growth->timeout_count - 1];
  const struct growth_curve *curve = growth_curve_of(growth, peer, POLICY_AFTER, MODE_CLASSIC, timeout_ns);
  if (curve == NULL)
    return;
  const struct growth_point *last = &curve->points[curve->count - 1];
  page_system(page, peer);
  html_print(page->out, " holds %s after %s messages under <code>after</code> in classic mode, timeout %s. ",
             number_bytes(last->live_bytes).characters, number_count(last->messages).characters,
             number_duration(timeout_ns).characters);
}

static void say_memory(struct page *page) {
  const struct growth *growth = page->report->growth;
  size_t words[GROWTH_WORD_COUNT] = {0};
  for (size_t i = 0; i < growth->verdict_count; i++)
    words[growth->verdicts[i].word]++;
  for (size_t s = 0; growth->timeout_count > 0 && s <= growth->peer_count; s++)
    say_leak(page, s == 0 ? NULL : growth->peers[s - 1]);
  if (growth->verdict_count > 0)
    html_print(page->out, "Of %zu scenarios judged %zu grow, %zu are flat, and of %zu nobody can tell.",
               growth->verdict_count, words[GROWTH_GROWS], words[GROWTH_FLAT], words[GROWTH_UNSURE]);
}

static void say_fuzzing(struct page *page) {
  const struct zoo *zoo = page->report->zoo;
  size_t found = 0;
  for (size_t e = 0; e < zoo->entry_count; e++)
    found += !isnan(zoo_best(zoo, e));
  html_print(page->out, "Of %zu mistakes of real programs %zu are found by some of %zu strategies.", zoo->entry_count,
             found, zoo->strategy_count);
}

static void say_http(struct page *page) {
  const struct hostile *hostile = page->report->hostile;
  size_t failed = hostile_failed(hostile);
  html_print(page->out, "Of %zu hostile servers %zu were met as expected, %zu were not.", hostile->count,
             hostile->count - failed, failed);
}

static void say_environment(struct page *page) {
  html_print(page->out, "Machine, build, order of the runs, peers, and every row that failed.");
}

static void say_data(struct page *page) {
  html_print(page->out, "The %zu file%s this report was made from.", page->report->raw_count,
             page->report->raw_count == 1 ? "" : "s");
}

void page_overview(struct page *page) {
  static void (*const say[PAGE_KIND_COUNT])(struct page *) = {
      [PAGE_SWEEP] = say_sweep, [PAGE_MEMORY] = say_memory,           [PAGE_FUZZING] = say_fuzzing,
      [PAGE_HTTP] = say_http,   [PAGE_ENVIRONMENT] = say_environment, [PAGE_DATA] = say_data,
  };
  bool missing = false;
  fputs("<section id=\"parts\">\n<h2>The parts of this report</h2>\n<dl>\n", page->out);
  for (int i = 0; i < PAGE_KIND_COUNT; i++) {
    enum page_kind kind = (enum page_kind)i;
    bool has = page_has(page->report, kind);
    missing = missing || !has;
    if (say[kind] == NULL || !has)
      continue;
    html_print(page->out, "<dt><a href=\"%s\">%s</a></dt><dd>", page_file(kind), page_word(kind));
    say[kind](page);
    fputs("</dd>\n", page->out);
  }
  fputs("</dl>\n</section>\n", page->out);
  if (!missing)
    return;
  fputs("<section id=\"missing\">\n<h2>Not in this report</h2>\n<dl>\n", page->out);
  for (int i = 0; i < PAGE_KIND_COUNT; i++)
    if (!page_has(page->report, (enum page_kind)i))
      html_print(page->out, "<dt>%s</dt><dd>%s</dd>\n", page_word((enum page_kind)i), page_way((enum page_kind)i));
  fputs("</dl>\n</section>\n", page->out);
}
