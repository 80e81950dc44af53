/* etcd_6873_repaired.c — the twin of etcd_6873.c: the set gives its lock back before it waits for the coalescing
 * loop. */
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

WEIR_SCENARIO(etcd_6873_repaired, "the set of broadcasts gives its lock back before it waits for the loop") {
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
  weir_mutex_unlock(&set.lock);
  weir_chan_recv(set.coalesced, NULL);
  weir_chan_unref(set.notes);
  weir_chan_unref(set.coalesced);
  return 0;
}
