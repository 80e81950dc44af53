/* kubernetes_1321_repaired.c — the twin of kubernetes_1321.c: a watcher that stops closes its queue, which lets go
 * of a mux that waits, before it asks for the lock. */
#include <weir/scenario.h>

enum { WATCHERS = 3, QUEUE = 2, EVENTS = 8, WANTED = 3 };

struct mux {
  weir_mutex lock; /* of who watches */
  struct watcher {
    struct mux *mux;
    weir_chan *results;
    bool watching;
  } watchers[WATCHERS];
  weir_chan *incoming;
  weir_waitgroup tasks;
};

static void distributes(void *arg) {
  struct mux *mux = arg;
  int event;
  while (weir_chan_recv(mux->incoming, &event) == 0) {
    weir_mutex_lock(&mux->lock);
    for (struct watcher *watcher = mux->watchers; watcher < mux->watchers + WATCHERS; watcher++)
      if (watcher->watching)
        weir_chan_send(watcher->results, &event);
    weir_mutex_unlock(&mux->lock);
  }
  weir_waitgroup_done(&mux->tasks);
}

static void watches(void *arg) {
  struct watcher *watcher = arg;
  int event;
  do
    weir_chan_recv(watcher->results, &event);
  while (event != WANTED);
  weir_chan_close(watcher->results);
  weir_mutex_lock(&watcher->mux->lock); /* stop */
  watcher->watching = false;
  weir_mutex_unlock(&watcher->mux->lock);
  weir_chan_unref(watcher->results);
  weir_waitgroup_done(&watcher->mux->tasks);
}

WEIR_SCENARIO(kubernetes_1321_repaired, "a watcher closes its queue before it asks for the lock of the mux") {
  struct mux mux = {.incoming = weir_chan_new(sizeof(int), 0)};
  weir_waitgroup_add(&mux.tasks, 1 + WATCHERS);
  for (int i = 0; i < WATCHERS; i++) {
    mux.watchers[i] = (struct watcher){&mux, weir_chan_new(sizeof(int), QUEUE), true};
    weir_go(watches, &mux.watchers[i]);
  }
  weir_go(distributes, &mux);
  for (int event = 1; event <= EVENTS; event++)
    weir_chan_send(mux.incoming, &event);
  weir_chan_close(mux.incoming);
  weir_waitgroup_wait(&mux.tasks);
  weir_chan_unref(mux.incoming);
  return 0;
}
