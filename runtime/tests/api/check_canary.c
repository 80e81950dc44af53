/* check_canary.c — the harness's own test: each case but "passes" must fail, else no test of this project means
 * anything. CMakeLists.txt runs every case by name and expects its exit code, so that a harness that cannot fail is
 * found out by ctest and not by itself. */
#include "check.h"

#include <signal.h>
#include <weir.h>

static void passes(void) {
  CHECK(1);
  CHECK_EQ_INT(-EPIPE, -EPIPE);
  CHECK_INT(2, <, 3);
  CHECK_STR("same", "same");
  CHECK_CONTAINS("a needle in hay", "needle");
  CHECK_LACKS("hay", "needle");
}

static void condition(void) {
  CHECK(1 + 1 == 3);
}

static void integers(void) {
  CHECK_EQ_INT(6 * 7, 41);
}

static void relation(void) {
  CHECK_INT(3, <, 3);
}

static void strings(void) {
  CHECK_STR("one", "other");
}

static void null_string(void) {
  CHECK_STR(NULL, "other");
}

static void contains(void) {
  CHECK_CONTAINS("hay", "needle");
}

static void lacks(void) {
  CHECK_LACKS("a needle in hay", "needle");
}

static void aborts(void) {
  abort();
}

static void raises(void) {
  raise(SIGSEGV);
}

static void exits(void) {
  exit(7);
}

static void fails_in_task(void *arg) {
  (void)arg;
  CHECK_STR("on a task's stack", "elsewhere");
}

static int starts_failing_task(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_go(fails_in_task, NULL), 0);
  weir_yield();
  return 0;
}

static void task_check(void) {
  weir_run(&(struct weir_config){.workers = 1}, starts_failing_task, NULL);
}

static void row(int value) {
  CHECK_EQ_INT(value, 1);
}

/* Nothing else fails in these two. */
static void leaves_a_channel(void) {
  CHECK(weir_chan_new(8, 4) != NULL);
}

static int keeps_a_context(void *arg) {
  (void)arg;
  return weir_context_background() == NULL;
}

static void leaves_a_context(void) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1}, keeps_a_context, NULL), 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(condition),
    CHECK_CASE(integers),
    CHECK_CASE(relation),
    CHECK_CASE(strings),
    CHECK_CASE(null_string),
    CHECK_CASE(contains),
    CHECK_CASE(lacks),
    CHECK_CASE(aborts),
    CHECK_CASE(raises),
    CHECK_CASE(exits),
    CHECK_CASE(task_check),
    CHECK_CASE_WITH("row_two", row, 2),
    CHECK_CASE(leaves_a_channel),
    CHECK_CASE(leaves_a_context),
    CHECK_CASE(passes),
    CHECK_CASE_WITH("row_one", row, 1),
};

CHECK_MAIN(cases)
