/* play.c — the client's side of a row: its steps, and what must hold after any of them. */
#include "check.h"
#include "row.h"

#include <weir.h>
#include <weir/census.h>

#include <dirent.h>
#include <malloc.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>

#if SANITIZED
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc has no header for it */
#endif

enum fault planted;

/* ---- looking ---------------------------------------------------------------------------------------------------- */

static int count_descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  CHECK(folder != NULL);
  int count = 0;
  while (readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count - 3; /* ".", "..", and the folder's own */
}

static int64_t heap_bytes(void) {
#if SANITIZED
  return (int64_t)__sanitizer_get_current_allocated_bytes();
#else
  struct mallinfo2 info = mallinfo2();
  return (int64_t)(info.uordblks + info.hblkhd);
#endif
}

static int64_t memory_field(const char *name) {
  char line[128];
  long kilobytes = -1;
  FILE *file = fopen("/proc/self/status", "r");
  CHECK(file != NULL);
  while (kilobytes < 0 && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, name, strlen(name)) == 0)
      kilobytes = strtol(line + strlen(name), NULL, 10);
  fclose(file);
  return kilobytes * 1024;
}

/* From now on VmHWM is the most since now. */
static void forget_peak(void) {
  FILE *file = fopen("/proc/self/clear_refs", "w");
  CHECK(file != NULL);
  fputs("5", file);
  fclose(file);
}

__attribute__((format(printf, 2, 3))) static void complain(struct play *play, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(play->outcome->complaint, sizeof play->outcome->complaint, format, arguments);
  va_end(arguments);
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static void make_url(const struct play *play, const char *text, char *url, size_t size) {
  bool tls = play->row->certificate != NULL;
  if (text == NULL) {
    snprintf(url, size, "%s://127.0.0.1:%u/row", tls ? "https" : "http", play->peer.ports[0]);
    return;
  }
  size_t used = 0;
  for (; *text != '\0' && used + 32 < size; text++)
    if (*text == HERE[0] || *text == THERE[0])
      used += (size_t)snprintf(url + used, 32, "127.0.0.1:%u", play->peer.ports[*text == THERE[0]]);
    else
      url[used++] = *text;
  url[used] = '\0';
}

static void read_body(struct play *play, weir_response *response) {
  struct outcome *outcome = play->outcome;
  char buffer[4096];
  ssize_t got;
  outcome->body_size = 0;
  outcome->body[0] = '\0';
  while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0) {
    size_t room = outcome->body_size < sizeof outcome->body ? sizeof outcome->body - 1 - outcome->body_size : 0;
    size_t kept = (size_t)got < room ? (size_t)got : room;
    if (kept != 0) {
      memcpy(outcome->body + outcome->body_size, buffer, kept);
      outcome->body[outcome->body_size + kept] = '\0';
    }
    outcome->body_size += (uint64_t)got;
  }
  if (weir_response_read(response, buffer, sizeof buffer) != got)
    complain(play, "a body's end, or error, does not stay");
  outcome->error = (int)got;
  if (got < 0) {
    outcome->stage = weir_response_failure(response)->stage;
    snprintf(outcome->message, sizeof outcome->message, "%s", weir_response_failure(response)->message);
    if (weir_response_failure(response)->error != got)
      complain(play, "weir_response_failure tells another error");
  }
}

static weir_response *send_request(struct play *play) {
  struct outcome *outcome = play->outcome;
  struct weir_http_failure failure = {0};
  struct weir_request request = play->row->request;
  char url[256];
  weir_response *response;
  make_url(play, request.url, url, sizeof url);
  request.url = url;
  request.failure = &failure;
  outcome->error = weir_http_do(play->client, &request, &response);
  outcome->stage = failure.stage;
  memcpy(outcome->message, failure.message, sizeof outcome->message);
  if (failure.error != outcome->error || (response == NULL) != (outcome->error != 0))
    complain(play, "the result is %d, the failure's error %d", outcome->error, failure.error);
  outcome->status = weir_response_status(response);
  return response;
}

/* The response is at its end; so is the row, but for what else its steps do. */
static void settle(struct play *play, weir_response *response) {
  struct outcome *outcome = play->outcome;
  outcome->bytes_held = heap_bytes() - play->heap_before;
  if (response != NULL && planted != FAULT_RESPONSE)
    weir_response_close(response);
  outcome->counts = weir_http_counts(play->client);
  outcome->idle = outcome->counts.idle;
  outcome->open = outcome->counts.open;
}

/* Every limit of time in the row's client holds for the good requests too, and the server may be slow for once. */
static bool in_a_hurry(const struct weir_http_config *config) {
  return config->first_byte_timeout != 0 || config->header_timeout != 0 || config->tls_timeout != 0 ||
         config->rate_window != 0;
}

static bool ask_for(struct play *play, const char *path, const char *body) {
  char text[64], url[256], got[64] = "";
  weir_response *response;
  int error;
  snprintf(text, sizeof text, "%s://%s%s", play->row->certificate != NULL && !play->row->elsewhere ? "https" : "http",
           play->row->elsewhere ? THERE : HERE, path);
  make_url(play, text, url, sizeof url);
  do
    error = weir_http_get(play->client, url, &response);
  while (error == -ETIMEDOUT && in_a_hurry(&play->row->config));
  if (error != 0) {
    complain(play, "%s gives %s", path, strerrorname_np(-error));
    return false;
  }
  size_t size = 0;
  ssize_t more;
  while ((more = weir_response_read(response, got + size, sizeof got - 1 - size)) > 0)
    size += (size_t)more;
  int status = weir_response_status(response);
  weir_response_close(response);
  if (more == 0 && status == 200 && strcmp(got, body) == 0)
    return true;
  complain(play, "%s gives %d, \"%s\"", path, status, got);
  return false;
}

static bool ask_for_good(struct play *play, unsigned number) {
  char path[32], body[32];
  snprintf(path, sizeof path, "/good?%u", number);
  snprintf(body, sizeof body, "good %u", number);
  return ask_for(play, path, body);
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

void play_once(struct play *play) {
  weir_response *response = send_request(play);
  if (response != NULL)
    read_body(play, response);
  settle(play, response);
}

void play_kept(struct play *play) {
  if (!ask_for_good(play, 1))
    return;
  play_once(play);
}

void play_go_on(struct play *play) {
  weir_response *response = send_request(play);
  sem_post(&play->peer.seen->go);
  if (response != NULL)
    read_body(play, response);
  settle(play, response);
}

static int last_socket;

static int open_socket(void *context, const struct sockaddr *address, socklen_t length) {
  (void)context, (void)length;
  last_socket = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return last_socket < 0 ? -errno : last_socket;
}

void play_and_go(struct play *play) {
  play_once(play);
  sem_post(&play->peer.seen->go);
}

static void watch(struct play *play) {
  while (weir_http_counts(play->client).idle != 0)
    weir_sleep(WEIR_MILLISECOND);
  settle(play, NULL);
}

void play_go_on_watched(struct play *play) {
  play_go_on(play);
  watch(play);
}

void play_watched(struct play *play) {
  play_once(play);
  if (play->outcome->idle != 1)
    complain(play, "the connection was not kept in the first place");
  sem_post(&play->peer.seen->go);
  watch(play);
}

void play_guarded(struct play *play) {
  play_once(play);
  if (play->outcome->idle != 1)
    complain(play, "the connection was not kept in the first place");
  sem_post(&play->peer.seen->go);
  while (sem_wait(&play->peer.seen->done) != 0) /* blocks the worker */
    continue;
  struct pollfd look = {.fd = last_socket, .events = POLLIN};
  while (poll(&look, 1, -1) != 1)
    continue;
  play->outcome->next_answered = ask_for_good(play, 2);
  struct weir_http_counts counts = weir_http_counts(play->client);
  if (counts.connections != 2)
    complain(play, "the next request had no connection of its own");
  weir_http_close_idle(play->client);
  settle(play, NULL);
}

void play_secrets(struct play *play) {
  play_once(play);
  if (!ask_for(play, "/secrets", "none"))
    play->outcome->error = -EIO;
}

static void go_when_blocked(void *arg) {
  struct play *play = arg;
  weir_settle(WEIR_FOREVER);
  sem_post(&play->peer.seen->go);
}

void play_when_blocked(struct play *play) {
  CHECK_EQ_INT(weir_go(go_when_blocked, play), 0);
  play_once(play);
}

/* Blocks the worker. */
static void await_reset(struct play *play) {
  sem_post(&play->peer.seen->go);
  while (sem_wait(&play->peer.seen->done) != 0)
    continue;
  struct pollfd look = {.fd = last_socket, .events = 0};
  while (poll(&look, 1, -1) != 1)
    continue;
}

static void go_when_sending(void *arg) {
  struct play *play = arg;
  while (weir_http_counts(play->client).requests == 0)
    weir_yield();
  await_reset(play);
}

void play_when_sending(struct play *play) {
  const struct weir_task_options here = {.pinned = true}; /* which becomes the client's worker */
  CHECK_EQ_INT(weir_go_with(&here, go_when_sending, play), 0);
  play_once(play);
}

static ssize_t upload_until_reset(void *context, void *buffer, size_t size) {
  struct play *play = context;
  static bool begun;
  if (begun)
    await_reset(play);
  begun = true;
  memset(buffer, 'u', size);
  return (ssize_t)size;
}

void play_upload_reset(struct play *play) {
  struct row row = *play->row;
  row.request.read_body = upload_until_reset;
  row.request.body_context = play;
  row.request.body_size = 1 << 20;
  const struct row *before = play->row;
  play->row = &row;
  play_once(play);
  play->row = before;
}

/* ---- a row ------------------------------------------------------------------------------------------------------ */

static void leave_task(void *arg) {
  weir_chan *never = arg;
  weir_chan_recv(never, NULL);
}

static void plant(struct play *play) {
  static char *volatile memory;
  if (planted == FAULT_DESCRIPTOR)
    CHECK(dup(0) >= 0);
  if (planted == FAULT_MEMORY) {
    memory = malloc(64 << 20);
    CHECK(memory != NULL);
    memset(memory, 1, 64 << 20);
  }
  if (planted == FAULT_POISON)
    atomic_store(&play->peer.seen->poisoned, true);
  if (planted == FAULT_TASK)
    weir_go(leave_task, weir_chan_new(0, 0));
  if (planted == FAULT_UNSEEN)
    atomic_fetch_add(&play->peer.seen->connections, 1);
  if (planted == FAULT_SWALLOW)
    atomic_fetch_add(&play->peer.seen->sent, 1ULL << 30);
}

/* What is made once in a process: libcurl's own, the run's poller. */
static void warm_up(struct play *play) {
  char url[64];
  weir_response *response;
  snprintf(url, sizeof url, "http://127.0.0.1:%u/good?0", play->peer.ports[1]);
  weir_http *client = weir_http_new(NULL);
  CHECK(client != NULL);
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  weir_response_close(response);
  weir_http_free(client);
  atomic_store(&play->peer.seen->connections, 0);
  atomic_store(&play->peer.seen->requests, 0);
}

static void look_afterwards(struct play *play, size_t bytes_before) {
  struct outcome *outcome = play->outcome;
  struct weir_counts counts = weir_counts();
  outcome->responses = counts.responses;
  outcome->tasks = counts.tasks;
  outcome->bytes_left = (int64_t)counts.bytes - (int64_t)bytes_before;
  outcome->fds_after = count_descriptors();
  outcome->bytes_peak = memory_field("VmHWM:") - outcome->bytes_peak;
}

static int play_in_run(void *arg) {
  struct play *play = arg;
  struct outcome *outcome = play->outcome;
  warm_up(play);
  size_t bytes_before = weir_counts().bytes;
  outcome->fds_before = count_descriptors();
  forget_peak();
  outcome->bytes_peak = memory_field("VmRSS:");
  play->heap_before = heap_bytes();
  play->client = weir_http_new(&play->config);
  CHECK(play->client != NULL);
  plant(play);
  (play->row->steps != NULL ? play->row->steps : play_once)(play);
  outcome->next_answered = ask_for_good(play, 8) && ask_for_good(play, 9);
  weir_http_close_idle(play->client);
  outcome->connections = weir_counts().connections;
  outcome->all = weir_http_counts(play->client);
  weir_http_free(play->client);
  look_afterwards(play, bytes_before);
  return 0;
}

static void complete_config(struct play *play) {
  play->config = play->row->config;
  play->config.open_socket = open_socket;
  if (play->row->certificate != NULL && !play->row->untrusted)
    play->config.ca_file = play->certificate.path;
}

void play_row(const struct row *row, struct outcome *outcome, unsigned workers) {
  struct play play = {.row = row, .outcome = outcome};
  if (row->certificate != NULL) {
    long days = row->certificate_days != 0 ? row->certificate_days : 1;
    certificate_make(&play.certificate, row->certificate, -7 * 86400, days * 86400);
  }
  peer_begin(&play.peer, &row->script, row->certificate != NULL ? &play.certificate : NULL);
  complete_config(&play);
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = workers}, play_in_run, &play), 0);
  outcome->peer_ended = peer_end(&play.peer);
  outcome->requests += atomic_load(&play.peer.seen->rows);
  outcome->peer_connections = atomic_load(&play.peer.seen->connections);
  outcome->peer_requests = atomic_load(&play.peer.seen->requests);
  outcome->peer_sent = atomic_load(&play.peer.seen->sent);
  if (row->certificate != NULL)
    certificate_free(&play.certificate);
  outcome->finished = true;
}
