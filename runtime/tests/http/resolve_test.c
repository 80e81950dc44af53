/* resolve_test.c — names: a resolver that does not answer holds up nobody else, who waits for one host waits for one
 * lookup, and what it answers is used, or said to be of no use.
 *
 * WEIR_TEST_STALL_SECONDS: for how long the resolver sleeps besides, as a real one does. */
#include "peer.h"
#include "run.h"

#include <weir/http.h>

#include <semaphore.h>
#include <stdatomic.h>

static struct peer peer;
static weir_http *client;
static sem_t resolver;
static atomic_int lookups;

static void add_address(struct sockaddr_storage *to, uint32_t address) {
  struct sockaddr_in one = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
  memcpy(to, &one, sizeof one);
}

static int resolve_slowly(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  (void)context, (void)host;
  CHECK_INT(count, >=, 1);
  lookups++;
  while (sem_wait(&resolver) != 0)
    ;
  add_address(addresses, INADDR_LOOPBACK);
  return 1;
}

/* Each connection, request after request. */
static void answer(void *arg) {
  const int fd = (int)(intptr_t)arg;
  char head[2048];
  while (peer_read_head(fd, head, sizeof head) && peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    ;
  peer_close(fd);
}

static void serve(void *arg) {
  (void)arg;
  for (int fd; (fd = peer_accept(&peer)) >= 0;)
    weir_go(answer, (void *)(intptr_t)fd);
}

static void begin(struct weir_http_config config) {
  CHECK_EQ_INT(sem_init(&resolver, 0, 0), 0);
  lookups = 0;
  peer = peer_listen(16);
  weir_go(serve, NULL);
  CHECK((client = weir_http_new(&config)) != NULL);
}

static int end(void) {
  weir_http_free(client);
  peer_close(peer.listener);
  while (weir_task_count() > 1)
    weir_sleep(WEIR_MILLISECOND);
  return 0;
}

static int get(const char *host, struct weir_http_failure *failure) {
  char url[128], text[8];
  weir_response *response;
  snprintf(url, sizeof url, "http://%s:%d/", host, peer.port);
  const int error = weir_http_do(client, (&(struct weir_request){.url = url, .failure = failure}), &response);
  if (error != 0)
    return error;
  CHECK_EQ_INT(weir_response_read(response, text, sizeof text), 2);
  CHECK_EQ_INT(weir_response_read(response, text, sizeof text), 0);
  CHECK_EQ_INT(weir_response_close(response), 0);
  return 0;
}

/* ---- stalls ------------------------------------------------------------------------------------------------------ */

static atomic_long ticks;
static atomic_bool answered;

static void tick(void *arg) {
  (void)arg;
  weir_ticker *ticker = weir_ticker_new(WEIR_MILLISECOND);
  while (!answered) {
    CHECK_EQ_INT(weir_chan_recv(weir_ticker_chan(ticker), NULL), 0);
    if (++ticks == 100)
      sem_post(&resolver); /* it is the ticks that end the stall */
  }
  weir_ticker_free(ticker);
}

static int resolve_for_seconds(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  const char *seconds = getenv("WEIR_TEST_STALL_SECONDS");
  sleep(seconds == NULL ? 0 : (unsigned)strtoul(seconds, NULL, 10));
  return resolve_slowly(context, host, addresses, count);
}

static int stall_program(void *arg) {
  (void)arg;
  begin((struct weir_http_config){.resolve = resolve_for_seconds});
  weir_go(tick, NULL);
  CHECK_EQ_INT(get("name.example", NULL), 0);
  CHECK_INT(ticks, >=, 100);
  answered = true;
  printf("%ld ticks of 1 ms while a name was looked up\n", ticks);
  return end();
}

/* ---- who shares a lookup ----------------------------------------------------------------------------------------- */

enum { ASKING = 10 };
static weir_waitgroup asking;

static void ask(void *host) {
  CHECK_EQ_INT(get(host, NULL), 0);
  weir_waitgroup_done(&asking);
}

static int shared_program(void *arg) {
  (void)arg;
  begin((struct weir_http_config){.resolve = resolve_slowly});
  weir_waitgroup_add(&asking, ASKING + 1);
  for (int i = 0; i < ASKING; i++)
    weir_go(ask, "one.example");
  weir_go(ask, "two.example");
  while (lookups < 2)
    weir_sleep(WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_http_counts(client).requests, 0);
  sem_post(&resolver);
  sem_post(&resolver);
  CHECK_EQ_INT(weir_waitgroup_wait(&asking), 0);
  weir_http_close_idle(client);
  CHECK_EQ_INT(get("127.0.0.1", NULL), 0); /* needs none */
  CHECK_EQ_INT(lookups, 2);
  return end();
}

/* ---- the client is freed meanwhile ------------------------------------------------------------------------------- */

static void ask_in_vain(void *host) {
  struct weir_http_failure failure;
  CHECK_EQ_INT(get(host, &failure), -ECANCELED);
  CHECK_EQ_INT(failure.stage, WEIR_HTTP_RESOLVE);
  weir_waitgroup_done(&asking);
}

static int freed_program(void *arg) {
  (void)arg;
  begin((struct weir_http_config){.resolve = resolve_slowly});
  weir_waitgroup_add(&asking, 3);
  weir_go(ask_in_vain, "one.example");
  weir_go(ask_in_vain, "one.example");
  weir_go(ask_in_vain, "two.example");
  while (lookups < 2)
    weir_sleep(WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_http_free(client);
  CHECK_EQ_INT(weir_waitgroup_wait(&asking), 0);
  sem_post(&resolver);
  sem_post(&resolver);
  client = NULL;
  return end();
}

/* ---- the run ends meanwhile --------------------------------------------------------------------------------------- */

static void ask_for_ever(void *host) {
  get(host, NULL);
  CHECK(false); /* the run ends first */
}

static int left_program(void *arg) {
  (void)arg;
  begin((struct weir_http_config){.resolve = resolve_slowly});
  for (int i = 0; i < 3; i++)
    weir_go_with((&(struct weir_task_options){.daemon = true}), ask_for_ever, "one.example");
  while (lookups < 1)
    weir_sleep(WEIR_MILLISECOND);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  peer_close(peer.listener);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  sem_post(&resolver); /* the helper thread returns, and nobody takes its answer */
  return 0;
}

/* With several workers the answer may be taken before main has returned. */
static void left(void) {
  needs_books();
  plants_leak(); /* the run ends under those who held the responses */
  static struct run_log log;
  if (!one_worker())
    return;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, left_program, NULL), 0);
  CHECK_EQ_INT(weir_counts().responses, 3); /* of requests that are lost with their tasks */
  weir_http_free(client);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static int given; /* what the resolver returns */

static int resolve_as_given(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  (void)context, (void)host;
  lookups++;
  memset(addresses, 0, (size_t)count * sizeof *addresses);
  if (given > 0)
    add_address(&addresses[given - 1], INADDR_LOOPBACK);
  if (given == 2)
    add_address(&addresses[0], INADDR_LOOPBACK + 8); /* nobody listens there */
  return given;
}

static void check_answer(int answer, int error) {
  struct weir_http_failure failure = {0};
  given = answer;
  lookups = 0;
  CHECK_EQ_INT(get("name.example", &failure), error);
  CHECK_EQ_INT(failure.error, error);
  CHECK_EQ_INT(lookups, 1); /* no failure is kept */
  if (error != 0) {
    CHECK_EQ_INT(failure.stage, WEIR_HTTP_RESOLVE);
    CHECK_CONTAINS(failure.message, "name.example");
  }
}

static int answers_program(void *arg) {
  (void)arg;
  begin((struct weir_http_config){.resolve = resolve_as_given});
  check_answer(-EADDRNOTAVAIL, -EADDRNOTAVAIL);
  check_answer(-ENOMEM, -ENOMEM);
  check_answer(-EAGAIN, -EAGAIN);
  check_answer(0, -EADDRNOTAVAIL);
  check_answer(3, 0); /* two of no family come before it */
  given = -EADDRNOTAVAIL;
  CHECK_EQ_INT(get("name.example", NULL), 0); /* a success is */
  CHECK_EQ_INT(get("[::1]x", NULL), -EINVAL);
  return end();
}

#define PROGRAM(name)                                                                                                  \
  static void name(void) {                                                                                             \
    run_balanced(WEIR_TIMERS_PROMPT, name##_program, NULL);                                                            \
  }
PROGRAM(stall)
PROGRAM(shared)
PROGRAM(freed)
PROGRAM(answers)

static const struct check_case cases[] = {CHECK_CASE(stall), CHECK_CASE(shared), CHECK_CASE(freed), CHECK_CASE(left),
                                          CHECK_CASE(answers)};
CHECK_MAIN(cases)
