/* chart_steady.h — the first picture: one line a policy, mode and system; what a message costs, and what stays behind.
 */
#ifndef REPORTS_CHART_STEADY_H
#define REPORTS_CHART_STEADY_H

#include "problem.h"
#include "steady.h"

enum chart_steady { CHART_STEADY_TIME, CHART_STEADY_MEMORY };

/* NULL with `problem` filled on failure; else the caller frees. */
char *chart_steady(const struct results *results, const struct steady_group *group, enum chart_steady what,
                   const char *id, struct problem *problem);

#endif
