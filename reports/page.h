/* page.h — index.html: one file that needs nothing else, no network and no script.
 *
 * The sections are written by page_*.c in the order a reader asks: what has changed since (page_changes), what does a message cost and leave behind
 * (page_steady), how does that change over the sweep (page_heatmaps), against whom (page_lines), by how much
 * (page_comparison), and may I believe it (page_environment). */
#ifndef REPORTS_PAGE_H
#define REPORTS_PAGE_H

#include "change.h"
#include "comparison.h"
#include "growth.h"
#include "hostile.h"
#include "problem.h"
#include "results.h"
#include "steady.h"
#include "story.h"
#include "sweep.h"
#include "zoo.h"

#include <stdio.h>

struct report {
  const struct results *results;
  const struct steady *steady;
  const struct sweep *sweep;
  const struct comparison *comparison;
  const struct story *story;
  const char *version;           /* of this weir-report */
  const struct changes *changes; /* NULL without a baseline */
  const char *objection;         /* why the baseline should not have been compared; NULL when it may be */
  const struct growth *growth;   /* NULL without --growth */
  const struct zoo *zoo;         /* NULL without --fuzz */
  const struct hostile *hostile; /* NULL without --hostile */
};

struct page {
  FILE *out;
  const struct report *report;
  struct problem *problem;
  unsigned pictures; /* numbers them, so that every id is unique */
};

/* false with `problem` filled when a picture cannot be drawn; what has been written then is no page. */
bool page_write(FILE *out, const struct report *report, struct problem *problem);

/* The sections. */
void page_changes(struct page *page);
bool page_steady(struct page *page);
bool page_heatmaps(struct page *page);
bool page_lines(struct page *page);
void page_scaling(struct page *page);
bool page_memory(struct page *page);
void page_verdicts(struct page *page); /* a part of page_memory's */
void page_zoo(struct page *page);
void page_hostile(struct page *page);
void page_comparison(struct page *page);
void page_figures(struct page *page); /* a part of page_comparison's */
void page_environment(struct page *page);

/* Shared by them. */
char *page_picture_id(struct page *page); /* the next picture's id; the caller frees */
void page_table_begin(struct page *page, const char *label, const char *classes);
void page_table_end(struct page *page);
void page_interval(struct page *page, const struct interval *interval); /* <td>: median over low–high */
void page_system(struct page *page, const char *peer);                  /* the name, escaped */
void page_name(struct page *page, const char *name);                    /* a row's name that may break at slashes */

#endif
