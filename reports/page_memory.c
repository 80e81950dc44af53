/* page_memory.c — the seed's curves: what is alive over messages, by policy, mode and timeout.
 *
 * First the one picture that explains the leak, at the longest timeout; then a panel for each policy and timeout, the
 * scale of bytes the same in all panels of a timeout; then a line for each curve. */
#include "page.h"

#include "allocation.h"
#include "chart_growth.h"
#include "html.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LINE_LIMIT (4 * (size_t)POLICY_COUNT * MODE_COUNT * (GROWTH_AXIS_LIMIT + 1))

/* A picture under way. */
struct picture {
  const struct growth *growth;
  double timeout_ns;
  struct growth_chart_line lines[LINE_LIMIT];
  char *names[LINE_LIMIT];
  size_t count;
};

static const char *peer_at(const struct growth *growth, size_t system) {
  return system == 0 ? NULL : growth->peers[system - 1];
}

/* Named "Weir after classic", without the policy when all lines have it. */
static void add_line(struct picture *picture, const char *peer, enum policy policy, enum mode mode, bool with_policy,
                     bool dashed) {
  const struct growth_curve *curve = growth_curve_of(picture->growth, peer, policy, mode, picture->timeout_ns);
  if (curve == NULL)
    return;
  char *system = results_system_name(peer);
  picture->names[picture->count] = allocation_format(
      "%s%s%s %s", system, with_policy ? " " : "", with_policy ? point_policy_name(policy) : "", point_mode_name(mode));
  free(system);
  picture->lines[picture->count] = (struct growth_chart_line){.name = picture->names[picture->count],
                                                              .curve = curve,
                                                              .dashed = dashed,
                                                              .peer = growth_peer_position(picture->growth, peer)};
  picture->count++;
}

static bool has_before(const struct growth_curve *curve) {
  for (size_t i = 0; i < curve->count; i++)
    if (!isnan(curve->points[i].before_collection))
      return true;
  return false;
}

/* For each line of a system that collects, the bytes before its collections. */
static void add_before(struct picture *picture) {
  size_t count = picture->count;
  for (size_t i = 0; i < count; i++) {
    if (!has_before(picture->lines[i].curve))
      continue;
    picture->lines[picture->count] = picture->lines[i];
    picture->lines[picture->count].name = NULL;
    picture->lines[picture->count++].before = true;
  }
}

static void picture_free(struct picture *picture) {
  for (size_t i = 0; i < LINE_LIMIT; i++)
    free(picture->names[i]);
}

static double bytes_of(const struct growth_chart_line *line, const struct growth_point *point) {
  return line->before ? point->before_collection : point->live_bytes;
}

static int compare_messages(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return difference < 0 ? -1 : difference > 0;
}

/* Every number of messages at which some line has a point, rising; the caller frees. */
static double *messages_of(const struct picture *picture, size_t *count) {
  size_t all = 0, distinct = 0;
  for (size_t i = 0; i < picture->count; i++)
    all += picture->lines[i].before ? 0 : picture->lines[i].curve->count;
  double *messages = allocation_array(all + 1, sizeof *messages);
  all = 0;
  for (size_t i = 0; i < picture->count; i++)
    for (size_t p = 0; !picture->lines[i].before && p < picture->lines[i].curve->count; p++)
      messages[all++] = picture->lines[i].curve->points[p].messages;
  qsort(messages, all, sizeof *messages, compare_messages);
  for (size_t i = 0; i < all; i++)
    if (distinct == 0 || messages[i] != messages[distinct - 1])
      messages[distinct++] = messages[i];
  *count = distinct;
  return messages;
}

static double bytes_at(const struct growth_chart_line *line, double messages) {
  for (size_t i = 0; i < line->curve->count; i++)
    if (line->curve->points[i].messages == messages)
      return bytes_of(line, &line->curve->points[i]);
  return NAN;
}

static void write_table(struct page *page, const struct picture *picture, const char *title) {
  size_t rows;
  double *messages = messages_of(picture, &rows);
  fputs("<details class=\"behind\"><summary>The table behind it</summary>\n", page->out);
  page_table_begin(page, title, "");
  fputs("<thead><tr><th scope=\"col\" class=\"number\">Messages</th>", page->out);
  for (size_t i = 0; i < picture->count; i++) {
    const struct growth_chart_line *line = &picture->lines[i];
    const char *name = line->name;
    for (size_t j = 0; name == NULL && j < picture->count; j++)
      name = picture->lines[j].curve == line->curve ? picture->lines[j].name : NULL;
    html_print(page->out, "<th scope=\"col\" class=\"number\">%s%s</th>", name == NULL ? "" : name,
               line->before ? ", before collections" : "");
  }
  fputs("</tr></thead>\n<tbody>\n", page->out);
  for (size_t r = 0; r < rows; r++) {
    html_print(page->out, "<tr><th scope=\"row\" class=\"number\">%s</th>", number_count(messages[r]).characters);
    for (size_t i = 0; i < picture->count; i++)
      html_print(page->out, "<td class=\"number\">%s</td>",
                 number_bytes(bytes_at(&picture->lines[i], messages[r])).characters);
    fputs("</tr>\n", page->out);
  }
  page_table_end(page);
  fputs("</details>\n", page->out);
  free(messages);
}

static void widen(const struct picture *picture, double *least, double *most) {
  for (size_t i = 0; i < picture->count; i++)
    for (size_t p = 0; p < picture->lines[i].curve->count; p++) {
      double bytes = bytes_of(&picture->lines[i], &picture->lines[i].curve->points[p]);
      *least = fmin(*least, bytes); /* NaN is passed over */
      *most = fmax(*most, bytes);
    }
}

/* "Weir classic 32.0 MiB, Go 1.19 classic 63.2 MiB": what is alive at the end of each line. */
static char *ends_of(const struct picture *picture) {
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (stream == NULL)
    abort();
  const char *separator = "";
  for (size_t i = 0; i < picture->count; i++) {
    const struct growth_chart_line *line = &picture->lines[i];
    if (line->before)
      continue;
    fprintf(stream, "%s%s %s", separator, line->name,
            number_bytes(line->curve->points[line->curve->count - 1].live_bytes).characters);
    separator = ", ";
  }
  fclose(stream);
  return text;
}

static bool write_picture(struct page *page, const struct picture *picture, const char *heading, const char *title,
                          double least, double most) {
  struct growth_chart chart = {
      .heading = heading, .lines = picture->lines, .count = picture->count, .least = least, .most = most};
  char *id = page_picture_id(page), *ends = ends_of(picture);
  char *description =
      allocation_format("One line a system and mode, from left to right as messages are delivered; both axes "
                        "are linear. Alive at the end: %s. The table below has the figures.",
                        ends);
  char *drawing = chart_growth(&chart, id, title, description, page->problem);
  if (drawing != NULL) {
    fputs("<figure>\n", page->out);
    fputs(drawing, page->out);
    html_print(page->out, "<figcaption>%s. At the end: %s.</figcaption>\n", title, ends);
    write_table(page, picture, title);
    fputs("</figure>\n", page->out);
  }
  free(drawing);
  free(description);
  free(ends);
  free(id);
  return drawing != NULL;
}

/* What the leak holds, system by system. */
static void write_leak(struct page *page, const struct picture *picture) {
  html_print(page->out, "<p>With a timeout of %s, policy <code>after</code> in classic mode:</p>\n<ul>\n",
             number_duration(picture->timeout_ns).characters);
  for (size_t i = 0; i < picture->count; i++) {
    const struct growth_curve *curve = picture->lines[i].curve;
    const struct growth_point *last = &curve->points[curve->count - 1];
    if (curve->policy != POLICY_AFTER || curve->mode != MODE_CLASSIC)
      continue;
    fputs("<li>", page->out);
    page_system(page, curve->peer);
    html_print(page->out,
               ": %s alive after %s messages, in %s timers that nobody waits for; over the second half %s bytes a "
               "message</li>\n",
               number_bytes(last->live_bytes).characters, number_count(last->messages).characters,
               number_count(last->abandoned).characters, number_count(growth_late_slope(curve)).characters);
  }
  fputs("</ul>\n", page->out);
}

/* The most that any other line of the picture ends with. */
static void write_cures(struct page *page, const struct picture *picture) {
  const struct growth_chart_line *worst = NULL;
  double most = -INFINITY;
  for (size_t i = 0; i < picture->count; i++) {
    const struct growth_curve *curve = picture->lines[i].curve;
    if ((curve->policy == POLICY_AFTER && curve->mode == MODE_CLASSIC) ||
        !(curve->points[curve->count - 1].live_bytes > most))
      continue;
    worst = &picture->lines[i];
    most = curve->points[curve->count - 1].live_bytes;
  }
  if (worst != NULL)
    html_print(page->out, "<p>Of the others in the picture none ends with more than %s alive (%s).</p>\n",
               number_bytes(most).characters, worst->name);
}

/* The picture that explains: what is abandoned, and the three cures of it. */
static bool write_first(struct page *page) {
  const struct growth *growth = page->report->growth;
  double timeout_ns = growth->timeouts[growth->timeout_count - 1], least = 0, most = 0;
  struct picture picture = {.growth = growth, .timeout_ns = timeout_ns};
  for (size_t s = 0; s <= growth->peer_count; s++)
    add_line(&picture, peer_at(growth, s), POLICY_AFTER, MODE_CLASSIC, true, false);
  for (size_t s = 0; s <= growth->peer_count; s++)
    add_line(&picture, peer_at(growth, s), POLICY_AFTER, MODE_PROMPT, true, true);
  add_line(&picture, NULL, POLICY_TIMER, MODE_CLASSIC, true, true);
  add_line(&picture, NULL, POLICY_DEADLINE, MODE_CLASSIC, true, true);
  bool good = true;
  if (picture.count > 0) {
    write_leak(page, &picture);
    write_cures(page, &picture);
    char *title = allocation_format("Alive over messages, timeout %s: the leak, and its cures",
                                    number_duration(timeout_ns).characters);
    widen(&picture, &least, &most);
    fputs("<div class=\"explains\">\n", page->out);
    good = write_picture(page, &picture, title, title, least, most);
    fputs("</div>\n", page->out);
    free(title);
  }
  picture_free(&picture);
  return good;
}

static void panel_fill(struct picture *panel, const struct growth *growth, enum policy policy, double timeout_ns) {
  *panel = (struct picture){.growth = growth, .timeout_ns = timeout_ns};
  for (size_t s = 0; s <= growth->peer_count; s++)
    for (int mode = 0; mode < MODE_COUNT; mode++)
      add_line(panel, peer_at(growth, s), policy, (enum mode)mode, false, mode == MODE_PROMPT);
  add_before(panel);
}

static bool write_timeout(struct page *page, double timeout_ns) {
  const struct growth *growth = page->report->growth;
  struct picture *panels = allocation_array(POLICY_COUNT, sizeof *panels);
  struct text timeout = number_duration(timeout_ns);
  double least = 0, most = 0;
  for (int policy = 0; policy < POLICY_COUNT; policy++) {
    panel_fill(&panels[policy], growth, (enum policy)policy, timeout_ns);
    widen(&panels[policy], &least, &most);
  }
  html_print(page->out, "<h3>Timeout %s</h3>\n<div class=\"panels pairs\">\n", timeout.characters);
  bool good = true;
  for (int policy = 0; policy < POLICY_COUNT; policy++) {
    const char *name = point_policy_name((enum policy)policy);
    char *heading = allocation_format("%s · %s", name, timeout.characters);
    char *title = allocation_format("Bytes alive over messages: policy %s, timeout %s", name, timeout.characters);
    if (panels[policy].count > 0)
      good = good && write_picture(page, &panels[policy], heading, title, least, most);
    free(title);
    free(heading);
    picture_free(&panels[policy]);
  }
  fputs("</div>\n", page->out);
  free(panels);
  return good;
}

static void write_curve(struct page *page, const struct growth_curve *curve) {
  html_print(page->out, "<tr><td>%s</td><td>%s</td><td class=\"number\">%s</td><th scope=\"row\">",
             point_policy_name(curve->policy), point_mode_name(curve->mode),
             number_duration(curve->timeout_ns).characters);
  page_system(page, curve->peer);
  html_print(page->out, "<span class=\"range\">%s</span></th>", curve->version);
  if (curve->count == 0) {
    html_print(page->out, "<td class=\"bad\" colspan=\"6\">✕ %s</td></tr>\n", curve->failure);
    return;
  }
  const struct growth_point *last = &curve->points[curve->count - 1];
  html_print(page->out,
             "<td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s</td><td "
             "class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"number\">%s",
             number_count(last->messages).characters, number_bytes(last->live_bytes).characters,
             number_bytes(last->before_collection).characters, number_count(last->pending).characters,
             number_count(last->abandoned).characters, number_count(growth_late_slope(curve)).characters);
  if (curve->failure != NULL)
    html_print(page->out, "<span class=\"range bad\">✕ %s</span>", curve->failure);
  fputs("</td></tr>\n", page->out);
}

static void write_curves(struct page *page) {
  const struct growth *growth = page->report->growth;
  fputs("<h3>Every curve at its end</h3>\n", page->out);
  page_table_captioned(
      page, "Every curve at its end", "",
      "Bytes a message: over the second half of the curve, so that a plateau reached before shows as none"
      "");
  fputs("<thead><tr><th scope=\"col\">Policy</th><th scope=\"col\">Mode</th><th scope=\"col\" "
        "class=\"number\">Timeout</th><th scope=\"col\">System</th><th scope=\"col\" class=\"number\">Messages</th>"
        "<th scope=\"col\" class=\"number\">Alive</th><th scope=\"col\" class=\"number\">Before collections</th>"
        "<th scope=\"col\" class=\"number\">Timers pending</th><th scope=\"col\" class=\"number\">Abandoned</th>"
        "<th scope=\"col\" class=\"number\">Bytes a message</th></tr></thead>\n<tbody>\n",
        page->out);
  for (size_t i = 0; i < growth->curve_count; i++)
    write_curve(page, &growth->curves[i]);
  page_table_end(page);
}

bool page_memory(struct page *page) {
  const struct growth *growth = page->report->growth;
  if (growth == NULL)
    return true;
  fputs("<section id=\"memory\">\n<h2>What stays alive</h2>\n", page->out);
  if (growth->timeout_count > 0) {
    html_print(page->out,
               "<p>A broadcast to %s subscribers, %s at a time; what is alive is read again and again while messages "
               "are delivered. Weir counts its own bytes; Go’s are its heap after two collections. Both are less what "
               "was alive before the first message. Go 1.19 is what classic mode is held against, the newest Go what "
               "prompt mode is.</p>\n",
               number_count(growth->subscribers).characters, number_count(growth->concurrency).characters);
    if (!write_first(page))
      return false;
    fputs("<p>Below, each policy at each timeout. Bytes have one scale in all panels of a timeout; dashed lines are "
          "prompt mode, dotted ones a heap before its collections. A line that rises and then stays is a plateau: "
          "timers go as soon as they are due.</p>\n",
          page->out);
    for (size_t i = 0; i < growth->timeout_count; i++)
      if (!write_timeout(page, growth->timeouts[i]))
        return false;
    write_curves(page);
  }
  page_verdicts(page);
  fputs("</section>\n", page->out);
  return true;
}
