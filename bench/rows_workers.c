/* bench/rows_workers.c — what several workers are for, and what they cost.
 *
 * ping_pong/cross  a round trip between two tasks that are pinned to different workers; only with several.
 * steal/skewed     one task starts all the others, a batch of 1000 at a time, each about a microsecond of arithmetic:
 *                  what another worker runs, it has stolen. stolen is how many ran on another thread than the one that
 *                  started them: shown, not judged.
 * mutex/contended  8 tasks lock and unlock one mutex around a plain counter, without a yield of their own. With one
 *                  worker nobody else runs while it is held: that is the price of the pair alone.
 */
#include "row.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEP = 1000, BATCH = 1000, LOCKERS = 8 };

/* pthread_self is declared as if its value never changed, but a task may come back from a wait on another thread. */
static __attribute__((noinline)) pthread_t thread_here(void) {
  __asm__ volatile("" ::: "memory");
  return pthread_self();
}

/* ---- ping-pong across ---------------------------------------------------------------------------------------------
 * The first end is pinned to the worker that main is on. The second must be started by somebody on another: main keeps
 * its own worker busy until one of the starters it has made, which are not pinned, was run elsewhere. */

enum { STARTERS_MOST = 64 };
#define STARTER_PATIENCE (10 * WEIR_MILLISECOND) /* before another one is made */

struct across {
  struct row_run *run;
  weir_chan *ping, *pong;
  pthread_t home;
  bool elsewhere; /* the second end has been started, not at home */
  int error;      /* of starting it */
  pthread_t first_at, second_at;
  weir_waitgroup ended;
};

static const struct weir_task_options pinned = {.name = "pinned end", .pinned = true};

static int64_t cross_trips(const struct across *across, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t value = i;
    weir_chan_send(across->ping, &value);
    weir_chan_recv(across->pong, &value);
    count += value == i + 1;
  }
  return count;
}

static void first_end(void *arg) {
  struct across *across = arg;
  across->first_at = thread_here();
  cross_trips(across, STEP);
  row_start(across->run);
  row_stop(across->run, cross_trips(across, across->run->n));
  if (!pthread_equal(across->first_at, thread_here())) {
    across->error = -EXDEV;
  }
  weir_chan_close(across->ping);
  weir_waitgroup_done(&across->ended);
}

static void second_end(void *arg) {
  struct across *across = arg;
  int64_t value;
  across->second_at = thread_here();
  while (weir_chan_recv(across->ping, &value) == 0) {
    value++;
    weir_chan_send(across->pong, &value);
  }
  weir_waitgroup_done(&across->ended);
}

static void starter(void *arg) {
  struct across *across = arg;
  bool taken =
      pthread_equal(thread_here(), across->home) || __atomic_exchange_n(&across->elsewhere, true, __ATOMIC_ACQ_REL);
  if (!taken) {
    across->error = weir_go_with(&pinned, second_end, across);
  }
  weir_waitgroup_done(&across->ended);
}

static int start_elsewhere(struct across *across) {
  for (int made = 0; made < STARTERS_MOST; made++) {
    weir_waitgroup_add(&across->ended, 1);
    int error = weir_go(starter, across);
    if (error != 0) {
      weir_waitgroup_done(&across->ended);
      return error;
    }
    for (int64_t end = row_clock() + STARTER_PATIENCE; row_clock() < end;) {
      if (__atomic_load_n(&across->elsewhere, __ATOMIC_ACQUIRE)) {
        return 0;
      }
    }
  }
  return -ETIMEDOUT;
}

static int both_ends(struct across *across) {
  weir_waitgroup_add(&across->ended, 2);
  int error = start_elsewhere(across);
  if (error == 0) {
    error = weir_go_with(&pinned, first_end, across);
  }
  if (error != 0) {
    return error;
  }
  weir_waitgroup_wait(&across->ended);
  return across->error;
}

static const char *cross_failure(const struct across *across, int error) {
  if (error == -ETIMEDOUT) {
    return "no task ran on another worker while main kept its own busy";
  }
  if (error == -EXDEV) {
    return "a pinned task changed its thread";
  }
  bool together = error == 0 && pthread_equal(across->first_at, across->second_at);
  return together ? "both pinned ends ran on one thread" : NULL;
}

static int ping_pong_cross(struct row_run *run) {
  static struct across across; /* outlives main: starters may still wait for their turn when it gives up */
  weir_chan **channels = row_channels_new(2, sizeof(int64_t), 0);
  if (channels == NULL) {
    return -ENOMEM;
  }
  across = (struct across){.run = run, .ping = channels[0], .pong = channels[1], .home = thread_here()};
  int error = both_ends(&across);
  const char *failure = cross_failure(&across, error);
  if (failure != NULL) {
    snprintf(run->result->failure, ROW_FAILURE_SIZE, "%s: %s", run->row->name, failure);
    return 0; /* what is waited on may not be freed: the run ends now */
  }
  if (error == 0) {
    row_channels_free(channels, 2);
  }
  return error;
}

/* ---- skewed: one task starts all ------------------------------------------------------------------------------------
 * Every task leaves what it computed and where in a place of its own. */

enum { WORK = 1000 }; /* steps of four cycles each: about a microsecond */

struct skewed_task {
  uint64_t seed, result;
  pthread_t at;
  weir_waitgroup *group;
};

struct skewed {
  struct skewed_task tasks[BATCH];
  uint64_t expected[BATCH];
  int64_t count, stolen;
};

static uint64_t work(uint64_t x) {
  for (int i = 0; i < WORK; i++) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  }
  return x;
}

static void working(void *arg) {
  struct skewed_task *self = arg;
  self->result = work(self->seed);
  self->at = thread_here();
  weir_waitgroup_done(self->group);
}

static int skewed_batch(struct skewed *skewed, int64_t size) {
  weir_waitgroup group = {0};
  pthread_t home = thread_here();
  weir_waitgroup_add(&group, size);
  for (int64_t i = 0; i < size; i++) {
    struct skewed_task *task = &skewed->tasks[i];
    *task = (struct skewed_task){.seed = (uint64_t)i, .group = &group};
    int error = weir_go(working, task);
    if (error != 0) {
      return error;
    }
  }
  int error = weir_waitgroup_wait(&group);
  for (int64_t i = 0; i < size; i++) {
    skewed->count += skewed->tasks[i].result == skewed->expected[i];
    skewed->stolen += !pthread_equal(skewed->tasks[i].at, home);
  }
  return error;
}

static int steal_skewed(struct row_run *run) {
  struct skewed *skewed = calloc(1, sizeof *skewed);
  if (skewed == NULL) {
    return -ENOMEM;
  }
  for (int i = 0; i < BATCH; i++) {
    skewed->expected[i] = work((uint64_t)i);
  }
  int error = skewed_batch(skewed, BATCH);
  skewed->count = skewed->stolen = 0;
  row_start(run);
  for (int64_t left = run->n; left > 0 && error == 0; left -= BATCH) {
    error = skewed_batch(skewed, left < BATCH ? left : BATCH);
  }
  row_stop(run, skewed->count);
  row_field(run, "stolen", (double)skewed->stolen);
  if (error == 0) {
    free(skewed); /* else a task may still write there */
  }
  return error;
}

/* ---- mutex ----------------------------------------------------------------------------------------------------------
 */

struct contended {
  weir_mutex mutex;
  int64_t count; /* under the mutex */
  weir_waitgroup ended;
};

struct locker {
  struct contended *contended;
  int64_t n;
};

static void locking(void *arg) {
  struct locker *self = arg;
  struct contended *contended = self->contended;
  for (int64_t i = 0; i < self->n; i++) {
    weir_mutex_lock(&contended->mutex);
    contended->count++;
    weir_mutex_unlock(&contended->mutex);
  }
  weir_waitgroup_done(&contended->ended);
}

static int lock_pairs(int64_t n, int64_t *count) {
  struct contended contended = {.count = 0};
  struct locker lockers[LOCKERS];
  weir_waitgroup_add(&contended.ended, LOCKERS);
  for (int64_t i = 0; i < LOCKERS; i++) {
    lockers[i] = (struct locker){.contended = &contended, .n = n * (i + 1) / LOCKERS - n * i / LOCKERS};
    int error = weir_go(locking, &lockers[i]);
    if (error != 0) {
      return error;
    }
  }
  int error = weir_waitgroup_wait(&contended.ended);
  *count = contended.count;
  return error;
}

static int mutex_contended(struct row_run *run) {
  int64_t count = 0;
  int error = lock_pairs(STEP, &count);
  row_start(run);
  if (error == 0) {
    error = lock_pairs(run->n, &count);
  }
  row_stop(run, count);
  return error;
}

void rows_workers(struct row_list *list) {
  row_list_add(list, &(struct row){.program = ping_pong_cross, .step = STEP, .workers = 2}, "channel/ping_pong/cross");
  row_list_add(list, &(struct row){.program = mutex_contended, .step = STEP}, "mutex/contended");
  row_list_add(list, &(struct row){.program = steal_skewed, .step = BATCH}, "steal/skewed");
}
