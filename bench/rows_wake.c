/* bench/rows_wake.c — blocked tasks: how soon one runs again, and what a million of them weigh.
 *
 * wake/latency  main sends to a task that is blocked in a receive; the latency is from just before the send to the
 *               sleeper's first reading of the clock. Both readings are part of the time of an operation.
 * parked        a million tasks blocked in a receive, then all woken. An operation is a task made and woken again, in
 *               the second round of two: stacks have been used by then. The first round's times stand in the cold
 *               fields, bytes_per_task is what the process grew by, page tables included. Needs about 5 GB; only in
 *               the full grid.
 */
#include "row.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 1000, PARKED = 1000000 };

/* ---- latency --------------------------------------------------------------------------------------------------------
 */

/* What warms up is sent as 0, so that the sleeper does not keep it. */
struct sleeper {
  weir_chan *chan;
  int64_t *latencies;
  int64_t count;
  weir_waitgroup ended;
};

static void sleeping(void *arg) {
  struct sleeper *self = arg;
  int64_t sent, count = 0;
  while (weir_chan_recv(self->chan, &sent) == 0) {
    int64_t now = row_clock();
    if (sent != 0) {
      self->latencies[count++] = now - sent;
    }
  }
  self->count = count;
  weir_waitgroup_done(&self->ended);
}

/* The yield lets the sleeper measure, and block again. */
static void wake(const struct sleeper *sleeper, int64_t n, bool kept) {
  for (int64_t i = 0; i < n; i++) {
    int64_t now = row_clock() * kept;
    weir_chan_send(sleeper->chan, &now);
    weir_yield();
  }
}

static int wake_latency(struct row_run *run) {
  size_t bytes = (size_t)run->n * sizeof(int64_t);
  struct sleeper sleeper = {.chan = weir_chan_new(sizeof(int64_t), 0), .latencies = malloc(bytes)};
  weir_waitgroup_add(&sleeper.ended, 1);
  int error = sleeper.chan == NULL || sleeper.latencies == NULL ? -ENOMEM : weir_go(sleeping, &sleeper);
  if (error != 0) {
    weir_chan_unref(sleeper.chan);
    free(sleeper.latencies);
    return error;
  }
  memset(sleeper.latencies, 0, bytes); /* no page of it is new when it is used */
  weir_yield();
  wake(&sleeper, STEP, false);
  row_start(run);
  wake(&sleeper, run->n, true);
  row_stop(run, 0);
  weir_chan_close(sleeper.chan);
  weir_waitgroup_wait(&sleeper.ended);
  run->result->count = sleeper.count;
  if (sleeper.count > 0) {
    row_field(run, "p50_ns", (double)row_percentile(sleeper.latencies, (size_t)sleeper.count, 500));
    row_field(run, "p99_ns", (double)row_percentile(sleeper.latencies, (size_t)sleeper.count, 990));
    row_field(run, "p999_ns", (double)row_percentile(sleeper.latencies, (size_t)sleeper.count, 999));
  }
  weir_chan_unref(sleeper.chan);
  free(sleeper.latencies);
  return 0;
}

/* ---- parked ---------------------------------------------------------------------------------------------------------
 */

struct parking {
  weir_chan *gate;
  int64_t woken;
  bool parallel;
  weir_waitgroup ended;
};

static void parked(void *arg) {
  struct parking *parking = arg;
  weir_chan_recv(parking->gate, NULL);
  row_count_shared(&parking->woken, parking->parallel);
  weir_waitgroup_done(&parking->ended);
}

/* What this process has in memory, in bytes: its pages and the tables that map them. */
static double resident_bytes(void) {
  double kilobytes = 0;
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
    if (strncmp(line, "VmRSS:", 6) == 0 || strncmp(line, "VmPTE:", 6) == 0) {
      kilobytes += (double)strtoll(line + 6, NULL, 10);
    }
  }
  if (status != NULL) {
    fclose(status);
  }
  return kilobytes * 1024;
}

struct parking_round {
  int64_t make_ns, wake_ns, woken;
  double bytes;
};

static int park_and_wake(int64_t n, bool parallel, struct parking_round *round) {
  struct parking parking = {.gate = weir_chan_new(0, 0), .parallel = parallel};
  if (parking.gate == NULL) {
    return -ENOMEM;
  }
  malloc_trim(0); /* what earlier runs left in the heap would hide what this one takes from it */
  double before = resident_bytes();
  int64_t begun = row_clock();
  weir_waitgroup_add(&parking.ended, n);
  for (int64_t i = 0; i < n; i++) {
    int error = weir_go(parked, &parking);
    if (error != 0) {
      return error;
    }
  }
  weir_settle(WEIR_FOREVER);
  int64_t made = row_clock();
  round->bytes = resident_bytes() - before;
  int64_t opened = row_clock();
  weir_chan_close(parking.gate);
  weir_waitgroup_wait(&parking.ended);
  round->wake_ns = row_clock() - opened;
  round->make_ns = made - begun;
  round->woken = parking.woken;
  weir_chan_unref(parking.gate);
  return 0;
}

static int park(struct row_run *run) {
  struct parking_round cold, warm = {.make_ns = 0};
  bool parallel = run->row->workers > 1;
  int error = park_and_wake(run->n, parallel, &cold);
  if (error == 0) {
    row_heap_start(run);
    error = park_and_wake(run->n, parallel, &warm);
    row_heap_stop(run);
  }
  if (error != 0) {
    return error;
  }
  run->result->ns = warm.make_ns + warm.wake_ns;
  run->result->count = warm.woken;
  row_field(run, "bytes_per_task", cold.bytes / (double)run->n);
  row_field(run, "cold_make_ns", (double)cold.make_ns / (double)run->n);
  row_field(run, "cold_wake_ns", (double)cold.wake_ns / (double)run->n);
  return 0;
}

void rows_wake(struct row_list *list) {
  row_list_add(list, &(struct row){.program = wake_latency, .step = STEP}, "wake/latency");
}

void rows_parked(struct row_list *list) {
  row_list_add(list, &(struct row){.program = park, .step = PARKED}, "parked/tasks:%d", PARKED);
}
