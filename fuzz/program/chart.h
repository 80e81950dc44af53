/* chart.h — the last steps of a simulation as a sequence chart in text: a column a task, a line a step, time goes
 * down. */
#ifndef WEIR_FUZZ_CHART_H
#define WEIR_FUZZ_CHART_H

#include "attempt.h"

/* Returns 0, or -ENOMEM. */
int chart_print(FILE *stream, const struct outcome *outcome);

#endif
