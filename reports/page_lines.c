/* page_lines.c — Weir and its peers over the number of subscribers: one panel a policy and mode. */
#include "page.h"

#include "allocation.h"
#include "chart_lines.h"
#include "html.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>

/* One panel: line 0 is Weir's, line p + 1 the p-th peer's, all at the group's least concurrency. */
struct panel {
  const struct sweep_group *group;
  enum policy policy;
  enum mode mode;
  struct line *lines;
  size_t line_count;
  struct interval *points; /* line by line */
  char **names;
};

static struct interval point_of(const struct results *results, const struct panel *panel, long subscribers,
                                const char *peer) {
  const struct cell *weir =
      sweep_cell(results, panel->group, panel->policy, panel->mode, subscribers, panel->group->concurrency[0], NULL);
  const struct cell *cell = weir == NULL || peer == NULL ? weir : results_opponent(results, weir, peer);
  return cell == NULL ? (struct interval){.middle = NAN, .low = NAN, .high = NAN} : cell->ns;
}

static struct panel panel_of(const struct results *results, const struct sweep_group *group, enum policy policy,
                             enum mode mode) {
  struct panel panel = {.group = group, .policy = policy, .mode = mode, .line_count = results->peer_count + 1};
  size_t columns = group->subscriber_count;
  panel.lines = allocation_array(panel.line_count, sizeof *panel.lines);
  panel.names = allocation_array(panel.line_count, sizeof *panel.names);
  panel.points = allocation_array(panel.line_count * columns, sizeof *panel.points);
  for (size_t l = 0; l < panel.line_count; l++) {
    const char *peer = l == 0 ? NULL : results->peers[l - 1];
    for (size_t i = 0; i < columns; i++)
      panel.points[l * columns + i] = point_of(results, &panel, group->subscribers[i], peer);
    panel.names[l] = results_system_name(peer);
    panel.lines[l] = (struct line){.peer = (long)l - 1, .name = panel.names[l], .points = panel.points + l * columns};
  }
  return panel;
}

static void panel_free(struct panel *panel) {
  for (size_t l = 0; l < panel->line_count; l++)
    free(panel->names[l]);
  free(panel->names);
  free(panel->lines);
  free(panel->points);
}

static bool line_is_empty(const struct panel *panel, size_t line) {
  for (size_t i = 0; i < panel->group->subscriber_count; i++)
    if (!isnan(panel->lines[line].points[i].middle))
      return false;
  return true;
}

static void write_table(struct page *page, const struct panel *panel) {
  fputs("<details class=\"behind\"><summary>The table behind it</summary>\n", page->out);
  page_table_begin(page, "Times of this panel", "");
  fputs("<thead><tr><th scope=\"col\" class=\"number\">Subscribers</th>", page->out);
  for (size_t l = 0; l < panel->line_count; l++)
    if (!line_is_empty(panel, l))
      html_print(page->out, "<th scope=\"col\" class=\"number\">%s, ns</th>", panel->names[l]);
  fputs("</tr></thead>\n<tbody>\n", page->out);
  for (size_t i = 0; i < panel->group->subscriber_count; i++) {
    html_print(page->out, "<tr><th scope=\"row\" class=\"number\">%s</th>",
               number_count((double)panel->group->subscribers[i]).characters);
    for (size_t l = 0; l < panel->line_count; l++)
      if (!line_is_empty(panel, l))
        page_interval(page, &panel->lines[l].points[i]);
    fputs("</tr>\n", page->out);
  }
  page_table_end(page);
  fputs("</details>\n", page->out);
}

static bool write_panel(struct page *page, const struct panel *panel, const struct axis *axis) {
  char *heading = allocation_format("%s · %s", point_policy_name(panel->policy), point_mode_name(panel->mode));
  char *title = allocation_format("Nanoseconds a message over subscribers: policy %s, %s mode, load %s, %ld worker%s",
                                  point_policy_name(panel->policy), point_mode_name(panel->mode),
                                  point_load_name(panel->group->key.load), panel->group->key.workers,
                                  panel->group->key.workers == 1 ? "" : "s");
  struct lines lines = {.heading = heading,
                        .subscribers = panel->group->subscribers,
                        .subscriber_count = panel->group->subscriber_count,
                        .lines = panel->lines,
                        .line_count = panel->line_count,
                        .axis = *axis};
  char *id = page_picture_id(page);
  char *drawing =
      chart_lines(&lines, id, title,
                  "One line a system: a marker at the median, an upright line over its interval; both axes are "
                  "logarithmic. The table below has the figures.",
                  page->problem);
  if (drawing != NULL) {
    html_print(page->out, "<figure>\n<figcaption class=\"hidden\">%s</figcaption>\n", title);
    fputs(drawing, page->out);
    write_table(page, panel);
    fputs("</figure>\n", page->out);
  }
  free(drawing);
  free(id);
  free(title);
  free(heading);
  return drawing != NULL;
}

static bool write_group(struct page *page, const struct sweep_group *group) {
  if (group->subscriber_count < 2 || !group->has_weir)
    return true; /* a point is no line: the maps and the table have it */
  const struct results *results = page->report->results;
  struct panel panels[POLICY_COUNT * MODE_COUNT];
  size_t count = 0;
  struct axis axis = axis_empty();
  for (int mode = 0; mode < MODE_COUNT; mode++)
    for (int policy = 0; policy < POLICY_COUNT; policy++)
      if (group->present[policy][mode])
        panels[count++] = panel_of(results, group, (enum policy)policy, (enum mode)mode);
  for (size_t p = 0; p < count; p++)
    for (size_t i = 0; i < panels[p].line_count * group->subscriber_count; i++) {
      axis_add(&axis, panels[p].points[i].low);
      axis_add(&axis, panels[p].points[i].high);
    }
  axis_round(&axis);
  char *title = sweep_group_title(group);
  html_print(page->out, "<h3>%s, concurrency %ld</h3>\n<div class=\"panels\">\n", title, group->concurrency[0]);
  free(title);
  bool good = true;
  for (size_t p = 0; p < count; p++) {
    good = good && write_panel(page, &panels[p], &axis);
    panel_free(&panels[p]);
  }
  fputs("</div>\n", page->out);
  return good;
}

bool page_lines(struct page *page) {
  const struct sweep *sweep = page->report->sweep;
  fputs("<section id=\"peers\">\n<h2>Against the peers</h2>\n", page->out);
  if (sweep->count == 0)
    fputs("<p>These results hold no rows of the family broadcast.</p>\n", page->out);
  else
    fputs("<p>Both axes are logarithmic and the same in every panel of a load; lower is better. The upright lines are "
          "the intervals. Go holds no policy deadline: there its timer, the cure with one timer a publisher, stands "
          "against Weir’s deadline. The other concurrency levels, and loads that were run at one number of subscribers "
          "only, are in the maps above and in the tables below.</p>\n",
          page->out);
  for (size_t i = 0; i < sweep->count; i++)
    if (!write_group(page, &sweep->groups[i]))
      return false;
  fputs("</section>\n", page->out);
  return true;
}
