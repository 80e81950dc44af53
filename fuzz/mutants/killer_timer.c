/* killer_timer.c — timers that go from worker to worker: each arming ends in one tick or one true,
 * never early.
 */
#include "killer.h"

enum { TASKS = 4, TURNS = 8 };

static weir_waitgroup done;
static struct random streams[TASKS];

static void start(void (*fn)(void *)) {
  done = (weir_waitgroup){0};
  weir_waitgroup_add(&done, TASKS);
  for (int i = 0; i < TASKS; i++) {
    streams[i] = killer_stream();
    weir_go(fn, &streams[i]);
  }
  weir_waitgroup_wait(&done);
}

/* ---- a timer of each task's own ---------------------------------------------------------------------------------- */

static void own(void *arg) {
  struct random *random = arg;
  int64_t earliest = weir_now() + (int64_t)random_magnitude(random, 17), tick;
  weir_timer *timer = weir_timer_new(earliest - weir_now());
  bool expected = true;
  for (int i = 0; i < TURNS; i++) {
    if (killer_chance(random, 50) &&
        weir_chan_recv_until(weir_timer_chan(timer), &tick, killer_deadline(random, expected ? 50 : 0)) == 0) {
      KILLER_CHECK(expected && tick >= earliest, "a tick that was not due");
      expected = false;
    } else {
      killer_sleep((int64_t)random_magnitude(random, 17));
    }
    if (!weir_timer_stop(timer))
      weir_chan_try_recv(weir_timer_chan(timer), NULL);
    KILLER_CHECK(weir_chan_try_recv(weir_timer_chan(timer), NULL) == -EAGAIN, "a stopped timer ticks");
    const int64_t delay = (int64_t)random_magnitude(random, 17);
    earliest = weir_now() + delay;
    KILLER_CHECK(!weir_timer_reset(timer, delay), "a stopped timer was armed");
    expected = true;
  }
  weir_timer_free(timer);
  weir_waitgroup_done(&done);
}

static int own_body(void *arg) {
  (void)arg;
  start(own);
  return 0;
}

/* ---- given back while they fire ---------------------------------------------------------------------------------- */

static void count_call(void *arg) {
  ++*(int *)arg;
}

static void give_back(void *arg) {
  struct random *random = arg;
  for (int i = 0; i < TURNS; i++) {
    const int64_t delay = (int64_t)random_magnitude(random, 17);
    static int calls;
    weir_timer *timer = killer_chance(random, 50)   ? weir_timer_new(delay)
                        : killer_chance(random, 50) ? weir_timer_func(delay, count_call, &calls)
                                                    : weir_ticker_new(1 + delay);
    weir_chan *after = weir_after(delay);
    if (killer_chance(random, 60))
      killer_sleep((int64_t)random_magnitude(random, 17));
    weir_timer_free(timer);
    weir_chan_unref(after);
  }
  weir_waitgroup_done(&done);
}

static int give_back_body(void *arg) {
  (void)arg;
  start(give_back);
  while (weir_counts().timers != 0) /* what was abandoned comes due */
    weir_sleep(WEIR_MILLISECOND);
  const struct weir_counts counts = weir_counts();
  KILLER_CHECK(counts.timers_pending == 0 && counts.timers_abandoned == 0, "%zu timers pending, %zu abandoned",
               counts.timers_pending, counts.timers_abandoned);
  weir_settle(WEIR_FOREVER);
  return 0;
}

const struct killer_case killer_timer_cases[] = {{"own", own_body, false}, {"give_back", give_back_body, false}, {0}};
