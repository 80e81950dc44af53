/* many_test.c — ten thousand requests under way at a time, to nginx; then nothing is left of them. */
#include "check.h"
#include "run.h"
#include "server.h"

#include <weir/http.h>

/* ThreadSanitizer takes a stack for a thread, and ends at 8,128 of them. */
#ifdef __SANITIZE_THREAD__
enum { MANY = 2000 };
#else
enum { MANY = 10000 };
#endif

static struct server server;
static weir_http *client;
static weir_waitgroup under_way, finished;
static weir_chan *all_here;

static void ask(void *url) {
  char buffer[1000];
  struct weir_http_failure failure;
  weir_response *response;
  if (weir_http_do(client, (&(struct weir_request){.url = url, .failure = &failure}), &response) != 0)
    check_fail(__FILE__, __LINE__, "%s", failure.message);
  weir_waitgroup_done(&under_way);
  weir_chan_recv(all_here, NULL);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), 615);
  CHECK_EQ_INT(weir_response_read(response, buffer, sizeof buffer), 0);
  CHECK_EQ_INT(weir_response_close(response), 0);
  weir_waitgroup_done(&finished);
}

static int program(void *arg) {
  char url[64];
  (void)arg;
  all_here = weir_chan_new(0, 0);
  client = weir_http_new(NULL);
  snprintf(url, sizeof url, "http://127.0.0.1:%d/bytes/615", server.port);
  weir_waitgroup_add(&under_way, MANY);
  weir_waitgroup_add(&finished, MANY);
  for (int i = 0; i < MANY; i++)
    CHECK_EQ_INT(weir_go(ask, url), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&under_way), 0);
  CHECK_EQ_INT(weir_http_counts(client).open, MANY);
  CHECK_EQ_INT(weir_counts().responses, MANY);
  CHECK_EQ_INT(weir_task_count(), 1 + 3 * MANY);
  weir_chan_close(all_here);
  CHECK_EQ_INT(weir_waitgroup_wait(&finished), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 1 + 2 * 2); /* two idle connections */
  weir_http_free(client);
  weir_chan_unref(all_here);
  return 0;
}

static void ten_thousand(void) {
  struct rlimit limit;
  CHECK_EQ_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < MANY + 100)
    check_fail(__FILE__, __LINE__, "the limit of descriptors is %ju: ulimit -Hn %d", (uintmax_t)limit.rlim_max,
               MANY + 100);
  limit.rlim_cur = limit.rlim_max;
  CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
  server = server_start(SERVER_NGINX);
  run_balanced(WEIR_TIMERS_PROMPT, program, NULL);
  server_stop(&server);
}

static const struct check_case cases[] = {CHECK_CASE(ten_thousand)};
CHECK_MAIN(cases)
