/* sim_socketpair_test.c — weir_sim_socketpair: what differs from weir_sim_pipe, whose test has the rest. */
#include "run.h"

#include <fcntl.h>
#include <sys/socket.h>

static void make_pair(int fds[2]) {
  CHECK_EQ_INT(weir_sim_socketpair(fds), 0);
}

static void drop(int fd) {
  weir_poll_forget(fd);
  CHECK_EQ_INT(close(fd), 0);
}

static void put(int fd, char byte) {
  CHECK_EQ_INT(send(fd, &byte, 1, MSG_NOSIGNAL), 1);
}

static char take(int fd) {
  char byte;
  CHECK_EQ_INT(recv(fd, &byte, 1, 0), 1);
  return byte;
}

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

static int refused_body(void *arg) {
  int fds[2];
  CHECK(!weir_sim_active());
  CHECK_EQ_INT(weir_sim_socketpair(fds), -EPERM);
  return arg != NULL;
}

static void only_in_a_simulation(void) {
  refused_body(NULL);
  run_balanced(WEIR_TIMERS_PROMPT, refused_body, NULL);
}

/* ---- both ways -------------------------------------------------------------------------------------------------- */

enum { ROUNDS = 20 };

/* Echoes each byte, one more, until the other end is closed. */
static void echoes(void *arg) {
  const int fd = *(const int *)arg;
  for (;;) {
    const int ready = weir_poll(fd, POLLIN, WEIR_FOREVER);
    CHECK((ready & POLLIN) != 0);
    char byte;
    const ssize_t got = recv(fd, &byte, 1, 0);
    if (got == 0)
      break;
    CHECK_EQ_INT(got, 1);
    put(fd, (char)(byte + 1));
  }
  drop(fd);
}

static int echo_body(void *arg) {
  int fds[2];
  CHECK(weir_sim_active());
  make_pair(fds);
  CHECK_EQ_INT(weir_go(echoes, &fds[1]), 0);
  for (int i = 0; i < ROUNDS; i++) {
    put(fds[0], (char)i);
    CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_FOREVER), POLLIN);
    CHECK_EQ_INT(take(fds[0]), i + 1);
  }
  CHECK_EQ_INT(shutdown(fds[0], SHUT_WR), 0);
  CHECK((weir_poll(fds[0], POLLIN, WEIR_FOREVER) & POLLHUP) != 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  drop(fds[0]);
  return arg != NULL;
}

static void bytes_go_both_ways(void) {
  simulate_quiet(WEIR_TIMERS_PROMPT, echo_body, NULL);
  simulate_seeds(WEIR_TIMERS_PROMPT, 200, echo_body, NULL);
}

static void the_numbers_of_descriptors_do_not_matter(void) {
  for (uint64_t seed = 1; seed <= 20; seed++) {
    struct weir_sim_report report = simulate(weir_chooser_seed(seed), echo_body);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_OK);
    const int hold = dup(0);
    struct weir_sim_report again = simulate(weir_chooser_replay(report.schedule), echo_body);
    CHECK_STR(again.trace, report.trace);
    CHECK_EQ_INT(close(hold), 0);
    weir_sim_report_free(&report);
    weir_sim_report_free(&again);
  }
}

/* ---- whose descriptor it is ------------------------------------------------------------------------------------- */

static int taken_over_body(void *arg) {
  int fds[2];
  int foreign[2];
  make_pair(fds);
  CHECK_EQ_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, foreign), 0);
  CHECK_EQ_INT(weir_poll(foreign[0], POLLOUT, WEIR_FOREVER), -EBADF);
  CHECK_EQ_INT(weir_poll(fds[0], POLLOUT, WEIR_FOREVER), POLLOUT);
  CHECK_EQ_INT(dup3(foreign[0], fds[0], O_CLOEXEC), fds[0]);
  CHECK_EQ_INT(weir_poll(fds[0], POLLOUT, WEIR_FOREVER), -EBADF);
  CHECK_EQ_INT(weir_poll(fds[1], POLLIN, WEIR_FOREVER), POLLIN | POLLHUP); /* its other end is closed */
  drop(fds[1]);
  CHECK_EQ_INT(close(fds[0]), 0);
  CHECK_EQ_INT(close(foreign[0]), 0);
  CHECK_EQ_INT(close(foreign[1]), 0);
  return arg != NULL;
}

static void a_number_taken_over_is_refused(void) {
  simulate_quiet(WEIR_TIMERS_PROMPT, taken_over_body, NULL);
}

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

static int made_line;

static int stuck_body(void *arg) {
  int fds[2];
  made_line = __LINE__ + 1;
  CHECK_EQ_INT(weir_sim_socketpair(fds), 0);
  return arg != NULL ? 0 : weir_poll(fds[0], POLLIN, WEIR_FOREVER);
}

static void a_blocked_task_names_its_line(void) {
  const int before = descriptors_open();
  char place[96];
  struct weir_sim_report report = simulate(weir_chooser_bytes(NULL, 0), stuck_body);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_DEADLOCK);
  snprintf(place, sizeof place, "sim_socketpair_test.c:%d", made_line);
  CHECK_CONTAINS(report.text, "blocked: input of the socket pair made at");
  CHECK_CONTAINS(report.text, place);
  CHECK_CONTAINS(report.text, "left: the socket pair made at");
  weir_sim_report_free(&report);
  CHECK_EQ_INT(descriptors_open(), before);
}

static int left_body(void *arg) {
  int fds[2];
  made_line = __LINE__ + 1;
  CHECK_EQ_INT(weir_sim_socketpair(fds), 0);
  CHECK_EQ_INT(close(fds[0]), 0);
  return arg != NULL;
}

static void an_end_left_open_is_a_leak(void) {
  const int before = descriptors_open();
  char place[96];
  struct weir_sim_report report = simulate(weir_chooser_bytes(NULL, 0), left_body);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_LEAK);
  snprintf(place, sizeof place, "sim_socketpair_test.c:%d (its second end)", made_line);
  CHECK_CONTAINS(report.text, place);
  weir_sim_report_free(&report);
  CHECK_EQ_INT(descriptors_open(), before);
}

static const struct check_case cases[] = {
    CHECK_CASE(only_in_a_simulation),
    CHECK_CASE(bytes_go_both_ways),
    CHECK_CASE(the_numbers_of_descriptors_do_not_matter),
    CHECK_CASE(a_number_taken_over_is_refused),
    CHECK_CASE(a_blocked_task_names_its_line),
    CHECK_CASE(an_end_left_open_is_a_leak),
};

CHECK_MAIN(cases)
