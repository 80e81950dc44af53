/* page_comparison.c — every benchmark row: Weir, each peer, their ratio, the goal, and whether it is met. */
#include "page.h"

#include "allocation.h"
#include "html.h"
#include "number.h"
#include "order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_value(struct page *page, enum counter figure, const struct interval *value) {
  html_print(page->out, "%s", comparison_figure_text(figure, value->middle).characters);
  if (!isnan(value->low))
    html_print(page->out, "<span class=\"range\">%s–%s</span>", comparison_figure_text(figure, value->low).characters,
               comparison_figure_text(figure, value->high).characters);
}

static void write_side(struct page *page, const struct pair *pair) {
  if (pair->peer == NULL) {
    fputs("<td class=\"number none\">–</td>", page->out);
  } else if (pair->peer->count == 0) {
    fputs("<td class=\"number bad\">✕ failed</td>", page->out);
  } else {
    fputs("<td class=\"number\">", page->out);
    write_value(page, pair->figure, &pair->of_peer);
    fputs("</td>", page->out);
  }
}

static void write_verdict(struct page *page, const struct pair *pair) {
  static const char *const classes[] = {"none", "good", "bad", "unclear"};
  static const char *const marks[] = {"", "✓ ", "✗ ", "~ "};
  html_print(page->out, "<td>%s</td>", pair->goal == NULL ? "" : pair->goal->words);
  const char *words = comparison_verdict_word(pair->verdict);
  if (pair->goal != NULL && pair->verdict == VERDICT_NONE)
    words = pair->peer != NULL || pair->goal->peer == NULL ? "no ratio" : "not in this run";
  html_print(page->out, "<td class=\"%s\">%s%s</td></tr>\n", classes[pair->verdict], marks[pair->verdict], words);
}

/* The name and Weir's figure, which span the lines of all peers. */
static void write_subject(struct page *page, const struct pair *pair, size_t lines) {
  const struct cell *subject = comparison_subject(pair);
  const char *figure = comparison_figure_name(pair->figure);
  char *name = allocation_format("%s/workers:%ld", subject->benchmark, subject->workers);
  html_print(page->out, "<th scope=\"rowgroup\" rowspan=\"%zu\">", lines);
  page_name(page, name);
  if (*figure != '\0')
    html_print(page->out, "<span class=\"range\">%s</span>", figure);
  fputs("</th>", page->out);
  free(name);
  if (pair->weir == NULL) {
    html_print(page->out, "<td rowspan=\"%zu\" class=\"number none\">no row</td>", lines);
    return;
  }
  html_print(page->out, "<td rowspan=\"%zu\" class=\"number\">", lines);
  if (pair->weir->count == 0)
    fputs("<span class=\"bad\">✕ failed</span>", page->out);
  else
    write_value(page, pair->figure, &pair->of_weir);
  fputs("</td>", page->out);
}

static void write_pair(struct page *page, const struct pair *pair, size_t lines_of_subject) {
  fputs("<tr>", page->out);
  if (lines_of_subject > 0)
    write_subject(page, pair, lines_of_subject);
  fputs("<td>", page->out);
  if (pair->peer != NULL)
    page_system(page, pair->peer->peer);
  if (pair->stands_in)
    fputs("<span class=\"range\">its timer</span>", page->out);
  fputs("</td>", page->out);
  write_side(page, pair);
  if (isnan(pair->ratio.middle)) {
    fputs("<td class=\"number none\">–</td>", page->out);
  } else {
    html_print(page->out, "<td class=\"number\">%s", number_ratio(pair->ratio.middle).characters);
    if (!isnan(pair->ratio.low))
      html_print(page->out, "<span class=\"range\">%s</span>",
                 number_ratio_range(pair->ratio.low, pair->ratio.high).characters);
    fputs("</td>", page->out);
  }
  write_verdict(page, pair);
}

static void begin_table(struct page *page, const char *label) {
  page_table_begin(page, label, "ratios");
  fputs("<thead><tr><th scope=\"col\">Benchmark</th><th scope=\"col\" class=\"number\">Weir, ns</th><th "
        "scope=\"col\">Peer</th><th scope=\"col\" class=\"number\">Peer, ns</th><th scope=\"col\" "
        "class=\"number\">Peer ÷ Weir</th><th scope=\"col\">Goal</th><th scope=\"col\">Verdict</th></tr></thead>\n"
        "<tbody>\n",
        page->out);
}

typedef bool pair_filter(const struct pair *pair, const struct point *group);

static void write_pairs(struct page *page, pair_filter *filter, const struct point *group) {
  const struct comparison *comparison = page->report->comparison;
  for (size_t i = 0; i < comparison->count;) {
    size_t end = i + 1;
    while (end < comparison->count && comparison_same_subject(&comparison->pairs[i], &comparison->pairs[end]))
      end++;
    if (filter(&comparison->pairs[i], group)) {
      for (size_t j = i; j < end; j++)
        write_pair(page, &comparison->pairs[j], j == i ? end - i : 0);
    }
    i = end;
  }
}

static bool is_core(const struct pair *pair, const struct point *group) {
  (void)group;
  return comparison_subject(pair)->point.family == FAMILY_OTHER;
}

static bool is_steady(const struct pair *pair, const struct point *group) {
  (void)group;
  return comparison_subject(pair)->point.family == FAMILY_STEADY;
}

static bool is_in_group(const struct pair *pair, const struct point *group) {
  return point_same_group(&comparison_subject(pair)->point, group);
}

static bool any(const struct comparison *comparison, pair_filter *filter) {
  for (size_t i = 0; i < comparison->count; i++)
    if (filter(&comparison->pairs[i], NULL))
      return true;
  return false;
}

static void write_digests(struct page *page) {
  const struct comparison *comparison = page->report->comparison;
  page_table_begin(page, "Broadcast ratios by workers, load, policy and mode", "");
  fputs("<thead><tr><th scope=\"col\" class=\"number\">Workers</th><th scope=\"col\">Load</th><th "
        "scope=\"col\">Policy</th><th scope=\"col\">Mode</th><th "
        "scope=\"col\">Peer</th><th scope=\"col\" class=\"number\">Points</th><th scope=\"col\" "
        "class=\"number\">Least</th><th scope=\"col\" class=\"number\">Median</th><th scope=\"col\" "
        "class=\"number\">Greatest</th><th scope=\"col\" class=\"number\">Goals met</th><th scope=\"col\" "
        "class=\"number\">Not met</th><th scope=\"col\" class=\"number\">Cannot tell</th></tr></thead>\n"
        "<tbody>\n",
        page->out);
  for (size_t i = 0; i < comparison->digest_count; i++) {
    const struct digest *digest = &comparison->digests[i];
    const size_t *verdicts = digest->verdicts;
    bool judged = verdicts[VERDICT_MET] + verdicts[VERDICT_NOT_MET] + verdicts[VERDICT_UNCLEAR] > 0;
    html_print(page->out, "<tr><td class=\"number\">%ld</td><td>%s</td><th scope=\"row\">%s</th><td>%s</td><td>",
               digest->point.workers, point_load_name(digest->point.load), point_policy_name(digest->point.policy),
               point_mode_name(digest->point.mode));
    page_system(page, digest->peer);
    html_print(page->out,
               "</td><td class=\"number\">%zu</td><td class=\"number\">%s</td><td "
               "class=\"number\"><strong>%s</strong></td><td class=\"number\">%s</td>",
               digest->points, number_ratio(digest->least).characters, number_ratio(digest->median).characters,
               number_ratio(digest->greatest).characters);
    for (int verdict = VERDICT_MET; verdict <= VERDICT_UNCLEAR; verdict++) {
      if (judged)
        html_print(page->out, "<td class=\"number%s\">%zu</td>",
                   verdicts[verdict] == 0       ? " none"
                   : verdict == VERDICT_NOT_MET ? " bad"
                   : verdict == VERDICT_MET     ? " good"
                                                : " unclear",
                   verdicts[verdict]);
      else
        fputs("<td class=\"number none\">–</td>", page->out);
    }
    fputs("</tr>\n", page->out);
  }
  page_table_end(page);
}

/* Every broadcast row, folded: a table for each load. */
static void write_broadcast(struct page *page) {
  const struct sweep *sweep = page->report->sweep;
  if (page->report->comparison->digest_count > 0)
    write_digests(page);
  for (size_t g = 0; g < sweep->count; g++) {
    char *title = sweep_group_title(&sweep->groups[g]);
    html_print(page->out, "<details><summary>%s: every point</summary>\n", title);
    begin_table(page, title);
    write_pairs(page, is_in_group, &sweep->groups[g].key);
    page_table_end(page);
    fputs("</details>\n", page->out);
    free(title);
  }
}

/* What rows outside the family steady may carry besides their time. */
static const struct shown_counter {
  const char *heading;
  enum counter counter;
  struct text (*text)(double value);
} shown_counters[] = {
    {"Allocated an operation", COUNTER_BYTES_PER_OP, number_bytes},
    {"Left after all", COUNTER_BYTES_LIVE_AFTER, number_bytes},
    {"Most at once", COUNTER_BYTES_PEAK, number_bytes},
    {"Timeouts", COUNTER_TIMEOUTS, number_count},
    {"A timeout", COUNTER_NS_PER_TIMEOUT, number_duration},
    {"p99 of a round", COUNTER_ROUND_P99_NS, number_duration},
    {"Rounds left by the exit", COUNTER_EXITS, number_share},
    {"p50", COUNTER_P50_NS, number_duration},
    {"p99", COUNTER_P99_NS, number_duration},
    {"p99.9", COUNTER_P999_NS, number_duration},
    {"Fired", COUNTER_FIRED, number_count},
    {"Stolen", COUNTER_STOLEN, number_count},
    {"Overlap", COUNTER_OVERLAP, number_share},
    {"Bytes a timer", COUNTER_BYTES_PER_TIMER, number_count},
    {"Bytes a task", COUNTER_BYTES_PER_TASK, number_count},
    {"Cold make", COUNTER_COLD_MAKE_NS, number_duration},
    {"Cold wake", COUNTER_COLD_WAKE_NS, number_duration},
};
static const size_t shown_count = sizeof shown_counters / sizeof *shown_counters;

static bool has_counters(const struct cell *cell) {
  for (size_t i = 0; cell->point.family != FAMILY_STEADY && i < shown_count; i++)
    if (!isnan(results_counter_median(cell, shown_counters[i].counter)))
      return true;
  return false;
}

static void write_counters(struct page *page) {
  const struct results *results = page->report->results;
  size_t rows = 0;
  for (size_t i = 0; i < results->count; i++)
    rows += has_counters(&results->cells[i]);
  if (rows == 0)
    return;
  html_print(page->out, "<details><summary>What else was counted, in %zu row%s</summary>\n", rows,
             rows == 1 ? "" : "s");
  page_table_captioned(page, "Counters", "", "Medians of the repetitions");
  fputs("<thead><tr><th scope=\"col\">Row</th>", page->out);
  for (size_t c = 0; c < shown_count; c++)
    html_print(page->out, "<th scope=\"col\" class=\"number\">%s</th>", shown_counters[c].heading);
  fputs("</tr></thead>\n<tbody>\n", page->out);
  for (size_t i = 0; i < results->count; i++) {
    const struct cell *cell = &results->cells[i];
    if (!has_counters(cell))
      continue;
    fputs("<tr><th scope=\"row\">", page->out);
    page_name(page, cell->name);
    fputs("</th>", page->out);
    for (size_t c = 0; c < shown_count; c++) {
      double median = results_counter_median(cell, shown_counters[c].counter);
      html_print(page->out, "<td class=\"number%s\">%s</td>", isnan(median) ? " none" : "",
                 shown_counters[c].text(median).characters);
    }
    fputs("</tr>\n", page->out);
  }
  page_table_end(page);
  fputs("</details>\n", page->out);
}

void page_comparison(struct page *page) {
  const struct comparison *comparison = page->report->comparison;
  const size_t *verdicts = comparison->verdicts;
  bool few = order_least_repetitions(page->report->results) < ORDER_ENOUGH;
  html_print(
      page->out,
      "<section id=\"ratios\">\n"
      "<h2>Ratios and goals</h2>\n"
      "<p>A ratio is the peer’s time over Weir’s: above 1 Weir is faster. Of the goals that can be judged here "
      "<strong class=\"good\">%zu are met</strong>, <strong class=\"bad\">%zu are not</strong>, and for <strong "
      "class=\"unclear\">%zu</strong> the interval holds the goal, or is unknown, so nobody can tell (~). Intervals: "
      "95 %%, by resampling the repetitions (bootstrap, fixed seed).%s</p>\n",
      verdicts[VERDICT_MET], verdicts[VERDICT_NOT_MET], verdicts[VERDICT_UNCLEAR],
      few ? " With fewer than six repetitions in some rows they are narrower there than 95 % would be." : "");
  if (any(comparison, is_core)) {
    fputs("<h3>One primitive at a time</h3>\n", page->out);
    begin_table(page, "Ratios of the primitives");
    write_pairs(page, is_core, NULL);
    page_table_end(page);
  }
  page_figures(page);
  if (page->report->sweep->count > 0) {
    fputs("<h3>Broadcast</h3>\n", page->out);
    write_broadcast(page);
  }
  if (any(comparison, is_steady)) {
    fputs("<h3>At steady state</h3>\n<details><summary>Every row of the family steady</summary>\n", page->out);
    begin_table(page, "Ratios at steady state");
    write_pairs(page, is_steady, NULL);
    page_table_end(page);
    fputs("</details>\n", page->out);
  }
  write_counters(page);
  fputs("</section>\n", page->out);
}
