/* chart_steady.c — see chart_steady.h.
 *
 * Dots on a logarithmic axis, not bars: a bar's length would depend on where the axis begins. Every line carries its
 * system's name and its value, so that the picture needs neither a legend nor colours. Live bytes at or below the floor
 * stand on the left edge, whose tick says "≤". */
#include "chart_steady.h"

#include "allocation.h"
#include "axis.h"
#include "chart.h"
#include "number.h"
#include "palette.h"

#include <math.h>
#include <stdlib.h>

#define WIDTH          420
#define LEFT           104
#define LINE_HEIGHT    18
#define HEADING_HEIGHT 26
#define TOP            30
#define BOTTOM         28
#define FLOOR_BYTES    1024.0

struct picture {
  const struct results *results;
  const struct steady_group *group;
  enum chart_steady what;
  struct axis axis;
  double *y; /* of each line, in pixels from the top of the plot */
  unsigned height;
};

static bool begins_block(const struct steady_group *group, size_t line) {
  if (line == 0)
    return true;
  const struct point *before = &group->lines[line - 1].cell->point, *here = &group->lines[line].cell->point;
  return before->policy != here->policy || before->mode != here->mode;
}

static double value_of(const struct picture *picture, const struct steady_line *line) {
  return picture->what == CHART_STEADY_TIME ? line->cell->ns.middle : fmax(line->live_bytes, FLOOR_BYTES);
}

static void lay_out(struct picture *picture) {
  const struct steady_group *group = picture->group;
  double y = 0;
  picture->axis = axis_empty();
  for (size_t i = 0; i < group->count; i++) {
    const struct steady_line *line = &group->lines[i];
    y += !begins_block(group, i) ? LINE_HEIGHT : i == 0 ? HEADING_HEIGHT : HEADING_HEIGHT + LINE_HEIGHT;
    picture->y[i] = y;
    if (line->status != STEADY_REACHED)
      continue;
    axis_add(&picture->axis, value_of(picture, line));
    if (picture->what == CHART_STEADY_TIME)
      axis_add(&picture->axis, line->cell->ns.high);
    else if (line->predicted)
      axis_add(&picture->axis, line->if_abandoned);
  }
  picture->height = (unsigned)(y + LINE_HEIGHT);
  if (picture->what == CHART_STEADY_TIME)
    axis_round(&picture->axis);
  else
    picture->axis = (struct axis){FLOOR_BYTES, fmax(picture->axis.high, 32 * FLOOR_BYTES)};
}

static void write_frame(FILE *script, const struct picture *picture) {
  double total = picture->height + TOP + BOTTOM;
  double room = pow(picture->axis.high / picture->axis.low, 1.32); /* for the value beside the last dot */
  fprintf(script,
          "set lmargin at screen %.4f\nset rmargin at screen 0.995\nset tmargin at screen %.4f\nset bmargin at screen "
          "%.4f\n"
          "set logscale x\nset xrange [%.9g:%.9g]\nset yrange [%u:0]\nunset ytics\nset errorbars 0\n"
          "set grid xtics lt 1 lw 1 lc rgb '%s'\n",
          (double)LEFT / WIDTH, 1 - TOP / total, BOTTOM / total, picture->axis.low, picture->axis.low * room,
          picture->height, palette_role(ROLE_GRID));
  if (picture->what == CHART_STEADY_TIME)
    axis_ticks(script, "x", &picture->axis);
  else
    axis_ticks_bytes(script, "x", &picture->axis, FLOOR_BYTES);
  fprintf(script, "set label '%s' at screen 0, screen %.4f left font 'sans-serif:Bold,13' tc rgb '" CHART_INK "'\n",
          picture->what == CHART_STEADY_TIME ? "Nanoseconds a message" : "Live bytes at steady state", 1 - 10 / total);
}

static void write_names(FILE *script, const struct picture *picture) {
  for (size_t i = 0; i < picture->group->count; i++) {
    const struct steady_line *line = &picture->group->lines[i];
    char *system = results_system_name(line->cell->peer);
    if (begins_block(picture->group, i))
      fprintf(script,
              "set label '%s · %s' at screen 0, first %.1f left font 'sans-serif:Bold,12' tc rgb '" CHART_INK "'\n",
              point_policy_name(line->cell->point.policy), point_mode_name(line->cell->point.mode),
              picture->y[i] - LINE_HEIGHT);
    fputs("set label ", script);
    chart_text_short(script, system, 14);
    fprintf(script, " at screen 0.02, first %.1f left tc rgb '%s'\n", picture->y[i], palette_role(ROLE_MUTED));
    free(system);
    if (line->status != STEADY_REACHED)
      fprintf(script, "set label '%s' at graph 0.02, first %.1f left font ',11' tc rgb '%s'\n",
              line->status == STEADY_FAILED ? "✕ failed" : "never reached steady state", picture->y[i],
              palette_role(ROLE_MUTED));
  }
}

static void write_dots(FILE *script, const struct picture *picture, long system) {
  fprintf(script, "$system%ld << END\n", system + 1);
  for (size_t i = 0; i < picture->group->count; i++) {
    const struct steady_line *line = &picture->group->lines[i];
    if (line->status != STEADY_REACHED || results_peer_position(picture->results, line->cell->peer) != system)
      continue;
    double value = value_of(picture, line);
    bool is_time = picture->what == CHART_STEADY_TIME;
    fprintf(script, "%.9g %.1f %.9g %.9g\n", value, picture->y[i], is_time ? line->cell->ns.low : value,
            is_time ? line->cell->ns.high : value);
  }
  fputs("END\n", script);
}

/* The value beside each dot, right of everything the line shows; and the bars of the predictions. */
static void write_values(FILE *script, const struct picture *picture) {
  fputs("$values << END\n", script);
  for (size_t i = 0; i < picture->group->count; i++) {
    const struct steady_line *line = &picture->group->lines[i];
    if (line->status != STEADY_REACHED)
      continue;
    bool is_time = picture->what == CHART_STEADY_TIME;
    double right = is_time ? line->cell->ns.high : value_of(picture, line);
    if (!is_time && line->predicted)
      right = fmax(right, line->if_abandoned);
    struct text label = is_time ? number_nanoseconds(line->cell->ns.middle) : number_bytes(line->live_bytes);
    fprintf(script, "%.9g %.1f \"%s\"\n", right, picture->y[i], label.characters);
  }
  fputs("END\n$predictions << END\n", script);
  for (size_t i = 0; i < picture->group->count; i++) {
    const struct steady_line *line = &picture->group->lines[i];
    if (picture->what == CHART_STEADY_MEMORY && line->predicted)
      fprintf(script, "%.9g %.1f\n", line->if_abandoned, picture->y[i] - 7.5);
  }
  fputs("END\n", script);
}

static void write_plot(FILE *script, const struct picture *picture) {
  for (long system = -1; system < (long)picture->results->peer_count; system++)
    write_dots(script, picture, system);
  write_values(script, picture);
  fputs("set datafile missing 'NaN'\nplot NaN", script);
  for (long system = -1; system < (long)picture->results->peer_count; system++) {
    bool any = false;
    for (size_t i = 0; i < picture->group->count; i++)
      any = any || (picture->group->lines[i].status == STEADY_REACHED &&
                    results_peer_position(picture->results, picture->group->lines[i].cell->peer) == system);
    if (any)
      fprintf(script, ", \\\n $system%ld using 1:2:3:4 with xerrorbars lt 1 lw 1.5 pt %d ps 0.75 lc rgb '%s'",
              system + 1, palette_system_marker(system), palette_role(palette_system_role(system)));
  }
  bool predictions = false, values = false;
  for (size_t i = 0; i < picture->group->count; i++) {
    values = values || picture->group->lines[i].status == STEADY_REACHED;
    predictions = predictions || (picture->group->lines[i].predicted && picture->what == CHART_STEADY_MEMORY);
  }
  if (predictions)
    fprintf(script, ", \\\n $predictions using 1:2:(0):(15) with vectors nohead lt 1 lw 2 lc rgb '%s'",
            palette_role(ROLE_INK));
  if (values)
    fputs(", \\\n $values using 1:2:3 with labels left offset char 1,0 font ',11' tc rgb '" CHART_INK "'", script);
  fputs("\n", script);
}

char *chart_steady(const struct results *results, const struct steady_group *group, enum chart_steady what,
                   const char *id, struct problem *problem) {
  struct picture picture = {.results = results, .group = group, .what = what};
  struct chart chart;
  picture.y = allocation_array(group->count, sizeof *picture.y);
  lay_out(&picture);
  char *drawing = NULL;
  if (chart_begin(&chart, WIDTH, picture.height + TOP + BOTTOM, problem)) {
    write_frame(chart.script, &picture);
    write_names(chart.script, &picture);
    write_plot(chart.script, &picture);
    drawing = chart_draw(
        &chart, id,
        what == CHART_STEADY_TIME ? "Nanoseconds a message by policy, mode and system"
                                  : "Live bytes at steady state by policy, mode and system",
        what == CHART_STEADY_TIME
            ? "A dot at the median and a line over its interval; logarithmic. The table below has the figures."
            : "A dot at the measured bytes; a bar where rate × timeout × bytes a timer foretells them; "
              "logarithmic. The table below has the figures.",
        problem);
  }
  free(picture.y);
  return drawing;
}
