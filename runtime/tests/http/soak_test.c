/* soak_test.c — random requests to nginx, and to a peer that resets: read, half read, unread, cancelled, out of time. Each
 * round ends with the census and the descriptors it began with. An hour: --seconds=3600. */
#include "peer.h"
#include "server.h"
#include "stress/stress.h"

#include <weir/http.h>

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>

enum { TASKS = 24, OPERATIONS = 40 };

static struct server server;
static struct peer peer;
static weir_http *client;
static weir_waitgroup working;
static struct random streams[TASKS], peer_stream;
static atomic_long done[8]; /* by operation */

/* ---- the peer ---------------------------------------------------------------------------------------------------- */

struct visit {
  int fd;
  struct random random;
};

/* Says a part of an answer, or all of one, and closes or resets. */
static void reset(void *arg) {
  static const char text[] =
      "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n12345678901234567890123456789012345678901234567890";
  struct visit visit = *(struct visit *)arg;
  char head[2048];
  free(arg);
  while (peer_read_head(visit.fd, head, sizeof head)) {
    const size_t part =
        stress_chance(&visit.random, 30) ? sizeof text - 1 : random_below(&visit.random, sizeof text - 1);
    if (!peer_write(visit.fd, text, part) || part < sizeof text - 1)
      break;
  }
  if (stress_chance(&visit.random, 50))
    setsockopt(visit.fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
  peer_close(visit.fd);
}

static void serve(void *arg) {
  (void)arg;
  for (int fd; (fd = peer_accept(&peer)) >= 0;) {
    struct visit *visit = malloc(sizeof *visit);
    *visit = (struct visit){.fd = fd, .random = {.state = random_bits(&peer_stream)}};
    weir_go(reset, visit);
  }
}

/* ---- the requests ------------------------------------------------------------------------------------------------ */

enum operation { WHOLE, PART, UNREAD, CANCEL, TIMEOUT, RESET, CLOSE_IDLE, OPERATIONS_KINDS };

static void check_error(enum operation operation, int error, const struct weir_http_failure *failure) {
  const bool reset_error = error == -ECONNRESET || error == -ENODATA || error == -EPROTO;
  if (error == 0 || (operation == CANCEL && error == -ECANCELED) || (operation == TIMEOUT && error == -ETIMEDOUT) ||
      (operation == RESET && reset_error))
    return;
  check_fail(__FILE__, __LINE__, "operation %d: %d: %s", operation, error, failure->message);
}

static void finish(weir_response *response, struct random *random, enum operation operation, long size) {
  char buffer[3000];
  long wanted = operation == UNREAD ? 0 : operation == PART ? (long)random_below(random, 100000) : LONG_MAX;
  long all = 0;
  ssize_t got = 1;
  while (all < wanted && (got = weir_response_read(response, buffer, 1 + random_below(random, sizeof buffer))) > 0)
    all += got;
  if (got < 0)
    check_error(operation, (int)got, weir_response_failure(response));
  if (got == 0)
    CHECK_EQ_INT(all, size);
  CHECK_EQ_INT(weir_response_close(response), 0);
}

static void cancel_later(void *context) {
  weir_sleep(2 * WEIR_MILLISECOND);
  weir_context_cancel(context);
  weir_context_unref(context);
  weir_waitgroup_done(&working);
}

static void operate(struct random *random, enum operation operation) {
  static const long sizes[] = {0, 1, 615, 615, 615, 10 << 20};
  const long size = operation == RESET ? 50 : sizes[random_below(random, sizeof sizes / sizeof *sizes)];
  char url[128];
  struct weir_http_failure failure = {0};
  struct weir_request request = {.url = url, .failure = &failure};
  weir_context *background = NULL;
  weir_response *response;
  if (operation == RESET)
    snprintf(url, sizeof url, "%s", peer.url);
  else
    snprintf(url, sizeof url, "http://127.0.0.%u:%d/bytes/%ld", 1 + random_below(random, 4), server.port, size);
  if (operation == TIMEOUT)
    request.timeout = 1 + stress_delay(random, 23);
  if (operation == CANCEL) {
    background = weir_context_background();
    request.context = weir_context_with_cancel(background);
    weir_waitgroup_add(&working, 1);
    weir_go(cancel_later, weir_context_ref(request.context));
  }
  const int error = weir_http_do(client, &request, &response);
  check_error(operation, error, &failure);
  if (error == 0)
    finish(response, random, operation, size);
  weir_context_unref(request.context);
  weir_context_unref(background);
}

static void work(void *stream) {
  struct random *random = stream;
  for (int i = 0; i < OPERATIONS; i++) {
    const enum operation operation = (enum operation)random_below(random, OPERATIONS_KINDS);
    if (operation == CLOSE_IDLE)
      weir_http_close_idle(client);
    else
      operate(random, operation);
    done[operation]++;
  }
  weir_waitgroup_done(&working);
}

static int program(void *mode) {
  (void)mode;
  peer = peer_listen(128);
  peer_stream = stress_stream();
  weir_go(serve, NULL);
  client = weir_http_new(NULL);
  weir_waitgroup_add(&working, TASKS);
  for (int i = 0; i < TASKS; i++) {
    streams[i] = stress_stream();
    weir_go(work, &streams[i]);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&working), 0);
  weir_http_free(client);
  peer_close(peer.listener);
  while (weir_task_count() > 1)
    weir_sleep(WEIR_MILLISECOND);
  return 0;
}

static int descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < 1024; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static void requests(void) {
  server = server_start(SERVER_NGINX);
  const int before = descriptors();
  stress_rounds(program);
  CHECK_EQ_INT(descriptors(), before);
  printf("whole %ld, part %ld, unread %ld, cancelled %ld, out of time %ld, reset %ld\n", done[WHOLE], done[PART],
         done[UNREAD], done[CANCEL], done[TIMEOUT], done[RESET]);
  server_stop(&server);
}

static const struct check_case cases[] = {CHECK_CASE(requests)};
STRESS_MAIN(cases)
