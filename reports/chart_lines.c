/* chart_lines.c — see chart_lines.h. */
#include "chart_lines.h"

#include "chart.h"
#include "number.h"
#include "palette.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define WIDTH        400
#define HEIGHT       300
#define LEGEND_LIMIT 16

static bool has_point(const struct line *line, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isnan(line->points[i].middle))
      return true;
  return false;
}

static void write_style(FILE *script, const struct line *line) {
  fprintf(script, " lt 1 lw %s pt %d ps 0.65 lc rgb '%s'", line->peer < 0 ? "2.5" : "1.5",
          palette_system_marker(line->peer), palette_role(palette_system_role(line->peer)));
}

/* Laid out here: gnuplot's key makes all entries as wide as the widest and then wraps them. */
static double write_legend(FILE *script, const struct lines *lines) {
  double x = 6, y = 30;
  for (size_t l = 0; l < lines->line_count; l++) {
    const struct line *line = &lines->lines[l];
    size_t length = strlen(line->name) < LEGEND_LIMIT ? strlen(line->name) : LEGEND_LIMIT;
    double width = 26 + 6.3 * (double)length;
    if (!has_point(line, lines->subscriber_count))
      continue;
    if (x + width > WIDTH && x > 6) {
      x = 6;
      y += 15;
    }
    double row = 1 - y / HEIGHT;
    fprintf(script, "set label '' at screen %.4f, screen %.4f point", x / WIDTH, row);
    write_style(script, line);
    fputs("\nset label ", script);
    chart_text_short(script, line->name, LEGEND_LIMIT);
    fprintf(script, " at screen %.4f, screen %.4f left font ',11' tc rgb '" CHART_INK "'\n", (x + 9) / WIDTH, row);
    x += width;
  }
  return y;
}

/* `top` is where the legend ends. */
static void write_frame(FILE *script, const struct lines *lines, double top) {
  double first = (double)lines->subscribers[0], last = (double)lines->subscribers[lines->subscriber_count - 1];
  double margin = last > first ? pow(last / first, 0.04) : 2;
  fprintf(
      script,
      "set lmargin at screen %.4f\nset rmargin at screen 0.98\nset tmargin at screen %.4f\nset bmargin at screen %.4f\n"
      "set logscale xy\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset errorbars 0\n"
      "set grid ytics lt 1 lw 1 lc rgb '%s'\n",
      44.0 / WIDTH, 1 - (top + 36) / HEIGHT, 40.0 / HEIGHT, first / margin, last * margin, lines->axis.low,
      lines->axis.high, palette_role(ROLE_GRID));
  fputs("set xtics (", script);
  for (size_t i = 0; i < lines->subscriber_count; i++)
    fprintf(script, "%s'%s' %ld", i == 0 ? "" : ", ", number_count((double)lines->subscribers[i]).characters,
            lines->subscribers[i]);
  fputs(")\n", script);
  axis_ticks(script, "y", &lines->axis);
  fputs("set label ", script);
  chart_text(script, lines->heading);
  fprintf(script, " at screen 0.003, screen %.4f left font 'sans-serif:Bold,13' tc rgb '" CHART_INK "'\n",
          1 - 10.0 / HEIGHT);
  fprintf(script, "set label 'ns a message' at screen 0.003, screen %.4f left font ',11' tc rgb '%s'\n",
          1 - (top + 20) / HEIGHT, palette_role(ROLE_MUTED));
  fprintf(script, "set label 'subscribers' at graph 0.5, screen %.4f center font ',11' tc rgb '%s'\n", 9.0 / HEIGHT,
          palette_role(ROLE_MUTED));
}

static void write_data(FILE *script, const struct lines *lines) {
  for (size_t l = 0; l < lines->line_count; l++) {
    const struct line *line = &lines->lines[l];
    fprintf(script, "$line%zu << END\n", l);
    for (size_t i = 0; i < lines->subscriber_count; i++) {
      const struct interval *point = &line->points[i];
      if (isnan(point->middle))
        fputs("\n", script);
      else
        fprintf(script, "%ld %.9g %.9g %.9g\n", lines->subscribers[i], point->middle, point->low, point->high);
    }
    fputs("END\n", script);
  }
}

char *chart_lines(const struct lines *lines, const char *id, const char *title, const char *description,
                  struct problem *problem) {
  struct chart chart;
  if (!chart_begin(&chart, WIDTH, HEIGHT, problem))
    return NULL;
  write_frame(chart.script, lines, write_legend(chart.script, lines));
  write_data(chart.script, lines);
  fputs("plot NaN", chart.script);
  for (size_t l = lines->line_count; l-- > 0;) { /* Weir, the first, is drawn last and lies on top */
    if (!has_point(&lines->lines[l], lines->subscriber_count))
      continue;
    fprintf(chart.script, ", \\\n $line%zu using 1:2:3:4 with yerrorlines", l);
    write_style(chart.script, &lines->lines[l]);
  }
  fputs("\n", chart.script);
  return chart_draw(&chart, id, title, description, problem);
}
