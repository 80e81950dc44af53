/* moby_27782_repaired.c — the twin of moby_27782.c: a task of its own gives up the watch, while the follower goes
 * on taking notes. */
#include <weir/scenario.h>

enum { LINES = 2, LAYERS = 6 }; /* shim, containerd, its events, libcontainerd, daemon, container */

struct log {
  weir_chan *kernel, *events, *exited[LAYERS + 1]; /* the last layer is the log driver */
  weir_waitgroup watching, tasks;
};

static void watches(void *arg) {
  struct log *log = arg;
  while (weir_chan_recv(log->kernel, NULL) == 0)
    weir_chan_send(log->events, NULL);
  weir_chan_close(log->events);
  weir_waitgroup_done(&log->watching);
}

static void gives_up_watch(void *arg) {
  struct log *log = arg;
  weir_chan_recv(log->exited[LAYERS], NULL); /* not before */
  weir_chan_close(log->kernel);
  weir_waitgroup_wait(&log->watching);
  weir_waitgroup_done(&log->tasks);
}

static void follows(void *arg) {
  struct log *log = arg;
  weir_go(gives_up_watch, log);
  while (weir_chan_recv(log->events, NULL) == 0)
    ; /* reads what is new */
  weir_waitgroup_done(&log->tasks);
}

static void passes_on_exit(void *arg) {
  weir_chan **exited = arg;
  weir_chan_recv(exited[0], NULL);
  weir_chan_close(exited[1]);
}

WEIR_SCENARIO(moby_27782_repaired, "a follower takes events until the watch has been given up") {
  struct log log = {.kernel = weir_chan_new(0, LINES), .events = weir_chan_new(0, 0)};
  weir_waitgroup_add(&log.watching, 1);
  weir_waitgroup_add(&log.tasks, 2);
  for (int i = 0; i <= LAYERS; i++)
    log.exited[i] = weir_chan_new(0, 0);
  weir_go(watches, &log);
  weir_go(follows, &log);
  for (int i = 0; i < LAYERS; i++)
    weir_go(passes_on_exit, &log.exited[i]);
  for (int line = 0; line < LINES; line++) {
    weir_chan_send(log.kernel, NULL);
    weir_sleep(WEIR_MILLISECOND);
  }
  weir_chan_close(log.exited[0]);
  weir_waitgroup_wait(&log.tasks);
  weir_chan_unref(log.kernel);
  weir_chan_unref(log.events);
  for (int i = 0; i <= LAYERS; i++)
    weir_chan_unref(log.exited[i]);
  return 0;
}
