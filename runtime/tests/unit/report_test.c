/* Sentences about tasks: each way of being blocked, by name and line; never beyond the end of a line. */
#include "report.h"

#include "check.h"
#include "worker.h"

#include <weir.h>

static weir_chan *chan;
static weir_timer *timer;
static weir_ticker *ticker;
static weir_waitgroup group;
static char expected[256];

static void receive(void *arg) {
  (void)arg;
  weir_chan_recv(chan, NULL);
}

static void send_until(void *arg) {
  (void)arg;
  weir_chan_send_until(chan, NULL, weir_now() + 3600 * WEIR_SECOND);
}

static void receive_from_null(void *arg) {
  (void)arg;
  weir_chan_recv(NULL, NULL);
}

static void select_of_three(void *arg) {
  (void)arg;
  struct weir_case cases[] = {WEIR_RECV(weir_timer_chan(timer), NULL), WEIR_RECV(NULL, NULL),
                              WEIR_RECV(weir_ticker_chan(ticker), NULL)};
  weir_select(cases, 3, WEIR_FOREVER);
}

static void select_of_many(void *arg) {
  (void)arg;
  struct weir_case cases[9];
  for (int i = 0; i < 9; i++)
    cases[i] = (struct weir_case)WEIR_RECV(chan, NULL);
  weir_select(cases, 9, WEIR_FOREVER);
}

static void select_of_none(void *arg) {
  (void)arg;
  weir_select(NULL, 0, WEIR_FOREVER);
}

static void wait_for_group(void *arg) {
  (void)arg;
  weir_waitgroup_wait(&group);
}

static void sleep_long(void *arg) {
  (void)arg;
  weir_sleep(3600 * WEIR_SECOND);
}

struct found {
  char line[REPORT_LINE];
  uint32_t lines;
};

static void keep(void *context, const char *line) {
  struct found *found = context;
  snprintf(found->line, sizeof found->line, "%s", line);
  found->lines++;
}

static void find_task(struct task *task, void *found) {
  if (task != worker_here()->current)
    *(struct task **)found = task;
}

/* Every shorter line is the beginning of the whole one, and ends where it must. */
static void never_beyond_its_end(const struct task *task) {
  char whole[REPORT_LINE], line[REPORT_LINE];
  report_task(task, whole, sizeof whole);
  char *deadline = strstr(whole, " in "); /* what is left of a deadline changes from call to call */
  if (deadline != NULL)
    *deadline = '\0';
  for (size_t size = 1; size < strlen(whole); size++) {
    memset(line, '#', sizeof line);
    report_task(task, line, size);
    CHECK_EQ_INT(strlen(line), size - 1);
    CHECK(strncmp(line, whole, size - 1) == 0);
    CHECK_EQ_INT(line[size], '#');
  }
}

static const struct row {
  void (*fn)(void *);
  const char *parts[4];
} rows[] = {
    {receive, {"blocked: receive from the channel made at ", NULL}},
    {send_until, {"blocked: send to the channel made at ", ", with a deadline in 3", NULL}},
    {receive_from_null, {"blocked: receive from a NULL channel", NULL}},
    {select_of_three,
     {"select of 3: receive from the timer made at ", "; receive from a NULL channel; ", "the ticker made at "}},
    {select_of_many, {"select of 9: ", "; …", NULL}},
    {select_of_none, {"blocked: a select of no cases", NULL}},
    {wait_for_group, {"blocked: wait for a wait group", NULL}},
    {sleep_long, {"blocked: sleep, with a deadline in 3", NULL}},
};

static int describe(void *arg) {
  const struct row *row = arg;
  chan = weir_chan_new(0, 0);
  timer = weir_timer_new(3600 * WEIR_SECOND);
  ticker = weir_ticker_new(3600 * WEIR_SECOND);
  weir_waitgroup_add(&group, 1);
  const int line = __LINE__ + 1;
  CHECK_EQ_INT(weir_go_with(&(struct weir_task_options){.name = "somebody"}, row->fn, NULL), 0);
  struct found found = {.lines = 0};
  report_tasks(keep, &found);
  CHECK_EQ_INT(found.lines, 2);
  CHECK_CONTAINS(found.line, ": could run");
  weir_yield();
  report_tasks(keep, &found);
  CHECK_EQ_INT(found.lines, 4);
  snprintf(expected, sizeof expected, "task 2 somebody started at %s:%d: ", __FILE__, line);
  CHECK(strncmp(found.line, expected, strlen(expected)) == 0);
  for (int i = 0; i < 4 && row->parts[i] != NULL; i++)
    CHECK_CONTAINS(found.line, row->parts[i]);
  struct task *task = NULL;
  tasks_each(find_task, &task);
  never_beyond_its_end(task);
  return 0;
}

static void ignore(void *context, const char *line) {
  (void)context, (void)line;
}

static void blocked(int row) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1, .log = ignore}, describe, (void *)(uintptr_t)&rows[row]),
               0);
  weir_chan_unref(chan);
  weir_timer_free(timer);
  weir_ticker_free(ticker);
}

static int describe_main(void *arg) {
  (void)arg;
  struct found found = {.lines = 0};
  report_tasks(keep, &found);
  CHECK_EQ_INT(found.lines, 1);
  CHECK_STR(found.line, "main (task 1): could run");
  CHECK_EQ_INT(weir_go_with(&(struct weir_task_options){.daemon = true}, receive_from_null, NULL), 0);
  report_tasks(keep, &found);
  CHECK_EQ_INT(found.lines, 2); /* daemons are left out */
  return 0;
}

static void main_and_daemons(void) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1}, describe_main, NULL), 0);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("blocked_in_receive", blocked, 0),
    CHECK_CASE_WITH("blocked_in_send_with_deadline", blocked, 1),
    CHECK_CASE_WITH("blocked_on_a_null_channel", blocked, 2),
    CHECK_CASE_WITH("blocked_in_select", blocked, 3),
    CHECK_CASE_WITH("blocked_in_a_long_select", blocked, 4),
    CHECK_CASE_WITH("blocked_in_an_empty_select", blocked, 5),
    CHECK_CASE_WITH("blocked_on_a_wait_group", blocked, 6),
    CHECK_CASE_WITH("asleep", blocked, 7),
    CHECK_CASE(main_and_daemons),
};
CHECK_MAIN(cases)
