/* bench/broadcast_load.c — see the header. */
#include "broadcast_load.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* Held for a moment, and by two at most; nothing under it blocks. */
static void lock_exit(struct broadcast_load *load) {
  while (atomic_flag_test_and_set_explicit(&load->exit_busy, memory_order_acquire)) {
    sched_yield();
  }
}

static void unlock_exit(struct broadcast_load *load) {
  atomic_flag_clear_explicit(&load->exit_busy, memory_order_release);
}

static void close_exit(struct broadcast_load *load, int64_t message) {
  lock_exit(load);
  if (message == load->round) {
    weir_chan_close(load->exit);
    load->exits++;
  }
  unlock_exit(load);
}

static void receiving(void *arg) {
  struct receiver *self = arg;
  struct broadcast_load *load = self->load;
  int64_t message, count = 0;
  while (weir_chan_recv(self->chan, &message) == 0) {
    count++;
    if (self->closes_exit) {
      close_exit(load, message);
    }
  }
  self->count = count;
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
  *load = (struct broadcast_load){.row = row, .exit_busy = ATOMIC_FLAG_INIT};
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
  broadcast_load_warm(load);
  return error;
}

void broadcast_load_warm(struct broadcast_load *load) {
  load->warm_up += load->delivered;
  load->delivered = load->timed_out = 0;
}

/* The next round's number, and with load exit a channel of its own. */
static int begin_round(struct broadcast_load *load) {
  if (load->row->load != ROW_LOAD_EXIT) {
    load->round++;
    return 0;
  }
  weir_chan *fresh = weir_chan_new(0, 0);
  if (fresh == NULL) {
    return -ENOMEM;
  }
  lock_exit(load);
  weir_chan *last = load->exit;
  load->exit = fresh;
  load->round++;
  unlock_exit(load);
  weir_chan_unref(last);
  return 0;
}

int broadcast_load_round(struct broadcast_load *load) {
  const struct row *row = load->row;
  int error = begin_round(load);
  if (error != 0) {
    return error;
  }
  const struct weir_broadcast_options options = {
      .concurrency = (unsigned)row->concurrency, .timeout = row->timeout, .policy = row->policy, .exit = load->exit};
  struct weir_broadcast_result result;
  error = weir_broadcast(load->channels, row->subscribers, &load->round, &options, &result);
  load->delivered += (int64_t)result.delivered;
  load->timed_out += (int64_t)result.timed_out;
  return error;
}

/* What stayed in the channels was delivered too: subscribers that do not receive hold it. */
static void compare_books(const struct broadcast_load *load, struct row_result *result) {
  int64_t received = 0, delivered = load->warm_up + load->delivered;
  for (size_t i = 0; i < load->row->subscribers; i++) {
    received += load->receivers[i].count + (int64_t)weir_chan_len(load->channels[i]);
  }
  if (received != delivered && result->failure[0] == '\0') {
    snprintf(result->failure, ROW_FAILURE_SIZE,
             "%s: wrong work count: broadcasts delivered %" PRId64 " messages, receivers got %" PRId64, load->row->name,
             delivered, received);
  }
}

void broadcast_load_close(struct broadcast_load *load, struct row_result *result) {
  for (size_t i = 0; load->channels != NULL && i < load->row->subscribers; i++) {
    weir_chan_close(load->channels[i]);
  }
  weir_waitgroup_wait(&load->receiving);
  if (load->channels != NULL && load->receivers != NULL) {
    compare_books(load, result);
  }
  row_channels_free(load->channels, load->channels == NULL ? 0 : load->row->subscribers);
  free(load->receivers);
  weir_chan_unref(load->exit);
}
