/* bench/rows_scaling.c — as many independent broadcasts as there are workers, at the same time in one run.
 *
 * Each has its own subscribers, receivers and publisher; nothing is shared but the runtime. An operation is a delivered
 * message of any of them, and the time is from the start of the first to the end of the last: one that was left behind
 * counts in full. Nobody is pinned: that they end up on workers of their own is the scheduler's business.
 *
 * With one worker it is one broadcast; two processes of that, at the same time, are what two workers are held against
 * (serve.h).
 */
#include "broadcast_load.h"

#include <errno.h>
#include <stdlib.h>

enum { SUBSCRIBERS = 100, BROADCASTS_MOST = 64 };
#define SCALING_NS      (300 * WEIR_MILLISECOND) /* the edges, where only one of them runs, must not show */
#define SCALING_TIMEOUT (5 * WEIR_MILLISECOND)

struct broadcaster {
  struct broadcast_load load;
  int64_t n;
  int error;
  weir_waitgroup *ended;
  char apart[128]; /* the next one's cache lines are its own */
};

static void broadcasting(void *arg) {
  struct broadcaster *self = arg;
  while (self->load.delivered < self->n && self->error == 0) {
    self->error = broadcast_load_round(&self->load);
  }
  weir_waitgroup_done(self->ended);
}

static int broadcast_all(struct row_run *run, struct broadcaster *all, size_t count) {
  weir_waitgroup ended = {0};
  int error = 0;
  row_start(run);
  for (size_t i = 0; i < count && error == 0; i++) {
    all[i].n = run->n * (int64_t)(i + 1) / (int64_t)count - run->n * (int64_t)i / (int64_t)count;
    all[i].ended = &ended;
    weir_waitgroup_add(&ended, 1);
    error = weir_go(broadcasting, &all[i]);
    if (error != 0) {
      weir_waitgroup_done(&ended);
    }
  }
  weir_waitgroup_wait(&ended);
  weir_settle(WEIR_FOREVER);
  row_stop(run, 0);
  for (size_t i = 0; i < count; i++) {
    run->result->count += all[i].load.delivered;
    error = error == 0 ? all[i].error : error;
  }
  return error;
}

static int scaling(struct row_run *run) {
  size_t count = run->row->workers < BROADCASTS_MOST ? run->row->workers : BROADCASTS_MOST, opened = 0;
  struct broadcaster *all = calloc(count, sizeof *all);
  int error = all == NULL ? -ENOMEM : 0;
  while (error == 0 && opened < count) {
    error = broadcast_load_open(&all[opened++].load, run->row);
  }
  if (error == 0) {
    error = broadcast_all(run, all, count);
  }
  for (size_t i = 0; i < opened; i++) {
    broadcast_load_close(&all[i].load, run->result);
  }
  free(all);
  return error;
}

void rows_scaling(struct row_list *list) {
  static const enum weir_timeout_policy policies[] = {WEIR_TIMEOUT_AFTER, WEIR_TIMEOUT_TIMER, WEIR_TIMEOUT_DEADLINE,
                                                      WEIR_TIMEOUT_NONE};
  for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
    struct row row = {.program = scaling, .whole_rounds = true, .step = 1000, .ns_min = SCALING_NS};
    row.policy = policies[i];
    row.subscribers = SUBSCRIBERS;
    row.concurrency = 1;
    row.capacity = 1;
    row.timeout = SCALING_TIMEOUT;
    row_list_add(list, &row, "scaling/broadcast/policy:%s", row_policy_name(row.policy));
  }
}
