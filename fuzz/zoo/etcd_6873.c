/* etcd_6873.c — etcd#6873: the proxy's set of watch broadcasts waits, with its lock held, for the task that needs it.
 *
 * Each broadcast hands the server's events to its client and then leaves a note for the coalescing loop, which takes
 * the set's lock to see which broadcasts can be joined. A client that has its event cancels its broadcast, under the
 * lock. When the last one is gone the set stops: it takes the lock, closes the notes and waits until the loop is done.
 * If the loop is so late that it still has a note, or one in hand, it waits for the lock, and the holder for the loop.
 * The repair: stop gives the lock back before it waits. */
#include <weir/scenario.h>

enum { BROADCASTS = 3 };

struct broadcasts {
  weir_mutex lock; /* of the set */
  weir_chan *notes, *coalesced;
  struct broadcast {
    struct broadcasts *set;
    weir_chan *server, *client;
    weir_waitgroup running;
  } all[BROADCASTS];
};

static void broadcasts_events(void *arg) {
  struct broadcast *broadcast = arg;
  while (weir_chan_recv(broadcast->server, NULL) == 0) {
    weir_chan_send(broadcast->client, NULL);
    weir_chan_try_send(broadcast->set->notes, NULL);
  }
  weir_waitgroup_done(&broadcast->running);
}

static void coalesces(void *arg) {
  struct broadcasts *set = arg;
  while (weir_chan_recv(set->notes, NULL) == 0) {
    weir_mutex_lock(&set->lock); /* joins those that are level */
    weir_mutex_unlock(&set->lock);
  }
  weir_chan_close(set->coalesced);
}

static void cancels(struct broadcast *broadcast) {
  weir_mutex_lock(&broadcast->set->lock);
  weir_chan_close(broadcast->server);
  weir_waitgroup_wait(&broadcast->running);
  weir_mutex_unlock(&broadcast->set->lock);
  weir_chan_unref(broadcast->server);
  weir_chan_unref(broadcast->client);
}

WEIR_SCENARIO(etcd_6873, "the set of broadcasts stops with its lock held, and the coalescing loop still has a note") {
  struct broadcasts set = {.notes = weir_chan_new(0, 1), .coalesced = weir_chan_new(0, 0)};
  weir_go(coalesces, &set);
  for (int i = 0; i < BROADCASTS; i++) {
    set.all[i] = (struct broadcast){.set = &set, .server = weir_chan_new(0, 1), .client = weir_chan_new(0, 0)};
    weir_waitgroup_add(&set.all[i].running, 1);
    weir_go(broadcasts_events, &set.all[i]);
    weir_chan_send(set.all[i].server, NULL);
  }
  for (int i = 0; i < BROADCASTS; i++)
    weir_chan_recv(set.all[i].client, NULL);
  for (int i = 0; i < BROADCASTS; i++)
    cancels(&set.all[i]);
  weir_mutex_lock(&set.lock); /* stop */
  weir_chan_close(set.notes);
  weir_chan_recv(set.coalesced, NULL);
  weir_mutex_unlock(&set.lock);
  weir_chan_unref(set.notes);
  weir_chan_unref(set.coalesced);
  return 0;
}
