/* cockroach_10214_repaired.c — the twin of cockroach_10214.c: the loop leaves a note under the lock it has, and the
 * replica reads it at its next tick. */
#include <weir/scenario.h>

enum { REPLICAS = 2, TICKS = 3, OUTBOX = 2 };

struct store {
  weir_mutex heartbeat_lock;
  weir_chan *outbox;
  weir_waitgroup tasks;
  struct replica {
    struct store *store;
    weir_mutex raft_lock;
    bool queued, unreachable;
  } replicas[REPLICAS];
};

static void ticks(void *arg) {
  struct replica *replica = arg;
  for (int tick = 0; tick < TICKS; tick++) {
    weir_sleep(10 * WEIR_MILLISECOND);
    weir_mutex_lock(&replica->raft_lock);
    weir_mutex_lock(&replica->store->heartbeat_lock);
    replica->queued = true;
    replica->unreachable = false;
    weir_mutex_unlock(&replica->store->heartbeat_lock);
    weir_mutex_unlock(&replica->raft_lock);
  }
  weir_waitgroup_done(&replica->store->tasks);
}

static void sends_heartbeats(void *arg) {
  struct store *store = arg;
  for (int round = 0; round < TICKS; round++) {
    weir_sleep(10 * WEIR_MILLISECOND);
    weir_mutex_lock(&store->heartbeat_lock);
    for (struct replica *replica = store->replicas; replica < store->replicas + REPLICAS; replica++) {
      if (replica->queued && weir_chan_try_send(store->outbox, NULL) != 0)
        replica->unreachable = true;
      replica->queued = false;
    }
    weir_mutex_unlock(&store->heartbeat_lock);
  }
  weir_waitgroup_done(&store->tasks);
}

static void transports(void *outbox) {
  while (weir_chan_recv(outbox, NULL) == 0)
    ;
  weir_chan_unref(outbox);
}

WEIR_SCENARIO(cockroach_10214_repaired, "a heartbeat that cannot be sent is noted down") {
  struct store store = {.outbox = weir_chan_new(0, OUTBOX), .replicas = {{.store = &store}, {.store = &store}}};
  weir_waitgroup_add(&store.tasks, REPLICAS + 1);
  weir_go(transports, weir_chan_ref(store.outbox));
  weir_go(sends_heartbeats, &store);
  for (int i = 0; i < REPLICAS; i++)
    weir_go(ticks, &store.replicas[i]);
  weir_waitgroup_wait(&store.tasks);
  weir_chan_close(store.outbox);
  weir_chan_unref(store.outbox);
  return 0;
}
