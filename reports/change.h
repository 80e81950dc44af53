/* change.h — a session against an earlier one, cell by cell, in one of three words.
 *
 *   changed      all of: Mann and Whitney over the processes' medians, adjusted by Holm over all cells, below 0.05; the
 *                difference of the medians above the A/A floor (floor.h) and not below CHANGE_EFFECT; its interval, drawn
 *                over processes, clear of zero
 *   not changed  not that, and `least` is at most CHANGE_TOLERANCE
 *   cannot tell  else
 *
 * `least` is the least change that could have been seen: all that is smaller may hide in what was measured, the
 * difference itself with its interval, and the extreme of A/A (floor.h) on top. It stands beside each "not changed" and "cannot tell".
 *
 * Weir's rows are judged. A peer's, where both sessions name the same version, are controls: the same program twice.
 * All differences are logarithms; only the pages speak of per cent. */
#ifndef REPORTS_CHANGE_H
#define REPORTS_CHANGE_H

#include "floor.h"
#include "results.h"

#define CHANGE_EFFECT    0.02 /* what is smaller is of no interest, however sure */
#define CHANGE_TOLERANCE 0.10 /* "not changed" does not leave room for more */
#define CHANGE_CERTAINTY 0.05
#define CHANGE_RESAMPLES 500

enum change_word { CHANGE_CHANGED, CHANGE_NOT_CHANGED, CHANGE_CANNOT_TELL, CHANGE_WORDS };

struct change {
  const struct cell *before, *after; /* never NULL */
  enum change_word word;
  const char *why;        /* of cannot tell, when it is not the noise; else NULL */
  double difference;      /* log(after / before); NaN without a sample on either side */
  double low, high;       /* its 95 % interval */
  double floor, least, p; /* p is Holm's; NaN when there was nothing to compute */
};

struct changes {
  struct change *changes; /* in the order of the later session's cells */
  size_t count;
  size_t words[CHANGE_WORDS];
  size_t slower, faster; /* of the changed */
  size_t gone, fresh;    /* rows of Weir's that only the earlier or only the later session has */
  struct floor floor;
  size_t processes_before, processes_after;
};

/* Both finished; they must outlive what is returned. */
struct changes changes_of(const struct results *before, const struct results *after);
void changes_free(struct changes *changes);

/* "changed", "not changed", "cannot tell" */
const char *change_word(enum change_word word);

/* A logarithm as a share of the earlier value: log 1.3 → 0.3. */
double change_share(double logarithm);

#endif
