/* report_checks.h — what the targets that feed weir-report demand of it: a refusal is one line and names a line of the
 * input; a summary holds no markup; a page is one that page_checker.h has nothing to say against; both are the same the
 * second time. What is wrong is said, and ends the program. */
#ifndef FUZZ_TARGETS_REPORT_CHECKS_H
#define FUZZ_TARGETS_REPORT_CHECKS_H

#include "page.h"

#include <stdint.h>

/* The name that inputs are read under. */
#define REPORT_INPUT "input"

/* A copy for a parser to keep, with a NUL behind it; NULL: no memory. */
char *report_copy(const uint8_t *data, size_t size);

void report_check_refusal(const char *text);

/* The report's summary, and a page of these sections. content: the input, which may speak of numbers that are none. */
void report_check(const struct report *report, void (*sections)(struct page *page), const char *content);

#endif
