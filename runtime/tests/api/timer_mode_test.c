/* timer_mode_test.c — what differs between the two timer modes, a case a row and mode of the table in weir/timer.h,
 * with the three drains. Each row runs for real, under the quietest schedule and under 100 random ones.
 *
 * "Fired and unread" needs no luck: a sleep that ends in a later tick than the timer's returns after the timer fired.
 */
#include "run.h"

static const int64_t an_hour = 3600 * WEIR_SECOND;

struct row {
  bool classic;
  weir_timer *timer;
  struct weir_defer give_back;
};

static void frees_timer(void *arg) {
  struct row *row = arg;
  weir_timer_free(row->timer);
}

/* Makes the row's timer, given back when the body ends, also by deadlock. */
static weir_chan *row_timer(struct row *row, int64_t delay) {
  row->timer = weir_timer_new(delay);
  CHECK(row->timer != NULL);
  weir_defer(&row->give_back, frees_timer, row);
  return weir_timer_chan(row->timer);
}

static weir_chan *fired_and_unread(struct row *row) {
  weir_chan *c = row_timer(row, WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* whichever worker has it: it has fired */
  return c;
}

static weir_chan *fired_and_received(struct row *row) {
  weir_chan *c = row_timer(row, WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
  return c;
}

/* The timer is usable whatever happened to it: armed anew, it delivers one tick, not early. */
static void check_usable(struct row *row) {
  int64_t fired = 0;
  const int64_t start = weir_now();
  CHECK(!weir_timer_reset(row->timer, WEIR_MILLISECOND));
  CHECK_EQ_INT(weir_chan_recv(weir_timer_chan(row->timer), &fired), 0);
  CHECK_INT(fired, >=, start + WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_chan_try_recv(weir_timer_chan(row->timer), NULL), -EAGAIN);
}

static void row_holds(int mode, int (*body)(void *)) {
  struct row row = {.classic = mode == WEIR_TIMERS_CLASSIC};
  run_balanced((enum weir_timer_mode)mode, body, &row);
  simulate_quiet((enum weir_timer_mode)mode, body, &row);
}

/* For a body that asserts of no timer that it has not fired yet: a random schedule may fire even the one in an hour. */
static void row_holds_always(int mode, int (*body)(void *)) {
  struct row row = {.classic = mode == WEIR_TIMERS_CLASSIC};
  row_holds(mode, body);
  simulate_seeds((enum weir_timer_mode)mode, 100, body, &row);
}

static void row_hangs(int mode, int (*body)(void *)) {
  static struct run_log log;
  struct row row = {.classic = mode == WEIR_TIMERS_CLASSIC};
  CHECK_EQ_INT(run_logged((enum weir_timer_mode)mode, &log, body, &row), -EDEADLK);
  CHECK_CONTAINS(log.text, "timer_mode_test.c"); /* the line of the timer */
  for (uint64_t seed = 1; seed <= 20; seed++) {
    const struct weir_sim sim = {.chooser = weir_chooser_seed(seed), .timer_mode = (enum weir_timer_mode)mode};
    struct weir_sim_report report;
    CHECK_EQ_INT(weir_simulate(&sim, body, &row, &report), 0);
    CHECK_STR(weir_verdict_name(report.verdict), "deadlock");
    CHECK(report.global);
    weir_sim_report_free(&report);
    weir_chooser_free(sim.chooser);
  }
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

/* ---- stop ------------------------------------------------------------------------------------------------------ */

static int stop_body(void *arg) {
  struct row *row = arg;
  weir_chan *c = fired_and_unread(row);
  CHECK_EQ_INT(weir_timer_stop(row->timer), !row->classic);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), row->classic ? 0 : -EAGAIN);
  CHECK(!weir_timer_stop(row->timer));
  check_usable(row);
  return 0;
}

static void stop_fired_and_unread(int mode) {
  row_holds_always(mode, stop_body);
}

/* ---- reset ----------------------------------------------------------------------------------------------------- */

static int reset_body(void *arg) {
  struct row *row = arg;
  weir_chan *c = fired_and_unread(row);
  CHECK_EQ_INT(weir_timer_reset(row->timer, an_hour), !row->classic);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), row->classic ? 0 : -EAGAIN);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
  CHECK(weir_timer_stop(row->timer));
  check_usable(row);
  return 0;
}

static void reset_fired_and_unread(int mode) {
  row_holds(mode, reset_body);
}

/* The new tick finds the stale one in the way and is lost (classic), or is the only one (prompt). */
static int stale_value_body(void *arg) {
  struct row *row = arg;
  weir_chan *c = fired_and_unread(row);
  const int64_t reset = weir_now();
  CHECK_EQ_INT(weir_timer_reset(row->timer, WEIR_MILLISECOND), !row->classic);
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* whichever worker has it: it has fired */
  int64_t fired = 0;
  CHECK_EQ_INT(weir_chan_try_recv(c, &fired), 0);
  if (row->classic)
    CHECK_INT(fired, <, reset);
  else
    CHECK_INT(fired, >=, reset + WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
  return 0;
}

static void reset_fired_and_unread_then_fires(int mode) {
  row_holds_always(mode, stale_value_body);
}

/* ---- len and cap ----------------------------------------------------------------------------------------------- */

static int length_body(void *arg) {
  struct row *row = arg;
  weir_chan *c = row_timer(row, an_hour);
  CHECK_EQ_INT(weir_chan_cap(c), row->classic ? 1 : 0);
  CHECK_EQ_INT(weir_chan_len(c), 0);
  CHECK(weir_timer_reset(row->timer, WEIR_MILLISECOND));
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* whichever worker has it: it has fired */
  CHECK_EQ_INT(weir_chan_cap(c), row->classic ? 1 : 0);
  CHECK_EQ_INT(weir_chan_len(c), row->classic ? 1 : 0);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), 0); /* there in both modes, whatever len says */
  CHECK_EQ_INT(weir_chan_len(c), 0);
  return 0;
}

static void len_and_cap(int mode) {
  row_holds(mode, length_body);
}

/* ---- abandoned ------------------------------------------------------------------------------------------------- */

static int abandoned_body(void *arg) {
  const struct row *row = arg;
  const struct weir_counts before = weir_counts();
  weir_chan *c = weir_after(an_hour / 2);
  CHECK_EQ_INT(weir_counts().timers_pending, 1);
  CHECK_EQ_INT(weir_counts().timers_abandoned, 0);
  const struct weir_counts held = weir_counts();
  CHECK_INT(held.bytes, >, before.bytes);
  weir_chan_unref(c);
  const struct weir_counts after = weir_counts();
  CHECK_EQ_INT(after.timers_pending, row->classic ? 1 : 0);
  CHECK_EQ_INT(after.timers_abandoned, row->classic ? 1 : 0);
  CHECK_EQ_INT(after.bytes, row->classic ? held.bytes : before.bytes);
  weir_chan_unref(weir_after(WEIR_MILLISECOND));
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* whichever worker has it: it has fired */
  check_counts_equal(weir_counts(), after);   /* kept until due, and no longer */
  return 0;
}

static void abandoned_after(int mode) {
  needs_books();
  row_holds(mode, abandoned_body);
}

/* ---- the three drains ------------------------------------------------------------------------------------------ */

static int drain_received_body(void *arg) {
  struct row *row = arg;
  weir_chan *c = fired_and_received(row);
  if (!weir_timer_stop(row->timer))
    weir_chan_recv(c, NULL); /* the tick is gone already: for ever */
  return 0;
}

static void drain_without_default_after_the_tick_was_received(int mode) {
  row_hangs(mode, drain_received_body);
}

static int drain_unread_body(void *arg) {
  struct row *row = arg;
  weir_chan *c = fired_and_unread(row);
  bool drained = false;
  if (!weir_timer_stop(row->timer)) {
    CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
    drained = true;
  }
  CHECK_EQ_INT(drained, row->classic);
  check_usable(row);
  return 0;
}

static void drain_without_default_fired_and_unread(int mode) {
  row_holds_always(mode, drain_unread_body);
}

static void takes_one(void *arg) {
  CHECK_EQ_INT(weir_chan_recv(arg, NULL), 0);
}

static int drain_forgotten_body(void *arg) {
  struct row *row = arg;
  weir_chan *c = fired_and_unread(row), *subscriber = weir_chan_new(sizeof(int), 0);
  weir_timer_reset(row->timer, an_hour);
  struct weir_case cases[] = {WEIR_SEND(subscriber, NULL), WEIR_RECV(c, NULL)};
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_POLL), row->classic ? 1 : -ETIMEDOUT); /* classic: "times out" at once */
  CHECK_EQ_INT(weir_go(takes_one, subscriber), 0);
  CHECK_EQ_INT(weir_select(cases, 2, WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(subscriber);
  return 0;
}

static void drain_forgotten(int mode) {
  row_holds(mode, drain_forgotten_body);
}

/* The cure: stop, drain without blocking, reset. Right whatever state the timer was in. */
static int drain_with_default_body(void *arg) {
  struct row *row = arg;
  weir_chan *c = fired_and_unread(row);
  for (int round = 0; round < 3; round++) {
    if (!weir_timer_stop(row->timer))
      weir_chan_try_recv(c, NULL);
    CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
    check_usable(row);
    if (round == 1)
      CHECK(!weir_timer_reset(row->timer, an_hour));
  }
  return 0;
}

static void drain_with_default(int mode) {
  row_holds(mode, drain_with_default_body);
}

/* ---- a function timer has no tick: the same in both modes ------------------------------------------------------ */

static void marks(void *arg) {
  *(int *)arg += 1;
}

static int function_body(void *arg) {
  struct row *row = arg;
  int ran = 0;
  row->timer = weir_timer_func(WEIR_MILLISECOND, marks, &ran);
  CHECK(weir_timer_chan(row->timer) == NULL);
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* whichever worker has it: it has fired */
  CHECK(!weir_timer_stop(row->timer));        /* its task has been made */
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(ran, 1);
  CHECK(!weir_timer_reset(row->timer, an_hour));
  CHECK(weir_timer_stop(row->timer));
  CHECK(!weir_timer_reset(row->timer, WEIR_MILLISECOND));
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* whichever worker has it: it has fired */
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(ran, 2);
  weir_timer_free(row->timer);
  return 0;
}

static void function_timer(int mode) {
  row_holds(mode, function_body);
}

#define BOTH_MODES(row)                                                                                                \
  CHECK_CASE_WITH(#row "_classic", row, WEIR_TIMERS_CLASSIC), CHECK_CASE_WITH(#row "_prompt", row, WEIR_TIMERS_PROMPT)

static const struct check_case cases[] = {
    BOTH_MODES(stop_fired_and_unread),
    BOTH_MODES(reset_fired_and_unread),
    BOTH_MODES(reset_fired_and_unread_then_fires),
    BOTH_MODES(len_and_cap),
    BOTH_MODES(abandoned_after),
    BOTH_MODES(drain_without_default_after_the_tick_was_received),
    BOTH_MODES(drain_without_default_fired_and_unread),
    BOTH_MODES(drain_forgotten),
    BOTH_MODES(drain_with_default),
    BOTH_MODES(function_timer),
};

CHECK_MAIN(cases)
