/* comparison.h — Weir against each peer, benchmark by benchmark, and what the goals say to it.
 *
 * The ratio is peer ÷ Weir: 6× means that the peer needs six times as long. */
#ifndef REPORTS_COMPARISON_H
#define REPORTS_COMPARISON_H

#include "goals.h"
#include "number.h"
#include "results.h"

/* A row is compared by its time, and by each of those counters that both sides have. */
struct pair {
  const struct cell *weir; /* NULL: only the peer has this row */
  const struct cell *peer; /* NULL: nobody stands against Weir, or nobody of those the goal names */
  enum counter figure;
  struct interval of_weir, of_peer; /* the figure; NaN without a sample */
  bool stands_in;                   /* the peer's row is its policy timer against Weir's deadline */
  struct interval ratio;            /* NaN when either side has no sample */
  const struct goal *goal;          /* NULL: no goal that can be judged here */
  enum verdict verdict;             /* VERDICT_NONE without a goal or without anything to judge */
};

/* The points of one policy, mode and load against one peer. */
struct digest {
  struct point point; /* subscribers and concurrency are not meaningful */
  const char *peer;
  size_t points;
  double least, median, greatest;
  size_t verdicts[VERDICT_UNCLEAR + 1];
};

struct comparison {
  struct pair *pairs; /* in the order of results' cells, figure by figure; peers in results' order */
  size_t count;
  struct digest *digests; /* of the family broadcast */
  size_t digest_count;
  size_t verdicts[VERDICT_UNCLEAR + 1]; /* over all pairs */
};

struct comparison comparison_of(const struct results *results);
void comparison_free(struct comparison *comparison);

/* "met", "not met", "cannot tell", "" */
const char *comparison_verdict_word(enum verdict verdict);

/* Whether both belong under one heading: the same row and figure. */
bool comparison_same_subject(const struct pair *left, const struct pair *right);

/* "p99", "bytes a task"; "" for the time, which needs no name. */
const char *comparison_figure_name(enum counter figure);

/* A value of that figure: nanoseconds without their unit, bytes with it. */
struct text comparison_figure_text(enum counter figure, double value);

/* The benchmark both sides stand for: Weir's name, or the peer's when Weir has no row. */
const struct cell *comparison_subject(const struct pair *pair);

#endif
