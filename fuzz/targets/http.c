/* http.c — fuzz target: an HTTP client against scripted servers (http_server.h), over socket pairs, in virtual time.
 *
 * Tasks send requests, read what they like of the answers, give up by time or by a context, while idle connections, or
 * the client itself, are taken away. Model, whatever the servers do:
 *   - each call returns one of the documented results; a timeout is never early;
 *   - a request that arrived last at a fair exchange of a clean connection has that answer, and what is read is a prefix
 *     of its body; when nobody has done anything wrong so far, it succeeds, and has all of it;
 *   - no request is sent on a connection whose server had said something unasked before it was made;
 *   - when the servers have had their say, the same client has right answers from fair ones;
 *   - afterwards no task, response, connection, descriptor or block of libcurl's memory is left.
 */
#include "http_server.h"

#include <weir/http.h>

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 3, NUMBERS = 256, BUFFER = 65536, BODY_REFUSED = -EOWNERDEAD };
enum reading { READS_ALL, READS_LATE, READS_SOME, READS_NOTHING };
enum sending { SENDS_NOTHING, SENDS_MEMORY, SENDS_KNOWN, SENDS_UNKNOWN, SENDS_LESS, SENDS_ERROR };

struct operation {
  uint32_t task;
  const char *method;
  uint32_t place; /* of the server: which URL */
  enum sending sending;
  uint32_t size; /* of the request's body */
  enum reading reading;
  uint32_t buffer;
  int64_t timeout;
  int64_t cancelled; /* after so long; WEIR_FOREVER: no context */
  bool by_deadline;  /* of the context */
  int64_t pause;     /* before */
};

static struct {
  weir_http *client;
  bool patient; /* no limit but the numbers of connections */
  unsigned redirects_most;
  bool ending;  /* the client is being freed */
  int resolves; /* how many addresses, or a negative errno */
  uint32_t count;
  struct operation operations[REQUESTS];
  weir_context *contexts[REQUESTS]; /* for who cancels */
  weir_waitgroup acting;
} world;

/* ---- libcurl's memory ---------------------------------------------------------------------------------------------- */

static size_t blocks; /* of libcurl, alive */

static void *counted_malloc(size_t size) {
  void *block = malloc(size);
  blocks += block != NULL;
  return block;
}

static void *counted_calloc(size_t count, size_t size) {
  void *block = calloc(count, size);
  blocks += block != NULL;
  return block;
}

static void *counted_realloc(void *before, size_t size) {
  void *block = realloc(before, size);
  blocks += before == NULL && block != NULL;
  return block;
}

static char *counted_strdup(const char *text) {
  char *copy = strdup(text);
  blocks += copy != NULL;
  return copy;
}

static void counted_free(void *block) {
  blocks -= block != NULL;
  free(block);
}

__attribute__((constructor)) static void count_memory(void) {
  if (curl_global_init_mem(CURL_GLOBAL_ALL, counted_malloc, counted_free, counted_realloc, counted_strdup,
                           counted_calloc) != CURLE_OK)
    abort();
}

static size_t descriptors_open(void) {
  size_t open = 0;
  for (int fd = 0; fd < NUMBERS; fd++)
    open += fcntl(fd, F_GETFD) >= 0;
  return open;
}

/* ---- drawing ------------------------------------------------------------------------------------------------------- */

static int resolve(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  (void)context, (void)host;
  const struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  servers.blame += world.resolves < 1;
  for (int i = 0; i < world.resolves && i < count; i++)
    memcpy(&addresses[i], &loopback, sizeof loopback);
  return world.resolves;
}

static int64_t draw_limit(void) {
  const int64_t limit = draw_time();
  return limit == 0 ? WEIR_FOREVER : limit;
}

static void draw_limits(struct weir_http_config *config) {
  static const size_t header_bytes[] = {0, 60, 300, 4096};
  static const uint64_t body_bytes[] = {0, 1, 4, 5000};
  config->connect_timeout = draw_limit();
  config->first_byte_timeout = draw_limit();
  config->header_timeout = draw_limit();
  config->timeout = draw_limit();
  config->rate_window = draw_limit();
  config->minimum_rate = weir_draw(256);
  config->max_header_bytes = header_bytes[weir_draw(4)];
  config->max_body_bytes = body_bytes[weir_draw(4)];
  config->max_decoded_bytes = body_bytes[weir_draw(4)];
  config->no_decoding = weir_draw(2) == 1;
}

static struct weir_http_config draw_config(void) {
  static const int64_t idle[] = {0, WEIR_MILLISECOND, 2 * WEIR_SECOND, WEIR_FOREVER};
  static const int resolved[] = {1, 1, 1, 2, 0, -EADDRNOTAVAIL};
  struct weir_http_config config = {
      .resolve_timeout = WEIR_FOREVER,
      .connect_timeout = WEIR_FOREVER,
      .first_byte_timeout = WEIR_FOREVER,
      .header_timeout = WEIR_FOREVER,
      .rate_window = WEIR_FOREVER,
      .max_connections = weir_draw(3),
      .max_connections_per_host = weir_draw(3),
      .max_idle = weir_draw(3),
      .max_idle_per_host = weir_draw(3),
      .idle_timeout = idle[weir_draw(4)],
      .max_redirects = weir_draw(4),
      .resolve = resolve,
      .open_socket = servers_open,
      .connected_sockets = true,
  };
  world.redirects_most = config.max_redirects == 0 ? 10 : config.max_redirects;
  world.patient = weir_draw(2) == 0;
  if (!world.patient)
    draw_limits(&config);
  world.resolves = resolved[weir_draw(6)];
  return config;
}

static bool is_head(const struct operation *operation) {
  return operation->method != NULL && strcmp(operation->method, "HEAD") == 0;
}

static void draw_operation(struct operation *operation) {
  static const char *const methods[] = {NULL, NULL, "HEAD", "PUT", "POST", "DELETE"};
  static const uint32_t buffers[] = {16384, 1, 100, 5000, 65536};
  operation->task = weir_draw(TASKS);
  operation->place = weir_draw(3);
  operation->method = methods[weir_draw(6)];
  operation->sending = (enum sending)weir_draw(6);
  if (operation->sending != SENDS_NOTHING)
    operation->size = draw_size();
  if (is_head(operation))
    operation->sending = SENDS_NOTHING;
  operation->reading = (enum reading)weir_draw(4);
  operation->buffer = buffers[weir_draw(5)];
  operation->timeout = weir_draw(4) == 3 ? draw_time() : 0;
  operation->cancelled = weir_draw(4) == 3 ? draw_time() : WEIR_FOREVER;
  operation->by_deadline = weir_draw(2) == 1;
  operation->pause = draw_time();
}

/* ---- requests ------------------------------------------------------------------------------------------------------ */

static const char *const places[] = {"127.0.0.1", "127.0.0.1:81", "example.test"};

/* The least that may be asked of a request: nobody has done anything wrong, and nothing ends it. */
static bool must_succeed(const struct operation *operation) {
  return world.patient && servers.blame == 0 && !world.ending && operation->timeout == 0 &&
         operation->cancelled == WEIR_FOREVER && operation->sending < SENDS_LESS;
}

static bool is_documented(int error) {
  static const int errors[] = {EINVAL,          EADDRNOTAVAIL, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ECONNRESET,
                               ENODATA,         EPROTO,        EBADMSG,      EMSGSIZE,     EFBIG,       ELOOP,
                               EPROTONOSUPPORT, ETIMEDOUT,     ECANCELED,    ENOMEM,       EMFILE};
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
    if (error == -errors[i])
      return true;
  return false;
}

struct upload {
  const struct operation *operation;
  uint32_t sent;
};

static ssize_t give_body(void *context, void *buffer, size_t size) {
  struct upload *upload = context;
  const struct operation *operation = upload->operation;
  const uint32_t number = (uint32_t)(operation - world.operations);
  uint32_t left = operation->size - upload->sent;
  if (operation->sending >= SENDS_LESS && left <= operation->size / 2)
    return operation->sending == SENDS_LESS ? 0 : BODY_REFUSED;
  left = left < size ? left : (uint32_t)size;
  left = left < 5000 ? left : 5000;
  for (uint32_t i = 0; i < left; i++)
    ((char *)buffer)[i] = body_byte(number, upload->sent + i);
  upload->sent += left;
  if (operation->pause != 0)
    weir_sleep(operation->pause);
  return left;
}

static void check_error(const struct operation *operation, int error, int64_t begun, const char *why) {
  const bool own = operation->sending == SENDS_ERROR && error == BODY_REFUSED;
  const struct note *note = &servers.notes[operation - world.operations];
  if (!is_documented(error) && !own)
    weir_fail(WEIR_VERDICT_MODEL, __FILE__, __LINE__, "an undocumented result: %d, %s", error, why);
  if (must_succeed(operation) && !(error == -ELOOP && note->redirects > world.redirects_most))
    weir_fail(WEIR_VERDICT_MODEL, __FILE__, __LINE__, "a request to fair servers: %d, %s", error, why);
  if (error == -ETIMEDOUT && world.patient) {
    const bool late = operation->timeout != 0 && weir_now() - begun >= operation->timeout;
    const bool done = operation->by_deadline && weir_now() - begun >= operation->cancelled;
    weir_model(late || done);
  }
  if (error == -ECANCELED)
    weir_model(world.ending || operation->cancelled != WEIR_FOREVER);
}

/* What the answer must be; NULL: nothing is known. (After a redirect it is somebody else's.) */
static const struct exchange *expected(uint32_t number) {
  const struct note *note = &servers.notes[number];
  return note->last != NULL && !note->last->hostile && !note->last->redirects && note->clean ? note->last : NULL;
}

static void check_head(uint32_t number, const weir_response *response) {
  const struct exchange *exchange = expected(number);
  if (exchange == NULL)
    return;
  weir_model(weir_response_status(response) == exchange->status);
  const char *value = weir_response_header(response, "x-request");
  weir_model(value != NULL && strtoul(value, NULL, 10) == number);
  struct weir_header header;
  weir_model(weir_response_header_at(response, 0, &header) && strcmp(header.name, "X-Request") == 0);
  weir_model(!weir_response_header_at(response, 1000, &header));
}

/* Reads at most so many times; what comes is a prefix of the body, and the body when it ends. */
static void read_body(const struct operation *operation, weir_response *response, uint32_t times, int64_t begun) {
  const uint32_t number = (uint32_t)(operation - world.operations);
  const struct exchange *exchange = expected(number);
  const uint32_t whole = exchange == NULL || is_head(operation) ? 0 : exchange->size;
  char *buffer = malloc(BUFFER);
  weir_assert(buffer != NULL);
  uint32_t size = 0;
  ssize_t got = 1;
  for (uint32_t i = 0; i < times && got > 0; i++) {
    const size_t room = i < 50 ? operation->buffer : BUFFER;
    char *into = buffer + BUFFER - room; /* so that nothing is behind it */
    got = weir_response_read(response, into, room);
    if (got < 0)
      check_error(operation, (int)got, begun, weir_response_failure(response)->message);
    weir_model(got <= (ssize_t)room);
    for (ssize_t at = 0; at < got && exchange != NULL; at++, size++)
      weir_model(size < whole && into[at] == body_byte(number, size));
  }
  weir_model(got != 0 || exchange == NULL || size == whole);
  if (got <= 0)
    weir_model(weir_response_read(response, buffer, 1) == got && weir_response_failure(response)->error == got);
  free(buffer);
}

static void take_answer(const struct operation *operation, weir_response *response, int64_t begun) {
  check_head((uint32_t)(operation - world.operations), response);
  if (operation->reading == READS_LATE)
    weir_sleep(operation->pause);
  if (operation->reading != READS_NOTHING)
    read_body(operation, response, operation->reading == READS_SOME ? 2 : UINT32_MAX, begun);
  weir_model(weir_response_close(response) == 0);
}

static void cancel_later(void *arg) {
  const struct operation *operation = arg;
  weir_context *context = world.contexts[operation - world.operations];
  weir_sleep(operation->cancelled);
  weir_context_cancel(context);
  weir_context_unref(context);
  weir_waitgroup_done(&world.acting);
}

/* A context that will be done after a while; the caller's. */
static weir_context *context_of(struct operation *operation) {
  if (operation->cancelled == WEIR_FOREVER)
    return NULL;
  weir_context *background = weir_context_background();
  weir_context *context;
  if (operation->by_deadline) {
    context = weir_context_with_deadline(background, weir_now() + operation->cancelled);
  } else {
    context = weir_context_with_cancel(background);
    world.contexts[operation - world.operations] = weir_context_ref(context);
    weir_waitgroup_add(&world.acting, 1);
    weir_go(cancel_later, operation);
  }
  weir_context_unref(background);
  return context;
}

static void send_request(struct operation *operation) {
  const uint32_t number = (uint32_t)(operation - world.operations);
  char url[64];
  snprintf(url, sizeof url, "http://%s/%u-%u", places[operation->place], number, number);
  struct upload upload = {.operation = operation};
  struct weir_http_failure failure = {.error = -ECANCELED, .message = "not sent"};
  struct weir_request request = {.url = url, .method = operation->method, .timeout = operation->timeout};
  char *body = NULL;
  if (operation->sending == SENDS_MEMORY) {
    request.body = body = malloc(operation->size + 1);
    weir_assert(body != NULL);
    for (uint32_t i = 0; i < operation->size; i++)
      body[i] = body_byte(number, i);
    request.body_size = operation->size;
  } else if (operation->sending != SENDS_NOTHING) {
    request.read_body = give_body;
    request.body_context = &upload;
    request.body_size = operation->sending == SENDS_UNKNOWN ? -1 : (int64_t)operation->size;
  }
  const int64_t begun = weir_now();
  request.context = context_of(operation);
  request.failure = &failure;
  servers.notes[number].begun = moment();
  weir_response *response = NULL;
  const int error = world.ending ? failure.error : weir_http_do(world.client, &request, &response);
  weir_model((error == 0) == (response != NULL));
  if (error != 0) {
    weir_model(failure.error == error && failure.message[0] != '\0');
    check_error(operation, error, begun, failure.message);
  } else {
    take_answer(operation, response, begun);
  }
  weir_context_unref(request.context);
  free(body);
}

/* ---- the program --------------------------------------------------------------------------------------------------- */

static void act(void *arg) {
  const uint32_t task = (uint32_t)(uintptr_t)arg;
  for (uint32_t i = 0; i < world.count; i++) {
    struct operation *operation = &world.operations[i];
    if (operation->task != task)
      continue;
    if (operation->pause != 0)
      weir_sleep(operation->pause);
    send_request(operation);
  }
  weir_waitgroup_done(&world.acting);
}

/* All servers have closed their connections: new ones are fair. */
static void ask_again(void) {
  weir_waitgroup_wait(&servers.serving);
  servers.reformed = true;
  servers.blame = 0;
  struct operation *last = &world.operations[REQUESTS - 1];
  *last = (struct operation){.cancelled = WEIR_FOREVER, .buffer = 100};
  send_request(last);
  const struct weir_http_counts counts = weir_http_counts(world.client);
  weir_model(counts.open == counts.idle);
}

static void end_client(void) {
  world.ending = true;
  weir_http_free(world.client);
}

static void prepare(void) {
  memset(&world, 0, sizeof world);
  const struct weir_http_config config = draw_config();
  world.count = 1 + weir_draw(REQUESTS - 1);
  for (uint32_t i = 0; i < world.count; i++)
    draw_operation(&world.operations[i]);
  world.client = weir_http_new(&config);
  weir_model(world.client != NULL);
  servers_prepare();
}

WEIR_SCENARIO(http, "a client against servers that do what they like", .sim.workers = 1) {
  const size_t descriptors = descriptors_open(), blocks_before = blocks;
  const uint32_t ends = weir_draw(4);
  const int64_t open_for = draw_time();
  prepare();
  weir_waitgroup_add(&world.acting, TASKS);
  for (uintptr_t i = 0; i < TASKS; i++)
    weir_go(act, (void *)i); /* NOLINT(performance-no-int-to-ptr): a task's number */
  if (ends != 0)
    weir_sleep(open_for);
  if (ends == 1)
    end_client();
  else if (ends != 0)
    weir_http_close_idle(world.client);
  weir_waitgroup_wait(&world.acting);
  if (ends != 1) {
    ask_again();
    end_client();
  }
  weir_model(weir_counts().responses == 0 && weir_counts().connections == 0);
  weir_waitgroup_wait(&servers.serving);
  weir_settle(WEIR_FOREVER);
  weir_model(weir_task_count() == 1);
  weir_model(blocks == blocks_before);
  weir_model(descriptors_open() == descriptors);
  return 0;
}
