/* review_body_test.c — the same, of requests with a body. */
#include "review_peer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

static weir_chan *gate;

/* ---- requests with a body --------------------------------------------------------------------------------------- */

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

static const struct check_case cases[] = {
    CHECK_CASE(a_piece_is_written_after_its_request_has_ended),
    CHECK_CASE(an_expectation_that_fails_with_a_body),
    CHECK_CASE(a_body_that_was_sent_is_not_sent_again),
    CHECK_CASE(a_redirect_without_the_body_says_nothing_of_it),
    CHECK_CASE(a_body_that_is_gone_is_not_sent_again),
    CHECK_CASE(a_head_request_has_no_body),
};
CHECK_MAIN(cases)
