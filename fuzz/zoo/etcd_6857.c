/* etcd_6857.c — etcd-io/etcd#6857 (issue #6855): the status of a raft node that has stopped.
 *
 * A raft node is one goroutine that serves requests from channels until it is told to stop. Its other methods also
 * look at a done channel; Status only sends its request and waits for the answer. Whoever keeps the node asks first
 * whether it runs, then for its status; when it stops in between, nobody takes the request.
 * The interleaving: a reporter has seen the node running and is held up for the whole of a shutdown, in which every
 * peer is let go first.
 * The repair: Status looks at done as well. */
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
  weir_chan_send(status, &reply);
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

WEIR_SCENARIO(etcd_6857, "a status is asked of a raft node that has stopped") {
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
