/* bench/rows_task.c — starting tasks and switching between them. */
#include "row.h"

enum { BATCH = 1000 };

/* ---- spawn/join: tasks in batches; each says done to a wait group on which main waits ------------------------- */

struct batch {
  weir_waitgroup group;
  int64_t count;
  bool parallel;
};

static void spawned(void *arg) {
  struct batch *batch = arg;
  row_count_shared(&batch->count, batch->parallel);
  weir_waitgroup_done(&batch->group);
}

static int spawn_batch(struct batch *batch, int64_t size) {
  weir_waitgroup_add(&batch->group, size);
  for (int64_t i = 0; i < size; i++) {
    int error = weir_go(spawned, batch);
    if (error != 0) {
      return error;
    }
  }
  return weir_waitgroup_wait(&batch->group);
}

static int spawn_join(struct row_run *run) {
  struct batch batch = {.parallel = run->row->workers > 1};
  int error = spawn_batch(&batch, BATCH);
  batch.count = 0;
  row_start(run);
  for (int64_t left = run->n; left > 0 && error == 0; left -= BATCH) {
    error = spawn_batch(&batch, left < BATCH ? left : BATCH);
  }
  row_stop(run, batch.count);
  return error;
}

/* ---- yield/pair: two tasks that do nothing else ---------------------------------------------------------------- */

struct yielder {
  weir_waitgroup *group;
  int64_t n, count;
};

static void yielding(void *arg) {
  struct yielder *self = arg;
  int64_t count = 0;
  for (int64_t i = 0; i < self->n; i++) {
    weir_yield();
    count++;
  }
  self->count = count;
  weir_waitgroup_done(self->group);
}

static int yield_times(int64_t n, struct yielder pair[2]) {
  weir_waitgroup group = {0};
  weir_waitgroup_add(&group, 2);
  for (int i = 0; i < 2; i++) {
    pair[i] = (struct yielder){.group = &group, .n = n};
    int error = weir_go(yielding, &pair[i]);
    if (error != 0) {
      return error;
    }
  }
  return weir_waitgroup_wait(&group);
}

static int yield_pair(struct row_run *run) {
  struct yielder pair[2];
  int error = yield_times(BATCH, pair);
  row_start(run);
  if (error == 0) {
    error = yield_times(run->n, pair);
  }
  row_stop(run, pair[0].count < pair[1].count ? pair[0].count : pair[1].count);
  return error;
}

/* ---- rows that lose an operation, that never end ----------------------------------------------------------------- */

static int wrong_count(struct row_run *run) {
  struct yielder pair[2];
  row_start(run);
  int error = yield_times(run->n - 1, pair);
  row_stop(run, pair[0].count);
  return error;
}

static int hang(struct row_run *run) {
  (void)run;
  return weir_sleep(3600 * WEIR_SECOND);
}

void rows_hang(struct row_list *list) {
  row_list_add(list, &(struct row){.program = hang, .step = BATCH}, "self_test/hang");
}

void rows_wrong_count(struct row_list *list) {
  row_list_add(list, &(struct row){.program = wrong_count, .step = BATCH}, "self_test/wrong_count");
}

void rows_task(struct row_list *list) {
  row_list_add(list, &(struct row){.program = spawn_join, .step = BATCH}, "spawn/join/batch:%d", BATCH);
  row_list_add(list, &(struct row){.program = yield_pair, .step = BATCH}, "yield/pair");
}
