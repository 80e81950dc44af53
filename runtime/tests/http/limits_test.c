/* limits_test.c — how many connections there are, how many are kept and for how long, and how slow a body may be. */
#include "peer.h"
#include "run.h"

#include <weir/http.h>

#include <stdatomic.h>

static struct peer peer;
static weir_http *client;

/* ---- a peer that answers as soon as all who can have asked ------------------------------------------------------- */

enum { HOSTS = 2, ASKING = 12 };

static atomic_int open_now[HOSTS], open_most[HOSTS], opened;
static atomic_int all_most; /* as the client sees it: the peer hears of one that is closed when the next is open */

static void raise_to(atomic_int *most, int value) {
  int seen = atomic_load(most);
  while (seen < value && !atomic_compare_exchange_weak(most, &seen, value))
    ;
}

static void answer_all(void *arg) {
  const int fd = (int)(intptr_t)arg;
  struct sockaddr_in address = {.sin_port = 0};
  socklen_t length = sizeof address;
  CHECK_EQ_INT(getsockname(fd, (struct sockaddr *)&address, &length), 0);
  const unsigned host = (ntohl(address.sin_addr.s_addr) & 255) - 1;
  CHECK_INT(host, <, HOSTS);
  opened++;
  raise_to(&open_most[host], ++open_now[host]);
  char head[2048];
  while (peer_read_head(fd, head, sizeof head)) {
    weir_sleep(WEIR_MILLISECOND); /* so that the others would come too */
    raise_to(&all_most, (int)weir_http_counts(client).open);
    if (!peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
      break;
  }
  open_now[host]--;
  peer_close(fd);
}

static void serve(void *arg) {
  (void)arg;
  for (int fd; (fd = peer_accept(&peer)) >= 0;)
    weir_go(answer_all, (void *)(intptr_t)fd);
}

static void begin(const struct weir_http_config *config) {
  peer = peer_listen(64);
  opened = all_most = 0;
  for (int i = 0; i < HOSTS; i++)
    open_most[i] = 0;
  weir_go(serve, NULL);
  CHECK((client = weir_http_new(config)) != NULL);
}

static int end(void) {
  weir_http_free(client);
  peer_close(peer.listener);
  peer_wait_for_tasks();
  return 0;
}

static weir_response *get_from(unsigned host) {
  char url[64];
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.%u:%d/", host + 1, peer.port);
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  return response;
}

static void finish(weir_response *response) {
  char text[8];
  CHECK_EQ_INT(weir_response_read(response, text, sizeof text), 2);
  CHECK_EQ_INT(weir_response_read(response, text, sizeof text), 0);
  CHECK_EQ_INT(weir_response_close(response), 0);
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

static weir_waitgroup asking;

static void ask(void *host) {
  finish(get_from((unsigned)(uintptr_t)host));
  weir_waitgroup_done(&asking);
}

static void ask_all(void) {
  weir_waitgroup_add(&asking, ASKING);
  for (uintptr_t i = 0; i < ASKING; i++)
    weir_go(ask, (void *)(i % HOSTS));
  CHECK_EQ_INT(weir_waitgroup_wait(&asking), 0);
}

static int all_program(void *arg) {
  (void)arg;
  begin(&(struct weir_http_config){.max_connections = 3});
  ask_all();
  CHECK_INT(all_most, <=, 3);
  CHECK_INT(all_most, >, 1);
  CHECK_INT(weir_http_counts(client).open, <=, 3);
  return end();
}

static int per_host_program(void *arg) {
  (void)arg;
  begin(&(struct weir_http_config){.max_connections_per_host = 2});
  ask_all();
  for (int i = 0; i < HOSTS; i++)
    CHECK_EQ_INT(open_most[i], 2);
  return end();
}

static int unlimited_program(void *arg) {
  (void)arg;
  begin(NULL);
  weir_response *responses[ASKING];
  for (unsigned i = 0; i < ASKING; i++)
    responses[i] = get_from(0);
  CHECK_EQ_INT(weir_http_counts(client).open, ASKING);
  for (unsigned i = 0; i < ASKING; i++)
    finish(responses[i]);
  CHECK_EQ_INT(weir_http_counts(client).idle, 2); /* of a host's, as Go does */
  CHECK_EQ_INT(weir_http_counts(client).open, 2);
  return end();
}

/* ---- idle ones --------------------------------------------------------------------------------------------------- */

static int idle_program(void *arg) {
  (void)arg;
  begin(&(struct weir_http_config){.max_idle = 3, .max_idle_per_host = 2});
  weir_response *responses[2 * HOSTS];
  for (unsigned i = 0; i < 2 * HOSTS; i++)
    responses[i] = get_from(i % HOSTS);
  CHECK_EQ_INT(weir_http_counts(client).open, 2 * HOSTS);
  for (unsigned i = 0; i < 2 * HOSTS; i++)
    finish(responses[i]);
  CHECK_EQ_INT(weir_http_counts(client).idle, 3);
  CHECK_EQ_INT(weir_http_counts(client).open, 3);
  return end();
}

static int idle_time_program(void *arg) {
  needs_books();
  const int64_t time = 20 * WEIR_MILLISECOND;
  (void)arg;
  begin(&(struct weir_http_config){.idle_timeout = time});
  const int64_t begun = outside_now();
  finish(get_from(0));
  while (weir_counts().connections != 0)
    weir_sleep(WEIR_MILLISECOND);
  CHECK_INT(outside_now() - begun, >=, time);
  CHECK_EQ_INT(weir_http_counts(client).open, 0);
  CHECK_EQ_INT(weir_http_counts(client).dropped, 0); /* it was not the server */
  finish(get_from(0));                               /* another one */
  CHECK_EQ_INT(opened, 2);
  return end();
}

/* A server that closes is noticed while nobody asks. */
static void answer_once(void *arg) {
  char head[2048];
  (void)arg;
  const int fd = peer_accept(&peer);
  CHECK(peer_read_head(fd, head, sizeof head));
  CHECK(peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  CHECK_EQ_INT(peer_read_some(fd, head, 1), 0); /* the client has gone, below */
  peer_close(fd);
}

static void answer_and_close(void *unasked) {
  char head[2048];
  const int fd = peer_accept(&peer);
  CHECK(peer_read_head(fd, head, sizeof head));
  CHECK(peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  weir_chan_recv(unasked, NULL);
  peer_close(fd);
}

static int server_closes_program(void *arg) {
  needs_books();
  (void)arg;
  peer = peer_listen(16);
  weir_chan *now = weir_chan_new(0, 0);
  CHECK((client = weir_http_new(NULL)) != NULL);
  weir_go(answer_and_close, now);
  finish(get_from(0));
  CHECK_EQ_INT(weir_http_counts(client).idle, 1);
  weir_chan_close(now);
  while (weir_counts().connections != 0)
    weir_sleep(WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_http_counts(client).dropped, 1);
  weir_go(answer_once, NULL);
  finish(get_from(0));
  CHECK_EQ_INT(weir_http_counts(client).repeated, 0);
  weir_chan_unref(now);
  return end();
}

/* ---- the least rate ---------------------------------------------------------------------------------------------- */

enum { TRICKLE = 100000 };

static void send_slowly(void *arg) {
  char head[2048];
  (void)arg;
  const int fd = peer_accept(&peer);
  CHECK(peer_read_head(fd, head, sizeof head));
  bool more = peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx");
  while (more && weir_sleep(WEIR_MILLISECOND) == 0)
    more = peer_say(fd, "x");
  peer_close(fd);
}

/* It moves, but too slowly. A window asks for all of the body: time that a busy machine takes between two reads, in which
 * more comes than in a window of waiting, does not satisfy it. */
static int trickle_program(void *arg) {
  char buffer[64];
  (void)arg;
  peer = peer_listen(16);
  client = weir_http_new((&(struct weir_http_config){.minimum_rate = TRICKLE, .rate_window = 30 * WEIR_MILLISECOND}));
  weir_go(send_slowly, NULL);
  weir_response *response = get_from(0);
  ssize_t got, all = 0;
  while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0)
    all += got;
  CHECK_EQ_INT(got, -ETIMEDOUT);
  CHECK_INT(all, >, 0);
  CHECK_INT(all, <, TRICKLE);
  CHECK_CONTAINS(weir_response_failure(response)->message, "the client asks for 100000");
  CHECK_EQ_INT(weir_response_close(response), 0);
  peer_wait_for_tasks(); /* it finds out when it writes */
  return end();
}

#define WINDOW (200 * WEIR_MILLISECOND)

static void send_halves(void *second) {
  char head[2048];
  const int fd = peer_accept(&peer);
  CHECK(peer_read_head(fd, head, sizeof head));
  CHECK(peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"));
  weir_chan_recv(second, NULL);
  weir_sleep(WEIR_MILLISECOND); /* the client waits a little */
  CHECK(peer_say(fd, "67890"));
  CHECK_EQ_INT(peer_read_some(fd, head, 1), 0);
  peer_close(fd);
}

/* Time that the caller takes does not count. */
static int slow_reader_program(void *arg) {
  char buffer[64];
  (void)arg;
  peer = peer_listen(16);
  client = weir_http_new((&(struct weir_http_config){.rate_window = WINDOW}));
  weir_chan *second = weir_chan_new(0, 0);
  weir_go(send_halves, second);
  weir_response *response = get_from(0);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), 5);
  CHECK_EQ_INT(weir_sleep(WINDOW + WINDOW / 4), 0);
  weir_chan_close(second);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), 5);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), 0);
  CHECK_EQ_INT(weir_response_close(response), 0);
  weir_chan_unref(second);
  return end();
}

static ssize_t write_slowly(void *times, void *buffer, size_t size) {
  int *left = times;
  CHECK_INT(size, >=, 1);
  weir_sleep(WINDOW + WINDOW / 4);
  memset(buffer, 'b', 1);
  return (*left)-- > 0;
}

static int slow_writer_program(void *arg) {
  int times = 2;
  weir_response *response;
  char url[64];
  (void)arg;
  begin(&(struct weir_http_config){.rate_window = WINDOW});
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", peer.port);
  const struct weir_request request = {
      .url = url, .read_body = write_slowly, .body_context = &times, .body_size = 2, .method = "PUT"};
  CHECK_EQ_INT(weir_http_do(client, &request, &response), 0);
  CHECK_EQ_INT(times, 0);
  CHECK_EQ_INT(weir_response_close(response), 0);
  return end();
}

#define PROGRAM(name)                                                                                                  \
  static void name(void) {                                                                                             \
    run_balanced(WEIR_TIMERS_PROMPT, name##_program, NULL);                                                            \
  }
PROGRAM(all)
PROGRAM(per_host)
PROGRAM(unlimited)
PROGRAM(idle)
PROGRAM(idle_time)
PROGRAM(server_closes)
PROGRAM(trickle)
PROGRAM(slow_reader)
PROGRAM(slow_writer)

static const struct check_case cases[] = {CHECK_CASE(all),     CHECK_CASE(per_host),    CHECK_CASE(unlimited),
                                          CHECK_CASE(idle),    CHECK_CASE(idle_time),   CHECK_CASE(server_closes),
                                          CHECK_CASE(trickle), CHECK_CASE(slow_reader), CHECK_CASE(slow_writer)};
CHECK_MAIN(cases)
