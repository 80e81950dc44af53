/* results.h — the rows of one or more result files, checked and gathered into cells.
 *
 * A cell is one row name: one benchmark on one system. All its repetitions, from all files, stand in it as samples.
 * What is here has been checked: every time is a positive number of nanoseconds, every counter is 0 or a positive
 * number, none is out of all measure, every name follows the grammar of row_name.h, and a row of the family steady carries what its prediction needs. A
 * repetition that failed adds to `failures` and to nothing else: its real_time of 0 is never a time.
 *
 * Rejected: reading the aggregates that Google Benchmark adds (means of a few repetitions, no interval): they are
 * skipped, the repetitions are there. */
#ifndef REPORTS_RESULTS_H
#define REPORTS_RESULTS_H

#include "point.h"
#include "problem.h"
#include "statistics.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What a sample holds beside its time; the time itself, so that it can be asked for like the others. */
enum counter {
  COUNTER_TIME,
  COUNTER_RATE,
  COUNTER_TIMERS_PENDING,
  COUNTER_TIMERS_ABANDONED,
  COUNTER_LIVE_BYTES,
  COUNTER_BYTES_PER_TIMER,
  COUNTER_TIMEOUT_NS,
  COUNTER_SECONDS,
  COUNTER_STEADY,
  COUNTER_TIMEOUTS,
  COUNTER_NS_PER_TIMEOUT,
  COUNTER_ROUND_P99_NS,
  COUNTER_P50_NS,
  COUNTER_P99_NS,
  COUNTER_P999_NS,
  COUNTER_FIRED,
  COUNTER_BYTES_PER_TASK,
  COUNTER_COLD_MAKE_NS,
  COUNTER_COLD_WAKE_NS,
  COUNTER_STOLEN,
  COUNTER_OVERLAP,
  COUNTER_EXITS,
  COUNTER_CPU_NS,
  COUNTER_BYTES_PER_OP,
  COUNTER_BYTES_LIVE_AFTER,
  COUNTER_BYTES_PEAK,
  COUNTER_SEQUENCE,
  COUNTER_AT_SECONDS,
  COUNTER_COUNT
};

struct sample {
  double ns;
  unsigned process;               /* which of those that took samples, counted over all files */
  double counters[COUNTER_COUNT]; /* NaN when the row has no such field */
};

struct cell {
  char *name; /* the whole row name, without what Google Benchmark appends */
  char *benchmark;
  char *peer; /* NULL: Weir */
  long workers;
  struct point point;
  struct sample *samples;
  size_t count;
  size_t failures;
  char *failure; /* the first failed repetition's message; NULL when none failed */
  struct interval ns;
};

struct source {
  char *path;
  char *content;
  size_t size;
  json_t *context;
};

struct results {
  struct cell *cells; /* once finished: families as in GOALS, then by name or point, Weir before its peers */
  size_t count;
  char **peers; /* Go's by version, then the others by name */
  size_t peer_count;
  struct source *sources;
  size_t source_count;
  json_t *index; /* row name → position in cells */
};

/* What no sweep comes near; beyond, a page would take for ever or could not be read. */
#define RESULTS_SIZE_LIMIT    ((size_t)256 << 20) /* bytes a file */
#define RESULTS_NAME_LIMIT    400                 /* bytes a name */
#define RESULTS_CELL_LIMIT    10000
#define RESULTS_SAMPLE_LIMIT  10000 /* a cell */
#define RESULTS_PROCESS_LIMIT 1000  /* a file */
#define RESULTS_AXIS_LIMIT    64    /* values of an axis, and peers */
#define RESULTS_LEAST         1e-9  /* the least value that is not 0, and the greatest: so that no ratio overflows */
#define RESULTS_GREATEST      1e18

/* Adds one file. `size_limit` guards against reading something that is no result file into memory. On false the results
 * may hold a part of the file and are good for results_free only. */
bool results_read(struct results *results, const char *path, size_t size_limit, struct problem *problem);

/* The same for a text of `size` bytes and a NUL behind them, from malloc; it belongs to the results from here on. */
bool results_take(struct results *results, const char *path, char *content, size_t size, struct problem *problem);

/* To be called once after the last file: computes every cell's interval, the list of peers, and the order. */
void results_finish(struct results *results);

void results_free(struct results *results);

/* NULL when there is no such cell. peer NULL is Weir. */
const struct cell *results_cell(const struct results *results, const char *benchmark, long workers, const char *peer);
const struct cell *results_point(const struct results *results, const struct point *point, const char *peer);

/* What stands against Weir at a benchmark: the peer's row of the same name or, for the policy `deadline`, which Go does
 * not hold, its policy `timer`. NULL when there is neither. */
const struct cell *results_opponent(const struct results *results, const struct cell *weir, const char *peer);

/* One counter of every sample, NaN included; the caller frees. */
double *results_counter(const struct cell *cell, enum counter counter);

/* The values of those samples that have it, in *values, which the caller frees; returns how many. */
size_t results_figure(const struct cell *cell, enum counter counter, double **values);

/* Median of a counter over the samples that have it, NaN when none has. */
double results_counter_median(const struct cell *cell, enum counter counter);

/* The times of all samples; the caller frees. */
double *results_times(const struct cell *cell);

bool results_peer_is_go(const char *peer);

/* The order of peers in every list: Go's by version, then the others by name. As strcmp. */
int results_compare_peers(const char *left, const char *right);

/* Where a peer stands in results.peers; -1 for Weir. */
long results_peer_position(const struct results *results, const char *peer);

/* "Weir", "Go 1.19", "Boost.Fiber", "two processes", or the peer's name as it is. The caller frees. */
char *results_system_name(const char *peer);

#endif
