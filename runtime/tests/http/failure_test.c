/* failure_test.c — no socket, no descriptor, no connection: a typed error each, nothing lost, and the client is good for
 * the next request. */
#include "check.h"
#include "run.h"
#include "server.h"

#include <weir/http.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

static struct server server;
static weir_http *client;
static int nobody; /* a port on which nobody listens */
static int refused_with;

static int open_or_refuse(void *context, const struct sockaddr *address, socklen_t length) {
  (void)context, (void)length;
  if (refused_with != 0)
    return refused_with;
  return socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int get(int port, struct weir_http_failure *failure) {
  char url[64], buffer[1000];
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.1:%d/bytes/615", port);
  *failure = (struct weir_http_failure){0};
  const int error = weir_http_do(client, (&(struct weir_request){.url = url, .failure = failure}), &response);
  CHECK_EQ_INT(failure->error, error);
  if (error != 0)
    return error;
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), 615);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), 0);
  CHECK_EQ_INT(weir_response_close(response), 0);
  return 0;
}

static void check_failed(int port, int error) {
  struct weir_http_failure failure;
  CHECK_EQ_INT(get(port, &failure), error);
  CHECK_STR(weir_http_stage_name(failure.stage), "connecting");
  CHECK_EQ_INT(weir_http_counts(client).open, 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_counts().connections, 0);
  CHECK_EQ_INT(weir_task_count(), 1);
}

static int no_socket_program(void *arg) {
  static const struct {
    int said, error;
  } rows[] = {{-EMFILE, -EMFILE}, {-ENFILE, -EMFILE}, {-ENOMEM, -ENOMEM}, {-ENOBUFS, -ENOBUFS}, {-EACCES, -EACCES}};
  struct weir_http_failure failure;
  (void)arg;
  client = weir_http_new((&(struct weir_http_config){.open_socket = open_or_refuse}));
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    refused_with = rows[i].said;
    check_failed(server.port, rows[i].error);
    refused_with = 0;
    CHECK_EQ_INT(get(server.port, &failure), 0);
    weir_http_close_idle(client);
  }
  weir_http_free(client);
  return 0;
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static int fillers[4096];
static struct rlimit usual;

static int count_descriptors(void) {
  int count = 0;
  for (int fd = 0; fd < (int)(sizeof fillers / sizeof *fillers); fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

/* There are no descriptors left but so many. */
static void allow(int more) {
  int count = 0, fd;
  CHECK_EQ_INT(getrlimit(RLIMIT_NOFILE, &usual), 0);
  CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){sizeof fillers / sizeof *fillers - 1, usual.rlim_max}), 0);
  while ((fd = dup(0)) >= 0)
    fillers[count++] = fd;
  CHECK_INT(count, >, more);
  while (more-- > 0)
    close(fillers[--count]);
  fillers[count] = -1;
}

static void allow_all(void) {
  CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &usual), 0);
  for (int i = 0; fillers[i] >= 0; i++)
    close(fillers[i]);
}

static int descriptors_program(void *arg) {
  int failures = 0;
  struct weir_http_failure failure;
  (void)arg;
  for (int more = 0;; more++) {
    const int before = count_descriptors();
    CHECK((client = weir_http_new(NULL)) != NULL);
    allow(more);
    const int error = get(server.port, &failure);
    allow_all();
    if (error != 0)
      CHECK_EQ_INT(get(server.port, &failure), 0); /* the client is good */
    weir_http_free(client);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_EQ_INT(count_descriptors(), before);
    if (error == 0)
      break;
    if (error != -EMFILE && error != -ENOMEM)
      check_fail(__FILE__, __LINE__, "with %d descriptors: %d: %s", more, error, failure.message);
    failures++;
  }
  printf("a request fails with up to %d descriptors, and is well with %d\n", failures - 1, failures);
  CHECK_INT(failures, >, 1);
  return 0;
}

/* ---- connecting -------------------------------------------------------------------------------------------------- */

static int refused_program(void *arg) {
  struct weir_http_failure failure;
  (void)arg;
  client = weir_http_new(NULL);
  for (int i = 0; i < 3; i++) {
    check_failed(nobody, -ECONNREFUSED);
    CHECK_EQ_INT(get(server.port, &failure), 0);
    weir_http_close_idle(client);
  }
  weir_http_free(client);
  return 0;
}

static int resolve_two(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  (void)context, (void)host, (void)count;
  for (uint32_t i = 0; i < 2; i++) {
    struct sockaddr_in one = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 - i)};
    memcpy(&addresses[i], &one, sizeof one);
  }
  return 2;
}

static void answer_once(void *listener) {
  int fd;
  char text[1024];
  while ((fd = accept4(*(int *)listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0)
    CHECK_INT(weir_poll(*(int *)listener, POLLIN, WEIR_FOREVER), >, 0);
  CHECK_INT(weir_poll(fd, POLLIN, WEIR_FOREVER), >, 0);
  CHECK_INT(read(fd, text, sizeof text), >, 0);
  static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
  CHECK_EQ_INT(write(fd, answer, sizeof answer - 1), sizeof answer - 1);
  weir_poll_forget(fd);
  close(fd);
}

/* The first of a host's addresses refuses; the second answers. */
static int second_address_program(void *arg) {
  char url[64];
  weir_response *response;
  (void)arg;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK_EQ_INT(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  CHECK_EQ_INT(listen(listener, 16), 0);
  CHECK_EQ_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
  weir_go(answer_once, &listener);
  client = weir_http_new((&(struct weir_http_config){.resolve = resolve_two}));
  snprintf(url, sizeof url, "http://name.example:%d/", ntohs(address.sin_port));
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  CHECK_EQ_INT(weir_response_status(response), 204);
  CHECK_EQ_INT(weir_response_close(response), 0);
  CHECK_EQ_INT(weir_http_counts(client).connections, 2);
  weir_http_free(client);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_poll_forget(listener);
  close(listener);
  return 0;
}

static void run(int (*program)(void *)) {
  server = server_start(SERVER_MICROHTTPD);
  const int bound = server_listen(&nobody, -1); /* kept, or another program might listen there */
  run_balanced(WEIR_TIMERS_PROMPT, program, NULL);
  close(bound);
  server_stop(&server);
}

#define PROGRAM(name)                                                                                                  \
  static void name(void) {                                                                                             \
    run(name##_program);                                                                                               \
  }
PROGRAM(no_socket)
PROGRAM(descriptors)
PROGRAM(refused)
PROGRAM(second_address)

static const struct check_case cases[] = {CHECK_CASE(no_socket), CHECK_CASE(descriptors), CHECK_CASE(refused),
                                          CHECK_CASE(second_address)};
CHECK_MAIN(cases)
