/* bench/row.h — one row of the sweep: a named amount of work that counts what it really did.
 *
 * A row's program is the first task of a run of the runtime. It makes what it needs, warms up, calls row_start,
 * performs run->n operations (rows that deliver whole rounds: at least n), calls row_stop with the number of operations
 * that its tasks counted, and cleans up. Only what lies between start and stop is timed.
 *
 * Invariants
 *   - A count comes from the tasks that did the work, never from n.
 *   - row_run refuses a run whose count is not what was asked for: a row that works less than it says cannot be fast.
 *   - n is a multiple of row->step, so that a row never measures a part of a batch.
 *   - Tasks may run in parallel: a task counts in a local and stores it at its end, or uses row_count_shared; whoever
 *     sums has waited for them. With one worker no row executes an atomic instruction of its own for each operation.
 *
 * Rejected: timing the whole weir_run (a run's start and end would be measured); handing out Google Benchmark's State
 * to the rows (they would be C++ and could not be the same work as a peer's loop).
 */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include "heap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ROW_NAME_SIZE = 128, ROW_FIELDS = 16, ROW_FAILURE_SIZE = 256 };

/* Who receives what a broadcast offers. */
enum row_load {
  ROW_LOAD_READY = 0, /* every subscriber */
  ROW_LOAD_SLOW,      /* all but each tenth one */
  ROW_LOAD_EXIT,      /* every subscriber; the middle one closes the round's exit channel */
};

/* A number that goes beside the time. The name is a literal. */
struct row_field {
  const char *name;
  double value;
};

struct row_result {
  int64_t ns;    /* between row_start and row_stop */
  int64_t began; /* row_start, on row_clock; 0 when the row measured otherwise */
  int64_t count; /* operations done */
  size_t field_count;
  struct row_field fields[ROW_FIELDS];
  char failure[ROW_FAILURE_SIZE]; /* empty: the run is good */
};

struct row_run;

/* Zero in every field is its default; a row uses the parameters that its name shows. */
struct row {
  char name[ROW_NAME_SIZE];            /* as the goals have it, without /workers: */
  int (*program)(struct row_run *run); /* 0, or a negative errno: the run failed */
  int64_t step;                        /* n is a multiple of it, and at least it */
  int64_t ns_min;                      /* the timed part should last at least so long, unless the target is 0 */
  bool whole_rounds;                   /* the count may exceed n */
  unsigned workers;                    /* threads that run tasks; as added, 0 = whatever the sweep asks for */
  bool asks_server;                    /* the process is kept off the server's processor: web_server.h */
  enum weir_timer_mode mode;

  size_t element, capacity, cases, ready, tasks, producers, consumers, pending;

  size_t subscribers, concurrency;
  enum weir_timeout_policy policy;
  enum row_load load;
  int64_t timeout;

  int64_t rate; /* operations due a second, whatever became of those before */
};

struct row_run {
  const struct row *row;
  int64_t n;
  struct row_result *result;
  heap_read_function *heap; /* NULL in a process that measures times */
  struct heap_reading before, after;
};

/* Runs the row once with row->workers workers. The result has a failure when the run came to no end or did the wrong
 * amount of work. Called outside any run. */
void row_run(const struct row *row, int64_t n, struct row_result *result);

/* The failure of a run that was asked for n operations and counted count; empty when it is what was asked for. */
void row_check_count(const char *name, int64_t n, int64_t count, bool whole_rounds, char failure[ROW_FAILURE_SIZE]);

/* From here on every timed part lasts so much longer. Only for the tests of what finds that. */
void row_slow_down(unsigned percent);

/* The same by so many rounds of an empty loop for each operation. */
void row_add_work(unsigned rounds);

/* For programs. */
int64_t row_clock(void); /* CLOCK_MONOTONIC, in nanoseconds */
void row_start(struct row_run *run);
void row_stop(struct row_run *run, int64_t count);
void row_field(struct row_run *run, const char *name, double value);
/* Where the row's memory begins and ends; start and stop say so too. For rows that add their time up themselves. */
void row_heap_start(struct row_run *run);
void row_heap_stop(struct row_run *run);

/* Counts one operation where several tasks share a counter; parallel is whether they may run at the same time. */
static inline void row_count_shared(int64_t *counter, bool parallel) {
  if (parallel) {
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
  } else {
    ++*counter;
  }
}

/* The smallest of the values that so many in a thousand do not exceed; of few values the greatest. Sorts them;
 * count is not 0. */
int64_t row_percentile(int64_t *values, size_t count, size_t in_thousand);

/* count channels in an array that row_channels_free gives back; NULL when there is no memory. */
weir_chan **row_channels_new(size_t count, size_t element, size_t capacity);
void row_channels_free(weir_chan **channels, size_t count);

/* ---- the rows ------------------------------------------------------------------------------------------------- */

struct row_list {
  struct row *rows;
  size_t count, room;
};

/* Adds a copy of row under the formatted name; ends the program when there is no memory. */
void row_list_add(struct row_list *list, const struct row *row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void row_list_free(struct row_list *list);

void rows_task(struct row_list *list);
void rows_channel(struct row_list *list);
void rows_select(struct row_list *list);
void rows_timer(struct row_list *list);
void rows_workers(struct row_list *list);
void rows_context(struct row_list *list);
void rows_wake(struct row_list *list);
void rows_parked(struct row_list *list);
void rows_scaling(struct row_list *list);
/* None where there is no server, or no libweir_http. */
void rows_http(struct row_list *list);

/* A cell has the broadcast's parameters: policy, mode, load, subscribers, concurrency, capacity, timeout. */
void rows_broadcast(struct row_list *list, const struct row *cell);
void rows_steady(struct row_list *list, const struct row *cell);

/* Rows that lose one operation, and that never end. Only for the tests that show what becomes of them. */
void rows_wrong_count(struct row_list *list);
void rows_hang(struct row_list *list);

const char *row_policy_name(enum weir_timeout_policy policy);
const char *row_mode_name(enum weir_timer_mode mode);
const char *row_load_name(enum row_load load);

#ifdef __cplusplus
}
#endif

#endif
