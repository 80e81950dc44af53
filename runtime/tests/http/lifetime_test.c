/* lifetime_test.c — clients and responses over the ends of tasks, runs and each other; and what may not be done. */
#include "peer.h"
#include "run.h"
#include "server.h"

#include <weir/http.h>

#include <dirent.h>

static struct server server;
static weir_http *client;
static weir_response *kept[4];

static weir_response *get(long size) {
  char url[64];
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.1:%d/bytes/%ld", server.port, size);
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  return response;
}

static void read_all(weir_response *response, long size) {
  char buffer[5000];
  ssize_t got;
  while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0)
    size -= got;
  CHECK_EQ_INT(got, 0);
  CHECK_EQ_INT(size, 0);
}

static void get_whole(long size) {
  weir_response *response = get(size);
  read_all(response, size);
  CHECK_EQ_INT(weir_response_close(response), 0);
}

static int descriptors(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  CHECK(folder != NULL);
  while (readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

static void run(int (*program)(void *)) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = test_workers()}, program, NULL), 0);
}

static void check_nothing_left(void) {
  check_counts_equal(weir_counts(), (struct weir_counts){0});
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

static int get_program(void *arg) {
  (void)arg;
  get_whole(615);
  get_whole(0);
  CHECK_EQ_INT(weir_http_counts(client).open, 1);
  return 0; /* with a connection that is idle */
}

/* The client outlives its runs; its connections do not. */
static void two_runs(void) {
  server = server_start(SERVER_MICROHTTPD);
  const int before = descriptors();
  CHECK((client = weir_http_new(NULL)) != NULL);
  for (int i = 0; i < 3; i++) {
    run(get_program);
    CHECK_EQ_INT(weir_http_counts(client).connections, i + 1);
  }
  weir_http_free(client);
  check_nothing_left();
  CHECK_EQ_INT(descriptors(), before);
  server_stop(&server);
}

static int leave_program(void *arg) {
  (void)arg;
  for (int i = 0; i < 4; i++)
    kept[i] = get(10 << 20);
  char byte;
  CHECK_EQ_INT(weir_response_read(kept[1], &byte, 1), 1);
  read_all(kept[2], 10 << 20);
  return 0;
}

static int read_later_program(void *arg) {
  char byte;
  (void)arg;
  CHECK_EQ_INT(weir_response_read(kept[0], &byte, 1), -ECANCELED);
  CHECK_EQ_INT(weir_response_read(kept[0], &byte, 1), -ECANCELED);
  CHECK_EQ_INT(weir_response_failure(kept[0])->error, -ECANCELED);
  CHECK_EQ_INT(weir_response_read(kept[2], &byte, 1), 0); /* it was over before */
  CHECK_EQ_INT(weir_response_close(kept[3]), 0);
  get_whole(1);
  return 0;
}

/* Responses are what they were after their run, and in the next. */
static void responses_after_the_run(void) {
  needs_books();
  server = server_start(SERVER_MICROHTTPD);
  const int before = descriptors();
  CHECK((client = weir_http_new(NULL)) != NULL);
  run(leave_program);
  CHECK_EQ_INT(weir_counts().responses, 4);
  CHECK_EQ_INT(weir_response_status(kept[0]), 200);
  char byte;
  CHECK_EQ_INT(weir_response_read(kept[0], &byte, 1), -EPERM);
  run(read_later_program);
  for (int i = 0; i < 3; i++)
    CHECK_EQ_INT(weir_response_close(kept[i]), 0);
  weir_http_free(client);
  check_nothing_left();
  CHECK_EQ_INT(descriptors(), before);
  server_stop(&server);
}

/* Closed after the run, without another; the client before them. */
static void responses_after_the_client(void) {
  server = server_start(SERVER_MICROHTTPD);
  const int before = descriptors();
  CHECK((client = weir_http_new(NULL)) != NULL);
  run(leave_program);
  weir_http_free(client);
  CHECK_EQ_INT(weir_counts().connections, 0);
  for (int i = 0; i < 4; i++) {
    CHECK_STR(weir_response_header(kept[i], "content-length"), "10485760");
    CHECK_EQ_INT(weir_response_close(kept[i]), 0);
  }
  check_nothing_left();
  CHECK_EQ_INT(descriptors(), before);
  server_stop(&server);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

static void close_it(void *response) {
  CHECK_EQ_INT(weir_response_close(response), 0);
}

static weir_waitgroup done;

static void leave_by_defer(void *arg) {
  struct weir_defer defer;
  (void)arg;
  weir_defer(&defer, close_it, get(10 << 20));
  weir_waitgroup_done(&done);
}

static void blocked_with_defer(void *arg) {
  struct weir_defer defer;
  char byte;
  (void)arg;
  weir_response *response = get(10 << 20);
  weir_defer(&defer, close_it, response);
  CHECK_EQ_INT(weir_response_read(response, &byte, 1), 1);
  weir_waitgroup_done(&done);
  weir_sleep_until(WEIR_FOREVER);
}

static int defer_program(void *arg) {
  (void)arg;
  CHECK((client = weir_http_new(NULL)) != NULL);
  weir_waitgroup_add(&done, 2);
  weir_go(leave_by_defer, NULL);
  weir_go_with((&(struct weir_task_options){.daemon = true}), blocked_with_defer, NULL);
  CHECK_EQ_INT(weir_waitgroup_wait(&done), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_counts().responses, 1); /* of the task that is destroyed at the end */
  CHECK_EQ_INT(weir_http_counts(client).open, 1);
  return 0;
}

static void closed_by_defer(void) {
  needs_books();
  server = server_start(SERVER_MICROHTTPD);
  const int before = descriptors();
  run(defer_program);
  CHECK_EQ_INT(weir_counts().responses, 0);
  weir_http_free(client);
  check_nothing_left();
  CHECK_EQ_INT(descriptors(), before);
  server_stop(&server);
}

static void read_until_cancelled(void *response) {
  char buffer[1000];
  ssize_t got;
  while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0)
    weir_sleep(WEIR_MILLISECOND);
  CHECK_EQ_INT(got, -ECANCELED);
  CHECK_EQ_INT(weir_response_close(response), 0);
  weir_waitgroup_done(&done);
}

static void ask_until_cancelled(void *arg) {
  char url[64];
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.1:%d/", *(int *)arg);
  CHECK_EQ_INT(weir_http_get(client, url, &response), -ECANCELED);
  CHECK(response == NULL);
  weir_waitgroup_done(&done);
}

static int free_program(void *arg) {
  int silent_port;
  (void)arg;
  const int silent = server_listen(&silent_port, 16); /* connects, and never answers */
  CHECK((client = weir_http_new(NULL)) != NULL);
  weir_response *open[] = {get(10 << 20), get(10 << 20), get(0)};
  get_whole(1);
  weir_waitgroup_add(&done, 2);
  weir_go(read_until_cancelled, open[0]);
  weir_go(ask_until_cancelled, &silent_port);
  weir_sleep(5 * WEIR_MILLISECOND); /* whether they have come far or not */
  weir_http_free(client);
  CHECK_EQ_INT(weir_counts().connections, 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&done), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 1);
  char byte;
  CHECK_EQ_INT(weir_response_read(open[1], &byte, 1), -ECANCELED);
  CHECK_EQ_INT(weir_response_read(open[2], &byte, 1), 0);
  CHECK_EQ_INT(weir_response_close(open[1]), 0);
  CHECK_EQ_INT(weir_response_close(open[2]), 0);
  close(silent);
  return 0;
}

static void freed_with_all_open(void) {
  server = server_start(SERVER_MICROHTTPD);
  const int before = descriptors();
  run(free_program);
  check_nothing_left();
  CHECK_EQ_INT(descriptors(), before);
  server_stop(&server);
}

/* ---- misuse ------------------------------------------------------------------------------------------------------ */

static void ask_in_defer(void *response) {
  char byte;
  weir_response *other;
  CHECK_EQ_INT(weir_response_read(response, &byte, 1), -EPERM);
  CHECK_EQ_INT(weir_http_get(client, "http://127.0.0.1/", &other), -EPERM);
  CHECK_EQ_INT(weir_response_close(response), 0);
  weir_waitgroup_done(&done);
}

static void defer_all(void *response) {
  struct weir_defer defer;
  weir_defer(&defer, ask_in_defer, response);
}

static ssize_t no_body(void *context, void *buffer, size_t size) {
  (void)context, (void)buffer, (void)size;
  return 0;
}

static void check_refused(struct weir_request request, int error) {
  struct weir_http_failure failure = {0};
  weir_response *response = (weir_response *)&failure;
  request.failure = &failure;
  CHECK_EQ_INT(weir_http_do(client, &request, &response), error);
  CHECK(response == NULL);
  CHECK_EQ_INT(failure.error, error);
  CHECK(failure.message[0] != '\0');
}

static void check_requests(void) {
  const char *const url = "http://127.0.0.1/";
  static const struct weir_header bad[] = {{"Two words", "x"},
                                           {"", "x"},
                                           {NULL, "x"},
                                           {"X", NULL},
                                           {"X", "a\r\nY: b"},
                                           {"X", "a\nb"},
                                           {"Content-Length", "7"},
                                           {"transfer-encoding", "chunked"}};
  check_refused((struct weir_request){.url = NULL}, -EINVAL);
  check_refused((struct weir_request){.url = ""}, -EINVAL);
  check_refused((struct weir_request){.url = "http://"}, -EINVAL);
  check_refused((struct weir_request){.url = "http://127.0.0.1:99999/"}, -EINVAL);
  check_refused((struct weir_request){.url = "ftp://127.0.0.1/"}, -EPROTONOSUPPORT);
  check_refused((struct weir_request){.url = "file:///etc/passwd"}, -EPROTONOSUPPORT);
  check_refused((struct weir_request){.url = url, .method = ""}, -EINVAL);
  check_refused((struct weir_request){.url = url, .method = "GET / HTTP/1.0"}, -EINVAL);
  check_refused((struct weir_request){.url = url, .body_size = 5}, -EINVAL);
  check_refused((struct weir_request){.url = url, .body = "x", .body_size = -1}, -EINVAL);
  check_refused((struct weir_request){.url = url, .body = "x", .body_size = 1, .read_body = no_body}, -EINVAL);
  check_refused((struct weir_request){.url = url, .timeout = -1}, -EINVAL);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    check_refused((struct weir_request){.url = url, .headers = &bad[i], .header_count = 1}, -EINVAL);
}

/* A body that does not go on: one task reads it, and others must leave it alone. */
static void read_stalled(void *response) {
  char buffer[8];
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), 5);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), -ECANCELED);
  weir_waitgroup_done(&done);
}

static void stall(void *peer) {
  char head[2048];
  const int fd = peer_accept(peer);
  CHECK(peer_read_head(fd, head, sizeof head));
  CHECK(peer_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"));
  CHECK_EQ_INT(peer_read_some(fd, head, 1), 0);
  peer_close(fd);
}

static int busy_program(void *arg) {
  char byte;
  weir_response *response;
  (void)arg;
  struct peer peer = peer_listen(16);
  weir_context *background = weir_context_background(), *context = weir_context_with_cancel(background);
  CHECK((client = weir_http_new(NULL)) != NULL);
  weir_go(stall, &peer);
  CHECK_EQ_INT(weir_http_do(client, (&(struct weir_request){.url = peer.url, .context = context}), &response), 0);
  weir_waitgroup_add(&done, 1);
  weir_go(read_stalled, response);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_response_read(response, &byte, 1), -EBUSY);
  CHECK_EQ_INT(weir_response_close(response), -EBUSY);
  weir_context_cancel(context);
  CHECK_EQ_INT(weir_waitgroup_wait(&done), 0);
  CHECK_EQ_INT(weir_response_close(response), 0);
  weir_http_free(client);
  peer_wait_for_tasks();
  peer_close(peer.listener);
  weir_context_unref(context);
  weir_context_unref(background);
  return 0;
}

static void busy(void) {
  run(busy_program);
  check_nothing_left();
}

static int misuse_program(void *arg) {
  char byte;
  weir_response *response;
  (void)arg;
  CHECK((client = weir_http_new(NULL)) != NULL);
  check_requests();
  CHECK_EQ_INT(weir_http_get(client, "http://127.0.0.1/", NULL), -EINVAL);
  CHECK_EQ_INT(weir_http_get(NULL, "http://127.0.0.1/", &response), -EINVAL);
  CHECK_EQ_INT(weir_http_do(client, NULL, &response), -EINVAL);
  CHECK_EQ_INT(weir_response_read(NULL, &byte, 1), -EINVAL);
  CHECK_EQ_INT(weir_response_close(NULL), -EINVAL);
  CHECK_EQ_INT(weir_response_status(NULL), 0);
  CHECK(weir_response_header(NULL, "x") == NULL);
  weir_http_free(NULL);
  weir_http_close_idle(NULL);

  weir_waitgroup_add(&done, 1);
  weir_go(defer_all, get(10 << 20));
  CHECK_EQ_INT(weir_waitgroup_wait(&done), 0);
  weir_response *other = get(615);
  CHECK_EQ_INT(weir_response_read(other, NULL, 1), -EINVAL);
  CHECK_EQ_INT(weir_response_read(other, &byte, 0), 0);
  CHECK_EQ_INT(weir_response_close(other), 0);

  weir_http_free(client);
  return 0;
}

static void misuse(void) {
  weir_response *response;
  server = server_start(SERVER_MICROHTTPD);
  CHECK(weir_http_new((&(struct weir_http_config){.timeout = -1})) == NULL);
  CHECK(weir_http_new((&(struct weir_http_config){.max_header_bytes = (256 << 10) + 1})) == NULL);
  CHECK((client = weir_http_new(NULL)) != NULL);
  CHECK_EQ_INT(weir_http_get(client, "http://127.0.0.1/", &response), -EPERM);
  weir_http_close_idle(client);
  CHECK_EQ_INT(weir_http_counts(client).requests, 0);
  weir_http_free(client);
  run(misuse_program);
  check_nothing_left();
  server_stop(&server);
}

static const struct check_case cases[] = {
    CHECK_CASE(two_runs),        CHECK_CASE(responses_after_the_run), CHECK_CASE(responses_after_the_client),
    CHECK_CASE(closed_by_defer), CHECK_CASE(freed_with_all_open),     CHECK_CASE(busy),
    CHECK_CASE(misuse)};
CHECK_MAIN(cases)
