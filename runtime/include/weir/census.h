/* weir/census.h — what is alive now. */
#ifndef WEIR_CENSUS_H
#define WEIR_CENSUS_H

#include <weir/base.h>

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

/* A reading of the books. Exact with one worker; with several, what they do meanwhile may be seen in part. Any context;
 * does not block or allocate. */
WEIR_API struct weir_counts weir_counts(void);

WEIR_END

#endif
