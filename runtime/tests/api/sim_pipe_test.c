/* sim_pipe_test.c — weir_sim_pipe, and weir_poll inside a simulation. */
#include "run.h"

#include <fcntl.h>
#include <sys/eventfd.h>

static void make_pipe(int fds[2]) {
  CHECK_EQ_INT(weir_sim_pipe(fds), 0);
}

static void drop(int fd) {
  weir_poll_forget(fd);
  CHECK_EQ_INT(close(fd), 0);
}

static void drop_both(const int fds[2]) {
  drop(fds[0]);
  drop(fds[1]);
}

static void put(int fd, char byte) {
  CHECK_EQ_INT(write(fd, &byte, 1), 1);
}

static char take(int fd) {
  char byte;
  CHECK_EQ_INT(read(fd, &byte, 1), 1);
  return byte;
}

static void seeds(int (*body)(void *)) {
  simulate_quiet(WEIR_TIMERS_PROMPT, body, NULL);
  simulate_seeds(WEIR_TIMERS_PROMPT, 200, body, NULL);
}

/* A simulation by itself; the report is the caller's to free. */
static struct weir_sim_report simulate(weir_chooser *chooser, int (*body)(void *)) {
  const struct weir_sim sim = {.chooser = chooser, .trace = true};
  struct weir_sim_report report;
  CHECK(chooser != NULL);
  CHECK_EQ_INT(weir_simulate(&sim, body, NULL, &report), 0);
  weir_chooser_free(chooser);
  return report;
}

static int descriptors_open(void) {
  int count = 0;
  for (int fd = 0; fd < 1024; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

/* ---- where it exists -------------------------------------------------------------------------------------------- */

static int refused_body(void *arg) {
  int fds[2];
  CHECK_EQ_INT(weir_sim_pipe(fds), -EPERM);
  return arg != NULL;
}

static void only_in_a_simulation(void) {
  refused_body(NULL);
  run_balanced(WEIR_TIMERS_PROMPT, refused_body, NULL);
}

static int others_body(void *arg) {
  (void)arg;
  int fds[2];
  const int counter = eventfd(1, EFD_CLOEXEC);
  make_pipe(fds);
  CHECK_EQ_INT(weir_poll(counter, POLLIN, WEIR_FOREVER), -EBADF);
  CHECK_EQ_INT(weir_poll(fds[0], 0, WEIR_FOREVER), -EINVAL);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_POLL), -ETIMEDOUT);
  CHECK_EQ_INT(weir_poll(fds[1], POLLIN | POLLOUT, WEIR_FOREVER), POLLOUT);
  drop_both(fds);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_FOREVER), -EBADF);
  const int same = fcntl(counter, F_DUPFD_CLOEXEC, fds[0]); /* the number of a pipe that is gone */
  CHECK_EQ_INT(same, fds[0]);
  CHECK_EQ_INT(weir_poll(same, POLLIN, WEIR_FOREVER), -EBADF);
  drop(same);
  drop(counter);
  make_pipe(fds);
  drop_both(fds);
  int foreign[2];
  CHECK_EQ_INT(pipe2(foreign, O_CLOEXEC | O_NONBLOCK), 0);
  CHECK_EQ_INT(foreign[0], fds[0]);
  CHECK_EQ_INT(weir_poll(foreign[0], POLLIN, WEIR_FOREVER), -EBADF);
  drop_both(foreign);
  return 0;
}

static void other_descriptors_are_refused(void) {
  seeds(others_body);
}

static int exhausted_body(void *arg) {
  (void)arg;
  int fds[2];
  const int lowest = dup(0);
  CHECK_EQ_INT(close(lowest), 0);
  struct rlimit before;
  CHECK_EQ_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
  CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)lowest + 1, before.rlim_max}), 0);
  CHECK_EQ_INT(weir_sim_pipe(fds), -EMFILE);
  CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
  return 0;
}

static void too_many_open_files(void) {
  simulate_quiet(WEIR_TIMERS_PROMPT, exhausted_body, NULL);
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

enum { ROUNDS = 20 };
static int there[2], back[2];

static void answers(void *arg) {
  (void)arg;
  for (int i = 0; i < ROUNDS; i++) {
    CHECK_EQ_INT(weir_poll(there[0], POLLIN, WEIR_FOREVER), POLLIN);
    put(back[1], (char)(take(there[0]) + 1));
  }
}

static int ping_pong_body(void *arg) {
  (void)arg;
  make_pipe(there);
  make_pipe(back);
  CHECK_EQ_INT(weir_go(answers, NULL), 0);
  for (int i = 0; i < ROUNDS; i++) {
    put(there[1], (char)i);
    CHECK_EQ_INT(weir_poll(back[0], POLLIN, WEIR_FOREVER), POLLIN);
    CHECK_EQ_INT(take(back[0]), i + 1);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  drop_both(there);
  drop_both(back);
  return 0;
}

static void ping_pong(void) {
  seeds(ping_pong_body);
}

struct watcher {
  int fd;
  int events;
  int result;
  bool done;
};

static void watches(void *arg) {
  struct watcher *watcher = arg;
  watcher->result = weir_poll(watcher->fd, watcher->events, WEIR_FOREVER);
  watcher->done = true;
}

static void start(struct watcher *watcher, int fd, int events) {
  *watcher = (struct watcher){.fd = fd, .events = events};
  CHECK_EQ_INT(weir_go(watches, watcher), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
}

static void must_have(const struct watcher *watcher, int result) {
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(watcher->done);
  CHECK_EQ_INT(watcher->result, result);
}

static int codes_body(void *arg) {
  (void)arg;
  struct watcher watcher;
  int fds[2];
  make_pipe(fds);
  start(&watcher, fds[0], POLLIN);
  CHECK(!watcher.done);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_FOREVER), -EBUSY);
  weir_poll_forget(fds[0]);
  must_have(&watcher, -ECANCELED);
  const int64_t deadline = weir_now() + 5 * WEIR_SECOND;
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, deadline), -ETIMEDOUT);
  CHECK_INT(weir_now(), >=, deadline);
  start(&watcher, fds[0], POLLIN);
  drop(fds[1]);
  must_have(&watcher, POLLHUP);
  drop(fds[0]);
  make_pipe(fds);
  static const char block[4096];
  while (write(fds[1], block, sizeof block) > 0)
    ;
  start(&watcher, fds[1], POLLOUT);
  CHECK(!watcher.done);
  drop(fds[0]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(watcher.done && (watcher.result & POLLERR) != 0);
  drop(fds[1]);
  return 0;
}

static void every_result(void) {
  seeds(codes_body);
}

/* ---- the order of waking ---------------------------------------------------------------------------------------- */

enum { READERS = 4 };
static int lines[READERS][2];
static char arrivals[READERS + 1];
static int arrived;

static void reads_line(void *arg) {
  const intptr_t number = (intptr_t)arg;
  CHECK_EQ_INT(weir_poll(lines[number][0], POLLIN, WEIR_FOREVER), POLLIN);
  arrivals[arrived++] = (char)('a' + number);
}

/* All become ready between two scheduling points. */
static int race_body(void *arg) {
  arrived = 0;
  memset(arrivals, 0, sizeof arrivals);
  for (intptr_t i = 0; i < READERS; i++) {
    make_pipe(lines[i]);
    CHECK_EQ_INT(weir_go(reads_line, (void *)i), 0);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < READERS; i++)
    put(lines[i * 3 % READERS][1], 'x');
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(arrived, READERS);
  for (int i = 0; i < READERS; i++)
    drop_both(lines[i]);
  return arg != NULL;
}

static void waking_is_a_choice_and_can_be_replayed(void) {
  char first[READERS + 1] = "";
  int orders = 0;
  for (uint64_t seed = 1; seed <= 100; seed++) {
    struct weir_sim_report report = simulate(weir_chooser_seed(seed), race_body);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_OK);
    if (strcmp(first, arrivals) != 0)
      orders++;
    memcpy(first, arrivals, sizeof first);
    const int hold = dup(0); /* other numbers of descriptors, the same trace */
    struct weir_sim_report again = simulate(weir_chooser_replay(report.schedule), race_body);
    CHECK_STR(again.trace, report.trace);
    CHECK_STR(arrivals, first);
    CHECK_EQ_INT(close(hold), 0);
    weir_sim_report_free(&report);
    weir_sim_report_free(&again);
  }
  CHECK_INT(orders, >, 50);
  struct weir_sim_report quiet = simulate(weir_chooser_bytes(NULL, 0), race_body);
  CHECK_STR(arrivals, "abcd"); /* the quietest: in the order of waiting */
  weir_sim_report_free(&quiet);
}

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

static int made_line;

static int stuck_body(void *arg) {
  int fds[2];
  made_line = __LINE__ + 1;
  make_pipe(fds);
  int *kept = arg != NULL ? arg : fds;
  return weir_poll(kept[0], POLLIN, WEIR_FOREVER);
}

static void waiting_for_ever_is_a_deadlock(void) {
  const int before = descriptors_open();
  struct weir_sim_report report = simulate(weir_chooser_bytes(NULL, 0), stuck_body);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_DEADLOCK);
  CHECK(report.global);
  CHECK_CONTAINS(report.text, "blocked: input of the pipe made at");
  CHECK_CONTAINS(report.text, "left: the pipe made at");
  weir_sim_report_free(&report);
  CHECK_EQ_INT(descriptors_open(), before);
}

static int left_body(void *arg) {
  int fds[2];
  made_line = __LINE__ + 1;
  CHECK_EQ_INT(weir_sim_pipe(fds), 0);
  const int same = dup(fds[1]); /* not the runtime's: it stays open */
  CHECK_EQ_INT(close(fds[1]), 0);
  CHECK_EQ_INT(close(same), 0);
  return arg != NULL;
}

static void an_end_left_open_is_a_leak(void) {
  const int before = descriptors_open();
  char place[64];
  struct weir_sim_report report = simulate(weir_chooser_bytes(NULL, 0), left_body);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_LEAK);
  snprintf(place, sizeof place, "sim_pipe_test.c:%d (its end to read)", made_line);
  CHECK_CONTAINS(report.text, "left: the pipe made at");
  CHECK_CONTAINS(report.text, place);
  weir_sim_report_free(&report);
  CHECK_EQ_INT(descriptors_open(), before);
}

static int deferred_pipe[2];

static void drops_deferred(void *arg) {
  drop_both(arg);
}

static int deferred_body(void *arg) {
  static struct weir_defer defer;
  make_pipe(deferred_pipe);
  weir_defer(&defer, drops_deferred, deferred_pipe);
  return arg != NULL;
}

static void a_deferred_function_may_close_it(void) {
  seeds(deferred_body);
}

/* ---- several virtual workers ------------------------------------------------------------------------------------- */

static void virtual_seeds(unsigned workers, uint64_t seeds, int (*body)(void *)) {
  for (uint64_t seed = 1; seed <= seeds; seed++) {
    const struct weir_sim sim = {.chooser = weir_chooser_seed(seed), .workers = workers};
    struct weir_sim_report report;
    CHECK_EQ_INT(weir_simulate(&sim, body, NULL, &report), 0);
    if (report.verdict != WEIR_VERDICT_OK)
      check_fail(__FILE__, __LINE__, "seed %ju, %u workers: %s\n%s", (uintmax_t)seed, workers,
                 weir_verdict_name(report.verdict), report.text);
    weir_sim_report_free(&report);
    weir_chooser_free(sim.chooser);
  }
}

static int fds_of_many[2];
static weir_chan *values;

/* What it waits for next is another wait: a forgetting that comes late must not touch that. */
static void polls_then_receives(void *arg) {
  long value = 0;
  const int result = weir_poll(fds_of_many[0], POLLIN, weir_now() + WEIR_MILLISECOND);
  CHECK(arg == NULL && (result == -ETIMEDOUT || result == -ECANCELED));
  CHECK_EQ_INT(weir_chan_recv(values, &value), 0);
  CHECK_EQ_INT(value, 42);
}

static int late_forgetting_body(void *arg) {
  const long value = 42;
  make_pipe(fds_of_many);
  values = weir_chan_new(sizeof value, 0);
  CHECK_EQ_INT(weir_go(polls_then_receives, NULL), 0);
  weir_yield();
  weir_poll_forget(fds_of_many[0]);
  CHECK_EQ_INT(weir_chan_send(values, &value), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  drop_both(fds_of_many);
  weir_chan_unref(values);
  return arg != NULL;
}

static void forgetting_meets_a_deadline(void) {
  virtual_seeds(2, 2000, late_forgetting_body);
  virtual_seeds(3, 500, late_forgetting_body);
}

static bool told;

static void is_told(void *arg) {
  CHECK_EQ_INT(weir_poll(((int *)arg)[0], POLLIN, WEIR_FOREVER), POLLIN);
  told = true;
}

static void tells(void *arg) {
  put(((int *)arg)[1], 'x'); /* and ends, with no step in between */
}

static int settled_body(void *arg) {
  int fds[2];
  told = false;
  make_pipe(fds);
  CHECK_EQ_INT(weir_go(is_told, fds), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_go(tells, fds), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(told);
  drop_both(fds);
  return arg != NULL;
}

static void settled_is_who_has_had_what_is_ready(void) {
  for (unsigned workers = 1; workers <= 3; workers++)
    virtual_seeds(workers, 500, settled_body);
}

static weir_waitgroup pinned_group;

static void is_told_at_home(void *arg) {
  is_told(arg);
  weir_waitgroup_done(&pinned_group);
}

static int pinned_body(void *arg) {
  static const struct weir_task_options pinned = {.pinned = true};
  int fds[2];
  make_pipe(fds);
  CHECK_EQ_INT(weir_waitgroup_add(&pinned_group, 1), 0);
  CHECK_EQ_INT(weir_go_with(&pinned, is_told_at_home, fds), 0);
  CHECK_EQ_INT(weir_go(tells, fds), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&pinned_group), 0);
  drop_both(fds);
  return arg != NULL;
}

static void a_pinned_task_waits_for_a_pipe(void) {
  for (unsigned workers = 1; workers <= 3; workers++)
    virtual_seeds(workers, 500, pinned_body);
}

static const struct check_case cases[] = {
    CHECK_CASE(only_in_a_simulation),
    CHECK_CASE(other_descriptors_are_refused),
    CHECK_CASE(too_many_open_files),
    CHECK_CASE(ping_pong),
    CHECK_CASE(every_result),
    CHECK_CASE(waking_is_a_choice_and_can_be_replayed),
    CHECK_CASE(waiting_for_ever_is_a_deadlock),
    CHECK_CASE(an_end_left_open_is_a_leak),
    CHECK_CASE(a_deferred_function_may_close_it),
    CHECK_CASE(forgetting_meets_a_deadline),
    CHECK_CASE(settled_is_who_has_had_what_is_ready),
    CHECK_CASE(a_pinned_task_waits_for_a_pipe),
};

CHECK_MAIN(cases)
