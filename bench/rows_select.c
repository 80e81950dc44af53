/* bench/rows_select.c — selects that find something ready, that block, and many on one channel. */
#include "row.h"

#include <errno.h>

enum { STEP = 1000, CASES_MAX = 64, TASKS_MAX = 64 };

static void receive_from(weir_chan **channels, size_t count, struct weir_case cases[], int64_t *value) {
  for (size_t i = 0; i < count; i++) {
    cases[i] = (struct weir_case)WEIR_RECV(channels[i], value);
  }
}

/* ---- ready: each select receives, then its channel is filled again ---------------------------------------------- */

static bool is_ready(const struct row *row, size_t i) {
  return row->ready == row->cases || i == row->cases / 2;
}

static int64_t select_and_refill(weir_chan **channels, const struct row *row, int64_t n) {
  struct weir_case cases[CASES_MAX];
  int64_t value = 0, count = 0;
  receive_from(channels, row->cases, cases, &value);
  for (int64_t i = 0; i < n; i++) {
    int chosen = weir_select(cases, row->cases, WEIR_FOREVER);
    count += is_ready(row, (size_t)chosen) && weir_chan_send(channels[chosen], &value) == 0;
  }
  return count;
}

static int select_ready(struct row_run *run) {
  const struct row *row = run->row;
  weir_chan **channels = row_channels_new(row->cases, sizeof(int64_t), 1);
  if (channels == NULL) {
    return -ENOMEM;
  }
  for (size_t i = 0; i < row->cases; i++) {
    if (is_ready(row, i)) {
      weir_chan_send(channels[i], &(int64_t){0});
    }
  }
  select_and_refill(channels, row, STEP);
  row_start(run);
  row_stop(run, select_and_refill(channels, row, run->n));
  row_channels_free(channels, row->cases);
  return 0;
}

/* ---- block: a selector waits on every channel, main sends on them in turn ----------------------------------------
 * Main yields before each send: else it would itself be waiting when the selector comes back, and every second select
 * would find something ready. */

struct selector {
  weir_chan **channels;
  size_t cases;
  int64_t n, count;
  weir_waitgroup ended;
};

static void selecting(void *arg) {
  struct selector *self = arg;
  struct weir_case cases[CASES_MAX];
  int64_t value = 0, count = 0;
  receive_from(self->channels, self->cases, cases, &value);
  for (int64_t i = 0; i < self->n; i++) {
    int chosen = weir_select(cases, self->cases, WEIR_FOREVER);
    count += chosen >= 0 && value == i;
  }
  self->count = count;
  weir_waitgroup_done(&self->ended);
}

static int wake_selector(struct selector *selector, int64_t n) {
  selector->n = n;
  selector->count = 0;
  weir_waitgroup_add(&selector->ended, 1);
  int error = weir_go(selecting, selector);
  size_t next = 0;
  for (int64_t i = 0; i < n && error == 0; i++) {
    weir_yield();
    error = weir_chan_send(selector->channels[next], &i);
    next = next + 1 == selector->cases ? 0 : next + 1;
  }
  return error == 0 ? weir_waitgroup_wait(&selector->ended) : error;
}

static int select_block(struct row_run *run) {
  weir_chan **channels = row_channels_new(run->row->cases, sizeof(int64_t), 0);
  if (channels == NULL) {
    return -ENOMEM;
  }
  struct selector selector = {.channels = channels, .cases = run->row->cases};
  int error = wake_selector(&selector, STEP);
  row_start(run);
  if (error == 0) {
    error = wake_selector(&selector, run->n);
  }
  row_stop(run, selector.count);
  row_channels_free(channels, run->row->cases);
  return error;
}

/* ---- thundering: many tasks select on the same channel and a quit channel, main sends -----------------------------
 * What warms up is negative, so that nobody counts it. */

enum { WARMING = -1 };

struct herd {
  weir_chan *shared, *quit;
  int64_t counts[TASKS_MAX];
  weir_waitgroup ended;
};

struct member {
  struct herd *herd;
  size_t number;
};

static void waiting_in_herd(void *arg) {
  struct member *self = arg;
  struct herd *herd = self->herd;
  int64_t value, count = 0;
  struct weir_case cases[] = {WEIR_RECV(herd->shared, &value), WEIR_RECV(herd->quit, NULL)};
  while (weir_select(cases, 2, WEIR_FOREVER) == 0) {
    count += value >= 0;
  }
  herd->counts[self->number] = count;
  weir_waitgroup_done(&herd->ended);
}

static void feed(const struct herd *herd, int64_t first, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    int64_t value = first < 0 ? first : first + i;
    weir_chan_send(herd->shared, &value);
  }
}

static int select_thundering(struct row_run *run) {
  weir_chan **channels = row_channels_new(2, sizeof(int64_t), 0);
  if (channels == NULL) {
    return -ENOMEM;
  }
  struct herd herd = {.shared = channels[0], .quit = channels[1]};
  struct member members[TASKS_MAX];
  for (size_t i = 0; i < run->row->tasks; i++) {
    members[i] = (struct member){&herd, i};
    weir_waitgroup_add(&herd.ended, 1);
    int error = weir_go(waiting_in_herd, &members[i]);
    if (error != 0) {
      return error; /* channels with waiters may not be freed */
    }
  }
  feed(&herd, WARMING, STEP);
  weir_settle(WEIR_FOREVER);
  row_start(run);
  feed(&herd, 0, run->n);
  row_stop(run, 0);
  weir_chan_close(herd.quit);
  weir_waitgroup_wait(&herd.ended);
  for (size_t i = 0; i < run->row->tasks; i++) {
    run->result->count += herd.counts[i];
  }
  row_channels_free(channels, 2);
  return 0;
}

void rows_select(struct row_list *list) {
  row_list_add(list, &(struct row){.program = select_ready, .step = STEP, .cases = 2, .ready = 2},
               "select/ready:2/cases:2");
  for (size_t cases = 8; cases <= CASES_MAX; cases *= 8) {
    row_list_add(list, &(struct row){.program = select_ready, .step = STEP, .cases = cases, .ready = 1},
                 "select/ready:1/cases:%zu", cases);
  }
  static const size_t block[] = {2, 8, 64};
  for (size_t i = 0; i < sizeof(block) / sizeof(block[0]); i++) {
    row_list_add(list, &(struct row){.program = select_block, .step = STEP, .cases = block[i]},
                 "select/block/cases:%zu", block[i]);
  }
  row_list_add(list, &(struct row){.program = select_thundering, .step = STEP, .tasks = TASKS_MAX},
               "select/thundering/tasks:%d", TASKS_MAX);
}
