/* page.h — the pages of the site: each one file that needs no script and no network.
 *
 * The overview is index.html: what has changed since (page_changes), what a message costs and leaves behind
 * (page_steady), and a sentence of every other page (page_overview). Then come the sweep: how that changes
 * (page_heatmaps), against whom (page_lines, page_scaling), by how much (page_comparison); the memory (page_memory),
 * the fuzzing (page_zoo), HTTP (page_hostile); and whether to believe it (page_environment, page_data). A page without
 * data is not written, is in no navigation, and the overview names it as missing. */
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

enum page_kind {
  PAGE_OVERVIEW,
  PAGE_SWEEP,
  PAGE_MEMORY,
  PAGE_FUZZING,
  PAGE_HTTP,
  PAGE_ENVIRONMENT,
  PAGE_DATA,
  PAGE_KIND_COUNT
};

/* An input file as it was read. */
struct raw {
  const char *name; /* in the site: "data/growth.json" */
  const char *what;
  const char *path, *content;
  size_t size;
};

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
  const struct raw *raws;        /* every input file */
  size_t raw_count;
};

struct page {
  FILE *out;
  const struct report *report;
  struct problem *problem;
  unsigned pictures; /* numbers them, so that every id is unique */
};

/* In the head of every page, by which one is known again. */
#define PAGE_GENERATOR "<meta name=\"generator\" content=\"weir-report\">"

/* false with `problem` filled when a picture cannot be drawn; what has been written then is no page. */
bool page_write(FILE *out, const struct report *report, enum page_kind kind, struct problem *problem);

bool page_has(const struct report *report, enum page_kind kind); /* data for it */
const char *page_file(enum page_kind kind);                      /* "memory.html" */
const char *page_word(enum page_kind kind);                      /* "Memory" */
const char *page_way(enum page_kind kind);                       /* how to get what is missing */

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
void page_overview(struct page *page);
void page_data(struct page *page);

/* Shared by them. */
char *page_picture_id(struct page *page); /* the next picture's id; the caller frees */
void page_table_begin(struct page *page, const char *label, const char *classes); /* the label is for the ear */
void page_table_captioned(struct page *page, const char *label, const char *classes, const char *caption);
void page_table_end(struct page *page);
void page_interval(struct page *page, const struct interval *interval); /* <td>: median over low–high */
void page_system(struct page *page, const char *peer);                  /* the name, escaped */
void page_name(struct page *page, const char *name);                    /* a row's name that may break at slashes */

#endif
