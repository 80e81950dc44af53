/* floor.h — what a session shows between two halves of itself, where nothing has changed: the A/A floor.
 *
 * The processes of a session are split at random into two halves, the same for all its cells, and the halves are
 * compared as two sessions would be, cell by cell. The differences are measured in units of the cell's own noise: the
 * spread of its processes' medians, drawn towards what is usual among the cells, because a spread of a few values is
 * itself uncertain (four more degrees of freedom, at the median of all cells). Two things are read off: the constant, which
 * 19 of 20 of these differences stay below, and the extreme, which 19 of 20 splits stay below with all their cells. A
 * cell's floor is the constant times its unit, for as many processes as are compared; the extreme says what may hide.
 *
 * So the floor is measured, not assumed: a session with heavy tails has a greater constant. What changes between two
 * sessions and not within one, it cannot see by itself. The peers can: they are the same programs in both, so that what
 * they show between the sessions is A/A as well, and raises both when it is more.
 *
 * Rejected: each cell's own halves (of five processes there are ten splits: no tail to speak of); running every row
 * twice under two names (twice the time, and the splits are the same comparison); p alone (FACTS.md §1: 7 of 25). */
#ifndef REPORTS_FLOOR_H
#define REPORTS_FLOOR_H

#include "nested.h"

#define FLOOR_SPLITS    40            /* of each session */
#define FLOOR_PROCESSES NESTED_ENOUGH /* fewer cannot be split and leave a spread */

/* One cell in two sessions; `before` and `after` of a cell that is to be used have FLOOR_PROCESSES processes or more. */
struct floor_cell {
  struct nested before, after;
  bool usable;
  bool is_control; /* the same program in both */
};

struct floor {
  double usual;    /* the variance at which the cells' own are drawn */
  double constant; /* units that 19 of 20 comparisons of a cell stay below; 0 without a usable cell */
  double extreme;  /* units that 19 of 20 comparisons of a whole session stay below */
  size_t controls; /* rows of peers that were compared between the sessions */
  size_t cells;    /* that were split */
};

struct floor floor_of(const struct floor_cell *cells, size_t count);

/* A usable cell's unit, as a logarithm: floor->constant of them are its floor. */
double floor_unit(const struct floor *floor, const struct floor_cell *cell);

#endif
