/* weir/census.h — what is alive now. */
#ifndef WEIR_CENSUS_H
#define WEIR_CENSUS_H

#include <weir/base.h>

#include <stdio.h>

WEIR_BEGIN

struct weir_counts {
  size_t tasks;            /* main included */
  size_t timers;           /* timer objects alive: timers, tickers, afters */
  size_t timers_pending;   /* of these, armed and not yet due (deadlines of blocked calls are no timer objects) */
  size_t timers_abandoned; /* of these, pending while nobody holds their channel */
  size_t channels;         /* channels alive, those inside timers and contexts not counted */
  size_t responses;        /* HTTP responses not closed */
  size_t connections;      /* HTTP connections open */
  size_t bytes;            /* memory of the objects above, task control blocks included, stacks not */
  size_t stack_bytes;      /* address space of task stacks in use */
  size_t contexts;         /* contexts alive */
  size_t brokers;          /* brokers not closed, or still referred to */
};

/* A reading of the books. Exact with one worker; with several, what they do meanwhile may be seen in part. Of a library
 * without books (WEIR_BOOKS=OFF): tasks, timers_pending, timers_abandoned and stack_bytes, bytes of tasks alone, the
 * others 0, but all in a simulation. Any context; does not block or allocate. */
WEIR_API struct weir_counts weir_counts(void);

/* ---- who, and where --------------------------------------------------------------------------------------------- */

struct weir_census_kind {
  const char *kind; /* "task", "channel", "timer", … */
  size_t live;
  size_t bytes;
  size_t peak;    /* the most that were alive at once since the kind was last empty, by worker: a sum of such */
  int64_t oldest; /* as of a line, below */
};

struct weir_census_line {
  const char *kind;
  const char *file; /* the line that made them; "unknown" and 0 where none is known (main) */
  int line;
  size_t live;
  size_t bytes;
  /* Nanoseconds since the oldest of them was made, never too few: clocks are read once a round (100 us where tasks
   * yield or block; what a task takes that does not is added), and counted in units of 4.2 ms. Virtual time in a
   * simulation. It wraps after 208 days. */
  int64_t oldest;
};

/* Blocked tasks of which all this is the same. */
struct weir_census_wait {
  const char *text; /* where they were started, and what they wait for */
  size_t tasks;
  int64_t longest; /* nanoseconds since the first of them began to wait; as oldest above */
};

struct weir_census {
  struct weir_counts counts;
  bool exact; /* nobody else was at work; else what others made or freed meanwhile may be seen in part */
  struct weir_census_kind *kinds; /* those of which one is alive */
  size_t kind_count;
  struct weir_census_line *lines; /* the most bytes first */
  size_t line_count;
  struct weir_census_wait *waits; /* the most tasks first; none unless exact */
  size_t wait_count;
};

/* Reads the books by kind and by line, and lists what blocked tasks wait for. 0, and the census is the caller's to free;
 * -ENOMEM, or -ENOTSUP of a library built without books (WEIR_BOOKS=OFF), and there is nothing to free. Exact with one worker, in a simulation, outside a run, and with several workers
 * while the others rest (weir_settle). Any context but a foreign thread during a run. Does not block; it takes a time
 * that grows with what is alive. */
WEIR_API int weir_census_take(struct weir_census *census);
WEIR_API void weir_census_free(struct weir_census *census);

/* Prints it as a table that a person reads: kinds with the most that there were; lines; what blocked tasks wait for, and
 * since when. 0, or a negative errno of the stream. A run prints one on a signal: weir_config.census_signal. */
WEIR_API int weir_census_print(const struct weir_census *census, FILE *stream);

/* Whether the same is alive, made by the same lines. 0; 1, and each line's difference is printed, more or fewer objects
 * and bytes in after than in before, unless stream is NULL; or a negative errno of the stream. For tests: what is left
 * when nothing should be. */
WEIR_API int weir_census_compare(const struct weir_census *before, const struct weir_census *after, FILE *stream);

WEIR_END

#endif
