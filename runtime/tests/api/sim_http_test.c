/* sim_http_test.c — an HTTP client in a simulation: it works there, and what a scenario leaves of it is told and freed. */
#include "run.h"

#include <fcntl.h>
#include <weir/http.h>

static const char url[] = "http://127.0.0.1/";
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

static bool silent; /* the server reads, and never answers */

/* Answers each request (a piece of input is one) until the client closes. */
static void serves(void *arg) {
  const int fd = (int)(intptr_t)arg;
  char request[1024];
  for (;;) {
    const int ready = weir_poll(fd, POLLIN, WEIR_FOREVER);
    CHECK(ready > 0);
    const ssize_t got = recv(fd, request, sizeof request, 0);
    if (got <= 0)
      break;
    if (!silent)
      CHECK_EQ_INT(send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL), sizeof answer - 1);
  }
  weir_poll_forget(fd);
  CHECK_EQ_INT(close(fd), 0);
}

static int opens(void *context, const struct sockaddr *address, socklen_t length) {
  int fds[2];
  CHECK(context == NULL && address->sa_family == AF_INET && length != 0);
  CHECK_EQ_INT(weir_sim_socketpair(fds), 0);
  CHECK_EQ_INT(weir_go_with(&(struct weir_task_options){.daemon = true}, serves, (void *)(intptr_t)fds[1]), 0);
  return fds[0];
}

static const struct weir_http_config patient = {.open_socket = opens,
                                                .connected_sockets = true,
                                                .first_byte_timeout = WEIR_FOREVER,
                                                .header_timeout = WEIR_FOREVER,
                                                .rate_window = WEIR_FOREVER};

static void read_all(weir_response *response) {
  char body[16];
  size_t size = 0;
  ssize_t got;
  while ((got = weir_response_read(response, body + size, sizeof body - size)) > 0)
    size += (size_t)got;
  CHECK_EQ_INT(got, 0);
  CHECK_EQ_INT(size, 5);
  CHECK(memcmp(body, "hello", 5) == 0);
}

static int get_line;

static void get_and_close(weir_http *client) {
  weir_response *response;
  get_line = __LINE__ + 1;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  CHECK_EQ_INT(weir_response_status(response), 200);
  read_all(response);
  CHECK_EQ_INT(weir_response_close(response), 0);
}

static int descriptors_open(void) {
  int count = 0;
  for (int fd = 0; fd < 1024; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

/* ---- it works ---------------------------------------------------------------------------------------------------- */

static int gets_body(void *arg) {
  weir_http *client = weir_http_new(&patient);
  CHECK(client != NULL);
  get_and_close(client);
  get_and_close(client);
  if (arg != NULL) { /* else time may have moved, and the idle connection been closed */
    const struct weir_http_counts counts = weir_http_counts(client);
    CHECK_EQ_INT(counts.connections, 1);
    CHECK_EQ_INT(counts.idle, 1);
  }
  weir_http_free(client);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_counts().connections, 0);
  return 0;
}

static void gets(void) {
  const int before = descriptors_open();
  char quiet;
  simulate_quiet(WEIR_TIMERS_PROMPT, gets_body, &quiet);
  simulate_seeds(WEIR_TIMERS_PROMPT, 100, gets_body, NULL);
  simulate_seeds(WEIR_TIMERS_CLASSIC, 20, gets_body, NULL);
  CHECK_EQ_INT(descriptors_open(), before);
}

static int refused_body(void *arg) {
  weir_http *client = weir_http_new(&patient);
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(client, url, &response), -ENOTSUP);
  weir_http_free(client);
  return arg != NULL;
}

static void several_virtual_workers_are_refused(void) {
  const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0), .workers = 2};
  struct weir_sim_report report;
  CHECK_EQ_INT(weir_simulate(&sim, refused_body, NULL, &report), 0);
  CHECK_STR(report.text, "");
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_OK);
  weir_sim_report_free(&report);
  weir_chooser_free(sim.chooser);
}

/* ---- what is left ------------------------------------------------------------------------------------------------ */

static int left_line, client_line;

static struct weir_sim_report simulate(int (*body)(void *), void *arg) {
  const struct weir_counts before = weir_counts();
  const int descriptors = descriptors_open();
  const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0)};
  struct weir_sim_report report;
  CHECK_EQ_INT(weir_simulate(&sim, body, arg, &report), 0);
  weir_chooser_free(sim.chooser);
  check_counts_equal(weir_counts(), before);
  CHECK_EQ_INT(descriptors_open(), descriptors);
  return report;
}

static void must_tell(const struct weir_sim_report *report, const char *noun, int line) {
  char text[128];
  snprintf(text, sizeof text, "left: the %s made at %s:%d\n", noun, __FILE__, line);
  CHECK_CONTAINS(report->text, text);
}

static int response_left_body(void *arg) {
  weir_http *client = weir_http_new(&patient);
  weir_response *response;
  left_line = __LINE__ + 1;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  if (arg != NULL)
    read_all(response);
  weir_http_free(client);
  return 0;
}

static void a_response_left_is_a_leak(void) {
  char yes;
  for (int read = 0; read < 2; read++) {
    struct weir_sim_report report = simulate(response_left_body, read != 0 ? &yes : NULL);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_LEAK);
    CHECK_EQ_INT(report.census.responses, 1);
    must_tell(&report, "response", left_line);
    CHECK_LACKS(report.text, "left: the connection");
    CHECK_LACKS(report.text, "left: the HTTP client");
    CHECK_CONTAINS(report.signature, "leak: left response sim_http_test.c:");
    weir_sim_report_free(&report);
  }
}

/* The Go post's six: not read, not closed. */
static int all_left_body(void *arg) {
  client_line = __LINE__ + 1;
  weir_http *client = weir_http_new(&patient);
  for (int i = 0; i < 6; i++) {
    weir_response *response;
    left_line = __LINE__ + 1;
    CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  }
  CHECK_EQ_INT(weir_counts().tasks, 1 + 3 * 6); /* main; each connection's two, and its server */
  return arg != NULL;
}

static void everything_left_is_told_and_freed(void) {
  for (int again = 0; again < 3; again++) {
    struct weir_sim_report report = simulate(all_left_body, NULL);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_LEAK);
    CHECK_EQ_INT(report.census.responses, 6);
    CHECK_EQ_INT(report.census.connections, 6);
    must_tell(&report, "response", left_line);
    must_tell(&report, "connection", left_line);
    must_tell(&report, "HTTP client", client_line);
    CHECK_LACKS(report.text, "left: the timer"); /* is the client's own */
    weir_sim_report_free(&report);
  }
}

static int deadlock_body(void *arg) {
  weir_http *client = weir_http_new(&patient);
  weir_response *response;
  return weir_http_get(client, url, &response) + (arg != NULL);
}

static void a_silent_server_is_a_deadlock(void) {
  silent = true;
  for (int again = 0; again < 2; again++) {
    struct weir_sim_report report = simulate(deadlock_body, NULL);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_DEADLOCK);
    CHECK(report.global);
    CHECK_CONTAINS(report.text, "blocked: an HTTP server, or a connection to it");
    weir_sim_report_free(&report);
  }
}

/* ---- a client from outside --------------------------------------------------------------------------------------- */

static int keeps_connection_body(void *arg) {
  get_and_close(arg);
  return 0;
}

static int closes_idle_body(void *arg) {
  get_and_close(arg);
  weir_http_close_idle(arg);
  return 0;
}

static void a_client_from_outside_stays(void) {
  weir_http *client = weir_http_new(&patient);
  for (int again = 0; again < 3; again++) {
    const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0)};
    struct weir_sim_report report;
    CHECK_EQ_INT(weir_simulate(&sim, keeps_connection_body, client, &report), 0);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_LEAK);
    must_tell(&report, "connection", get_line);
    CHECK_LACKS(report.text, "left: the HTTP client");
    CHECK_EQ_INT(weir_counts().connections, 0);
    CHECK_EQ_INT(weir_counts().timers, 0);
    weir_sim_report_free(&report);
    CHECK_EQ_INT(weir_simulate(&sim, closes_idle_body, client, &report), 0);
    CHECK_EQ_INT(report.verdict, WEIR_VERDICT_OK);
    weir_sim_report_free(&report);
    weir_chooser_free(sim.chooser);
  }
  CHECK_EQ_INT(weir_http_counts(client).connections, 6);
  weir_http_free(client);
}

static const struct check_case cases[] = {
    CHECK_CASE(gets),
    CHECK_CASE(several_virtual_workers_are_refused),
    CHECK_CASE(a_response_left_is_a_leak),
    CHECK_CASE(everything_left_is_told_and_freed),
    CHECK_CASE(a_silent_server_is_a_deadlock),
    CHECK_CASE(a_client_from_outside_stays),
};

CHECK_MAIN(cases)
