/* moby_21233_repaired.c — the twin of moby_21233.c: the reader takes any progress that goes forward. */
#include <weir/scenario.h>

enum { STEPS = 5 };

struct transfer {
  weir_chan *reports, *latest, *progress;
  weir_waitgroup watching;
};

static void downloads(void *arg) {
  struct transfer *transfer = arg;
  for (int step = 1; step <= STEPS; step++) {
    weir_chan_send(transfer->reports, &step);
    weir_sleep(WEIR_MILLISECOND);
  }
  weir_chan_close(transfer->reports);
}

static void keeps_latest(void *arg) {
  struct transfer *transfer = arg;
  int step;
  while (weir_chan_recv(transfer->reports, &step) == 0) {
    weir_chan_try_recv(transfer->latest, NULL); /* overtaken */
    weir_chan_send(transfer->latest, &step);
  }
  weir_chan_close(transfer->latest);
}

static void watches(void *arg) {
  struct transfer *transfer = arg;
  int step;
  while (weir_chan_recv(transfer->latest, &step) == 0)
    weir_chan_send(transfer->progress, &step);
  weir_chan_close(transfer->progress);
  weir_waitgroup_done(&transfer->watching);
}

static void reads_progress(void *arg) {
  weir_chan *progress = arg;
  int step, last = 0;
  while (weir_chan_recv(progress, &step) == 0) {
    if (step <= last)
      break; /* the test has failed */
    last = step;
  }
  weir_chan_unref(progress);
}

WEIR_SCENARIO(moby_21233_repaired, "a test reads progress that only has to go forward") {
  struct transfer transfer = {
      weir_chan_new(sizeof(int), 0), weir_chan_new(sizeof(int), 1), weir_chan_new(sizeof(int), 0), {0}};
  weir_waitgroup_add(&transfer.watching, 1);
  weir_go(reads_progress, weir_chan_ref(transfer.progress));
  weir_go(watches, &transfer);
  weir_go(keeps_latest, &transfer);
  weir_go(downloads, &transfer);
  weir_waitgroup_wait(&transfer.watching);
  weir_chan_unref(transfer.reports);
  weir_chan_unref(transfer.latest);
  weir_chan_unref(transfer.progress);
  return 0;
}
