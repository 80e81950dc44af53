/* bench/broadcast_load.c — see the header. */
#include "broadcast_load.h"

#include <errno.h>
#include <stdlib.h>

static void receiving(void *arg) {
  struct receiver *self = arg;
  struct broadcast_load *load = self->load;
  int64_t message;
  while (weir_chan_recv(self->chan, &message) == 0) {
    load->received++;
    if (self->closes_exit && message == load->round) {
      weir_chan_close(load->exit);
    }
  }
  weir_waitgroup_done(&load->receiving);
}

static bool receives(const struct row *row, size_t subscriber) {
  return row->load != ROW_LOAD_SLOW || subscriber % 10 != 9;
}

static int start_receivers(struct broadcast_load *load) {
  const struct row *row = load->row;
  for (size_t i = 0; i < row->subscribers; i++) {
    if (!receives(row, i)) {
      continue;
    }
    load->receivers[i] = (struct receiver){
        .load = load,
        .chan = load->channels[i],
        .closes_exit = row->load == ROW_LOAD_EXIT && i == row->subscribers / 2,
    };
    weir_waitgroup_add(&load->receiving, 1);
    int error = weir_go(receiving, &load->receivers[i]);
    if (error != 0) {
      weir_waitgroup_done(&load->receiving);
      return error;
    }
  }
  return weir_settle(WEIR_FOREVER);
}

int broadcast_load_open(struct broadcast_load *load, const struct row *row) {
  *load = (struct broadcast_load){.row = row};
  load->channels = row_channels_new(row->subscribers, sizeof(int64_t), row->capacity);
  load->receivers = calloc(row->subscribers, sizeof(struct receiver));
  load->exit = weir_chan_new(0, 0);
  if (load->channels == NULL || load->receivers == NULL || load->exit == NULL) {
    return -ENOMEM;
  }
  int error = start_receivers(load);
  load->bytes_before = weir_counts().bytes;
  /* Until every stack has been used, what does not receive is full, and as many abandoned timers expire as are made. */
  size_t rounds = row->capacity == 0 ? 1 : row->capacity;
  int64_t warm = row->policy == WEIR_TIMEOUT_AFTER ? weir_now() + 2 * row->timeout : 0;
  for (size_t i = 0; (i < rounds || weir_now() < warm) && error == 0; i++) {
    error = broadcast_load_round(load);
  }
  if (error == 0) {
    error = weir_settle(WEIR_FOREVER);
  }
  load->received = load->delivered = load->timed_out = 0;
  return error;
}

int broadcast_load_round(struct broadcast_load *load) {
  const struct row *row = load->row;
  load->round++;
  if (row->load == ROW_LOAD_EXIT) {
    weir_chan_unref(load->exit);
    load->exit = weir_chan_new(0, 0);
    if (load->exit == NULL) {
      return -ENOMEM;
    }
  }
  const struct weir_broadcast_options options = {
      .concurrency = (unsigned)row->concurrency, .timeout = row->timeout, .policy = row->policy, .exit = load->exit};
  struct weir_broadcast_result result;
  int error = weir_broadcast(load->channels, row->subscribers, &load->round, &options, &result);
  load->delivered += (int64_t)result.delivered;
  load->timed_out += (int64_t)result.timed_out;
  return error;
}

void broadcast_load_close(struct broadcast_load *load) {
  for (size_t i = 0; load->channels != NULL && i < load->row->subscribers; i++) {
    weir_chan_close(load->channels[i]);
  }
  weir_waitgroup_wait(&load->receiving);
  row_channels_free(load->channels, load->channels == NULL ? 0 : load->row->subscribers);
  free(load->receivers);
  weir_chan_unref(load->exit);
}
