/* context_test.c — weir/context.h: reasons, deadlines, references, what a tree costs, and what reports say of it. */
#include "run.h"

#include <signal.h>

static const int64_t LONG = 3600 * WEIR_SECOND;

static void check_open(weir_context *x) {
  CHECK_EQ_INT(weir_context_error(x), 0);
  CHECK_EQ_INT(weir_chan_try_recv(weir_context_done(x), NULL), -EAGAIN);
}

static void check_done(weir_context *x, int error) {
  CHECK_EQ_INT(weir_context_error(x), error);
  CHECK_EQ_INT(weir_chan_try_recv(weir_context_done(x), NULL), -EPIPE);
  CHECK_EQ_INT(weir_chan_recv(weir_context_done(x), NULL), -EPIPE);
}

static int tree_body(void *arg) {
  (void)arg;
  weir_context *background = weir_context_background();
  weir_context *other = weir_context_background();
  weir_context *server = weir_context_with_cancel(background);
  weir_context *request = weir_context_with_deadline(server, WEIR_FOREVER);
  weir_context *part = weir_context_with_cancel(request);
  weir_context *sibling = weir_context_with_cancel(server);
  CHECK(background != other);
  CHECK_EQ_INT(weir_counts().contexts, 6);
  CHECK_EQ_INT(weir_counts().channels, 0);
  check_open(part);
  weir_context_cancel(request);
  check_done(part, -ECANCELED);
  check_done(request, -ECANCELED);
  check_open(server);
  check_open(sibling);
  weir_context_cancel(request); /* again: nothing */
  weir_context *late = weir_context_with_deadline(request, weir_now() + LONG);
  check_done(late, -ECANCELED);
  weir_context_cancel(background);
  check_done(server, -ECANCELED);
  check_done(sibling, -ECANCELED);
  check_open(other);
  weir_context *all[] = {server, background, sibling, other, late, request};
  for (int i = 0; i < 6; i++)
    weir_context_unref(all[i]);
  CHECK_EQ_INT(weir_counts().contexts, 4); /* part holds request, server, background */
  weir_context_unref(part);
  CHECK_EQ_INT(weir_counts().contexts, 0);
  return 0;
}

static void cancel_reaches_all_below(void) {
  needs_books();
  run_everywhere(tree_body, NULL);
}

static int deadline_body(void *arg) {
  (void)arg;
  weir_context *background = weir_context_background();
  const int64_t deadline = weir_now() + 2 * WEIR_MILLISECOND;
  weir_context *early = weir_context_with_deadline(background, deadline);
  weir_context *later = weir_context_with_deadline(early, deadline + LONG);
  weir_context *past = weir_context_with_deadline(background, weir_now());
  weir_context *polled = weir_context_with_deadline(background, WEIR_POLL);
  weir_context *never = weir_context_with_deadline(background, WEIR_FOREVER);
  check_done(past, -ETIMEDOUT);
  check_done(polled, -ETIMEDOUT);
  weir_context_cancel(past);
  check_done(past, -ETIMEDOUT); /* the first reason stays */
  CHECK_EQ_INT(weir_chan_recv(weir_context_done(later), NULL), -EPIPE);
  CHECK_INT(weir_now(), >=, deadline);
  check_done(early, -ETIMEDOUT);
  check_done(later, -ETIMEDOUT);
  check_open(never);
  weir_context *all[] = {early, background, past, polled, later, never};
  for (int i = 0; i < 6; i++)
    weir_context_unref(all[i]);
  return 0;
}

static void deadlines(void) {
  run_everywhere(deadline_body, NULL);
}

/* Nobody blocks, and yet time passes. */
static int spin_body(void *arg) {
  weir_context *background = weir_context_background();
  weir_context *above = weir_context_with_deadline(background, weir_now() + WEIR_MILLISECOND);
  weir_context *soon = weir_context_with_cancel(above);
  if (arg == NULL)
    while (weir_context_error(soon) == 0)
      ;
  else
    while (weir_chan_try_recv(weir_context_done(soon), NULL) != -EPIPE)
      ;
  weir_context_unref(soon);
  weir_context_unref(above);
  weir_context_unref(background);
  return 0;
}

static void a_task_that_never_blocks_sees_its_deadline(void) {
  run_balanced(WEIR_TIMERS_PROMPT, spin_body, NULL);
  run_balanced(WEIR_TIMERS_CLASSIC, spin_body, &(int){1});
}

static int unref_body(void *arg) {
  (void)arg;
  weir_context *background = weir_context_background();
  weir_context *pending = weir_context_with_deadline(background, weir_now() + LONG);
  weir_chan *done = weir_chan_ref(weir_context_done(pending));
  CHECK(weir_context_ref(pending) == pending);
  weir_context_unref(pending);
  weir_context_unref(pending);
  CHECK_EQ_INT(weir_counts().contexts, 2); /* the channel is part of it */
  weir_context_cancel(background);
  CHECK_EQ_INT(weir_chan_recv(done, NULL), -EPIPE);
  weir_chan_unref(done);
  CHECK_EQ_INT(weir_counts().contexts, 1);
  pending = weir_context_with_deadline(background, weir_now() + LONG);
  weir_context_unref(pending);
  weir_context_unref(background);
  CHECK_EQ_INT(weir_counts().contexts, 0);
  background = weir_context_background();
  pending = weir_context_with_deadline(background, weir_now() + WEIR_MILLISECOND);
  weir_context_unref(background);
  weir_context_unref(pending); /* its deadline is to come */
  books_come_to_rest();
  CHECK_EQ_INT(weir_counts().contexts, 0);
  CHECK_EQ_INT(weir_sleep(2 * WEIR_MILLISECOND), 0);
  return 0;
}

static void references(void) {
  needs_books();
  run_everywhere(unref_body, NULL);
}

static int misuse_body(void *arg) {
  (void)arg;
  weir_context *x = weir_context_background();
  weir_chan *done = weir_context_done(x);
  CHECK_EQ_INT(weir_chan_send(done, NULL), -EINVAL);
  CHECK_EQ_INT(weir_chan_try_send(done, NULL), -EINVAL);
  CHECK_EQ_INT(weir_chan_close(done), -EINVAL);
  struct weir_case send = WEIR_SEND(done, NULL);
  CHECK_EQ_INT(weir_select(&send, 1, WEIR_POLL), -EINVAL);
  weir_chan_on_drop(done, NULL);
  CHECK_EQ_INT(weir_chan_len(done), 0);
  CHECK_EQ_INT(weir_chan_cap(done), 0);
  weir_context_unref(x);
  CHECK(weir_context_with_cancel(NULL) == NULL);
  CHECK(weir_context_with_deadline(NULL, 1) == NULL);
  CHECK(weir_context_ref(NULL) == NULL);
  CHECK(weir_context_done(NULL) == NULL);
  CHECK_EQ_INT(weir_context_error(NULL), 0);
  weir_context_cancel(NULL);
  weir_context_unref(NULL);
  return 0;
}

static void misuse_changes_nothing(void) {
  run_everywhere(misuse_body, NULL);
  misuse_body(NULL); /* and outside a run */
}

/* ---- large trees on a small stack ------------------------------------------------------------------------------- */

enum { DEEP = 100000 };

static int deep_body(void *arg) {
  weir_context *top = weir_context_background(), *x = weir_context_ref(top);
  for (int i = 0; i < DEEP; i++) {
    weir_context *child =
        arg == NULL ? weir_context_with_cancel(x) : weir_context_with_deadline(x, weir_now() + LONG - i);
    weir_context_unref(x);
    x = child;
  }
  CHECK_EQ_INT(weir_counts().contexts, DEEP + 1);
  weir_context_cancel(top);
  check_done(x, -ECANCELED);
  weir_context_unref(x);
  CHECK_EQ_INT(weir_counts().contexts, 1);
  weir_context_unref(top);
  return 0;
}

static void deep_trees_need_no_stack(void) {
  needs_books();
  run_balanced(WEIR_TIMERS_PROMPT, deep_body, NULL);
  run_balanced(WEIR_TIMERS_PROMPT, deep_body, &(int){1});
}

/* ---- waiting, and reports --------------------------------------------------------------------------------------- */

static void waits(void *arg) {
  weir_chan_recv(weir_context_done(arg), NULL);
}

static weir_context *stuck; /* the deadlock's end leaves it */

static int stuck_body(void *arg) {
  weir_context *x = stuck = weir_context_background();
  weir_go(waits, x);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* it waits */
  if (arg != NULL)
    weir_context_unref(x);
  weir_sleep_until(WEIR_FOREVER);
  return 0;
}

static void deadlock_names_the_context(void) {
  static struct run_log log;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, stuck_body, NULL), -EDEADLK);
  CHECK_CONTAINS(log.text, "blocked: receive from the context made at ");
  weir_context_unref(stuck);
}

static void run_stuck(void) {
  weir_run(NULL, stuck_body, &(int){1});
}

static void freed_under_a_waiter_aborts(void) {
  static struct check_child child;
  check_child_run(&child, run_stuck);
  CHECK(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGABRT);
  CHECK_CONTAINS(child.output, "the last reference to the context made at ");
}

static void simulate_report(int (*body)(void *), struct weir_sim_report *report) {
  weir_chooser *chooser = weir_chooser_seed(3);
  const struct weir_sim sim = {.chooser = chooser};
  CHECK_EQ_INT(weir_simulate(&sim, body, NULL, report), 0);
  weir_chooser_free(chooser);
}

static weir_context *made_outside;

static int leak_body(void *arg) {
  (void)arg;
  weir_context *background = weir_context_background();
  weir_context *child = weir_context_with_cancel(background);
  weir_context_with_deadline(child, weir_now() + LONG);
  if (made_outside != NULL)
    weir_context_with_cancel(made_outside);
  weir_context_unref(background);
  return 0;
}

static void a_leak_names_the_line(void) {
  needs_books();
  struct weir_sim_report report;
  made_outside = weir_context_background();
  simulate_report(leak_body, &report);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_LEAK);
  CHECK_EQ_INT(report.census.contexts, 4);
  CHECK_CONTAINS(report.text, "left: the context made at " __FILE__ ":");
  weir_sim_report_free(&report);
  CHECK_EQ_INT(weir_counts().contexts, 1);
  weir_context_cancel(made_outside); /* its lost child is off its list */
  weir_context_unref(made_outside);
  CHECK_EQ_INT(weir_counts().contexts, 0);
}

static int hope_body(void *arg) {
  (void)arg;
  weir_context *background = weir_context_background();
  weir_context *far = weir_context_with_deadline(background, weir_now() + 3 * LONG);
  weir_chan_recv(weir_context_done(far), NULL);
  return 0;
}

static void a_deadline_beyond_the_horizon_is_no_deadlock(void) {
  struct weir_sim_report report;
  simulate_report(hope_body, &report);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_LEAK);
  weir_sim_report_free(&report);
}

static int cancelled_body(void *arg) {
  (void)arg;
  weir_context *background = weir_context_background();
  weir_context *far = weir_context_with_deadline(background, weir_now() + LONG / 2);
  weir_context_cancel(background);
  weir_chan_recv(NULL, NULL);
  weir_context_unref(far);
  return 0;
}

static void a_cancelled_deadline_wakes_nobody(void) {
  struct weir_sim_report report;
  weir_chooser *quiet = weir_chooser_bytes(NULL, 0);
  const struct weir_sim sim = {.chooser = quiet};
  CHECK_EQ_INT(weir_simulate(&sim, cancelled_body, NULL, &report), 0);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_DEADLOCK);
  CHECK_EQ_INT(report.virtual_time, 0);
  weir_sim_report_free(&report);
  weir_chooser_free(quiet);
}

/* ---- a look from another worker --------------------------------------------------------------------------------- */

static void cancels(void *arg) {
  weir_context_cancel(arg);
}

static void looks(void *arg) {
  while (weir_context_error(arg) == 0)
    weir_yield();
  check_done(arg, -ECANCELED);
}

static int error_and_channel_body(void *arg) {
  (void)arg;
  weir_context *background = weir_context_background();
  weir_context *x = weir_context_with_cancel(background);
  CHECK_EQ_INT(weir_go(looks, x), 0);
  CHECK_EQ_INT(weir_go(looks, background), 0);
  CHECK_EQ_INT(weir_go(cancels, background), 0);
  CHECK_EQ_INT(weir_chan_recv(weir_context_done(x), NULL), -EPIPE);
  CHECK_EQ_INT(weir_context_error(x), -ECANCELED);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_context_unref(x);
  weir_context_unref(background);
  return 0;
}

static void error_and_channel_say_the_same(void) {
  run_everywhere(error_and_channel_body, NULL);
}

/* ---- no memory -------------------------------------------------------------------------------------------------- */

static int scarce_body(void *arg) {
  (void)arg;
  weir_context *background = weir_context_background();
  weir_context *child = weir_context_with_cancel(background);
  weir_context *timed = weir_context_with_deadline(child, weir_now() + WEIR_SECOND);
  CHECK(background != NULL || child == NULL);
  weir_context_cancel(child);
  CHECK_EQ_INT(weir_context_error(timed) != 0, timed != NULL);
  weir_context_unref(child);
  weir_context_unref(timed);
  weir_context_unref(background);
  return 0;
}

static void without_memory(void) {
  for (uint64_t seed = 1; seed <= 100; seed++) {
    struct weir_sim_report report;
    weir_chooser *chooser = weir_chooser_seed(seed);
    const struct weir_sim sim = {.chooser = chooser, .fail_allocation = true};
    CHECK_EQ_INT(weir_simulate(&sim, scarce_body, NULL, &report), 0);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_OK);
    weir_sim_report_free(&report);
    weir_chooser_free(chooser);
  }
}

static const struct check_case cases[] = {
    CHECK_CASE(cancel_reaches_all_below),
    CHECK_CASE(deadlines),
    CHECK_CASE(a_task_that_never_blocks_sees_its_deadline),
    CHECK_CASE(references),
    CHECK_CASE(misuse_changes_nothing),
    CHECK_CASE(deep_trees_need_no_stack),
    CHECK_CASE(deadlock_names_the_context),
    CHECK_CASE(freed_under_a_waiter_aborts),
    CHECK_CASE(a_leak_names_the_line),
    CHECK_CASE(a_deadline_beyond_the_horizon_is_no_deadlock),
    CHECK_CASE(a_cancelled_deadline_wakes_nobody),
    CHECK_CASE(error_and_channel_say_the_same),
    CHECK_CASE(without_memory),
};

CHECK_MAIN(cases)
