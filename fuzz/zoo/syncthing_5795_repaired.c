/* syncthing_5795_repaired.c — the twin of syncthing_5795.c: what waits gets a task of its own, and close returns at
 * once. */
#include <weir/scenario.h>

struct connection {
  weir_chan *inbox, *closed, *stopped;
  weir_once closing;
  weir_waitgroup tasks;
};

static void ends(void *arg) {
  struct connection *connection = arg;
  weir_chan_close(connection->closed);
  weir_chan_recv(connection->stopped, NULL);
  weir_waitgroup_done(&connection->tasks);
}

static void begins_to_end(void *arg) {
  weir_go(ends, arg);
}

static void connection_close(struct connection *connection) {
  weir_once_do(&connection->closing, begins_to_end, connection);
}

static void dispatches(void *arg) {
  struct connection *connection = arg;
  int new_folders;
  struct weir_case cases[] = {WEIR_RECV(connection->closed, NULL), WEIR_RECV(connection->inbox, &new_folders)};
  while (weir_select(cases, 2, WEIR_FOREVER) == 1)
    if (new_folders > 0)
      connection_close(connection); /* the model's callback */
  weir_chan_close(connection->stopped);
  weir_waitgroup_done(&connection->tasks);
}

static void reads(void *arg) {
  struct connection *connection = arg;
  for (int new_folders = 0; new_folders < 3; new_folders++) {
    struct weir_case cases[] = {WEIR_RECV(connection->closed, NULL), WEIR_SEND(connection->inbox, &new_folders)};
    weir_select(cases, 2, WEIR_FOREVER);
  }
  weir_waitgroup_done(&connection->tasks);
}

WEIR_SCENARIO(syncthing_5795_repaired, "the dispatcher closes its own connection, and a task of its own waits for it") {
  struct connection connection = {
      .inbox = weir_chan_new(sizeof(int), 0), .closed = weir_chan_new(0, 0), .stopped = weir_chan_new(0, 0)};
  weir_waitgroup_add(&connection.tasks, 3);
  weir_go(dispatches, &connection);
  weir_go(reads, &connection);
  connection_close(&connection);
  weir_waitgroup_wait(&connection.tasks);
  weir_chan_unref(connection.inbox);
  weir_chan_unref(connection.closed);
  weir_chan_unref(connection.stopped);
  return 0;
}
