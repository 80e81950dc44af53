/* etcd_6857_repaired.c — the twin of etcd_6857.c: Status sends its request or sees that the node is done. */
#include <stdatomic.h>
#include <weir/scenario.h>

enum { PEERS = 5, REPORTS = 3 };

static weir_chan *status, *stop, *done;
static atomic_bool running;
static weir_waitgroup peers, reporters;

static void node(void *arg) {
  weir_chan *reply;
  struct weir_case wait[] = {WEIR_RECV(status, &reply), WEIR_RECV(stop, NULL)};
  while (weir_select(wait, 2, WEIR_FOREVER) == 0)
    weir_chan_send(reply, NULL);
  weir_chan_close(arg);
}

static void node_status(void) {
  weir_chan *reply = weir_chan_new(0, 1);
  struct weir_case ask[] = {WEIR_SEND(status, &reply), WEIR_RECV(done, NULL)};
  if (weir_select(ask, 2, WEIR_FOREVER) == 0)
    weir_chan_recv(reply, NULL);
  weir_chan_unref(reply);
}

static void reporter(void *arg) {
  for (int i = 0; i < REPORTS && running; i++)
    node_status();
  weir_waitgroup_done(arg);
}

static void peer(void *let_go) {
  weir_chan_recv(let_go, NULL);
  weir_waitgroup_done(&peers);
}

WEIR_SCENARIO(etcd_6857_repaired, "a status is asked of a raft node, or of nobody once it has stopped") {
  weir_chan *let_go = weir_chan_new(0, 0);
  status = weir_chan_new(sizeof(weir_chan *), 0);
  stop = weir_chan_new(0, 0);
  done = weir_chan_new(0, 0);
  running = true;
  peers = (weir_waitgroup){0};
  weir_waitgroup_add(&peers, PEERS);
  reporters = (weir_waitgroup){0};
  weir_waitgroup_add(&reporters, 1);
  weir_go(node, done);
  weir_go(reporter, &reporters);
  for (int i = 0; i < PEERS; i++)
    weir_go(peer, let_go);
  weir_sleep(WEIR_SECOND);
  running = false;
  for (int i = 0; i < PEERS; i++)
    weir_chan_send(let_go, NULL);
  weir_waitgroup_wait(&peers);
  weir_chan_send(stop, NULL);
  weir_chan_recv(done, NULL);
  weir_waitgroup_wait(&reporters);
  weir_chan *all[] = {let_go, status, stop, done};
  for (int i = 0; i < 4; i++)
    weir_chan_unref(all[i]);
  return 0;
}
