/* report.h — the table as it was computed. */
#ifndef HOSTILE_REPORT_H
#define HOSTILE_REPORT_H

#include "row.h"

void report_line(const struct row *row, const struct outcome *outcome);
void report_json(const char *path, const struct row *const *rows, const struct outcome *outcomes, size_t count,
                 unsigned workers);

#endif
