/* chart_lines.h — ns a message over subscribers, Weir and its peers, both axes logarithmic. */
#ifndef REPORTS_CHART_LINES_H
#define REPORTS_CHART_LINES_H

#include "axis.h"
#include "problem.h"
#include "statistics.h"

#include <stddef.h>

struct line {
  long peer; /* position in results.peers, -1 for Weir: colour and marker */
  const char *name;
  const struct interval *points; /* one for each subscriber count; a NaN middle leaves a gap */
};

struct lines {
  const char *heading;
  const long *subscribers;
  size_t subscriber_count;
  const struct line *lines;
  size_t line_count;
  struct axis axis; /* of the times, the same in all panels that are compared */
};

/* NULL with `problem` filled on failure; else the caller frees. */
char *chart_lines(const struct lines *lines, const char *id, const char *title, const char *description,
                  struct problem *problem);

#endif
