/* chart_heatmap.c — see chart_heatmap.h. */
#include "chart_heatmap.h"

#include "chart.h"
#include "number.h"
#include "palette.h"

#include <math.h>

#define LEFT        46
#define TOP         26
#define BOTTOM      40
#define CELL_HEIGHT 34
#define CELL_WIDTH  54

unsigned chart_heatmap_colour(const struct heatmap *heatmap, double value) {
  if (heatmap->is_ratio)
    return palette_diverging(log(value) / log(heatmap->high));
  return palette_sequential(log(value / heatmap->low) / log(heatmap->high / heatmap->low));
}

static void write_ticks(FILE *script, const char *axis, const long *values, size_t count) {
  fprintf(script, "set %stics (", axis);
  for (size_t i = 0; i < count; i++)
    fprintf(script, "%s'%s' %zu", i == 0 ? "" : ", ", number_short((double)values[i]).characters, i);
  fputs(")\n", script);
}

static void write_frame(FILE *script, const struct heatmap *heatmap, unsigned width, unsigned height) {
  fprintf(script,
          "set lmargin at screen %.4f\nset rmargin at screen %.4f\nset tmargin at screen %.4f\nset bmargin at screen "
          "%.4f\n"
          "set xrange [-0.5:%.1f]\nset yrange [%.1f:-0.5]\n",
          (double)LEFT / width, ((double)LEFT + CELL_WIDTH * (double)heatmap->column_count) / width - 0.003,
          1 - (double)TOP / height, (double)BOTTOM / height, (double)heatmap->column_count - 0.5,
          (double)heatmap->row_count - 0.5);
  write_ticks(script, "x", heatmap->columns, heatmap->column_count);
  write_ticks(script, "y", heatmap->rows, heatmap->row_count);
  fputs("set label ", script);
  chart_text_short(script, heatmap->heading, 30);
  fprintf(script, " at screen 0.003, screen %.4f left font 'sans-serif:Bold,12' tc rgb '" CHART_INK "'\n",
          1 - 9.0 / height);
  fprintf(script, "set label 'subscribers' at graph 0.5, screen %.4f center font ',11' tc rgb '%s'\n", 8.0 / height,
          palette_role(ROLE_MUTED));
  fprintf(script, "set label 'concurrency' at screen %.4f, graph 0.5 center rotate by 90 font ',11' tc rgb '%s'\n",
          10.0 / width, palette_role(ROLE_MUTED));
}

static void write_cells(FILE *script, const struct heatmap *heatmap) {
  fputs("$cells << END\n", script);
  for (size_t row = 0; row < heatmap->row_count; row++) {
    for (size_t column = 0; column < heatmap->column_count; column++) {
      const struct heatmap_cell *cell = &heatmap->cells[row * heatmap->column_count + column];
      if (isnan(cell->value))
        continue;
      unsigned colour = chart_heatmap_colour(heatmap, cell->value);
      struct text label = heatmap->is_ratio ? number_ratio_short(cell->value) : number_short(cell->value);
      fprintf(script, "%zu %zu %u \"%s%s\" %u\n", column, row, colour, label.characters, cell->failed ? " ✕" : "",
              palette_text_on(colour));
    }
  }
  fputs("END\n$absent << END\n", script);
  for (size_t row = 0; row < heatmap->row_count; row++)
    for (size_t column = 0; column < heatmap->column_count; column++) {
      const struct heatmap_cell *cell = &heatmap->cells[row * heatmap->column_count + column];
      if (isnan(cell->value))
        fprintf(script, "%zu %zu \"%s\"\n", column, row, cell->failed ? "✕ failed" : "none");
    }
  fputs("END\n", script);
}

char *chart_heatmap(const struct heatmap *heatmap, const char *id, const char *title, const char *description,
                    struct problem *problem) {
  struct chart chart;
  unsigned width = LEFT + CELL_WIDTH * (unsigned)(heatmap->column_count < 2 ? 2 : heatmap->column_count);
  unsigned height = TOP + BOTTOM + CELL_HEIGHT * (unsigned)(heatmap->row_count < 2 ? 2 : heatmap->row_count);
  if (!chart_begin(&chart, width, height, problem))
    return NULL;
  size_t shown = 0, cells = heatmap->row_count * heatmap->column_count;
  for (size_t i = 0; i < cells; i++)
    shown += !isnan(heatmap->cells[i].value);
  write_frame(chart.script, heatmap, width, height);
  write_cells(chart.script, heatmap);
  fputs("plot NaN", chart.script);
  if (shown > 0)
    fputs(", \\\n $cells using 1:2:(0.48):(0.46):3 with boxxyerror fs solid 1 noborder lc rgb variable"
          ", \\\n $cells using 1:2:4:5 with labels font ',12' tc rgb variable",
          chart.script);
  if (shown < cells)
    fprintf(chart.script,
            ", \\\n $absent using 1:2:(0.46):(0.43) with boxxyerror fs empty lc rgb '%s'"
            ", \\\n $absent using 1:2:3 with labels font ',10' tc rgb '%s'",
            palette_role(ROLE_GRID), palette_role(ROLE_MUTED));
  fputs("\n", chart.script);
  return chart_draw(&chart, id, title, description, problem);
}
