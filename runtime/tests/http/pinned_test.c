/* pinned_test.c — a body that nobody reads: it pins its connection and two tasks, and a bounded piece of memory however
 * long it is; the reports tell the line that asked for it; and who waits for ever beside it, or beside an idle connection,
 * is found out. */
#include "check.h"
#include "run.h"
#include "server.h"

#include <weir/http.h>

#include <malloc.h>

static struct server server;
static weir_http *client;

enum { GET_LINE = __LINE__ + 6 };

static weir_response *get(long size) {
  char url[64];
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.1:%d/bytes/%ld", server.port, size);
  const int error = weir_http_get(client, url, &response);
  CHECK_EQ_INT(error, 0);
  return response;
}

/* Responses and connections are told by the line that asked for them, so are the connections' tasks. */
static void check_census(size_t unread) {
  struct weir_census census;
  size_t tasks = 0, responses = 0, connections = 0, readers = 0, writers = 0;
  CHECK_EQ_INT(weir_census_take(&census), 0);
  while (!census.exact) { /* another worker has looked round */
    weir_census_free(&census);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_EQ_INT(weir_census_take(&census), 0);
  }
  for (size_t i = 0; i < census.line_count; i++) {
    const struct weir_census_line *line = &census.lines[i];
    if (line->line != GET_LINE || strcmp(line->file, __FILE__) != 0)
      continue;
    tasks += strcmp(line->kind, "task") == 0 ? line->live : 0;
    responses += strcmp(line->kind, "response") == 0 ? line->live : 0;
    connections += strcmp(line->kind, "connection") == 0 ? line->live : 0;
  }
  char text[64];
  snprintf(text, sizeof text, "pinned_test.c:%d", GET_LINE);
  for (size_t i = 0; i < census.wait_count; i++) {
    const struct weir_census_wait *wait = &census.waits[i];
    const bool here = strstr(wait->text, text) != NULL;
    readers += here && strstr(wait->text, "http reader") != NULL ? wait->tasks : 0;
    writers += here && strstr(wait->text, "http writer") != NULL ? wait->tasks : 0;
  }
  weir_census_free(&census);
  CHECK_EQ_INT(tasks, 2 * unread);
  CHECK_EQ_INT(responses, unread);
  CHECK_EQ_INT(connections, unread);
  CHECK_EQ_INT(readers, unread);
  CHECK_EQ_INT(writers, unread);
}

static int unread_program(void *arg) {
  enum { UNREAD = 8, MOST = 300 * 1024 };
  weir_response *responses[UNREAD];
  (void)arg;
  client = weir_http_new(NULL);
  CHECK_EQ_INT(weir_response_close(get(0)), 0); /* what is made once, is made */
  const size_t bytes = weir_counts().bytes;
  for (size_t i = 0; i < UNREAD; i++) {
    const size_t before = mallinfo2().uordblks;
    responses[i] = get(10 << 20);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_INT(mallinfo2().uordblks, <, before + MOST);
    CHECK_EQ_INT(weir_counts().responses, i + 1);
    CHECK_EQ_INT(weir_counts().connections, i + 1);
    CHECK_EQ_INT(weir_task_count(), 1 + 2 * (i + 1));
  }
  weir_http_close_idle(client);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_counts().connections, UNREAD);
  check_census(UNREAD);
  CHECK_INT(weir_counts().bytes - bytes, <, UNREAD * 8192);
  for (size_t i = 0; i < UNREAD; i++)
    CHECK_EQ_INT(weir_response_close(responses[i]), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_counts().connections, 0); /* there was too much of each to read it away */
  weir_http_free(client);
  return 0;
}

static void unread(void) {
  needs_books();
  server = server_start(SERVER_MICROHTTPD);
  run_balanced(WEIR_TIMERS_PROMPT, unread_program, NULL);
  server_stop(&server);
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

static weir_response *left;

static int wait_for_ever(void *size) {
  char byte;
  client = weir_http_new(NULL);
  left = get(*(const long *)size);
  if (*(const long *)size == 1) { /* then the connection is idle */
    CHECK_EQ_INT(weir_response_read(left, &byte, 1), 1);
    CHECK_EQ_INT(weir_response_read(left, &byte, 1), 0);
  }
  return weir_chan_recv(NULL, NULL);
}

static void deadlock(int bytes) {
  needs_books();
  static struct run_log log;
  long size = bytes;
  server = server_start(SERVER_MICROHTTPD);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, wait_for_ever, &size), -EDEADLK);
  CHECK_CONTAINS(log.text, "deadlock");
  CHECK_CONTAINS(log.text, "main (task 1)");
  CHECK_EQ_INT(weir_counts().responses, 1);
  CHECK_EQ_INT(weir_response_close(left), 0);
  weir_http_free(client);
  check_counts_equal(weir_counts(), (struct weir_counts){0});
  server_stop(&server);
}

static const struct check_case cases[] = {CHECK_CASE(unread), CHECK_CASE_WITH("deadlock_unread", deadlock, 10 << 20),
                                          CHECK_CASE_WITH("deadlock_idle", deadlock, 1)};
CHECK_MAIN(cases)
