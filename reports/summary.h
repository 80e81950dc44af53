/* summary.h — summary.md: the report in a screen, fit to stand as a comment. */
#ifndef REPORTS_SUMMARY_H
#define REPORTS_SUMMARY_H

#include "page.h"

void summary_write(FILE *out, const struct report *report);

#endif
