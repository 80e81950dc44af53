/* page_checker.h — what is wrong with a page of weir-report.
 *
 * Checked: every tag is closed in order; ids are unique and references to them lead somewhere; headings descend one
 * level at a time from one h1; nothing is fetched and nothing runs; every picture says what it shows and every figure
 * has a caption; every table stands in a container that scrolls; no number is "nan" or "inf". */
#ifndef REPORTS_TESTS_PAGE_CHECKER_H
#define REPORTS_TESTS_PAGE_CHECKER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the page is good; else the fault is in `words`. */
bool page_checker(const char *page, char *words, size_t size);

#endif
