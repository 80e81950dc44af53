/* waitgroup_test.c — weir/sync.h: counting, waiting, several waiters, misuse. */
#include "run.h"

struct member {
  weir_waitgroup *group;
  int64_t deadline;
  int status, *finished;
};

static void finishes(void *arg) {
  struct member *member = arg;
  weir_yield();
  __atomic_fetch_add(member->finished, 1, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_waitgroup_done(member->group), 0);
}

static int join_body(void *arg) {
  (void)arg;
  enum { TASKS = 20 };
  weir_waitgroup group = {0};
  struct member members[TASKS];
  int finished = 0;
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0); /* zero: at once */
  for (int round = 1; round <= 3; round++) {    /* and again with the same group */
    CHECK_EQ_INT(weir_waitgroup_add(&group, TASKS), 0);
    for (int i = 0; i < TASKS; i++) {
      members[i] = (struct member){.group = &group, .finished = &finished};
      CHECK_EQ_INT(weir_go(finishes, &members[i]), 0);
    }
    CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
    CHECK_EQ_INT(finished, round * TASKS);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return 0;
}

static void wait_returns_when_all_are_done(void) {
  run_everywhere(join_body, NULL);
}

static void waits(void *arg) {
  struct member *member = arg;
  member->status = weir_waitgroup_wait_until(member->group, member->deadline);
}

static int waiters_body(void *arg) {
  (void)arg;
  enum { WAITERS = 5 };
  weir_waitgroup group = {0};
  struct member members[WAITERS];
  CHECK_EQ_INT(weir_waitgroup_add(&group, 2), 0);
  for (int i = 0; i < WAITERS; i++) {
    members[i] = (struct member){&group, i % 2 ? WEIR_FOREVER : weir_now() + 3600 * WEIR_SECOND, 1, NULL};
    CHECK_EQ_INT(weir_go(waits, &members[i]), 0);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_waitgroup_done(&group), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < WAITERS; i++)
    CHECK_EQ_INT(members[i].status, 1); /* one is not zero */
  CHECK_EQ_INT(weir_waitgroup_add(&group, -1), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < WAITERS; i++)
    CHECK_EQ_INT(members[i].status, 0);
  return 0;
}

static void several_waiters_go_on_together(void) {
  run_balanced(WEIR_TIMERS_CLASSIC, waiters_body, NULL);
  run_balanced(WEIR_TIMERS_PROMPT, waiters_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, waiters_body, NULL);
}

static int deadline_body(void *arg) {
  (void)arg;
  weir_waitgroup group = {0};
  CHECK_EQ_INT(weir_waitgroup_wait_until(&group, WEIR_POLL), 0); /* it can complete at once */
  CHECK_EQ_INT(weir_waitgroup_add(&group, 1), 0);
  CHECK_EQ_INT(weir_waitgroup_wait_until(&group, WEIR_POLL), -ETIMEDOUT);
  const int64_t deadline = weir_now() + WEIR_MILLISECOND;
  CHECK_EQ_INT(weir_waitgroup_wait_until(&group, deadline), -ETIMEDOUT);
  CHECK_INT(weir_now(), >=, deadline);
  CHECK_EQ_INT(weir_waitgroup_done(&group), 0); /* the one that timed out is not there any more */
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
  return 0;
}

static void wait_until_times_out(void) {
  run_everywhere(deadline_body, NULL);
}

static void misuse_changes_nothing(void) {
  weir_waitgroup group = {0};
  CHECK_EQ_INT(weir_waitgroup_done(&group), -EINVAL);
  CHECK_EQ_INT(weir_waitgroup_add(&group, -1), -EINVAL);
  CHECK_EQ_INT(weir_waitgroup_add(&group, INT64_MIN), -EINVAL);
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
  CHECK_EQ_INT(weir_waitgroup_add(&group, 2), 0);
  CHECK_EQ_INT(weir_waitgroup_add(&group, -3), -EINVAL);
  CHECK_EQ_INT(weir_waitgroup_add(&group, INT64_MAX), -EINVAL);
  CHECK_EQ_INT(weir_waitgroup_add(&group, -2), 0);
  CHECK_EQ_INT(weir_waitgroup_add(&group, 0), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(wait_returns_when_all_are_done),
    CHECK_CASE(several_waiters_go_on_together),
    CHECK_CASE(wait_until_times_out),
    CHECK_CASE(misuse_changes_nothing),
};

CHECK_MAIN(cases)
