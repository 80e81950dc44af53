/* stack_test.c — libcurl runs on its client's worker, on that thread's own stack, and is never entered from within.
 *
 * The functions by which the library enters libcurl are linked with --wrap. In each: the thread is the one that entered
 * first in this run, the stack is the thread's own (so no task's), and no other of them is under way. */
#include "check.h"
#include "server.h"
#include "workers.h"

#include <weir.h>
#include <weir/http.h>

#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

/* name, result, parameters, arguments */
#define ENTRIES(entry)                                                                                                 \
  entry(curl_global_init, CURLcode, (long flags), (flags)) entry(curl_multi_init, CURLM *, (void), ())                 \
      entry(curl_multi_cleanup, CURLMcode, (CURLM * multi),                                                            \
            (multi)) entry(curl_multi_add_handle, CURLMcode, (CURLM * multi, CURL * easy), (multi, easy))              \
          entry(curl_multi_remove_handle, CURLMcode, (CURLM * multi, CURL * easy), (multi, easy))                      \
              entry(curl_multi_socket_action, CURLMcode, (CURLM * multi, curl_socket_t fd, int events, int *running),  \
                    (multi, fd, events, running))                                                                      \
                  entry(curl_multi_info_read, CURLMsg *, (CURLM * multi, int *left), (multi, left))                    \
                      entry(curl_multi_timeout, CURLMcode, (CURLM * multi, long *milliseconds), (multi, milliseconds)) \
                          entry(curl_easy_init, CURL *, (void), ())                                                    \
                              entry(curl_easy_pause, CURLcode, (CURL * easy, int what), (easy, what))                  \
                                  entry(curl_url_set, CURLUcode,                                                       \
                                        (CURLU * url, CURLUPart part, const char *text, unsigned flags),               \
                                        (url, part, text, flags))                                                      \
                                      entry(curl_url_get, CURLUcode,                                                   \
                                            (const CURLU *url, CURLUPart part, char **text, unsigned flags),           \
                                            (url, part, text, flags))

#define COUNTED(name, result, parameters, arguments) COUNT_##name,
enum { ENTRIES(COUNTED) COUNT };

static const char *const names[] = {
#define NAMED(name, result, parameters, arguments) #name,
    ENTRIES(NAMED)};
static atomic_ulong counts[COUNT];

static atomic_bool home_known;
static pthread_t home;
static atomic_int under_way;

static void come(int which, const char *frame) {
  pthread_attr_t attributes;
  void *stack;
  size_t size;
  counts[which]++;
  if (under_way++ != 0)
    check_fail(__FILE__, __LINE__, "%s is entered from within libcurl", names[which]);
  if (!home_known && which != COUNT_curl_global_init) { /* which is any worker's to call */
    home = pthread_self();
    home_known = true;
  }
  if (home_known && !pthread_equal(home, pthread_self()))
    check_fail(__FILE__, __LINE__, "%s is entered on another thread", names[which]);
  CHECK_EQ_INT(pthread_getattr_np(pthread_self(), &attributes), 0);
  CHECK_EQ_INT(pthread_attr_getstack(&attributes, &stack, &size), 0);
  pthread_attr_destroy(&attributes);
  if (frame < (char *)stack || frame >= (char *)stack + size)
    check_fail(__FILE__, __LINE__, "%s is entered on a task's stack", names[which]);
}

#define WRAPPED(name, result, parameters, arguments)                                                                   \
  result __real_##name parameters;                                                                                     \
  result __wrap_##name parameters;                                                                                     \
  result __wrap_##name parameters {                                                                                    \
    come(COUNT_##name, __builtin_frame_address(0));                                                                    \
    result value = __real_##name arguments;                                                                            \
    under_way--;                                                                                                       \
    return value;                                                                                                      \
  }
ENTRIES(WRAPPED)

/* ---- a load that goes every way into libcurl -------------------------------------------------------------------- */

static struct server server;
static weir_http *client;
static weir_waitgroup working;

static int resolve(void *context, const char *host, struct sockaddr_storage *addresses, int count);

static ssize_t write_body(void *left, void *buffer, size_t size) {
  long *rest = left;
  if ((long)size > *rest)
    size = (size_t)*rest;
  memset(buffer, 'b', size);
  *rest -= (long)size;
  weir_yield();
  return (ssize_t)size;
}

static void finish(weir_response *response, bool read) {
  char buffer[1000];
  while (read && weir_response_read(response, buffer, sizeof buffer) > 0)
    ;
  CHECK_EQ_INT(weir_response_close(response), 0);
}

static void get(const char *format, bool read) {
  char url[128];
  weir_response *response;
  snprintf(url, sizeof url, format, server.port);
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  finish(response, read);
}

static void post(int64_t size) {
  char url[128];
  long left = 100000;
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.1:%d/echo", server.port);
  CHECK_EQ_INT(weir_http_do(client,
                            (&(struct weir_request){
                                .url = url, .read_body = write_body, .body_context = &left, .body_size = size}),
                            &response),
               0);
  finish(response, true);
}

static void cancelled(void) {
  char url[128];
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.1:%d/bytes/10000000", server.port);
  weir_context *background = weir_context_background();
  weir_context *context = weir_context_with_cancel(background);
  CHECK_EQ_INT(weir_http_do(client, (&(struct weir_request){.url = url, .context = context}), &response), 0);
  weir_context_cancel(context);
  char byte;
  while (weir_response_read(response, &byte, 1) > 0)
    ;
  CHECK_EQ_INT(weir_response_failure(response)->error, -ECANCELED);
  finish(response, false);
  weir_context_unref(context);
  weir_context_unref(background);
}

static void work(void *arg) {
  (void)arg;
  get("http://127.0.0.1:%d/bytes/100", true);
  get("http://name.example:%d/bytes/100000", true);
  get("http://127.0.0.1:%d/bytes/10000000", false);
  get("http://127.0.0.1:%d/redirect/302/redirect/301/bytes/7", true);
  get("http://127.0.0.1:%d/coded/gzip/300000", true);
  post(100000);
  post(-1);
  cancelled();
  weir_waitgroup_done(&working);
}

static int resolve(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  (void)context, (void)host, (void)count;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  memcpy(addresses, &address, sizeof address);
  return 1;
}

static int program(void *arg) {
  enum { TASKS = 6 };
  (void)arg;
  client = weir_http_new(&(struct weir_http_config){.resolve = resolve});
  weir_waitgroup_add(&working, TASKS);
  for (int i = 0; i < TASKS; i++)
    CHECK_EQ_INT(weir_go(work, NULL), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&working), 0);
  weir_http_close_idle(client);
  char url[64];
  weir_response *open;
  snprintf(url, sizeof url, "http://127.0.0.1:%d/bytes/10000000", server.port);
  CHECK_EQ_INT(weir_http_get(client, url, &open), 0);
  weir_http_free(client);
  CHECK_EQ_INT(weir_response_close(open), 0);
  return 0;
}

static void every_entry(void) {
  server = server_start(SERVER_MICROHTTPD);
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = test_workers()}, program, NULL), 0);
  server_stop(&server);
  for (int i = 0; i < COUNT; i++) {
    printf("%s: %lu\n", names[i], counts[i]);
    CHECK_INT(counts[i], >, 0);
  }
  CHECK_EQ_INT(counts[COUNT_curl_multi_init], counts[COUNT_curl_multi_cleanup]);
}

static const struct check_case cases[] = {CHECK_CASE(every_entry)};
CHECK_MAIN(cases)
