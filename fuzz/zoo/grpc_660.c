/* grpc_660.c — grpc/grpc-go#660: a call that failed outlives the benchmark.
 *
 * Each connection of the benchmark's client makes calls in a closed loop: a goroutine makes the call and reports
 * through an unbuffered channel; the loop waits for the report or for the stop, whatever comes first. A call that went
 * well reports or sees the stop. One that failed just reports, and after the stop nobody listens.
 * The interleaving: a call fails while the benchmark is stopped, and its loop sees the stop first.
 * The repair: a failure is reported in the same way as a success. */
#include <weir/scenario.h>

enum { CONNECTIONS = 2 };

static weir_chan *stop;
static weir_mutex histogram_lock;
static unsigned histogram;
static weir_waitgroup under_way;

static bool unary_call(void) {
  weir_sleep(WEIR_MILLISECOND);
  return weir_draw(32) != 31;
}

static void measured_call(void *reports) {
  const bool went_well = unary_call();
  struct weir_case report[] = {WEIR_SEND(reports, &went_well), WEIR_RECV(stop, NULL)};
  if (went_well) {
    weir_mutex_lock(&histogram_lock);
    histogram++;
    weir_mutex_unlock(&histogram_lock);
    weir_select(report, 2, WEIR_FOREVER);
  } else {
    weir_chan_send(reports, &went_well);
  }
  weir_chan_unref(reports);
  weir_waitgroup_done(&under_way);
}

static void closed_loop(void *arg) {
  for (bool stopped = false, went_well = true; !stopped && went_well;) {
    weir_chan *reports = weir_chan_new(sizeof(bool), 0);
    weir_waitgroup_add(arg, 1);
    weir_go(measured_call, weir_chan_ref(reports));
    struct weir_case first[] = {WEIR_RECV(reports, &went_well), WEIR_RECV(stop, NULL)};
    stopped = weir_select(first, 2, WEIR_FOREVER) == 1;
    weir_chan_unref(reports);
  }
  weir_waitgroup_done(arg);
}

WEIR_SCENARIO(grpc_660, "a failed call reports to a benchmark that has been stopped") {
  stop = weir_chan_new(0, 0);
  histogram_lock = (weir_mutex){0};
  histogram = 0;
  under_way = (weir_waitgroup){0};
  weir_waitgroup_add(&under_way, CONNECTIONS);
  for (int i = 0; i < CONNECTIONS; i++)
    weir_go(closed_loop, &under_way);
  weir_sleep(5 * WEIR_MILLISECOND);
  weir_chan_close(stop);
  weir_waitgroup_wait(&under_way);
  weir_chan_unref(stop);
  return 0;
}
