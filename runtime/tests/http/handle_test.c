/* handle_test.c — a handle that is used again has its new request's URL and headers, and nothing of the one before. */
#include "check.h"
#include "server.h"

#include <weir.h>
#include <weir/http.h>

#include <stdlib.h>
#include <string.h>

enum { TEXT = 4096 };

static struct server server;

/* The body of the answer, as text. */
static void ask(weir_http *client, const char *path, const struct weir_header *header, char text[TEXT]) {
  char url[256];
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server.port, path);
  const struct weir_request request = {.url = url, .headers = header, .header_count = header != NULL};
  CHECK_EQ_INT(weir_http_do(client, &request, &response), 0);
  CHECK_EQ_INT(weir_response_status(response), 200);
  size_t size = 0;
  ssize_t got;
  while ((got = weir_response_read(response, text + size, TEXT - 1 - size)) > 0)
    size += (size_t)got;
  CHECK_EQ_INT(got, 0);
  text[size] = '\0';
  CHECK_EQ_INT(weir_response_close(response), 0);
}

static int count(const char *text, const char *what) {
  int found = 0;
  for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
    found++;
  return found;
}

/* One connection, so one handle: each request's path comes back, as long as it was, whatever went before. */
static int urls(void *arg) {
  static const char *const paths[] = {"/bytes/615", "/bytes/1", "/bytes/1",    "/redirect/302/bytes/7",
                                      "/bytes/615", "/echo",    "/bytes/1024", "/bytes/0"};
  static const size_t sizes[] = {615, 1, 1, 7, 615, 0, 1024, 0};
  (void)arg;
  char text[TEXT];
  weir_http *client = weir_http_new(NULL);
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
      ask(client, paths[i], NULL, text);
      if (strcmp(paths[i], "/echo") == 0)
        CHECK(strncmp(text, "GET /echo\n", strlen("GET /echo\n")) == 0);
      else
        CHECK_EQ_INT(strlen(text), sizes[i]);
    }
  }
  CHECK_EQ_INT(weir_http_counts(client).connections, 1);
  weir_http_free(client);
  return 0;
}

static void expect_agent(weir_http *client, const struct weir_header *header, const char *line) {
  char text[TEXT];
  ask(client, "/echo", header, text);
  CHECK_EQ_INT(count(text, "User-Agent:"), line != NULL);
  CHECK(line == NULL || strstr(text, line) != NULL);
  CHECK_EQ_INT(count(text, "Accept-Encoding: gzip, deflate\n"), 1);
  CHECK_EQ_INT(count(text, "Accept: */*\n"), 1);
}

static int agents(void *arg) {
  (void)arg;
  char usual[64];
  snprintf(usual, sizeof usual, "User-Agent: weir/%s\n", weir_version());
  const struct weir_header own = {"user-agent", "mine"}, other = {"X-Other", "1"};
  weir_http *client = weir_http_new(NULL);
  for (int round = 0; round < 2; round++) { /* plain, and with headers, on the same handle */
    expect_agent(client, NULL, usual);
    expect_agent(client, &other, usual);
  }
  char text[TEXT];
  ask(client, "/echo", &own, text);
  CHECK(strstr(text, "mine\n") != NULL && strstr(text, "weir/") == NULL);
  expect_agent(client, NULL, usual);
  weir_http_free(client);
  client = weir_http_new(&(struct weir_http_config){.user_agent = "somebody/1"});
  expect_agent(client, NULL, "User-Agent: somebody/1\n");
  expect_agent(client, &other, "User-Agent: somebody/1\n");
  weir_http_free(client);
  client = weir_http_new(&(struct weir_http_config){.user_agent = ""});
  expect_agent(client, NULL, NULL);
  expect_agent(client, &other, NULL);
  weir_http_free(client);
  return 0;
}

/* A proxy of the environment is nobody's business: nothing listens there. */
static int no_proxy(void *arg) {
  (void)arg;
  char text[TEXT];
  setenv("http_proxy", "http://127.0.0.1:1/", 1);
  setenv("all_proxy", "http://127.0.0.1:1/", 1);
  weir_http *client = weir_http_new(NULL);
  ask(client, "/echo", NULL, text);
  CHECK(strncmp(text, "GET /echo\n", strlen("GET /echo\n")) == 0);
  weir_http_free(client);
  return 0;
}

static void with_server(int (*program)(void *)) {
  server = server_start(SERVER_MICROHTTPD);
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1}, program, NULL), 0);
  server_stop(&server);
}

static void each_url(void) {
  with_server(urls);
}

static void each_agent(void) {
  with_server(agents);
}

static void proxy_of_environment(void) {
  with_server(no_proxy);
}

static const struct check_case cases[] = {CHECK_CASE(each_url), CHECK_CASE(each_agent),
                                          CHECK_CASE(proxy_of_environment)};
CHECK_MAIN(cases)
