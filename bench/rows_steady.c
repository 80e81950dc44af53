/* bench/rows_steady.c — the broadcast at steady state: what the abandoned timers of a timeout policy weigh.
 *
 * The broadcast runs for ten timeouts before anything is sampled: by then as many timers come due as are made. From
 * there until n messages are done the books are read after a round, about once in a hundredth of the timeout. Fields
 * are means over the samples, so that Little's law (pending = rate x timeout) can be held against them. live_bytes is
 * what the books hold beyond what they held before the first broadcast. bytes_per_timer is measured at the end, on a
 * thousand timers.
 */
#include "broadcast_load.h"

#include <errno.h>
#include <inttypes.h>

enum { SETTLING_TIMEOUTS = 10, SAMPLES_PER_TIMEOUT = 100, WINDOW_TIMEOUTS = 20, MEASURED_TIMERS = 1000 };

struct samples {
  int64_t count;
  double pending, abandoned, bytes;
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
  load->delivered = load->received = 0;
  return error;
}

static int sample_rounds(struct broadcast_load *load, int64_t n, struct samples *samples) {
  int64_t next = weir_now();
  int error = 0;
  while (error == 0 && load->delivered < n) {
    error = broadcast_load_round(load);
    int64_t now = weir_now();
    if (now >= next) {
      struct weir_counts counts = weir_counts();
      samples->count++;
      samples->pending += (double)counts.timers_pending;
      samples->abandoned += (double)counts.timers_abandoned;
      samples->bytes += (double)counts.bytes;
      next = now + load->row->timeout / SAMPLES_PER_TIMEOUT;
    }
  }
  return error == 0 ? weir_settle(WEIR_FOREVER) : error;
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

static void report(struct row_run *run, const struct samples *samples, size_t before, double bytes_per_timer) {
  double seconds = (double)run->result->ns / 1e9, count = (double)samples->count;
  row_field(run, "rate", (double)run->result->count / seconds);
  row_field(run, "timers_pending", samples->pending / count);
  row_field(run, "timers_abandoned", samples->abandoned / count);
  row_field(run, "live_bytes", samples->bytes / count - (double)before);
  row_field(run, "bytes_per_timer", bytes_per_timer);
  row_field(run, "timeout_ns", (double)run->row->timeout);
  row_field(run, "seconds", seconds);
  row_field(run, "steady", 1);
}

static int steady(struct row_run *run) {
  struct broadcast_load load;
  struct samples samples = {.count = 0};
  double bytes_per_timer = 0;
  int error = broadcast_load_open(&load, run->row);
  if (error == 0) {
    error = reach_steady_state(&load);
  }
  row_start(run);
  if (error == 0) {
    error = sample_rounds(&load, run->n, &samples);
  }
  row_stop(run, load.received);
  if (error == 0) {
    error = measure_timer(&bytes_per_timer);
  }
  if (error == 0) {
    report(run, &samples, load.bytes_before, bytes_per_timer);
  }
  broadcast_load_close(&load);
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
