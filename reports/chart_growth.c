/* chart_growth.c — see chart_growth.h. */
#include "chart_growth.h"

#include "axis.h"
#include "chart.h"
#include "palette.h"

#include <math.h>
#include <string.h>

#define WIDTH        440
#define HEIGHT       300
#define LEFT         62
#define LEGEND_LIMIT 24

/* Dashed lines are thinner by a tenth: gnuplot's svg terminal draws two arrows of one colour and width as one path,
 * with the dashes of the first. */
static void write_style(FILE *script, const struct growth_chart_line *line) {
  double width = line->before ? 1 : (line->peer < 0 ? 2.5 : 2) - (line->dashed ? 0.1 : 0);
  const char *dashes = line->before ? "(2,3)" : line->dashed ? "(4,3)" : "1";
  fprintf(script, " lw %.1f dt %s lc rgb '%s'", width, dashes, palette_role(palette_system_role(line->peer)));
}

/* Laid out here: gnuplot's key makes all entries as wide as the widest and then wraps them. */
static double write_legend(FILE *script, const struct growth_chart *growth) {
  double x = 2, y = 30;
  for (size_t i = 0; i < growth->count; i++) {
    const struct growth_chart_line *line = &growth->lines[i];
    if (line->name == NULL)
      continue;
    size_t length = strlen(line->name) < LEGEND_LIMIT ? strlen(line->name) : LEGEND_LIMIT;
    double width = 40 + 6.3 * (double)length;
    if (x + width > WIDTH && x > 2) {
      x = 2;
      y += 15;
    }
    double row = 1 - y / HEIGHT;
    fprintf(script, "set arrow from screen %.4f, screen %.4f to screen %.4f, screen %.4f nohead", x / WIDTH, row,
            (x + 22) / WIDTH, row);
    write_style(script, line);
    fputs("\nset label ", script);
    chart_text_short(script, line->name, LEGEND_LIMIT);
    fprintf(script, " at screen %.4f, screen %.4f left font ',11' tc rgb '" CHART_INK "'\n", (x + 27) / WIDTH, row);
    x += width;
  }
  return y;
}

static double last_message(const struct growth_chart *growth) {
  double last = 1;
  for (size_t i = 0; i < growth->count; i++) {
    const struct growth_curve *curve = growth->lines[i].curve;
    last = fmax(last, curve->points[curve->count - 1].messages);
  }
  return last;
}

/* `top` is where the legend ends. */
static void write_frame(FILE *script, const struct growth_chart *growth, double top) {
  double messages = last_message(growth), most = fmax(growth->most, 1024);
  fprintf(script,
          "set lmargin at screen %.4f\nset rmargin at screen 0.965\nset tmargin at screen %.4f\n"
          "set bmargin at screen %.4f\nset xrange [0:%.9g]\nset yrange [%.9g:%.9g]\n"
          "set grid ytics lt 1 lw 1 lc rgb '%s'\n",
          (double)LEFT / WIDTH, 1 - (top + 34) / HEIGHT, 42.0 / HEIGHT, messages, fmin(growth->least, -0.02 * most),
          1.04 * most, palette_role(ROLE_GRID));
  axis_ticks_linear(script, "x", messages, false);
  axis_ticks_linear(script, "y", most, true);
  fputs("set label ", script);
  chart_text(script, growth->heading);
  fprintf(script, " at screen 0.003, screen %.4f left font 'sans-serif:Bold,13' tc rgb '" CHART_INK "'\n",
          1 - 10.0 / HEIGHT);
  fprintf(script, "set label 'bytes alive' at screen 0.003, screen %.4f left font ',11' tc rgb '%s'\n",
          1 - (top + 20) / HEIGHT, palette_role(ROLE_MUTED));
  fprintf(script, "set label 'messages' at graph 0.5, screen %.4f center font ',11' tc rgb '%s'\n", 9.0 / HEIGHT,
          palette_role(ROLE_MUTED));
}

static void write_data(FILE *script, const struct growth_chart *growth) {
  for (size_t i = 0; i < growth->count; i++) {
    const struct growth_chart_line *line = &growth->lines[i];
    fprintf(script, "$line%zu << END\n", i);
    for (size_t p = 0; p < line->curve->count; p++) {
      const struct growth_point *point = &line->curve->points[p];
      double bytes = line->before ? point->before_collection : point->live_bytes;
      if (isnan(bytes))
        fputs("\n", script);
      else
        fprintf(script, "%.17g %.17g\n", point->messages, bytes);
    }
    fputs("END\n", script);
  }
}

char *chart_growth(const struct growth_chart *growth, const char *id, const char *title, const char *description,
                   struct problem *problem) {
  struct chart chart;
  if (!chart_begin(&chart, WIDTH, HEIGHT, problem))
    return NULL;
  write_frame(chart.script, growth, write_legend(chart.script, growth));
  write_data(chart.script, growth);
  fputs("plot NaN", chart.script);
  for (size_t i = growth->count; i-- > 0;) {
    fprintf(chart.script, ", \\\n $line%zu using 1:2 with lines", i);
    write_style(chart.script, &growth->lines[i]);
  }
  fputs("\n", chart.script);
  return chart_draw(&chart, id, title, description, problem);
}
