/* context_run_test.c — weir/context.h: contexts and the begin and end of runs. */
#include "run.h"

static const int64_t LONG = 3600 * WEIR_SECOND;

static weir_context *made_outside;

static int inside_body(void *arg) {
  const int64_t deadline = weir_now() + WEIR_MILLISECOND;
  weir_context *inside = weir_context_with_deadline(made_outside, deadline);
  CHECK_EQ_INT(weir_chan_recv(weir_context_done(inside), NULL), -EPIPE);
  CHECK_EQ_INT(weir_context_error(inside), -ETIMEDOUT);
  weir_context_unref(inside);
  if (arg != NULL)
    CHECK_EQ_INT(weir_chan_recv(weir_context_done(made_outside), NULL), -EPIPE);
  return 0;
}

static void made_before_a_run(void) {
  weir_context *background = weir_context_background();
  made_outside = weir_context_with_deadline(background, weir_now() + 20 * WEIR_MILLISECOND);
  simulate_seeds(WEIR_TIMERS_PROMPT, 20, inside_body, NULL);
  CHECK_EQ_INT(weir_context_error(made_outside), 0);
  run_balanced(WEIR_TIMERS_PROMPT, inside_body, &(int){1});
  CHECK_EQ_INT(weir_context_error(made_outside), -ETIMEDOUT);
  weir_context_unref(made_outside);
  weir_context_unref(background);
  CHECK_EQ_INT(weir_counts().contexts, 0);
}

static int leave_pending_body(void *arg) {
  weir_context **left = arg;
  weir_context *background = weir_context_background();
  *left = weir_context_with_deadline(background, weir_now() + LONG);
  weir_context_unref(background);
  return 0;
}

static void the_end_of_a_run_leaves_it_valid(void) {
  weir_context *left;
  CHECK_EQ_INT(weir_run(NULL, leave_pending_body, &left), 0);
  CHECK_EQ_INT(weir_context_error(left), 0);
  weir_context_cancel(left);
  CHECK_EQ_INT(weir_context_error(left), -ECANCELED);
  weir_context_unref(left);
  CHECK_EQ_INT(weir_counts().contexts, 0);
}

enum { LEFT = 8 };

static struct {
  weir_context *contexts[LEFT];
  int64_t delay;
  weir_waitgroup group;
} beyond;

static void leaves_one(void *arg) {
  weir_context **left = arg;
  weir_context *background = weir_context_background();
  *left = weir_context_with_deadline(background, weir_now() + beyond.delay);
  weir_context_unref(background);
  weir_waitgroup_done(&beyond.group);
}

static int leave_several_body(void *arg) {
  (void)arg;
  weir_waitgroup_add(&beyond.group, LEFT);
  for (int i = 0; i < LEFT; i++)
    CHECK_EQ_INT(weir_go(leaves_one, &beyond.contexts[i]), 0);
  weir_waitgroup_wait(&beyond.group);
  return 0;
}

static int see_them_done_body(void *arg) {
  (void)arg;
  for (int i = 0; i < LEFT; i++) {
    CHECK_EQ_INT(weir_chan_recv(weir_context_done(beyond.contexts[i]), NULL), -EPIPE);
    CHECK_EQ_INT(weir_context_error(beyond.contexts[i]), -ETIMEDOUT);
  }
  return 0;
}

static int idle_body(void *arg) {
  (void)arg;
  return 0;
}

static void free_left(void) {
  for (int i = 0; i < LEFT; i++)
    weir_context_unref(beyond.contexts[i]);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static void a_later_run_sees_the_deadline(int between) {
  beyond.delay = 10 * WEIR_MILLISECOND;
  CHECK_EQ_INT(run_plain(leave_several_body, NULL), 0);
  if (between != 0) /* one more run that they outlive */
    run_balanced(WEIR_TIMERS_PROMPT, idle_body, NULL);
  run_balanced(WEIR_TIMERS_PROMPT, see_them_done_body, NULL);
  free_left();
}

static int blocks_for_ever(void *arg) {
  return weir_chan_recv(arg, NULL);
}

/* What counts as able to wake a task counts no more. */
static void what_was_left_keeps_no_deadlock_from_being_seen(int cancels) {
  static struct run_log log;
  beyond.delay = LONG;
  CHECK_EQ_INT(run_plain(leave_several_body, NULL), 0);
  for (int i = 0; i < LEFT && cancels; i++)
    weir_context_cancel(beyond.contexts[i]);
  if (!cancels)
    free_left();
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, blocks_for_ever, NULL), -EDEADLK);
  if (cancels)
    free_left();
}

static const struct check_case cases[] = {
    CHECK_CASE(made_before_a_run),
    CHECK_CASE(the_end_of_a_run_leaves_it_valid),
    CHECK_CASE_WITH("a_later_run_sees_the_deadline", a_later_run_sees_the_deadline, 0),
    CHECK_CASE_WITH("and_so_does_one_after_that", a_later_run_sees_the_deadline, 1),
    CHECK_CASE_WITH("freed_after_a_run", what_was_left_keeps_no_deadlock_from_being_seen, 0),
    CHECK_CASE_WITH("cancelled_after_a_run", what_was_left_keeps_no_deadlock_from_being_seen, 1),
};

CHECK_MAIN(cases)
