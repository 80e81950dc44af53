/* cockroach_3710.c — cockroachdb/cockroach#3710: a scan under the store's read lock calls back into the store.
 *
 * A scan walks the replicas under the store's read lock, and the raft log queue asks the store about each of them,
 * under the same read lock. Read locks do not nest: when a writer asks for the lock in between, the scan waits behind
 * the writer and the writer for the scan. Such a writer is a split: it adds a replica after a raft round (leader,
 * follower, leader) that has overtaken the scan. The repair: copy the list, give the lock back, then scan. */
#include <weir/scenario.h>

enum { HOPS = 3, RANGES = 1 };

struct store {
  weir_rwmutex lock; /* of the replicas */
  struct replicas {
    int numbers[RANGES + 1], count;
  } replicas;
  struct hop {
    weir_mutex disk;
    weir_chan *entries;
  } raft[HOPS + 1]; /* the last one has applied the entry */
  weir_waitgroup running;
};

static void persists_and_passes_on(void *arg) {
  struct hop *hop = arg;
  int entry;
  while (weir_chan_recv(hop->entries, &entry) == 0) {
    weir_mutex_lock(&hop->disk); /* writes the entry */
    weir_mutex_unlock(&hop->disk);
    weir_chan_send(hop[1].entries, &entry);
  }
  weir_chan_close(hop[1].entries);
}

static void adds_replicas(void *arg) {
  struct store *store = arg;
  int replica;
  while (weir_chan_recv(store->raft[HOPS].entries, &replica) == 0) {
    weir_rwmutex_lock(&store->lock);
    store->replicas.numbers[store->replicas.count++] = replica;
    weir_rwmutex_unlock(&store->lock);
  }
  weir_waitgroup_done(&store->running);
}

static void queue_for_truncation(struct store *store, int replica) {
  weir_rwmutex_read_lock(&store->lock); /* the status of its raft */
  weir_assert(replica < store->replicas.count);
  weir_rwmutex_read_unlock(&store->lock);
}

WEIR_SCENARIO(cockroach_3710, "a scan that holds a read lock takes it again, and a split asks for it in between") {
  struct store store = {.replicas = {.count = RANGES}};
  weir_waitgroup_add(&store.running, 1);
  for (int i = 0; i <= HOPS; i++)
    store.raft[i].entries = weir_chan_new(sizeof(int), 1);
  weir_go(adds_replicas, &store);
  for (int i = 0; i < HOPS; i++)
    weir_go(persists_and_passes_on, &store.raft[i]);
  weir_chan_send(store.raft[0].entries, &(int){RANGES});
  weir_rwmutex_read_lock(&store.lock);
  for (int i = 0; i < store.replicas.count; i++)
    queue_for_truncation(&store, store.replicas.numbers[i]);
  weir_rwmutex_read_unlock(&store.lock);
  weir_chan_close(store.raft[0].entries);
  weir_waitgroup_wait(&store.running);
  for (int i = 0; i <= HOPS; i++)
    weir_chan_unref(store.raft[i].entries);
  return 0;
}
