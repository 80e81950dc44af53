/* kubernetes_6632_repaired.c — the twin of kubernetes_6632.c: once the connection is closed, a task drains the
 * channel until the monitor has closed it. */
#include <errno.h>
#include <weir/scenario.h>

enum { NEWS_MOST = 2, FRAMES = 8, FRAMES_WANTED = 6 };

struct connection {
  weir_mutex write_lock;
  weir_chan *wire, *closed, *not_idle; /* not_idle is NULL once the monitor has left */
  weir_waitgroup tasks;
};

static void writes_frames(void *arg) {
  struct connection *connection = arg;
  for (int frame = 0; frame < FRAMES && weir_chan_try_recv(connection->closed, NULL) == -EAGAIN; frame++) {
    weir_mutex_lock(&connection->write_lock);
    weir_chan_send(connection->wire, NULL);
    if (connection->not_idle != NULL)
      weir_chan_send(connection->not_idle, NULL);
    weir_mutex_unlock(&connection->write_lock);
  }
  weir_chan_close(connection->wire);
  weir_waitgroup_done(&connection->tasks);
}

static void drains(void *chan) {
  while (weir_chan_recv(chan, NULL) == 0)
    ;
  weir_chan_unref(chan);
}

static void monitors_idleness(void *arg) {
  struct connection *connection = arg;
  weir_chan *not_idle = connection->not_idle;
  struct weir_case cases[] = {WEIR_RECV(not_idle, NULL), WEIR_RECV(connection->closed, NULL)};
  while (weir_select(cases, 2, WEIR_FOREVER) == 0)
    ; /* a while longer */
  weir_go(drains, weir_chan_ref(not_idle));
  weir_mutex_lock(&connection->write_lock);
  connection->not_idle = NULL;
  weir_mutex_unlock(&connection->write_lock);
  weir_chan_close(not_idle);
  weir_chan_unref(not_idle);
  weir_waitgroup_done(&connection->tasks);
}

WEIR_SCENARIO(kubernetes_6632_repaired, "a task drains what a late writer still has to say to the idle monitor") {
  struct connection connection = {
      .wire = weir_chan_new(0, 1), .closed = weir_chan_new(0, 0), .not_idle = weir_chan_new(0, NEWS_MOST)};
  weir_waitgroup_add(&connection.tasks, 2);
  weir_go(monitors_idleness, &connection);
  weir_go(writes_frames, &connection);
  for (int frame = 0; frame < FRAMES_WANTED; frame++)
    weir_chan_recv(connection.wire, NULL);
  weir_chan_close(connection.closed);
  drains(connection.wire);
  weir_waitgroup_wait(&connection.tasks);
  weir_chan_unref(connection.closed);
  return 0;
}
