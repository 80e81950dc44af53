/* request_test.c — methods, bodies both ways, headers, redirects and content codings, against libmicrohttpd. */
#include "peer.h"
#include "run.h"
#include "server.h"

#include <weir/http.h>

#include <strings.h>

static struct server server;
static weir_http *client;

/* ---- one exchange ------------------------------------------------------------------------------------------------ */

struct answer {
  int status;
  size_t size;
  char body[300000];
};

static struct answer answer;

static void read_answer(weir_response *response) {
  ssize_t got;
  answer.status = weir_response_status(response);
  answer.size = 0;
  while ((got = weir_response_read(response, answer.body + answer.size, sizeof answer.body - 1 - answer.size)) > 0)
    answer.size += (size_t)got;
  if (got < 0)
    check_fail(__FILE__, __LINE__, "%s", weir_response_failure(response)->message);
  answer.body[answer.size] = '\0';
}

static weir_response *ask(struct weir_request request, const char *path) {
  char url[256];
  struct weir_http_failure failure;
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server.port, path);
  request.url = url;
  request.failure = &failure;
  if (weir_http_do(client, &request, &response) != 0)
    check_fail(__FILE__, __LINE__, "%s: %s", url, failure.message);
  read_answer(response);
  return response;
}

static void exchange(struct weir_request request, const char *path) {
  CHECK_EQ_INT(weir_response_close(ask(request, path)), 0);
}

static const char *body_of_echo(void) {
  const char *end = strstr(answer.body, "\n\n");
  CHECK(end != NULL);
  return end + 2;
}

/* ---- methods and bodies ------------------------------------------------------------------------------------------ */

struct piecewise {
  size_t left;
  size_t piece;
  unsigned calls;
  int error; /* instead of the second piece */
};

static char letter(size_t left) {
  return (char)('a' + left % 23);
}

static ssize_t write_pieces(void *context, void *buffer, size_t size) {
  struct piecewise *pieces = context;
  if (++pieces->calls == 2 && pieces->error != 0)
    return pieces->error;
  if (size > pieces->piece)
    size = pieces->piece;
  if (size > pieces->left)
    size = pieces->left;
  for (size_t i = 0; i < size; i++)
    ((char *)buffer)[i] = letter(pieces->left - i);
  pieces->left -= size;
  weir_sleep(pieces->calls % 3 == 0 ? WEIR_MILLISECOND : 0); /* it may block */
  return (ssize_t)size;
}

static void check_pieces(size_t size) {
  const char *body = body_of_echo();
  CHECK_EQ_INT(strlen(body), size);
  for (size_t i = 0; i < size; i++)
    CHECK_EQ_INT(body[i], letter(size - i));
}

static void from_function(size_t size, size_t piece, bool sized) {
  struct piecewise pieces = {.left = size, .piece = piece};
  exchange((struct weir_request){.read_body = write_pieces,
                                 .body_context = &pieces,
                                 .body_size = sized ? (int64_t)size : -1},
           "/echo");
  CHECK_CONTAINS(answer.body, "POST /echo\n");
  char field[64];
  snprintf(field, sizeof field, "Content-Length: %zu\n", size);
  if (sized)
    CHECK_CONTAINS(answer.body, field);
  else
    CHECK_CONTAINS(answer.body, "Transfer-Encoding: chunked\n");
  check_pieces(size);
}

static void check_body_errors(void) {
  struct weir_http_failure failure;
  weir_response *response;
  char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%d/echo", server.port);
  struct piecewise pieces = {.left = 100, .piece = 10, .error = -EIO};
  struct weir_request request = {
      .url = url, .failure = &failure, .read_body = write_pieces, .body_context = &pieces, .body_size = -1};
  CHECK_EQ_INT(weir_http_do(client, &request, &response), -EIO);
  CHECK_EQ_INT(failure.stage, WEIR_HTTP_SEND);
  pieces = (struct piecewise){.left = 10, .piece = 10};
  request.body_size = 11; /* less than promised */
  CHECK_EQ_INT(weir_http_do(client, &request, &response), -EINVAL);
  CHECK_CONTAINS(failure.message, "size that was promised");
}

static int bodies_program(void *arg) {
  (void)arg;
  CHECK((client = weir_http_new(NULL)) != NULL);
  exchange((struct weir_request){0}, "/echo");
  CHECK_CONTAINS(answer.body, "GET /echo\n");
  CHECK_CONTAINS(answer.body, "User-Agent: weir/");
  CHECK_CONTAINS(answer.body, "Accept-Encoding: gzip, deflate\n");
  exchange((struct weir_request){.body = "hello", .body_size = 5}, "/echo");
  CHECK_CONTAINS(answer.body, "POST /echo\n");
  CHECK_CONTAINS(answer.body, "Content-Length: 5\n");
  CHECK_LACKS(answer.body, "Content-Type");
  CHECK_STR(body_of_echo(), "hello");
  exchange((struct weir_request){.method = "PUT", .body = "", .body_size = 0}, "/echo");
  CHECK_CONTAINS(answer.body, "PUT /echo\n");
  CHECK_CONTAINS(answer.body, "Content-Length: 0\n");
  exchange((struct weir_request){.method = "PUT", .body = "there", .body_size = 5}, "/echo");
  CHECK_STR(body_of_echo(), "there");
  exchange((struct weir_request){.method = "DELETE"}, "/echo");
  CHECK_CONTAINS(answer.body, "DELETE /echo\n");
  for (int sized = 0; sized < 2; sized++) {
    from_function(0, 10, sized);
    from_function(1, 10, sized);
    from_function(1000, 7, sized);
    from_function(200000, 100000, sized);
  }
  check_body_errors();
  weir_http_free(client);
  return 0;
}

static int head_program(void *arg) {
  (void)arg;
  CHECK((client = weir_http_new(NULL)) != NULL);
  weir_response *response = ask((struct weir_request){.method = "HEAD"}, "/bytes/615");
  CHECK_EQ_INT(answer.status, 200);
  CHECK_EQ_INT(answer.size, 0);
  CHECK_STR(weir_response_header(response, "CONTENT-length"), "615");
  CHECK(weir_response_header(response, "X-None") == NULL);
  struct weir_header header;
  size_t count = 0, lengths = 0;
  for (; weir_response_header_at(response, count, &header); count++)
    lengths += strcasecmp(header.name, "content-length") == 0 && strcmp(header.value, "615") == 0;
  CHECK_INT(count, >, 1);
  CHECK_EQ_INT(lengths, 1);
  CHECK_EQ_INT(weir_response_close(response), 0);
  exchange((struct weir_request){0}, "/bytes/615"); /* on the same connection */
  CHECK_EQ_INT(answer.size, 615);
  for (int status = 400; status < 600; status += 104) {
    char path[32];
    snprintf(path, sizeof path, "/status/%d", status);
    exchange((struct weir_request){0}, path);
    CHECK_EQ_INT(answer.status, status);
  }
  CHECK_EQ_INT(weir_http_counts(client).connections, 1);

  enum { MANY = 40 };
  char names[MANY][16];
  struct weir_header headers[MANY];
  for (int i = 0; i < MANY; i++) {
    snprintf(names[i], sizeof names[i], "X-%d", i);
    headers[i] = (struct weir_header){names[i], i % 2 == 0 ? "some value" : ""};
  }
  exchange((struct weir_request){.headers = headers, .header_count = MANY}, "/echo");
  CHECK_CONTAINS(answer.body, "X-0: some value\n");
  CHECK_CONTAINS(answer.body, "X-39: \n");
  weir_http_free(client);
  return 0;
}

/* ---- redirects --------------------------------------------------------------------------------------------------- */

struct row {
  int status;
  const char *method;
  bool body;
  const char *then; /* "METHOD /echo" */
  bool then_body;
};

static int redirects_program(void *arg) {
  static const struct row rows[] = {
      {301, NULL, false, "GET", false},     {302, NULL, false, "GET", false},       {303, NULL, false, "GET", false},
      {307, NULL, false, "GET", false},     {308, NULL, false, "GET", false},       {301, "POST", true, "GET", false},
      {302, "POST", true, "GET", false},    {303, "POST", true, "GET", false},      {307, "POST", true, "POST", true},
      {308, "POST", true, "POST", true},    {303, "PUT", true, "GET", false},       {307, "PUT", true, "PUT", true},
      {303, "DELETE", false, "GET", false}, {301, "DELETE", false, "DELETE", false}};
  (void)arg;
  CHECK((client = weir_http_new(NULL)) != NULL);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char path[64], line[64], url[64];
    snprintf(path, sizeof path, "/redirect/%d/echo/there", rows[i].status);
    snprintf(line, sizeof line, "%s /echo/there\n", rows[i].then);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/echo/there", server.port);
    weir_response *response = ask((struct weir_request){.method = rows[i].method,
                                                        .body = rows[i].body ? "payload" : NULL,
                                                        .body_size = rows[i].body ? 7 : 0},
                                  path);
    CHECK_EQ_INT(answer.status, 200);
    if (strncmp(answer.body, line, strlen(line)) != 0)
      check_fail(__FILE__, __LINE__, "row %zu: not %s but %s", i, line, answer.body);
    CHECK_STR(body_of_echo(), rows[i].then_body ? "payload" : "");
    CHECK_STR(weir_response_url(response), url);
    CHECK_EQ_INT(weir_response_close(response), 0);
  }
  CHECK_EQ_INT(weir_http_counts(client).connections, 1); /* their small bodies are read */

  exchange((struct weir_request){.max_redirects = -1}, "/redirect/302/echo");
  CHECK_EQ_INT(answer.status, 302);
  CHECK_EQ_INT(answer.size, 100);
  struct piecewise pieces = {.left = 10, .piece = 10};
  exchange((struct weir_request){.read_body = write_pieces, .body_context = &pieces, .body_size = 10},
           "/redirect/307/echo");
  CHECK_EQ_INT(answer.status, 307); /* its body is gone */
  weir_response *response;
  char url[512];
  int length = snprintf(url, sizeof url, "http://127.0.0.1:%d", server.port);
  for (int i = 0; i < 4; i++)
    length += snprintf(url + length, sizeof url - (size_t)length, "/redirect/302");
  struct weir_http_failure failure;
  CHECK_EQ_INT(
      weir_http_do(client, (&(struct weir_request){.url = url, .max_redirects = 2, .failure = &failure}), &response),
      -ELOOP);
  CHECK_CONTAINS(failure.message, "more than 2 redirects");
  weir_http_free(client);
  return 0;
}

/* ---- codings ----------------------------------------------------------------------------------------------------- */

static int codings_program(void *arg) {
  static const char *const codings[] = {"gzip", "deflate"};
  static const long sizes[] = {1, 1000, 290000};
  (void)arg;
  CHECK((client = weir_http_new(NULL)) != NULL);
  for (size_t c = 0; c < 2; c++)
    for (size_t s = 0; s < 3; s++) {
      char path[64];
      snprintf(path, sizeof path, "/coded/%s/%ld", codings[c], sizes[s]);
      exchange((struct weir_request){0}, path);
      CHECK_EQ_INT(answer.size, sizes[s]);
      for (size_t i = 0; i < answer.size; i++)
        CHECK_EQ_INT(answer.body[i], 'x');
      const struct weir_header own = {"Accept-Encoding", codings[c]};
      exchange((struct weir_request){.headers = &own, .header_count = 1}, path); /* then it is the caller's to undo */
      CHECK(answer.size != (size_t)sizes[s]);
    }
  weir_http_free(client);
  CHECK((client = weir_http_new((&(struct weir_http_config){.no_decoding = true}))) != NULL);
  exchange((struct weir_request){0}, "/echo");
  CHECK_LACKS(answer.body, "Accept-Encoding");
  exchange((struct weir_request){0}, "/coded/gzip/1000");
  CHECK_INT(answer.size, <, 1000);
  weir_http_free(client);
  return 0;
}

/* ---- 100-continue ------------------------------------------------------------------------------------------------ */

static struct peer peer;
static bool asked_first; /* nothing of the body had come when 100 was sent */

static void continue_then_answer(void *arg) {
  char head[2048], body[8];
  (void)arg;
  const int fd = peer_accept(&peer);
  CHECK(peer_read_head(fd, head, sizeof head));
  CHECK_CONTAINS(head, "Expect: 100-continue");
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  asked_first = recv(fd, body, sizeof body, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  CHECK(peer_say(fd, "HTTP/1.1 100 Continue\r\n\r\n"));
  for (size_t got = 0; got < 7; got += (size_t)peer_read_some(fd, body, sizeof body))
    ;
  CHECK(memcmp(body, "payload", 7) == 0);
  CHECK(peer_say(fd, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"));
  CHECK_EQ_INT(peer_read_some(fd, head, 1), 0);
  peer_close(fd);
}

static int expected_program(void *arg) {
  weir_response *response;
  (void)arg;
  peer = peer_listen(16);
  CHECK((client = weir_http_new(NULL)) != NULL);
  weir_go(continue_then_answer, NULL);
  const struct weir_header expect = {"Expect", "100-continue"};
  CHECK_EQ_INT(
      weir_http_do(client,
                   (&(struct weir_request){
                       .url = peer.url, .headers = &expect, .header_count = 1, .body = "payload", .body_size = 7}),
                   &response),
      0);
  CHECK(asked_first);
  CHECK_EQ_INT(weir_response_status(response), 201);
  CHECK_EQ_INT(weir_response_close(response), 0);
  weir_http_free(client);
  peer_wait_for_tasks();
  peer_close(peer.listener);
  return 0;
}

static void run(int (*program)(void *)) {
  server = server_start(SERVER_MICROHTTPD);
  run_balanced(WEIR_TIMERS_PROMPT, program, NULL);
  server_stop(&server);
}

#define PROGRAM(name)                                                                                                  \
  static void name(void) {                                                                                             \
    run(name##_program);                                                                                               \
  }
PROGRAM(bodies)
PROGRAM(head)
PROGRAM(redirects)
PROGRAM(codings)
PROGRAM(expected)

static const struct check_case cases[] = {CHECK_CASE(bodies), CHECK_CASE(head), CHECK_CASE(redirects),
                                          CHECK_CASE(codings), CHECK_CASE(expected)};
CHECK_MAIN(cases)
