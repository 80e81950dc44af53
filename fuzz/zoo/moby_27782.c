/* moby_27782.c — moby#27782 (issue 27779): following the log of a container that writes its last line and exits.
 *
 * A watcher task hands the kernel's notes, each saying that the file was modified, to the follower. When the exit has
 * come up through all layers to the log driver, the follower itself gives up the watch and waits until that has come
 * down the same queue. If a last note is still under way, the watcher waits for the follower to take it, and never
 * comes to what the follower waits for. The repair: a task of its own gives up the watch, and the follower goes on
 * taking notes until there are no more. */
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
  struct weir_case cases[] = {WEIR_RECV(log->events, NULL), WEIR_RECV(log->exited[LAYERS], NULL)};
  while (weir_select(cases, 2, WEIR_FOREVER) == 0)
    ; /* reads what is new */
  gives_up_watch(log);
}

static void passes_on_exit(void *arg) {
  weir_chan **exited = arg;
  weir_chan_recv(exited[0], NULL);
  weir_chan_close(exited[1]);
}

WEIR_SCENARIO(moby_27782, "a follower gives up its watch, and the watcher still has an event for it") {
  struct log log = {.kernel = weir_chan_new(0, LINES), .events = weir_chan_new(0, 0)};
  weir_waitgroup_add(&log.watching, 1);
  weir_waitgroup_add(&log.tasks, 1);
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
