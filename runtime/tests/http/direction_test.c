/* direction_test.c — the reader and the writer of a connection are what moves its bytes.
 *
 * The connection's host_poll (linked with --wrap) holds one direction back: a task that waits for it does not go on. Then
 * exactly that direction stops, everything else goes on, and so does it when it is released. */
#include "check.h"
#include "workers.h"

#include <weir.h>

int __real_host_poll(int fd, int events);
int __wrap_host_poll(int fd, int events);

#include "peer.h"

#include <weir/http.h>

#include <stdatomic.h>

enum { LARGE = 16 << 20 }; /* more than the sockets of both ends hold */

/* ---- holding back ----------------------------------------------------------------------------------------------- */

static atomic_int held_events;
static atomic_int writing_fd; /* whose writer waited last */
static weir_chan *release_channel;

static void wait_if_held(int events) {
  while ((held_events & events) != 0)
    weir_chan_recv(release_channel, NULL);
}

int __wrap_host_poll(int fd, int events) {
  if ((events & POLLOUT) != 0)
    writing_fd = fd;
  wait_if_held(events);
  const int ready = __real_host_poll(fd, events);
  wait_if_held(events); /* it may have become ready, or closed, meanwhile */
  return ready;
}

static void hold(int events) {
  release_channel = weir_chan_new(0, 0);
  held_events = events;
}

static void release(void) {
  held_events = 0;
  weir_chan_close(release_channel);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(release_channel);
}

/* ---- the peer, and a request in a task of its own --------------------------------------------------------------- */

static struct peer peer;
static weir_http *client;
static atomic_long received; /* bytes of the request's body */
static atomic_int answer;    /* a request's result when it came, or its status; 0: none yet */

/* Each connection: requests with bodies of the size that the head tells, and an answer to each. */
static void serve_one(void *arg) {
  const int fd = (int)(intptr_t)arg;
  static const char name[] = "Content-Length: ";
  char head[2048];
  char buffer[8192];
  while (peer_read_head(fd, head, sizeof head)) {
    const char *field = strstr(head, name);
    for (long left = field == NULL ? 0 : strtol(field + sizeof name - 1, NULL, 10); left > 0;) {
      const ssize_t got = peer_read_some(fd, buffer, (size_t)left < sizeof buffer ? (size_t)left : sizeof buffer);
      if (got <= 0)
        break;
      received += got;
      left -= got;
    }
    if (!peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
      break;
  }
  peer_close(fd);
}

static void serve(void *arg) {
  (void)arg;
  for (int fd; (fd = peer_accept(&peer)) >= 0;)
    weir_go(serve_one, (void *)(intptr_t)fd);
}

static int send_request(const void *body, int64_t size) {
  weir_response *response;
  char text[8];
  const struct weir_header no_wait = {"Expect", ""}; /* no 100-continue */
  const struct weir_request request = {
      .url = peer.url, .body = body, .body_size = size, .headers = &no_wait, .header_count = 1};
  const int error = weir_http_do(client, &request, &response);
  if (error != 0)
    return error;
  const int status = weir_response_status(response);
  ssize_t got;
  while ((got = weir_response_read(response, text, sizeof text)) > 0)
    ;
  weir_response_close(response);
  return got < 0 ? (int)got : status;
}

static void upload(void *arg) {
  char *body = malloc(LARGE);
  (void)arg;
  memset(body, 'u', LARGE);
  answer = send_request(body, LARGE);
  free(body);
}

static void begin(void) {
  peer = peer_listen(16);
  weir_go(serve, NULL);
  client = weir_http_new(NULL);
  weir_response *responses[2]; /* two connections, with nothing held */
  for (int i = 0; i < 2; i++)
    CHECK_EQ_INT(weir_http_get(client, peer.url, &responses[i]), 0);
  for (int i = 0; i < 2; i++)
    CHECK_EQ_INT(weir_response_close(responses[i]), 0);
  CHECK_EQ_INT(weir_http_counts(client).idle, 2);
  received = 0;
  answer = 0;
}

static int end(void) {
  weir_http_free(client);
  CHECK_EQ_INT(weir_counts().connections, 0);
  peer_close(peer.listener);
  peer_wait_for_tasks();
  return 0;
}

/* ---- cases ------------------------------------------------------------------------------------------------------ */

/* Everything moves that still may: what is in the kernel has come to the other end, and has been read there. */
static void come_to_rest(void) {
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int left = 1; left > 0;) {
    peer_flush(writing_fd);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_EQ_INT(ioctl(writing_fd, SIOCOUTQ, &left), 0);
  }
}

static bool ready(int fd, short events) {
  struct pollfd look = {.fd = fd, .events = events};
  return poll(&look, 1, 0) == 1 && (look.revents & events) != 0;
}

static void wait_for_answer(void) {
  while (answer == 0)
    CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(answer, 200);
}

static int input_program(void *arg) {
  (void)arg;
  begin();
  hold(POLLIN);
  weir_go(upload, NULL);
  while (received < LARGE || !ready(writing_fd, POLLIN)) /* the upload moves, and the answer comes */
    CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(answer, 0); /* and nobody takes it */
  release();
  wait_for_answer();
  return end();
}

static int output_program(void *arg) {
  (void)arg;
  begin();
  hold(POLLOUT);
  weir_go(upload, NULL);
  come_to_rest();
  CHECK_INT(received, <, LARGE);
  CHECK_EQ_INT(answer, 0);
  const long so_far = received;
  CHECK_EQ_INT(send_request(NULL, 0), 200); /* on the other connection, whose requests fit into its socket */
  CHECK_EQ_INT(received, so_far);
  CHECK(ready(writing_fd, POLLOUT)); /* there is room */
  release();
  wait_for_answer();
  CHECK_EQ_INT(received, LARGE);
  return end();
}

static void run(int (*program)(void *)) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = test_workers()}, program, NULL), 0);
}

static void input_held(void) {
  run(input_program);
}

static void output_held(void) {
  run(output_program);
}

static const struct check_case cases[] = {CHECK_CASE(input_held), CHECK_CASE(output_held)};
CHECK_MAIN(cases)
