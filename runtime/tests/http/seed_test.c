/* seed_test.c — the seed's arithmetic: how many tasks six GETs leave behind, against three servers, for bodies of
 * several sizes, at one worker and two. An empty body holds nothing, read or not. */
#include "check.h"
#include "server.h"

#include <weir.h>
#include <weir/http.h>

enum { NUM = 6 };

struct story {
  int port;
  long size;
  bool read, close, many_hosts, own_task;
  size_t tasks, connections, tasks_after; /* expected; after weir_http_close_idle */
};

static void read_all(weir_response *response, long size) {
  char buffer[5000];
  ssize_t got;
  while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0) {
    CHECK(buffer[0] == 'x' && buffer[got - 1] == 'x');
    size -= got;
  }
  CHECK_EQ_INT(got, 0);
  CHECK_EQ_INT(size, 0);
}

static void get_six(weir_http *client, const struct story *story, weir_response **responses) {
  for (int i = 0; i < NUM; i++) {
    char url[64];
    struct weir_http_failure failure;
    snprintf(url, sizeof url, "http://127.0.0.%d:%d/bytes/%ld", story->many_hosts ? i + 1 : 1, story->port,
             story->size);
    if (weir_http_do(client, (&(struct weir_request){.url = url, .failure = &failure}), &responses[i]) != 0)
      check_fail(__FILE__, __LINE__, "%s: %s", url, failure.message);
    CHECK_EQ_INT(weir_response_status(responses[i]), 200);
    if (story->read)
      read_all(responses[i], story->size);
    if (story->close)
      CHECK_EQ_INT(weir_response_close(responses[i]), 0);
  }
}

static void tell(const struct story *story) {
  const struct weir_counts before = weir_counts();
  weir_http *client = weir_http_new(NULL);
  weir_response *responses[NUM];
  get_six(client, story, responses);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), story->tasks + story->own_task);
  CHECK_EQ_INT(weir_counts().connections, story->connections);
  CHECK_EQ_INT(weir_counts().responses, story->close ? 0 : NUM);
  weir_http_close_idle(client);
  CHECK_EQ_INT(weir_task_count(), story->tasks_after + story->own_task);
  for (int i = 0; i < NUM && !story->close; i++)
    CHECK_EQ_INT(weir_response_close(responses[i]), 0);
  weir_http_free(client);
  const struct weir_counts after = weir_counts();
  CHECK_EQ_INT(after.tasks, before.tasks);
  CHECK_EQ_INT(after.connections, 0);
  CHECK_EQ_INT(after.responses, 0);
  CHECK_EQ_INT(after.timers, before.timers);
}

static weir_waitgroup done;

static void tell_in_own_task(void *story) {
  tell(story);
  weir_waitgroup_done(&done);
}

static int program(void *arg) {
  struct story *story = arg;
  if (!story->own_task) {
    tell(story);
    return 0;
  }
  weir_waitgroup_add(&done, 1);
  weir_go(tell_in_own_task, story);
  return weir_waitgroup_wait(&done);
}

static void all_stories(int port, long size, unsigned workers) {
  const bool holds = size != 0;
  struct story stories[] = {
      {.read = true, .tasks = 3, .connections = 1, .tasks_after = 1},
      {.tasks = holds ? 13 : 3, .connections = holds ? 6 : 1, .tasks_after = holds ? 13 : 1},
      {.read = true, .close = true, .tasks = 3, .connections = 1, .tasks_after = 1},
      {.many_hosts = true, .read = true, .tasks = 13, .connections = 6, .tasks_after = 1},
      {.many_hosts = true, .tasks = 13, .connections = 6, .tasks_after = holds ? 13 : 1},
      {.own_task = true, .read = true, .tasks = 3, .connections = 1, .tasks_after = 1},
      {.own_task = true, .tasks = holds ? 13 : 3, .connections = holds ? 6 : 1, .tasks_after = holds ? 13 : 1},
  };
  for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
    stories[i].port = port;
    stories[i].size = size;
    CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = workers}, program, &stories[i]), 0);
  }
}

static void against(int kind) {
  needs_books();
  struct server server = server_start((enum server_kind)kind);
  for (size_t i = 0; i < sizeof server_sizes / sizeof *server_sizes; i++)
    for (unsigned workers = 1; workers <= 2; workers++)
      all_stories(server.port, server_sizes[i], workers);
  server_stop(&server);
}

static const struct check_case cases[] = {CHECK_CASE_WITH("microhttpd", against, SERVER_MICROHTTPD),
                                          CHECK_CASE_WITH("nginx", against, SERVER_NGINX),
                                          CHECK_CASE_WITH("python", against, SERVER_PYTHON)};
CHECK_MAIN(cases)
