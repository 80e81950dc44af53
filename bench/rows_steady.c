/* bench/rows_steady.c — the broadcast at steady state: what the abandoned timers of a timeout policy weigh.
 *
 * The broadcast runs for ten timeouts before anything is sampled: by then as many timers come due as are made. From
 * there until n messages are done the books are read after every round. Windows of one timeout each give a rate and
 * means weighted by time, so that Little's law (pending = rate x timeout) can be held against them; the fields are the
 * medians over the windows, because one in which the machine was elsewhere breaks the law: its timers wait longer than
 * their timeout. live_bytes is what the books hold beyond what they held before the first broadcast. bytes_per_timer is
 * measured at the end, on a thousand timers.
 */
#include "broadcast_load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { SETTLING_TIMEOUTS = 10, WINDOW_TIMEOUTS = 20, WINDOWS_MOST = 4096, MEASURED_TIMERS = 1000 };

enum measure { RATE, PENDING, ABANDONED, BYTES, MEASURES };

/* Sums over the window under way, and what the finished ones gave. */
struct samples {
  int64_t began, last;
  double sums[MEASURES];
  size_t windows;
  double finished[MEASURES][WINDOWS_MOST];
};

static int reach_steady_state(struct broadcast_load *load) {
  int64_t end = weir_now() + SETTLING_TIMEOUTS * load->row->timeout;
  int error = 0;
  while (error == 0 && weir_now() < end) {
    error = broadcast_load_round(load);
  }
  if (error == 0) {
    error = weir_settle(WEIR_FOREVER);
  }
  broadcast_load_warm(load);
  return error;
}

static void take_sample(struct samples *samples, int64_t timeout, int64_t delivered) {
  struct weir_counts counts = weir_counts();
  int64_t now = weir_now();
  double took = (double)(now - samples->last);
  samples->last = now;
  samples->sums[RATE] += (double)delivered * 1e9;
  samples->sums[PENDING] += (double)counts.timers_pending * took;
  samples->sums[ABANDONED] += (double)counts.timers_abandoned * took;
  samples->sums[BYTES] += (double)counts.bytes * took;
  if (now - samples->began < timeout || samples->windows == WINDOWS_MOST) {
    return;
  }
  for (int measure = 0; measure < MEASURES; measure++) {
    samples->finished[measure][samples->windows] = samples->sums[measure] / (double)(now - samples->began);
    samples->sums[measure] = 0;
  }
  samples->windows++;
  samples->began = now;
}

static int sample_rounds(struct broadcast_load *load, int64_t n, struct samples *samples) {
  int error = 0;
  samples->began = samples->last = weir_now();
  while (error == 0 && load->delivered < n) {
    int64_t before = load->delivered;
    error = broadcast_load_round(load);
    take_sample(samples, load->row->timeout, load->delivered - before);
  }
  return error == 0 ? weir_settle(WEIR_FOREVER) : error;
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static double median(struct samples *samples, enum measure measure) {
  qsort(samples->finished[measure], samples->windows, sizeof(double), compare);
  return samples->finished[measure][samples->windows / 2];
}

/* What one more timer adds to the books. In classic mode those measured stay, abandoned, until the run ends. */
static int measure_timer(double *bytes) {
  weir_chan *afters[MEASURED_TIMERS];
  size_t before = weir_counts().bytes;
  int made = 0;
  for (; made < MEASURED_TIMERS; made++) {
    afters[made] = weir_after(WEIR_SECOND);
    if (afters[made] == NULL) {
      break;
    }
  }
  *bytes = (double)(weir_counts().bytes - before) / MEASURED_TIMERS;
  for (int i = 0; i < made; i++) {
    weir_chan_unref(afters[i]);
  }
  return made == MEASURED_TIMERS ? 0 : -ENOMEM;
}

static void report(struct row_run *run, struct samples *samples, size_t before, double bytes_per_timer) {
  row_field(run, "rate", median(samples, RATE));
  row_field(run, "timers_pending", median(samples, PENDING));
  row_field(run, "timers_abandoned", median(samples, ABANDONED));
  row_field(run, "live_bytes", median(samples, BYTES) - (double)before);
  row_field(run, "bytes_per_timer", bytes_per_timer);
  row_field(run, "timeout_ns", (double)run->row->timeout);
  row_field(run, "seconds", (double)run->result->ns / 1e9);
  row_field(run, "steady", samples->windows > 0);
}

static int steady(struct row_run *run) {
  struct broadcast_load load;
  double bytes_per_timer = 0;
  struct samples *samples = calloc(1, sizeof *samples);
  int error = samples == NULL ? -ENOMEM : broadcast_load_open(&load, run->row);
  if (error == 0) {
    error = reach_steady_state(&load);
    row_start(run);
    if (error == 0) {
      error = sample_rounds(&load, run->n, samples);
    }
    row_stop(run, load.delivered);
    if (error == 0) {
      error = measure_timer(&bytes_per_timer);
    }
    if (error == 0) {
      report(run, samples, load.bytes_before, bytes_per_timer);
    }
    broadcast_load_close(&load, run->result);
  }
  free(samples);
  return error;
}

void rows_steady(struct row_list *list, const struct row *cell) {
  struct row row = *cell;
  row.program = steady;
  row.whole_rounds = true;
  row.load = ROW_LOAD_READY;
  row.capacity = 1;
  row.step = (int64_t)cell->subscribers;
  row.ns_min = WINDOW_TIMEOUTS * cell->timeout;
  row_list_add(list, &row, "steady/policy:%s/mode:%s/subscribers:%zu/concurrency:%zu/timeout_ms:%" PRId64,
               row_policy_name(cell->policy), row_mode_name(cell->mode), cell->subscribers, cell->concurrency,
               cell->timeout / WEIR_MILLISECOND);
}
