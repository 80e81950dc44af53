/* after_test.c — weir_after: the channel of a timer nobody else holds, and the books about it in both modes. */
#include "run.h"

/* Within the horizon of a simulation. */
static const int64_t a_minute = 60 * WEIR_SECOND;

static int received_body(void *arg) {
  (void)arg;
  const struct weir_counts before = weir_counts();
  const int64_t start = weir_now();
  int64_t fired = 0;
  weir_chan *c = weir_after(WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_chan_recv(c, &fired), 0);
  CHECK_INT(fired, >=, start + WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
  CHECK_EQ_INT(weir_counts().timers_pending, 0);
  weir_chan_unref(c);
  books_come_to_rest();
  check_counts_equal(weir_counts(), before);
  return 0;
}

static void received_then_given_back(void) {
  run_everywhere(received_body, NULL);
}

static int early_body(void *arg) {
  (void)arg;
  for (int64_t delay = 1; delay < 3 * WEIR_MILLISECOND; delay = delay * 3 + 5) {
    const int64_t outside = outside_now();
    weir_chan *c = weir_after(delay);
    CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
    CHECK_INT(outside_now() - outside, >=, delay);
    weir_chan_unref(c);
  }
  return 0;
}

static void never_early(void) {
  run_balanced(WEIR_TIMERS_CLASSIC, early_body, NULL);
  run_balanced(WEIR_TIMERS_PROMPT, early_body, NULL);
}

/* ---- the books: before, held, abandoned, once due -------------------------------------------------------------- */

enum { AFTERS = 1000 };

struct books {
  bool classic;
  bool until_due;
};

static int abandoned_body(void *arg) {
  const struct books *books = arg;
  const struct weir_counts before = weir_counts();
  weir_chan *afters[AFTERS];
  for (size_t i = 0; i < AFTERS; i++) {
    afters[i] = weir_after(a_minute);
    CHECK_EQ_INT(weir_counts().timers_pending, i + 1);
    CHECK_EQ_INT(weir_counts().timers_abandoned, 0);
  }
  const struct weir_counts held = weir_counts();
  CHECK_EQ_INT(held.timers, AFTERS);
  CHECK_EQ_INT(held.channels, before.channels); /* those inside timers are not counted twice */
  CHECK_INT(held.bytes, >, before.bytes);
  CHECK_EQ_INT((held.bytes - before.bytes) % AFTERS, 0);
  for (size_t i = 0; i < AFTERS; i++) {
    weir_chan_unref(afters[i]);
    CHECK_EQ_INT(weir_counts().timers_pending, books->classic ? AFTERS : AFTERS - 1 - i);
    CHECK_EQ_INT(weir_counts().timers_abandoned, books->classic ? i + 1 : 0);
  }
  if (books->classic) {
    CHECK_EQ_INT(weir_counts().timers, AFTERS);
    CHECK_EQ_INT(weir_counts().bytes, held.bytes);
  }
  if (books->until_due)
    CHECK_EQ_INT(weir_sleep(a_minute + WEIR_MILLISECOND), 0);
  if (books->until_due || !books->classic)
    check_counts_equal(weir_counts(), before);
  return 0;
}

static void abandoned_books(int mode) {
  needs_books();
  struct books books = {mode == WEIR_TIMERS_CLASSIC, false};
  run_balanced((enum weir_timer_mode)mode, abandoned_body, &books); /* what is pending goes with the run */
  books.until_due = true;                                           /* a virtual minute */
  simulate_quiet((enum weir_timer_mode)mode, abandoned_body, &books);
}

/* A reference of one's own is a holder too: the after is abandoned when the last one goes. */
static int referenced_body(void *arg) {
  const bool classic = ((const struct books *)arg)->classic;
  const struct weir_counts before = weir_counts();
  weir_chan *c = weir_chan_ref(weir_after(a_minute));
  weir_chan_unref(c);
  CHECK_EQ_INT(weir_counts().timers_pending, 1);
  CHECK_EQ_INT(weir_counts().timers_abandoned, 0);
  weir_chan_unref(c);
  CHECK_EQ_INT(weir_counts().timers_pending, classic);
  CHECK_EQ_INT(weir_counts().timers_abandoned, classic);
  if (!classic)
    check_counts_equal(weir_counts(), before);
  return 0; /* what is still pending goes with the run */
}

static void last_reference_abandons(int mode) {
  struct books books = {mode == WEIR_TIMERS_CLASSIC, false};
  run_balanced((enum weir_timer_mode)mode, referenced_body, &books);
}

/* Due and unread, then dropped: nothing pending, nothing abandoned, and all memory back at once in both modes. */
static int due_unread_body(void *arg) {
  (void)arg;
  const struct weir_counts before = weir_counts();
  weir_chan *c = weir_after(WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* whichever worker has it: it has fired */
  CHECK_EQ_INT(weir_counts().timers_pending, 0);
  CHECK_EQ_INT(weir_counts().timers_abandoned, 0);
  weir_chan_unref(c);
  books_come_to_rest();
  check_counts_equal(weir_counts(), before);
  return 0;
}

static void due_and_unread_is_freed_at_once(void) {
  run_everywhere(due_unread_body, NULL);
}

/* ---- the seed's select ----------------------------------------------------------------------------------------- */

struct sends {
  bool classic;
  size_t count;
};

static int select_body(void *arg) {
  const struct sends *sends = arg;
  const struct weir_counts before = weir_counts();
  weir_chan *subscriber = weir_chan_new(sizeof(int), 1);
  for (size_t i = 0; i < sends->count; i++) {
    weir_chan *timeout = weir_after(a_minute);
    struct weir_case cases[] = {WEIR_SEND(subscriber, NULL), WEIR_RECV(timeout, NULL)};
    CHECK_EQ_INT(weir_select(cases, 2, WEIR_FOREVER), 0);
    weir_chan_unref(timeout);
    CHECK_EQ_INT(weir_chan_recv(subscriber, NULL), 0);
    CHECK_EQ_INT(weir_counts().timers_abandoned, sends->classic ? i + 1 : 0);
  }
  weir_chan_unref(subscriber);
  if (!sends->classic)
    check_counts_equal(weir_counts(), before);
  return 0;
}

static void select_with_after(int mode) {
  struct sends sends = {mode == WEIR_TIMERS_CLASSIC, 2000};
  run_balanced((enum weir_timer_mode)mode, select_body, &sends);
  simulate_quiet((enum weir_timer_mode)mode, select_body, &sends);
}

/* A blocked select with an after whose other case wins: the losing after must not keep its place, nor the select wake
 * twice. */
static void sends_soon(void *arg) {
  CHECK_EQ_INT(weir_chan_send(arg, NULL), 0);
}

static int losing_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 0);
  for (int i = 0; i < 20; i++) {
    weir_chan *timeout = weir_after(WEIR_MILLISECOND);
    struct weir_case cases[] = {WEIR_RECV(timeout, NULL), WEIR_RECV(c, NULL)};
    const bool sender = i % 2 == 0;
    if (sender)
      CHECK_EQ_INT(weir_go(sends_soon, c), 0);
    const int index = weir_select(cases, 2, WEIR_FOREVER);
    CHECK(sender ? index == 0 || index == 1 : index == 0);
    CHECK_EQ_INT(cases[index].status, 0);
    weir_chan_unref(timeout);
    if (sender && index == 0)
      CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
    CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  }
  weir_chan_unref(c);
  return 0;
}

static void losing_after_is_withdrawn(void) {
  run_everywhere(losing_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(received_then_given_back),
    CHECK_CASE(never_early),
    CHECK_CASE_WITH("abandoned_books_classic", abandoned_books, WEIR_TIMERS_CLASSIC),
    CHECK_CASE_WITH("abandoned_books_prompt", abandoned_books, WEIR_TIMERS_PROMPT),
    CHECK_CASE_WITH("last_reference_abandons_classic", last_reference_abandons, WEIR_TIMERS_CLASSIC),
    CHECK_CASE_WITH("last_reference_abandons_prompt", last_reference_abandons, WEIR_TIMERS_PROMPT),
    CHECK_CASE(due_and_unread_is_freed_at_once),
    CHECK_CASE_WITH("select_with_after_classic", select_with_after, WEIR_TIMERS_CLASSIC),
    CHECK_CASE_WITH("select_with_after_prompt", select_with_after, WEIR_TIMERS_PROMPT),
    CHECK_CASE(losing_after_is_withdrawn),
};

CHECK_MAIN(cases)
