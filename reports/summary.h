/* summary.h — summary.md: the report in a screen, fit to stand as a comment. */
#ifndef REPORTS_SUMMARY_H
#define REPORTS_SUMMARY_H

#include "page.h"

void summary_write(FILE *out, const struct report *report);

/* Its part about a baseline. */
void summary_changes(FILE *out, const struct changes *changes, const char *objection);

#endif
