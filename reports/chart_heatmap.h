/* chart_heatmap.h — one picture of subscribers × concurrency. */
#ifndef REPORTS_CHART_HEATMAP_H
#define REPORTS_CHART_HEATMAP_H

#include "problem.h"

#include <stdbool.h>
#include <stddef.h>

struct heatmap_cell {
  double value; /* NaN: nothing to show */
  bool failed;
};

struct heatmap {
  const char *heading;
  const long *columns; /* subscribers */
  size_t column_count;
  const long *rows; /* concurrency */
  size_t row_count;
  const struct heatmap_cell *cells; /* row by row */
  bool is_ratio;                    /* around 1; else a time between low and high */
  double low, high;                 /* the ends of the colour scale */
};

/* NULL with `problem` filled on failure; else the caller frees. */
char *chart_heatmap(const struct heatmap *heatmap, const char *id, const char *title, const char *description,
                    struct problem *problem);

/* The colour of a value on the map's scale, for the map and for its legend. */
unsigned chart_heatmap_colour(const struct heatmap *heatmap, double value);

#endif
