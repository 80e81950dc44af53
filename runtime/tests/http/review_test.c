/* review_test.c — what a reviewer of runtime/http suspected, and found, of limits and ends: nearly each case failed once
 * before. */
#include "review_peer.h"
#include "workers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* ---- limits ----------------------------------------------------------------------------------------------------- */

enum { BODY = 20000 };

static void large_body(void *arg) {
  (void)arg;
  static char body[BODY];
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n");
  say_bytes(fd, body, sizeof body);
  outlast(fd);
}

static int small_limit_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(large_body, NULL);
  weir_http *client = weir_http_new((&(struct weir_http_config){.max_header_bytes = 1024}));
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(client, peer.url, &response), 0);
  size_t total;
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, BODY);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void a_limit_of_headers_is_none_of_the_body(void) {
  run_test(small_limit_program);
}

static void endless_extension(void *arg) {
  (void)arg;
  char head[1024];
  static char junk[4096];
  memset(junk, 'x', sizeof junk);
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n5;");
  while (say_bytes(fd, junk, sizeof junk))
    ;
  hang_up(fd);
}

static int endless_extension_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(endless_extension, NULL);
  weir_http *client = weir_http_new((&(struct weir_http_config){.rate_window = WEIR_FOREVER}));
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(client, peer.url, &response), 0);
  size_t total;
  CHECK_EQ_INT(read_all(response, &total), -EMSGSIZE);
  CHECK_EQ_INT(total, 1);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void an_endless_chunk_extension_ends_a_read(void) {
  run_test(endless_extension_program);
}

static void answer_raw(void *arg) {
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, arg);
  outlast(fd);
}

static int raw_program(void *arg) {
  (void)arg;
  static const char *const rows[] = {
      "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: y\rContent-Length: 0\r\n\r\n",
  };
  weir_http *client = weir_http_new(NULL);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    peer = peer_listen();
    weir_go(answer_raw, (void *)rows[i]);
    weir_response *response;
    CHECK_EQ_INT(weir_http_get(client, peer.url, &response), -EPROTO);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* the peer has seen the end */
    hang_up(peer.listener);
  }
  weir_http_free(client);
  return 0;
}

static void headers_that_others_would_read_otherwise(void) {
  run_test(raw_program);
}

/* ---- the client's end ------------------------------------------------------------------------------------------- */

static int close_after_free_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  int before = descriptors();
  weir_go(half_a_body, NULL);
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  char buffer[8];
  CHECK_EQ_INT(weir_http_get(client, peer.url, &response), 0);
  weir_http_free(client);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), -ECANCELED);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), -ECANCELED);
  CHECK_EQ_INT(weir_response_close(response), 0);
  while (weir_task_count() > 1) /* the peer hears of the end when the kernel has brought it */
    weir_sleep(WEIR_MILLISECOND);
  CHECK_EQ_INT(descriptors(), before);
  return 0;
}

static void a_response_is_closed_after_its_client(void) {
  run_test(close_after_free_program);
}

static weir_chan *gate;
static weir_http *shared;
static int outcome;
static atomic_bool resolved;

static int slow_resolve(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  int *gate_pipe = context;
  char byte;
  (void)host, (void)count;
  CHECK_EQ_INT(read(gate_pipe[0], &byte, 1), 1);
  *(struct sockaddr_in *)addresses =
      (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  resolved = true;
  return 1;
}

static void get_slowly_resolved(void *arg) {
  (void)arg;
  weir_response *response;
  outcome = weir_http_get(shared, "http://weir.test/", &response);
  weir_chan_send(gate, NULL);
}

static void let_resolve(void *arg) {
  int *gate_pipe = arg;
  CHECK_EQ_INT(write(gate_pipe[1], "x", 1), 1);
}

static int free_while_resolving_program(void *arg) {
  (void)arg;
  int gate_pipe[2];
  CHECK_EQ_INT(pipe(gate_pipe), 0);
  peer = peer_listen();
  gate = weir_chan_new(0, 0);
  shared = weir_http_new((&(struct weir_http_config){.resolve = slow_resolve, .resolve_context = gate_pipe}));
  weir_response *response; /* libcurl has set a timer */
  weir_go(half_a_body, NULL);
  CHECK_EQ_INT(weir_http_get(shared, peer.url, &response), 0);
  weir_go(get_slowly_resolved, NULL);
  while (weir_task_count() < 5 + 1) /* main, peer, reader, writer, getter, resolver */
    weir_yield();
  weir_go(let_resolve, gate_pipe);
  weir_http_free(shared);
  CHECK_EQ_INT(weir_chan_recv(gate, NULL), 0);
  CHECK(outcome == -ECANCELED || !one_worker()); /* another one may have let the name be resolved before the end */
  weir_response_close(response);
  weir_chan_unref(gate);
  while (!resolved) /* the request did not wait for it */
    weir_sleep(WEIR_MILLISECOND);
  close(gate_pipe[0]);
  close(gate_pipe[1]);
  return 0;
}

static void a_client_ends_while_a_name_is_resolved(void) {
  run_test(free_while_resolving_program);
}

static void no_body(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  while (read_head(fd, head, sizeof head))
    say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
  hang_up(fd);
}

static void close_idle(void *arg) {
  (void)arg;
  weir_http_close_idle(shared);
  weir_chan_send(gate, NULL);
}

static int close_idle_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  gate = weir_chan_new(0, 0);
  weir_go(no_body, NULL);
  shared = weir_http_new(NULL);
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(shared, peer.url, &response), 0);
  weir_response_close(response);
  enum { CALLERS = 8 };
  for (int i = 0; i < CALLERS; i++)
    weir_go(close_idle, NULL);
  for (int i = 0; i < CALLERS; i++)
    CHECK_EQ_INT(weir_chan_recv(gate, NULL), 0);
  weir_chan_unref(gate);
  weir_http_free(shared);
  return 0;
}

static void several_close_what_is_idle(void) {
  run_test(close_idle_program);
}

/* ---- a run's end ------------------------------------------------------------------------------------------------ */

static void get_at_the_end(void *arg) {
  (void)arg;
  weir_response *response;
  weir_http_get(shared, peer.url, &response);
}

static int short_program(void *arg) {
  (void)arg;
  weir_go(get_at_the_end, NULL);
  weir_yield();
  return 0;
}

/* The first connection is of the run before, and closed. */
static void half_a_body_next(void *arg) {
  hang_up(next_connection(&peer));
  half_a_body(arg);
}

static int next_program(void *arg) {
  (void)arg;
  weir_go(half_a_body_next, NULL);
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(shared, peer.url, &response), 0);
  weir_response_close(response);
  weir_http_free(shared);
  return 0;
}

static void ignore_line(void *context, const char *line) {
  (void)context, (void)line;
}

static void a_run_ends_before_the_tasks_of_a_connection_begin(void) {
  needs_books();
  plants_leak(); /* the run ends under those who held the responses */
  peer = peer_listen();
  shared = weir_http_new(NULL);
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1, .log = ignore_line}, short_program, NULL), 0);
  CHECK_EQ_INT(weir_counts().connections, 1); /* else this shows nothing */
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1, .log = ignore_line}, next_program, NULL), 0);
}

static void close_it(void *response) {
  outcome = weir_response_close(response);
}

static void read_for_ever(void *arg) {
  (void)arg;
  weir_response *response;
  char buffer[16];
  struct weir_defer defer;
  CHECK_EQ_INT(weir_http_get(shared, peer.url, &response), 0);
  weir_defer(&defer, close_it, response);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), 5);
  weir_chan_send(gate, NULL);
  weir_response_read(response, buffer, sizeof buffer);
}

static int reads_at_the_end_program(void *arg) {
  (void)arg;
  weir_go(half_a_body, NULL);
  weir_go(read_for_ever, NULL);
  CHECK_EQ_INT(weir_chan_recv(gate, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return 0;
}

static void a_deferred_function_closes_what_its_task_read(void) {
  peer = peer_listen();
  gate = weir_chan_new(0, 0);
  shared = weir_http_new(NULL);
  outcome = 1;
  CHECK_EQ_INT(
      weir_run(&(struct weir_config){.workers = test_workers(), .log = ignore_line}, reads_at_the_end_program, NULL),
      0);
  CHECK_EQ_INT(outcome, 0);
  CHECK_EQ_INT(weir_counts().responses, 0);
  weir_http_free(shared);
  CHECK_EQ_INT(weir_counts().connections, 0);
  weir_chan_unref(gate);
}

static const struct check_case cases[] = {
    CHECK_CASE(a_limit_of_headers_is_none_of_the_body),
    CHECK_CASE(an_endless_chunk_extension_ends_a_read),
    CHECK_CASE(headers_that_others_would_read_otherwise),
    CHECK_CASE(a_response_is_closed_after_its_client),
    CHECK_CASE(a_client_ends_while_a_name_is_resolved),
    CHECK_CASE(several_close_what_is_idle),
    CHECK_CASE(a_run_ends_before_the_tasks_of_a_connection_begin),
    CHECK_CASE(a_deferred_function_closes_what_its_task_read),
};
CHECK_MAIN(cases)
