/* bench/rows_timer.c — timers, beside none or a million others.
 *
 * start_stop  reset and stop of one timer object: what a program does that keeps its timer.
 * reset       reset of a timer that is running.
 * fire        100,000 timers with a channel, all due at one moment: from that moment until every tick has been put into
 *             its channel; then each is received and counted. Classic mode, where a tick really goes into the channel.
 * churn       a million function timers with random delays of 1 ms to 60 s. An operation picks one at random: in 95 of
 *             100 cases it is stopped and armed anew; else it is left to fire, and its function arms it anew. The main
 *             task yields after every 64 operations, so that what is due does fire.
 * bytes       making a million timers with a channel: the time of one, and by the books what each holds.
 *
 * The others are due in one to two hours, at random moments.
 */
#include "row.h"

#include <errno.h>
#include <stdlib.h>

enum { STEP = 1000, FIRE = 100000, MILLION = 1000000, CHURN_YIELD = 64 };

/* A runtime may put work off, as a heap of lazily deleted timers does: the run must be long enough to be charged for
 * it. */
#define CHURN_NS (500 * WEIR_MILLISECOND)
#define HOUR     (3600 * WEIR_SECOND)

/* splitmix64: the same draws in every run. */
struct draws {
  uint64_t state;
};

#define DRAW_STEP UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static uint64_t draw(struct draws *draws) {
  return mix(draws->state += DRAW_STEP);
}

static int64_t draw_between(struct draws *draws, int64_t least, int64_t most) {
  return least + (int64_t)(draw(draws) % (uint64_t)(most - least));
}

static void timers_free(weir_timer **timers, size_t count) {
  for (size_t i = 0; timers != NULL && i < count; i++) {
    weir_timer_free(timers[i]);
  }
  free(timers);
}

static weir_timer **timers_new(size_t count) {
  struct draws draws = {0};
  weir_timer **timers = calloc(count + 1, sizeof(weir_timer *)); /* count may be 0 */
  for (size_t i = 0; timers != NULL && i < count; i++) {
    timers[i] = weir_timer_new(draw_between(&draws, HOUR, 2 * HOUR));
    if (timers[i] == NULL) {
      timers_free(timers, count);
      return NULL;
    }
  }
  return timers;
}

/* ---- start_stop and reset -----------------------------------------------------------------------------------------
 */

static int64_t start_and_stop(weir_timer *timer, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    weir_timer_reset(timer, WEIR_SECOND);
    count += weir_timer_stop(timer);
  }
  return count;
}

static int64_t reset_running(weir_timer *timer, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    count += weir_timer_reset(timer, WEIR_SECOND);
  }
  return count;
}

static int beside_pending(struct row_run *run, int64_t (*operate)(weir_timer *timer, int64_t n)) {
  size_t pending = run->row->pending;
  weir_timer **others = timers_new(pending);
  weir_timer *timer = weir_timer_new(HOUR);
  int error = others == NULL || timer == NULL ? -ENOMEM : 0;
  if (error == 0) {
    operate(timer, STEP);
    row_start(run);
    row_stop(run, operate(timer, run->n));
  }
  weir_timer_free(timer);
  timers_free(others, pending);
  return error;
}

static int start_stop(struct row_run *run) {
  return beside_pending(run, start_and_stop);
}

static int reset(struct row_run *run) {
  return beside_pending(run, reset_running);
}

/* ---- fire ---------------------------------------------------------------------------------------------------------
 */

/* Makes the timers for one moment; tries again with a later one when it was over before the last was made. Returns it.
 */
static int64_t timers_due_together(weir_timer **timers, size_t count) {
  for (int64_t lead = 50 * WEIR_MILLISECOND;; lead *= 2) {
    int64_t due = weir_now() + lead;
    for (size_t i = 0; i < count; i++) {
      timers[i] = weir_timer_new(due - weir_now());
      if (timers[i] == NULL) {
        return -ENOMEM;
      }
    }
    if (weir_now() < due) {
      return due;
    }
    for (size_t i = 0; i < count; i++) {
      weir_timer_free(timers[i]);
    }
  }
}

static int fire_batch(weir_timer **timers, size_t count, int64_t *ns, int64_t *ticks) {
  int64_t due = timers_due_together(timers, count);
  if (due < 0) {
    return (int)due;
  }
  weir_sleep_until(due);
  while (weir_counts().timers_pending > 0) {
    weir_yield();
  }
  *ns += weir_now() - due;
  weir_settle(WEIR_FOREVER); /* another worker may be about to put its last tick in */
  for (size_t i = 0; i < count; i++) {
    *ticks += weir_chan_try_recv(weir_timer_chan(timers[i]), NULL) == 0;
    weir_timer_free(timers[i]);
  }
  return 0;
}

static int fire(struct row_run *run) {
  weir_timer **timers = calloc(FIRE, sizeof(weir_timer *));
  if (timers == NULL) {
    return -ENOMEM;
  }
  int64_t ns = 0, ticks = 0;
  int error = fire_batch(timers, STEP, &ns, &ticks);
  ns = ticks = 0;
  row_heap_start(run);
  for (int64_t left = run->n; left > 0 && error == 0; left -= FIRE) {
    error = fire_batch(timers, (size_t)(left < FIRE ? left : FIRE), &ns, &ticks);
  }
  row_heap_stop(run);
  run->result->ns = ns;
  run->result->count = ticks;
  free(timers);
  return error;
}

/* ---- churn --------------------------------------------------------------------------------------------------------
 * With several workers a timer may fire on another thread than main's: its function draws from the shared state by an
 * atomic addition, and may run before main has stored the timer that it belongs to. At the end whoever fires finds
 * ended, and two settles see to it that no function is under way when the timers, and when their memory, go. */

struct churn {
  struct draws draws;       /* main's */
  struct draws fired_draws; /* of the functions */
  int64_t fired, rearmed, left_alone;
  bool parallel, ended;
  weir_timer *timers[MILLION];
};

/* A function timer's argument is its place in the array, so that an operation touches little memory beside the timer.
 */
static struct churn *churning;

static int64_t churn_delay(uint64_t drawn) {
  return WEIR_MILLISECOND + (int64_t)(drawn % (uint64_t)(60 * WEIR_SECOND - WEIR_MILLISECOND));
}

static uint64_t draw_shared(struct draws *draws, bool parallel) {
  if (!parallel) {
    return draw(draws);
  }
  return mix(__atomic_add_fetch(&draws->state, DRAW_STEP, __ATOMIC_RELAXED));
}

static void churn_fired(void *arg) {
  weir_timer **self = arg;
  weir_timer *timer;
  if (__atomic_load_n(&churning->ended, __ATOMIC_ACQUIRE)) {
    return;
  }
  while ((timer = __atomic_load_n(self, __ATOMIC_ACQUIRE)) == NULL) {
    weir_yield();
  }
  row_count_shared(&churning->fired, churning->parallel);
  weir_timer_reset(timer, churn_delay(draw_shared(&churning->fired_draws, churning->parallel)));
}

static void churn_operation(struct churn *churn) {
  uint64_t drawn = draw(&churn->draws);
  weir_timer *picked = churn->timers[(uint32_t)drawn % MILLION];
  if ((drawn >> 32) % 100 < 95) {
    weir_timer_stop(picked);
    weir_timer_reset(picked, churn_delay(draw(&churn->draws)));
    churn->rearmed++;
  } else {
    churn->left_alone++;
  }
}

static void churn_operations(struct churn *churn, int64_t n) {
  churn->rearmed = churn->left_alone = 0;
  for (int64_t i = 0; i < n; i++) {
    churn_operation(churn);
    if (i % CHURN_YIELD == CHURN_YIELD - 1) {
      weir_yield();
    }
  }
}

static int64_t fired_so_far(struct churn *churn) {
  return __atomic_load_n(&churn->fired, __ATOMIC_RELAXED);
}

static void churn_end(struct churn *churn) {
  __atomic_store_n(&churn->ended, true, __ATOMIC_RELEASE);
  for (size_t i = 0; i < MILLION; i++) {
    weir_timer_stop(churn->timers[i]); /* else something is always about to be due */
  }
  weir_settle(WEIR_FOREVER);
  for (size_t i = 0; i < MILLION; i++) {
    weir_timer_free(churn->timers[i]);
  }
  weir_settle(WEIR_FOREVER);
  free(churn);
}

static int churn(struct row_run *run) {
  struct churn *churn = churning = calloc(1, sizeof(struct churn));
  if (churn == NULL) {
    return -ENOMEM;
  }
  churn->parallel = run->row->workers > 1;
  for (size_t i = 0; i < MILLION; i++) {
    weir_timer *timer = weir_timer_func(churn_delay(draw(&churn->draws)), churn_fired, &churn->timers[i]);
    if (timer == NULL) {
      return -ENOMEM;
    }
    __atomic_store_n(&churn->timers[i], timer, __ATOMIC_RELEASE);
  }
  churn_operations(churn, STEP);
  int64_t fired_before = fired_so_far(churn);
  row_start(run);
  churn_operations(churn, run->n);
  row_stop(run, churn->rearmed + churn->left_alone);
  row_field(run, "fired", (double)(fired_so_far(churn) - fired_before));
  churn_end(churn);
  return 0;
}

/* ---- bytes ---------------------------------------------------------------------------------------------------------
 */

static int bytes(struct row_run *run) {
  struct draws draws = {0};
  weir_timer **timers = calloc((size_t)run->n, sizeof(weir_timer *));
  if (timers == NULL) {
    return -ENOMEM;
  }
  struct weir_counts before = weir_counts();
  row_start(run);
  for (int64_t i = 0; i < run->n; i++) {
    timers[i] = weir_timer_new(draw_between(&draws, HOUR, 2 * HOUR));
  }
  row_stop(run, 0);
  struct weir_counts after = weir_counts();
  run->result->count = (int64_t)(after.timers_pending - before.timers_pending);
  row_field(run, "bytes_per_timer", (double)(after.bytes - before.bytes) / (double)run->n);
  timers_free(timers, (size_t)run->n);
  return 0;
}

void rows_timer(struct row_list *list) {
  static const size_t pending[] = {0, 100000, 1000000};
  for (size_t i = 0; i < sizeof(pending) / sizeof(pending[0]); i++) {
    row_list_add(list, &(struct row){.program = start_stop, .step = STEP, .pending = pending[i]},
                 "timer/start_stop/pending:%zu", pending[i]);
  }
  for (size_t i = 0; i < sizeof(pending) / sizeof(pending[0]); i++) {
    row_list_add(list, &(struct row){.program = reset, .step = STEP, .pending = pending[i]}, "timer/reset/pending:%zu",
                 pending[i]);
  }
  row_list_add(list, &(struct row){.program = fire, .step = FIRE, .mode = WEIR_TIMERS_CLASSIC}, "timer/fire/due:%d",
               FIRE);
  row_list_add(list, &(struct row){.program = churn, .step = STEP, .ns_min = CHURN_NS}, "timer/churn/pending:%d",
               MILLION);
  row_list_add(list, &(struct row){.program = bytes, .step = MILLION}, "timer/bytes/pending:%d", MILLION);
}
