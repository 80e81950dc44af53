/* chart_growth.h — live bytes over messages, both axes linear: a leak is a straight line up, and is seen as one. */
#ifndef REPORTS_CHART_GROWTH_H
#define REPORTS_CHART_GROWTH_H

#include "growth.h"
#include "problem.h"

struct growth_chart_line {
  const char *name; /* NULL: no entry in the legend */
  const struct growth_curve *curve;
  long peer;   /* position in growth.peers, -1 for Weir: the colour */
  bool dashed; /* tells two lines of one colour apart */
  bool before; /* the bytes before the collections, dotted, instead of those after them */
};

struct growth_chart {
  const char *heading;
  const struct growth_chart_line *lines; /* the first lies on top */
  size_t count;
  double least, most; /* bytes: the same in all panels that are compared */
};

/* NULL with `problem` filled on failure; else the caller frees. */
char *chart_growth(const struct growth_chart *growth, const char *id, const char *title, const char *description,
                   struct problem *problem);

#endif
