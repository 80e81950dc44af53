/* What a reviewer of runtime/http suspected, and found: nearly each case failed once. The peers are tasks of the same run, so
 * that who is asked what, and when, is decided here. */
#include "check.h"
#include "workers.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <weir.h>
#include <weir/http.h>

/* ---- a peer ----------------------------------------------------------------------------------------------------- */

struct peer {
  int listener;
  char url[64];
};

static int listen_at(const char *host, int *port, int backlog) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
  socklen_t length = sizeof address;
  CHECK_EQ_INT(inet_pton(AF_INET, host, &address.sin_addr), 1);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK_INT(listener, >=, 0);
  CHECK_EQ_INT(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
  CHECK_EQ_INT(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  CHECK_EQ_INT(listen(listener, backlog), 0);
  CHECK_EQ_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
  *port = ntohs(address.sin_port);
  return listener;
}

static struct peer peer_listen(void) {
  struct peer peer;
  int port = 0;
  peer.listener = listen_at("127.0.0.1", &port, 64);
  snprintf(peer.url, sizeof peer.url, "http://127.0.0.1:%d/", port);
  return peer;
}

static void hang_up(int fd) {
  weir_poll_forget(fd);
  close(fd);
}

static int next_connection(const struct peer *peer) {
  int fd;
  while ((fd = accept4(peer->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0)
    CHECK_INT(weir_poll(peer->listener, POLLIN, WEIR_FOREVER), >, 0);
  return fd;
}

/* One request's head; false: the client has closed. */
static bool read_head(int fd, char *head, size_t size) {
  size_t length = 0;
  head[0] = '\0';
  while (strstr(head, "\r\n\r\n") == NULL) {
    CHECK_INT(length, <, size - 1);
    ssize_t got = read(fd, head + length, 1);
    if (got < 0 && errno == EAGAIN) {
      CHECK_INT(weir_poll(fd, POLLIN, WEIR_FOREVER), >, 0);
      continue;
    }
    if (got <= 0)
      return false;
    head[++length] = '\0';
  }
  return true;
}

static bool say_bytes(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t put = send(fd, data, size, MSG_NOSIGNAL);
    if (put < 0 && errno == EAGAIN) {
      CHECK_INT(weir_poll(fd, POLLOUT, WEIR_FOREVER), >, 0);
      continue;
    }
    if (put < 0)
      return false;
    data += put;
    size -= (size_t)put;
  }
  return true;
}

static bool say(int fd, const char *text) {
  return say_bytes(fd, text, strlen(text));
}

/* Waits until the client closes. */
static void outlast(int fd) {
  char rest[4096];
  for (;;) {
    ssize_t got = read(fd, rest, sizeof rest);
    if (got < 0 && errno == EAGAIN)
      CHECK_INT(weir_poll(fd, POLLIN, WEIR_FOREVER), >, 0);
    else if (got <= 0)
      break;
  }
  hang_up(fd);
}

static void run_test(int (*program)(void *)) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = test_workers()}, program, NULL), 0);
}

static int descriptors(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

static ssize_t read_all(weir_response *response, size_t *total) {
  static char buffer[1 << 16];
  ssize_t got;
  *total = 0;
  while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0)
    *total += (size_t)got;
  return got;
}

static struct peer peer;

/* Not an empty answer: whether that keeps its connection depends on who read it. */
static void two_bytes(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  while (read_head(fd, head, sizeof head))
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  hang_up(fd);
}

static void get_whole(weir_http *client, const char *url, size_t expected) {
  weir_response *response;
  size_t total;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, expected);
  weir_response_close(response);
}

/* ---- limits ------------------------------------------------------------------------------------------------------- */

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

/* ---- the client's end --------------------------------------------------------------------------------------------- */

static void half_a_body(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  outlast(fd);
}

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

/* ---- a run's end -------------------------------------------------------------------------------------------------- */

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

/* ---- requests with a body ------------------------------------------------------------------------------------------- */

static weir_chan *answer_it;

static ssize_t late_piece(void *context, void *buffer, size_t size) {
  int *calls = context;
  (void)size;
  if (++*calls > 1) {
    weir_chan_send(answer_it, NULL);
    weir_chan_recv(gate, NULL); /* the connection is reset, and the client has seen it */
    weir_settle(WEIR_FOREVER);
  }
  memset(buffer, 'x', 1000);
  return 1000;
}

static void reset_early(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  CHECK_EQ_INT(weir_chan_recv(answer_it, NULL), 0);
  struct linger at_once = {.l_onoff = 1};
  CHECK_EQ_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  hang_up(fd);
  weir_chan_send(gate, NULL);
}

static int late_piece_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  gate = weir_chan_new(0, 0);
  answer_it = weir_chan_new(0, 0);
  weir_go(reset_early, NULL);
  weir_http *client = weir_http_new(NULL);
  int calls = 0;
  weir_response *response;
  struct weir_request request = {
      .url = peer.url, .method = "POST", .read_body = late_piece, .body_context = &calls, .body_size = 1000000};
  CHECK_EQ_INT(weir_http_do(client, &request, &response), -ECONNRESET);
  CHECK_EQ_INT(calls, 2);
  weir_http_free(client);
  weir_chan_unref(gate);
  weir_chan_unref(answer_it);
  return 0;
}

static void a_piece_is_written_after_its_request_has_ended(void) {
  run_test(late_piece_program);
}

static void expectation_failed(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  CHECK_CONTAINS(head, "Expect: 100-continue");
  say(fd, "HTTP/1.1 417 No\r\nContent-Length: 5\r\n\r\n");
  outlast(fd); /* the client has the head, and does not wait for the body */
  fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  CHECK_LACKS(head, "Expect:");
  static char body[2000000];
  for (size_t got = 0; got < sizeof body;) {
    ssize_t more = read(fd, body, sizeof body - got);
    if (more < 0)
      CHECK_INT(weir_poll(fd, POLLIN, WEIR_FOREVER), >, 0);
    else
      got += (size_t)more;
  }
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal");
  outlast(fd);
}

static int expectation_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(expectation_failed, NULL);
  weir_http *client = weir_http_new(NULL);
  static char body[2000000];
  weir_response *response;
  struct weir_request request = {.url = peer.url, .body = body, .body_size = sizeof body};
  CHECK_EQ_INT(weir_http_do(client, &request, &response), 0);
  CHECK_EQ_INT(weir_response_status(response), 200);
  size_t total;
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, 5);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void an_expectation_that_fails_with_a_body(void) {
  run_test(expectation_program);
}

static void read_and_refuse(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  while (read_head(fd, head, sizeof head)) {
    CHECK_LACKS(head, "Expect");
    char body[5];
    for (size_t got = 0; got < sizeof body;) {
      ssize_t more = read(fd, body, sizeof body - got);
      if (more < 0)
        CHECK_INT(weir_poll(fd, POLLIN, WEIR_FOREVER), >, 0);
      else
        got += (size_t)more;
    }
    say(fd, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
  }
  hang_up(fd);
}

static int refused_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(read_and_refuse, NULL);
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  struct weir_request request = {.url = peer.url, .body = "hello", .body_size = 5};
  CHECK_EQ_INT(weir_http_do(client, &request, &response), 0);
  CHECK_EQ_INT(weir_response_status(response), 417);
  CHECK_EQ_INT(weir_http_counts(client).requests, 1);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void a_body_that_was_sent_is_not_sent_again(void) {
  run_test(refused_program);
}

static void see_other(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  CHECK_CONTAINS(head, "Content-Type: a/b");
  say(fd, "HTTP/1.1 303 There\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
  CHECK(read_head(fd, head, sizeof head));
  CHECK_CONTAINS(head, "GET /there");
  CHECK_CONTAINS(head, "X: y");
  CHECK_LACKS(head, "Content-");
  say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
  outlast(fd);
}

static int see_other_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(see_other, NULL);
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  const struct weir_header headers[] = {{"Content-Type", "a/b"}, {"X", "y"}};
  struct weir_request request = {
      .url = peer.url, .method = "POST", .headers = headers, .header_count = 2, .body_size = 0};
  CHECK_EQ_INT(weir_http_do(client, &request, &response), 0);
  CHECK_EQ_INT(weir_response_status(response), 204);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void a_redirect_without_the_body_says_nothing_of_it(void) {
  run_test(see_other_program);
}

static void close_a_kept_one(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  CHECK(read_head(fd, head, sizeof head));
  hang_up(fd);
  weir_chan_send(gate, NULL);
}

static ssize_t endless_piece(void *context, void *buffer, size_t size) {
  int *calls = context;
  if (++*calls == 2)
    weir_chan_recv(gate, NULL); /* the connection has been closed */
  memset(buffer, 'x', size);
  return (ssize_t)size;
}

static int kept_upload_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  gate = weir_chan_new(0, 0);
  weir_go(close_a_kept_one, NULL);
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  get_whole(client, peer.url, 2);
  int calls = 0;
  struct weir_http_failure failure;
  struct weir_header no_waiting = {"Expect", ""};
  struct weir_request request = {.url = peer.url,
                                 .method = "PUT",
                                 .headers = &no_waiting,
                                 .header_count = 1,
                                 .read_body = endless_piece,
                                 .body_context = &calls,
                                 .body_size = 100000000,
                                 .failure = &failure};
  CHECK_EQ_INT(weir_http_do(client, &request, &response), -ECONNRESET);
  if (calls < 2) /* with several workers it may have been seen before */
    CHECK_EQ_INT(weir_chan_recv(gate, NULL), 0);
  weir_http_free(client);
  weir_chan_unref(gate);
  return 0;
}

static void a_body_that_is_gone_is_not_sent_again(void) {
  run_test(kept_upload_program);
}

static int head_with_body_program(void *arg) {
  (void)arg;
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  struct weir_request request = {.url = "http://127.0.0.1:1/", .method = "HEAD", .body = "x", .body_size = 1};
  CHECK_EQ_INT(weir_http_do(client, &request, &response), -EINVAL);
  weir_http_free(client);
  return 0;
}

static void a_head_request_has_no_body(void) {
  run_test(head_with_body_program);
}

/* ---- connections ---------------------------------------------------------------------------------------------------- */

static int one_name(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  (void)context, (void)host, (void)count;
  *(struct sockaddr_in *)addresses =
      (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return 1;
}

static int names_asked;

static int counted_name(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  __atomic_fetch_add(&names_asked, 1, __ATOMIC_RELAXED);
  return one_name(context, host, addresses, count);
}

/* libcurl keeps one connection for both: what guards its use must know it under both. */
static int letter_case_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(two_bytes, NULL);
  weir_http *client = weir_http_new((&(struct weir_http_config){.resolve = counted_name}));
  static const char *const hosts[] = {"weir.test", "WEIR.test", "Weir.Test"};
  for (int i = 0; i < 3; i++) {
    char url[64];
    snprintf(url, sizeof url, "http://%s%s", hosts[i], strrchr(peer.url, ':'));
    get_whole(client, url, 2);
  }
  CHECK_EQ_INT(weir_http_counts(client).connections, 1);
  CHECK_EQ_INT(names_asked, 1);
  weir_http_free(client);
  return 0;
}

static void letter_case_of_a_host(void) {
  run_test(letter_case_program);
}

static void want_no_coding(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  CHECK_LACKS(head, "gzip");
  say(fd, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/10\r\nContent-Length: 2\r\n\r\nab");
  outlast(fd);
}

static int range_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(want_no_coding, NULL);
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  struct weir_header range = {"Range", "bytes=0-1"};
  CHECK_EQ_INT(
      weir_http_do(client, (&(struct weir_request){.url = peer.url, .headers = &range, .header_count = 1}), &response),
      0);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void a_part_is_asked_for_without_a_coding(void) {
  run_test(range_program);
}

static int two_families(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  *(struct sockaddr_in6 *)addresses =
      (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  return 1 + one_name(context, host, addresses + 1, count - 1);
}

static int one_family(void *context, const struct sockaddr *address, socklen_t length) {
  (void)context, (void)length;
  if (address->sa_family == AF_INET6)
    return -EAFNOSUPPORT;
  return socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int family_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(half_a_body, NULL);
  weir_http *client = weir_http_new((&(struct weir_http_config){.resolve = two_families, .open_socket = one_family}));
  char url[64];
  snprintf(url, sizeof url, "http://weir.test%s", strrchr(peer.url, ':'));
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void a_family_that_the_system_lacks(void) {
  run_test(family_program);
}

static void answer_and_say_more(void *arg) {
  bool poison = arg != NULL;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  weir_chan_recv(answer_it, NULL);
  if (poison) {
    say(fd, "HTTP/1.1 200 Poisoned\r\nContent-Length: 0\r\n\r\n");
    for (int left = 1; left > 0; weir_yield()) /* until the client's socket has it */
      CHECK_EQ_INT(ioctl(fd, SIOCOUTQ, &left), 0);
    weir_chan_send(gate, NULL);
    hang_up(fd);
    fd = next_connection(&peer);
  } else {
    weir_chan_send(gate, NULL);
  }
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 201 Created\r\nContent-Length: 20000\r\n\r\n");
  static char body[BODY];
  say_bytes(fd, body, sizeof body);
  outlast(fd);
}

static void get_the_next(void *arg) {
  (void)arg;
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(shared, peer.url, &response), 0);
  CHECK_EQ_INT(weir_response_status(response), 201);
  CHECK_EQ_INT(weir_http_counts(shared).idle, 0);
  weir_http_close_idle(shared);
  size_t total;
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, BODY);
  weir_response_close(response);
  weir_chan_send(gate, NULL);
}

static int handed_on(void *poison) {
  peer = peer_listen();
  gate = weir_chan_new(0, 0);
  answer_it = weir_chan_new(0, 0);
  weir_go(answer_and_say_more, poison);
  shared = weir_http_new((&(struct weir_http_config){.max_connections = 1}));
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(shared, peer.url, &response), 0);
  weir_go(get_the_next, NULL);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* it waits for the connection */
  weir_chan_send(answer_it, NULL);
  weir_chan_recv(gate, NULL);
  size_t total;
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, 2);
  weir_response_close(response);
  CHECK_EQ_INT(weir_chan_recv(gate, NULL), 0);
  CHECK_EQ_INT(weir_http_counts(shared).connections, poison != NULL ? 2 : 1);
  CHECK_EQ_INT(weir_http_counts(shared).dropped, poison != NULL);
  weir_http_free(shared);
  weir_chan_unref(gate);
  weir_chan_unref(answer_it);
  return 0;
}

static int handed_on_program(void *arg) {
  (void)arg;
  return handed_on(NULL);
}

static void a_connection_is_handed_on(void) {
  run_test(handed_on_program);
}

static int poisoned_program(void *arg) {
  return handed_on(arg == NULL ? &peer : arg);
}

static void a_connection_that_is_handed_on_has_said_more(void) {
  run_test(poisoned_program);
}

/* Connections to it stay under way: what it has room for is taken. */
static int listen_deaf(const char *host, int port) {
  int listener = listen_at(host, &port, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  CHECK_EQ_INT(inet_pton(AF_INET, host, &address.sin_addr), 1);
  for (int i = 0; i < 4; i++) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
  }
  return listener;
}

static int deaf_and_good(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  struct sockaddr_in *deaf = (struct sockaddr_in *)addresses;
  *deaf = (struct sockaddr_in){.sin_family = AF_INET};
  CHECK_EQ_INT(inet_pton(AF_INET, "127.0.0.2", &deaf->sin_addr), 1);
  return 1 + one_name(context, host, addresses + 1, count - 1);
}

static int two_addresses_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  const char *port = strrchr(peer.url, ':');
  int deaf = listen_deaf("127.0.0.2", atoi(port + 1));
  weir_go(half_a_body, NULL);
  weir_http *client =
      weir_http_new((&(struct weir_http_config){.resolve = deaf_and_good, .connect_timeout = 500 * WEIR_MILLISECOND}));
  char url[64];
  snprintf(url, sizeof url, "http://weir.test%s", port);
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  weir_response_close(response);
  weir_http_free(client);
  close(deaf);
  return 0;
}

/* At all but the last nobody listens. */
static int many_addresses(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  enum { MANY = 5 };
  (void)context, (void)host;
  CHECK_INT(count, >=, MANY);
  for (int i = 0; i < MANY; i++)
    *(struct sockaddr_in *)&addresses[i] =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + MANY - 1 - (unsigned)i)};
  return MANY;
}

/* Without limits of time, which libcurl would take for occasions to look again. */
static int refused_addresses_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(half_a_body, NULL);
  weir_http *client =
      weir_http_new((&(struct weir_http_config){.resolve = many_addresses, .connect_timeout = WEIR_FOREVER}));
  char url[64];
  snprintf(url, sizeof url, "http://weir.test%s", strrchr(peer.url, ':'));
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  CHECK_EQ_INT(weir_http_counts(client).connections, 5);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void addresses_that_refuse(void) {
  run_test(refused_addresses_program);
}

static void a_second_address_has_its_turn_in_time(void) {
  run_test(two_addresses_program);
}

/* ---- an answer that is there before libcurl first looks ------------------------------------------------------------- */

static bool slow_sender;
static int sender_fd = -1;

/* libcurl's send(2): with slow_sender it returns when the peer has answered. The peer's answer is
 * given here, because all else stands still. */
ssize_t send(int fd, const void *data, size_t size, int flags) {
  ssize_t put = syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
  if (!slow_sender)
    return put;
  slow_sender = false;
  char head[1024];
  struct pollfd asked = {.fd = sender_fd, .events = POLLIN};
  CHECK_EQ_INT(poll(&asked, 1, -1), 1);
  ssize_t got = read(sender_fd, head, sizeof head);
  CHECK_INT(got, >, 0);
  static const char start[] = "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n";
  static char answer[sizeof start - 1 + BODY];
  memcpy(answer, start, sizeof start - 1);
  CHECK_EQ_INT(write(sender_fd, answer, sizeof answer), sizeof answer);
  struct pollfd there = {.fd = fd, .events = POLLIN};
  CHECK_EQ_INT(poll(&there, 1, -1), 1);
  return put;
}

static void answer_once(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  sender_fd = fd;
}

static int fast_answer_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(answer_once, NULL);
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  get_whole(client, peer.url, 2);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  slow_sender = true;
  CHECK_EQ_INT(weir_http_get(client, peer.url, &response), 0);
  CHECK(!slow_sender);
  CHECK_EQ_INT(weir_http_counts(client).idle, 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* a reader that takes the connection for idle hears its body */
  size_t total;
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, BODY);
  weir_response_close(response);
  CHECK_EQ_INT(weir_http_counts(client).idle, 1);
  CHECK_EQ_INT(weir_http_counts(client).dropped, 0);
  weir_http_free(client);
  hang_up(sender_fd);
  return 0;
}

static void an_answer_comes_before_the_first_look(void) {
  run_test(fast_answer_program);
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
    CHECK_CASE(a_piece_is_written_after_its_request_has_ended),
    CHECK_CASE(an_expectation_that_fails_with_a_body),
    CHECK_CASE(a_body_that_was_sent_is_not_sent_again),
    CHECK_CASE(a_redirect_without_the_body_says_nothing_of_it),
    CHECK_CASE(a_body_that_is_gone_is_not_sent_again),
    CHECK_CASE(a_head_request_has_no_body),
    CHECK_CASE(letter_case_of_a_host),
    CHECK_CASE(a_part_is_asked_for_without_a_coding),
    CHECK_CASE(a_family_that_the_system_lacks),
    CHECK_CASE(a_connection_is_handed_on),
    CHECK_CASE(a_connection_that_is_handed_on_has_said_more),
    CHECK_CASE(addresses_that_refuse),
    CHECK_CASE(a_second_address_has_its_turn_in_time),
    CHECK_CASE(an_answer_comes_before_the_first_look),
};

CHECK_MAIN(cases)
