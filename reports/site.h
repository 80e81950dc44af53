/* site.h — the report as a folder: its pages, summary.md, and the raw data beside them.
 *
 * Everything is written beside its place first and renamed when all of it is there, so that a page is the whole page or
 * the old one. What an earlier weir-report left here and this one does not write, a page or
 * raw data, is removed; nobody else's file is, unless it bears the name of one that is written. */
#ifndef REPORTS_SITE_H
#define REPORTS_SITE_H

#include "page.h"

#define SITE_MANIFEST "data/site.json" /* what its raw data are, and under which names they were read */
#define SITE_SCHEMA   "weir-site-1"

/* The folder is made if need be. false with `problem` filled: the machine's fault, and nothing has been replaced,
 * unless it was a rename that failed. */
bool site_write(const char *directory, const struct report *report, struct problem *problem);

#endif
