/* zoo.h — what the target zoo-table writes: how many schedules each strategy needs to find each mistake of the zoo.
 *
 * A cell is some trials of one strategy at one entry. A trial that found nothing counts as more schedules than it ran,
 * so that the median is known only when more than half of them found it. It is computed here, and a file that says
 * another is refused. Text belongs to the document that the file was read into. */
#ifndef REPORTS_ZOO_H
#define REPORTS_ZOO_H

#include "document.h"

#define ZOO_ENTRY_LIMIT    500
#define ZOO_STRATEGY_LIMIT 12
#define ZOO_TRIAL_LIMIT    10000

struct zoo_cell {
  bool present;
  double trials, found, limit;
  double least, median, most; /* schedules; NaN: none found it, too few did */
  double switches;            /* of the simplest schedule that finds it; NaN: not known */
};

struct zoo {
  struct document document;
  const char *entries[ZOO_ENTRY_LIMIT], *strategies[ZOO_STRATEGY_LIMIT]; /* as they come */
  size_t entry_count, strategy_count;
  struct zoo_cell *cells; /* entry by entry, ZOO_STRATEGY_LIMIT to each */
};

bool zoo_read(struct zoo *zoo, const char *path, struct problem *problem);
bool zoo_take(struct zoo *zoo, const char *path, char *content, size_t size, struct problem *problem);

/* Good also for what could not be read. */
void zoo_free(struct zoo *zoo);

const struct zoo_cell *zoo_cell(const struct zoo *zoo, size_t entry, size_t strategy);

/* The least median of an entry, and its fewest switches; NaN: none. */
double zoo_best(const struct zoo *zoo, size_t entry);
double zoo_switches(const struct zoo *zoo, size_t entry);

/* "Random", "PCT", "bytes + coverage of schedules", or the word itself: static storage or the document's. */
const char *zoo_strategy_name(const char *strategy);

#endif
