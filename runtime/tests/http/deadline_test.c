/* deadline_test.c — every stage of a request ends: by its own deadline, by the whole request's, by a context that is
 * cancelled, and by one that is late. Each stage is held up by a peer that does not do its part.
 *
 * What is checked: the error, the stage and the words; that no deadline is early; that the request's connection is gone
 * and nothing is left. Never that anything is fast. */
#include "peer.h"
#include "run.h"

#include <weir/http.h>

#include <semaphore.h>

enum way { STAGE, TOTAL, CANCELLED, CONTEXT_LATE, WAYS };

enum { LARGE = 16 << 20 }; /* more than the sockets of both ends hold */
#define SHORT (20 * WEIR_MILLISECOND)

static struct peer peer;
static enum weir_http_stage stage;
static enum way way;
static bool per_host;      /* which limit it is that makes a request wait */
static weir_chan *reached; /* closed when the request is at its stage, as far as the peer can tell */
static weir_chan *over;    /* closed when the peer may close */
static sem_t resolver;
static char *large;

/* ---- the peer's part -------------------------------------------------------------------------------------------- */

/* On a slow machine the time is over before the peer hears of the request. */
static bool may_be_over(void) {
  return way == TOTAL || way == CONTEXT_LATE || (way == STAGE && (stage == WEIR_HTTP_SEND || stage == WEIR_HTTP_TLS));
}

/* Takes the request and answers as far as its stage; false: it is over. */
static bool serve(int fd) {
  char head[4096];
  if (stage == WEIR_HTTP_SEND || stage == WEIR_HTTP_TLS)
    return fd >= 0 && peer_read_some(fd, head, 1) == 1;
  if (fd < 0 || !peer_read_head(fd, head, sizeof head))
    return false;
  if (stage == WEIR_HTTP_HEADERS)
    return peer_say(fd, "HTTP/1.1 200 OK\r\nX-Half:");
  if (stage == WEIR_HTTP_BODY || stage == WEIR_HTTP_QUEUED)
    return peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
  return true;
}

/* Serves one connection until it is over. */
static void hold_up(void *arg) {
  (void)arg;
  const int fd = peer_accept(&peer);
  CHECK(serve(fd) || may_be_over());
  peer_flush(fd);
  weir_chan_close(reached);
  weir_chan_recv(over, NULL);
  if (fd >= 0)
    peer_close(fd);
}

static int resolve(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  (void)context, (void)addresses, (void)count;
  CHECK_STR(host, "name.example");
  while (sem_wait(&resolver) != 0)
    ;
  return -EADDRNOTAVAIL;
}

/* No further connection is made to it: one waits to be accepted, and there is room for no other. */
static int fill_backlog(void) {
  const struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)peer.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_EQ_INT(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

/* ---- the request ------------------------------------------------------------------------------------------------ */

static struct weir_http_config config_of_way(void) {
  struct weir_http_config config = {.resolve = resolve, .insecure = true};
  if (stage == WEIR_HTTP_QUEUED)
    *(per_host ? &config.max_connections_per_host : &config.max_connections) = 1;
  if (way != STAGE)
    return config;
  int64_t *const timeouts[] = {
      [WEIR_HTTP_QUEUED] = &config.timeout,          [WEIR_HTTP_RESOLVE] = &config.resolve_timeout,
      [WEIR_HTTP_CONNECT] = &config.connect_timeout, [WEIR_HTTP_TLS] = &config.tls_timeout,
      [WEIR_HTTP_SEND] = &config.rate_window,        [WEIR_HTTP_FIRST_BYTE] = &config.first_byte_timeout,
      [WEIR_HTTP_HEADERS] = &config.header_timeout,  [WEIR_HTTP_BODY] = &config.rate_window,
  };
  *timeouts[stage] = SHORT;
  return config;
}

/* Sends it, and reads its body; it must fail. */
static int attempt(weir_http *client, weir_context *context, struct weir_http_failure *failure) {
  char url[64], buffer[64];
  weir_response *response;
  snprintf(url, sizeof url, "%s://%s:%d/", stage == WEIR_HTTP_TLS ? "https" : "http",
           stage == WEIR_HTTP_RESOLVE ? "name.example" : "127.0.0.1", peer.port);
  struct weir_request request = {.url = url, .context = context, .failure = failure};
  if (way == TOTAL)
    request.timeout = SHORT;
  if (stage == WEIR_HTTP_SEND) {
    request.body = large;
    request.body_size = LARGE;
  }
  const int error = weir_http_do(client, &request, &response);
  if (error != 0) {
    CHECK(response == NULL);
    return error;
  }
  ssize_t got;
  while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0)
    ;
  *failure = *weir_response_failure(response);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), got); /* now and for ever */
  CHECK_EQ_INT(weir_response_close(response), 0);
  return (int)got;
}

static void cancel_there(void *context) {
  weir_chan_recv(reached, NULL);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_context_cancel(context);
}

static void judge(int error, const struct weir_http_failure *failure, int64_t elapsed) {
  CHECK_EQ_INT(failure->error, error);
  CHECK_EQ_INT(error, way == CANCELLED ? -ECANCELED : -ETIMEDOUT);
  if (way == STAGE || way == CANCELLED)
    CHECK_STR(weir_http_stage_name(failure->stage), weir_http_stage_name(stage));
  else
    CHECK_INT(failure->stage, <=, stage); /* it may be over before the request is there */
  if (way != CANCELLED)
    CHECK_INT(elapsed, >=, SHORT);
  if (stage == WEIR_HTTP_RESOLVE && way == STAGE)
    CHECK_CONTAINS(failure->message, "no answer in time for name.example");
  if (way == CANCELLED || way == CONTEXT_LATE)
    CHECK_CONTAINS(failure->message, "context is done");
  if (way == TOTAL || (way == STAGE && stage == WEIR_HTTP_QUEUED)) /* which has no deadline of its own */
    CHECK_CONTAINS(failure->message, "whole request");
}

/* ---- one stage, one way ----------------------------------------------------------------------------------------- */

static int program(void *arg) {
  (void)arg;
  weir_response *holder = NULL;
  struct weir_http_failure failure = {0};
  reached = weir_chan_new(0, 0);
  over = weir_chan_new(0, 0);
  peer = peer_listen(stage == WEIR_HTTP_CONNECT ? 0 : 16);
  const int filler = stage == WEIR_HTTP_CONNECT ? fill_backlog() : -1;
  const struct weir_http_config config = config_of_way();
  weir_http *client = weir_http_new(&config);
  const bool served = stage != WEIR_HTTP_CONNECT && stage != WEIR_HTTP_RESOLVE;
  if (served)
    weir_go(hold_up, NULL);
  else
    weir_chan_close(reached);
  if (stage == WEIR_HTTP_QUEUED)
    CHECK_EQ_INT(weir_http_do(client, (&(struct weir_request){.url = peer.url, .timeout = WEIR_FOREVER}), &holder), 0);

  weir_context *background = weir_context_background();
  const int64_t begin = outside_now();
  weir_context *context = way == CONTEXT_LATE ? weir_context_with_deadline(background, weir_now() + SHORT)
                                              : weir_context_with_cancel(background);
  if (way == CANCELLED)
    weir_go(cancel_there, context);
  const int error = attempt(client, context, &failure);
  judge(error, &failure, outside_now() - begin);

  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_counts().connections, holder != NULL);
  CHECK_EQ_INT(weir_response_close(holder), holder != NULL ? 0 : -EINVAL);
  weir_chan_close(over);
  sem_post(&resolver);
  weir_http_free(client);
  peer_close(peer.listener);
  if (filler >= 0)
    close(filler);
  while (weir_task_count() > 1) /* the lookup's task waits for its helper thread */
    weir_sleep(WEIR_MILLISECOND);
  weir_context_unref(context);
  weir_context_unref(background);
  weir_chan_unref(reached);
  weir_chan_unref(over);
  return 0;
}

static void every_way(int the_stage) {
  stage = (enum weir_http_stage)the_stage;
  if (stage == WEIR_HTTP_QUEUED)
    needs_books();
  CHECK_EQ_INT(sem_init(&resolver, 0, 0), 0);
  CHECK((large = calloc(1, LARGE)) != NULL);
  for (way = STAGE; way < WAYS; way++)
    for (int i = 0; i <= (stage == WEIR_HTTP_QUEUED); i++) {
      per_host = i == 1;
      run_balanced(WEIR_TIMERS_PROMPT, program, NULL);
    }
  free(large);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("queued", every_way, WEIR_HTTP_QUEUED),
    CHECK_CASE_WITH("resolve", every_way, WEIR_HTTP_RESOLVE),
    CHECK_CASE_WITH("connect", every_way, WEIR_HTTP_CONNECT),
    CHECK_CASE_WITH("tls", every_way, WEIR_HTTP_TLS),
    CHECK_CASE_WITH("send", every_way, WEIR_HTTP_SEND),
    CHECK_CASE_WITH("first_byte", every_way, WEIR_HTTP_FIRST_BYTE),
    CHECK_CASE_WITH("headers", every_way, WEIR_HTTP_HEADERS),
    CHECK_CASE_WITH("body", every_way, WEIR_HTTP_BODY),
};
CHECK_MAIN(cases)
