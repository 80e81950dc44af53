/* rank.h — whether two sets of values come from one distribution, and how to ask that of many cells at once.
 *
 * Mann and Whitney's test: exact where both sets have at most 20 values and none is there twice, else the normal
 * approximation with its correction for ties, which in the tails is the more careful of the two. Holm's procedure
 * turns the p of m tests into ones that may be compared with 0.05 each, and still one false alarm in twenty *sessions*
 * is all there is.
 *
 * Rejected: Student's t (one disturbed repetition spoils it), Bonferroni (Holm is never weaker), Benjamini and Hochberg
 * (it promises a share of false alarms; a gate must have none). */
#ifndef REPORTS_RANK_H
#define REPORTS_RANK_H

#include <stddef.h>

/* Two-sided p of Mann and Whitney's U; 1 when one set is empty. The values are left alone. */
double rank_mann_whitney(const double *left, size_t left_count, const double *right, size_t right_count);

/* Replaces each p by Holm's adjusted one. */
void rank_holm(double *p, size_t count);

#endif
