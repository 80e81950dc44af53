/* page_heatmaps.c — subscribers × concurrency: one figure a policy and mode, Weir's time beside its ratio to Go. */
#include "page.h"

#include "allocation.h"
#include "axis.h"
#include "chart_heatmap.h"
#include "html.h"
#include "number.h"
#include "palette.h"

#include <math.h>
#include <stdlib.h>

#define NARROW    2    /* maps of so many columns stand closer */
#define RATIO_END 16.0 /* the ratio scale ends at 1/16 and 16 */

/* One figure under way. */
struct figure {
  const struct sweep_group *group;
  enum policy policy;
  enum mode mode;
  const char *go; /* NULL: no Go to compare with */
  struct axis axis;
  struct heatmap_cell *times, *ratios;
  const struct cell **weir, **peers;
};

static struct axis group_axis(const struct page *page, const struct sweep_group *group) {
  struct axis axis = axis_empty();
  for (size_t i = 0; i < page->report->results->count; i++) {
    const struct cell *cell = &page->report->results->cells[i];
    if (cell->peer == NULL && point_same_group(&cell->point, &group->key))
      axis_add(&axis, cell->ns.middle);
  }
  return axis;
}

static void gather(struct page *page, struct figure *figure) {
  const struct results *results = page->report->results;
  const struct sweep_group *group = figure->group;
  for (size_t row = 0; row < group->concurrency_count; row++)
    for (size_t column = 0; column < group->subscriber_count; column++) {
      size_t at = row * group->subscriber_count + column;
      const struct cell *weir = sweep_cell(results, group, figure->policy, figure->mode, group->subscribers[column],
                                           group->concurrency[row], NULL);
      const struct cell *peer = weir == NULL || figure->go == NULL ? NULL : results_opponent(results, weir, figure->go);
      figure->weir[at] = weir;
      figure->peers[at] = peer;
      figure->times[at] = (struct heatmap_cell){.value = weir == NULL ? NAN : weir->ns.middle,
                                                .failed = weir != NULL && weir->failures > 0};
      figure->ratios[at] =
          (struct heatmap_cell){.value = weir == NULL || peer == NULL ? NAN : peer->ns.middle / weir->ns.middle,
                                .failed = figure->times[at].failed || (peer != NULL && peer->failures > 0)};
    }
}

static bool draw(struct page *page, const struct figure *figure, bool is_ratio) {
  const struct sweep_group *group = figure->group;
  char *go = figure->go == NULL ? NULL : results_system_name(figure->go);
  char *heading = is_ratio ? allocation_format("%s ÷ Weir", go) : allocation_string("Weir, ns a message");
  char *title =
      allocation_format("%s: policy %s, %s mode, load %s, %ld worker%s", heading, point_policy_name(figure->policy),
                        point_mode_name(figure->mode), point_load_name(group->key.load), group->key.workers,
                        group->key.workers == 1 ? "" : "s");
  struct heatmap heatmap = {.heading = heading,
                            .columns = group->subscribers,
                            .column_count = group->subscriber_count,
                            .rows = group->concurrency,
                            .row_count = group->concurrency_count,
                            .cells = is_ratio ? figure->ratios : figure->times,
                            .is_ratio = is_ratio,
                            .low = is_ratio ? 1 / RATIO_END : figure->axis.low,
                            .high = is_ratio ? RATIO_END : figure->axis.high};
  char *id = page_picture_id(page);
  char *drawing =
      chart_heatmap(&heatmap, id, title,
                    "One cell for each number of subscribers and of publisher tasks, with its value written in it; "
                    "the table below has the intervals.",
                    page->problem);
  if (drawing != NULL)
    fputs(drawing, page->out);
  free(drawing);
  free(id);
  free(title);
  free(heading);
  free(go);
  return drawing != NULL;
}

/* What the legend shows: the map's own colours at five values. */
static void write_legend(struct page *page, const struct axis *axis, bool ratios) {
  struct heatmap times = {.low = axis->low, .high = axis->high}, ratio = {.is_ratio = true, .high = RATIO_END};
  fputs("<p class=\"legend\" aria-hidden=\"true\"><span>ns a message</span>", page->out);
  for (int i = 0; i < 5; i++) {
    double value = axis->low * pow(axis->high / axis->low, i / 4.0);
    fprintf(page->out, "<b style=\"background:#%06x;color:#%06x\">%s</b>", chart_heatmap_colour(&times, value),
            palette_text_on(chart_heatmap_colour(&times, value)), number_short(value).characters);
  }
  if (ratios) {
    fputs("</p>\n<p class=\"legend\" aria-hidden=\"true\"><span>Go ÷ Weir</span>", page->out);
    for (int i = -2; i <= 2; i++) {
      double value = pow(RATIO_END, i / 2.0);
      fprintf(page->out, "<b style=\"background:#%06x;color:#%06x\">%s%s</b>", chart_heatmap_colour(&ratio, value),
              palette_text_on(chart_heatmap_colour(&ratio, value)),
              i == -2  ? "≤ "
              : i == 2 ? "≥ "
                       : "",
              number_ratio_short(value).characters);
    }
  }
  fputs("</p>\n", page->out);
}

static void write_cell(struct page *page, const struct cell *cell) {
  if (cell == NULL)
    fputs("<td class=\"number none\">none</td>", page->out);
  else if (cell->count == 0)
    fputs("<td class=\"number bad\">✕ failed</td>", page->out);
  else
    page_interval(page, &cell->ns);
}

static void write_table(struct page *page, const struct figure *figure) {
  const struct sweep_group *group = figure->group;
  fputs("<details class=\"behind\"><summary>The table behind it</summary>\n", page->out);
  page_table_begin(page, "Times and ratios of these maps", "");
  fputs("<thead><tr><th scope=\"col\" class=\"number\">Subscribers</th><th scope=\"col\" "
        "class=\"number\">Concurrency</th><th scope=\"col\" class=\"number\">Weir, ns</th>",
        page->out);
  if (figure->go != NULL) {
    fputs("<th scope=\"col\" class=\"number\">", page->out);
    page_system(page, figure->go);
    fputs(", ns</th><th scope=\"col\" class=\"number\">Ratio</th>", page->out);
  }
  fputs("</tr></thead>\n<tbody>\n", page->out);
  for (size_t i = 0; i < group->concurrency_count * group->subscriber_count; i++) {
    html_print(page->out, "<tr><th scope=\"row\" class=\"number\">%s</th><td class=\"number\">%ld</td>",
               number_count((double)group->subscribers[i % group->subscriber_count]).characters,
               group->concurrency[i / group->subscriber_count]);
    write_cell(page, figure->weir[i]);
    if (figure->go != NULL) {
      write_cell(page, figure->peers[i]);
      html_print(page->out, "<td class=\"number\">%s</td>", number_ratio(figure->ratios[i].value).characters);
    }
    fputs("</tr>\n", page->out);
  }
  page_table_end(page);
  fputs("</details>\n", page->out);
}

static bool write_figure(struct page *page, struct figure *figure) {
  size_t cells = figure->group->concurrency_count * figure->group->subscriber_count;
  figure->times = allocation_array(cells, sizeof *figure->times);
  figure->ratios = allocation_array(cells, sizeof *figure->ratios);
  figure->weir = allocation_array(cells, sizeof *figure->weir);
  figure->peers = allocation_array(cells, sizeof *figure->peers);
  gather(page, figure);
  html_print(page->out, "<figure>\n<figcaption><strong>%s</strong> %s", point_policy_name(figure->policy),
             point_mode_name(figure->mode));
  if (figure->go != NULL && figure->policy == POLICY_DEADLINE)
    fputs("; against Go’s policy timer", page->out);
  fputs("</figcaption>\n<div class=\"pair\">\n", page->out);
  bool good = draw(page, figure, false) && (figure->go == NULL || draw(page, figure, true));
  fputs("</div>\n", page->out);
  if (good)
    write_table(page, figure);
  fputs("</figure>\n", page->out);
  free(figure->times);
  free(figure->ratios);
  free(figure->weir);
  free(figure->peers);
  return good;
}

static bool write_group(struct page *page, const struct sweep_group *group) {
  char *title = sweep_group_title(group);
  html_print(page->out, "<h3>%s</h3>\n", title);
  free(title);
  struct axis axis = group_axis(page, group);
  bool any = !axis_is_empty(&axis);
  axis_round(&axis);
  const char *go[MODE_COUNT];
  for (int mode = 0; mode < MODE_COUNT; mode++)
    go[mode] = sweep_go(page->report->results, group, (enum mode)mode);
  if (any)
    write_legend(page, &axis, go[MODE_CLASSIC] != NULL || go[MODE_PROMPT] != NULL);
  fputs(group->subscriber_count > NARROW ? "<div class=\"maps\">\n" : "<div class=\"maps narrow\">\n", page->out);
  for (int policy = 0; policy < POLICY_COUNT; policy++)
    for (int mode = 0; mode < MODE_COUNT; mode++) {
      struct figure figure = {
          .group = group, .policy = (enum policy)policy, .mode = (enum mode)mode, .go = go[mode], .axis = axis};
      if (group->present[policy][mode] && !write_figure(page, &figure))
        return false;
    }
  fputs("</div>\n", page->out);
  return true;
}

bool page_heatmaps(struct page *page) {
  const struct sweep *sweep = page->report->sweep;
  fputs("<section id=\"sweep\">\n<h2>The sweep: subscribers × concurrency</h2>\n", page->out);
  if (sweep->count == 0)
    fputs("<p>These results hold no rows of the family broadcast.</p>\n", page->out);
  else
    fputs("<p>One message is offered to every subscriber by <em>concurrency</em> publisher tasks, each send bounded by "
          "the policy. Dark is slow; in the maps against Go, blue is where Weir is faster. Classic mode stands against "
          "the oldest Go present, prompt mode against the newest. ✕ marks a cell with failed repetitions, an empty "
          "frame one without a row.</p>\n",
          page->out);
  for (size_t i = 0; i < sweep->count; i++)
    if (sweep->groups[i].has_weir && !write_group(page, &sweep->groups[i]))
      return false;
  fputs("</section>\n", page->out);
  return true;
}
