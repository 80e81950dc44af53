/* stack_test.c — a stack that overflows ends the program; the message names the task's start line and its stack size.
 */
#include "run.h"

/* Touches every page on its way down, as a deep recursion does. What it does with the result keeps the compiler from
 * making it a loop; the limit, a thousand times any stack here, keeps it from calling the recursion infinite. */
static int descends(volatile int *depth) {
  volatile char frame[512];
  frame[0] = (char)++*depth;
  return *depth < 10000000 ? descends(depth) + frame[0] : 0;
}

static void overflows(void *arg) {
  (void)arg;
  volatile int depth = 0;
  descends(&depth);
}

/* A frame of twelve KiB reaches pages below the one before it: its lowest byte must still meet the guard. */
__attribute__((noinline)) static int strides(volatile int *depth) {
  volatile char frame[12 * 1024];
  frame[0] = (char)++*depth;
  return *depth < 10000000 ? strides(depth) + frame[0] : 0;
}

static void overflows_in_strides(void *arg) {
  (void)arg;
  volatile int depth = 0;
  strides(&depth);
}

static int strides_body(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_go_at(overflows_in_strides, NULL, "wide.c", 45), 0);
  return weir_settle(WEIR_FOREVER); /* the task never blocks: it ends the program, on whatever worker */
}

static int default_body(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_go_at(overflows, NULL, "deep.c", 42), 0);
  return weir_settle(WEIR_FOREVER); /* the task never blocks: it ends the program, on whatever worker */
}

static int named_body(void *arg) {
  (void)arg;
  const struct weir_task_options options = {.name = "the diver", .stack_size = 1024 * 1024};
  CHECK_EQ_INT(weir_go_with_at(&options, overflows, NULL, "deeper.c", 43), 0);
  return weir_settle(WEIR_FOREVER); /* the task never blocks: it ends the program, on whatever worker */
}

static int main_body(void *arg) {
  overflows(arg);
  return 0;
}

static void runs_default_body(void) {
  run_plain(default_body, NULL);
}

static void runs_named_body(void) {
  run_plain(named_body, NULL);
}

static void runs_main_body(void) {
  run_plain(main_body, NULL);
}

static struct check_child child;

/* The size is rounded up, and the default is larger under a sanitizer, whose frames are larger: so the message must
 * hold a number of that order. */
static void check_names_size(const char *text, size_t at_least) {
  for (const char *p = text; *p != '\0'; p++)
    if (*p >= '0' && *p <= '9') {
      char *end;
      const unsigned long long number = strtoull(p, &end, 10);
      if (number >= at_least && number <= 64 * at_least)
        return;
      p = end - 1;
    }
  check_fail(__FILE__, __LINE__, "no size of %zu bytes and a little more in:\n%s", at_least, text);
}

static void overflow_names_start_line_and_size(void) {
  check_child_run(&child, runs_default_body);
  CHECK(check_child_died(&child));
  CHECK_CONTAINS(child.output, "stack");
  CHECK_CONTAINS(child.output, "deep.c:42");
  check_names_size(child.output, 44 * 1024);
}

static void overflow_names_task_and_its_own_size(void) {
  check_child_run(&child, runs_named_body);
  CHECK(check_child_died(&child));
  CHECK_CONTAINS(child.output, "deeper.c:43");
  CHECK_CONTAINS(child.output, "the diver");
  check_names_size(child.output, 1024 * 1024);
}

static void overflow_of_main(void) {
  check_child_run(&child, runs_main_body);
  CHECK(check_child_died(&child));
  CHECK_CONTAINS(child.output, "stack");
}

/* A fault that is no overflow keeps its own meaning: it is not called one. */
static void reads_nowhere(void *arg) {
  volatile int *volatile nowhere = arg;
  *nowhere = 1;
}

static int fault_body(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_go_at(reads_nowhere, NULL, "wild.c", 44), 0);
  return weir_settle(WEIR_FOREVER); /* the task never blocks: it ends the program, on whatever worker */
}

static void runs_strides_body(void) {
  run_plain(strides_body, NULL);
}

static void overflow_by_frames_larger_than_a_page(void) {
  check_child_run(&child, runs_strides_body);
  CHECK(check_child_died(&child));
  CHECK_CONTAINS(child.output, "wide.c:45");
}

static void runs_fault_body(void) {
  run_plain(fault_body, NULL);
}

static void other_faults_are_not_called_overflow(void) {
  check_child_run(&child, runs_fault_body);
  CHECK(check_child_died(&child));
  CHECK_LACKS(child.output, "wild.c:44");
}

static const struct check_case cases[] = {
    CHECK_CASE(overflow_names_start_line_and_size),    CHECK_CASE(overflow_names_task_and_its_own_size),
    CHECK_CASE(overflow_by_frames_larger_than_a_page), CHECK_CASE(overflow_of_main),
    CHECK_CASE(other_faults_are_not_called_overflow),
};

CHECK_MAIN(cases)
