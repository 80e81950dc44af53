/* transfer.c — one request in libcurl's hands: an easy handle, its options and its callbacks.
 *
 * A body is paused at its first byte, and whenever nobody reads; a resumed one goes straight to the reader's buffer, and
 * what of a piece does not fit to the response's spill (at most one piece, CURL_MAX_WRITE_SIZE): libcurl accepts a piece
 * as a whole or not at all.
 */
#include "client.h"

#include "failure.h"
#include "range.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- stages and failures ---------------------------------------------------------------------------------------- */

static int64_t stage_timeout(const struct weir_http_config *config, enum weir_http_stage stage) {
  switch (stage) {
  case WEIR_HTTP_CONNECT:
    return config->connect_timeout;
  case WEIR_HTTP_TLS:
    return config->tls_timeout;
  case WEIR_HTTP_FIRST_BYTE:
    return config->first_byte_timeout;
  case WEIR_HTTP_HEADERS:
    return config->header_timeout;
  default:
    return WEIR_FOREVER; /* the rate, or the whole request's time, is the limit */
  }
}

int64_t response_deadline(const struct weir_response *response) {
  int64_t timeout = stage_timeout(&response->client->config, response->failure.stage);
  int64_t deadline = later(response->stage_since, timeout);
  return deadline < response->deadline ? deadline : response->deadline;
}

void transfer_enter_stage(struct transfer *transfer, enum weir_http_stage stage) {
  struct weir_response *response = transfer->response;
  if (response->failure.stage == stage || response->failure.error != 0)
    return;
  response->failure.stage = stage;
  if (stage == WEIR_HTTP_SEND)
    await_wake(&response->caller); /* the rate counts from now */
  if (stage_timeout(&transfer->client->config, stage) == WEIR_FOREVER)
    return;
  response->stage_since = weir_now();
  if (response_deadline(response) < response->armed)
    await_wake(&response->caller);
}

int transfer_fail(struct transfer *transfer, int error, const char *format, ...) {
  char message[sizeof transfer->response->failure.message];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  await_wake(&transfer->response->caller);
  return failure_set(&transfer->response->failure, error, "%s", message);
}

/* Something has come, or gone: the server is alive. */
static void progress(struct transfer *transfer) {
  transfer->silent = 0;
  transfer->silent_since = 0;
  if (transfer->connection != NULL)
    transfer->connection->stuck = 0;
}

/* ---- callbacks -------------------------------------------------------------------------------------------------- */

bool transfer_may_be_sent(struct transfer *transfer) {
  if (transfer->times == 0)
    return true;
  if (transfer->salvage != NULL)
    return false;                          /* there is an answer, for transfer_done */
  if (transfer->response->head.complete) { /* after 417 libcurl repeats by itself, for ever */
    transfer->over = true;
    return false;
  }
  if (transfer->times == 1 && transfer->repeatable)
    return true;
  transfer_fail(transfer, -ECONNRESET,
                transfer->times == 1 ? "the server closed a kept connection, and the request must not be repeated"
                                     : "the server closed the connection, of a request that was repeated already");
  return false;
}

/* A connection is there, new or kept; the request goes out when this returns. */
static int on_request(void *arg, char *address, char *local, int port, int local_port) {
  struct transfer *transfer = arg;
  struct weir_response *response = transfer->response;
  (void)address, (void)local, (void)port;
  bool found = connection_found(transfer, local_port);
  if (response->failure.error != 0)
    return CURL_PREREQFUNC_ABORT;
  if (!found)
    return CURL_PREREQFUNC_OK; /* it goes to a dead socket, and libcurl repeats it */
  if (!transfer_may_be_sent(transfer))
    return CURL_PREREQFUNC_ABORT;
  transfer->client->counts.requests++;
  silence_request(transfer);
  if (transfer->times++ != 0) {
    transfer->client->counts.repeated++;
    transfer->asked = false;
    head_clear(&response->head);
    response->bodiless = false;
  }
  transfer_enter_stage(transfer, transfer->sent ? WEIR_HTTP_FIRST_BYTE : WEIR_HTTP_SEND);
  return CURL_PREREQFUNC_OK;
}

static const char *requested(const struct weir_request *request, const char *name) {
  for (size_t i = 0; request != NULL && i < request->header_count; i++)
    if (strcasecmp(request->headers[i].name, name) == 0)
      return request->headers[i].value;
  return NULL;
}

/* A part of a compressed body cannot be decoded: of a range none is asked for. */
bool request_decoded(const struct weir_http *client, const struct weir_request *request) {
  return !client->config.no_decoding && requested(request, "Accept-Encoding") == NULL &&
         requested(request, "Range") == NULL;
}

static void forbid_reuse(struct transfer *transfer) {
  curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 1L);
  transfer->plain = false;
}

/* libcurl calls it for every look at the connection, the last included, while that still is there. */
static int on_progress(void *arg, curl_off_t due, curl_off_t here, curl_off_t up_due, curl_off_t up) {
  struct transfer *transfer = arg;
  (void)due, (void)here, (void)up_due, (void)up;
  transfer->unended = !tls_was_ended(transfer->easy);
  return 0;
}

/* Whoever cuts such a body's connection would otherwise have ended the body. */
static void watch_end(struct transfer *transfer) {
  curl_easy_setopt(transfer->easy, CURLOPT_XFERINFODATA, transfer);
  curl_easy_setopt(transfer->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(transfer->easy, CURLOPT_NOPROGRESS, 0L);
  transfer->plain = false;
}

/* The final answer came while libcurl waited for 100 Continue. It would go on to wait, and not always end. */
static void decline(struct transfer *transfer) {
  transfer->declined = transfer->sent = true;
  forbid_reuse(transfer);
}

/* The final head is here. 0 or the failure's error. */
static int head_complete(struct transfer *transfer) {
  struct weir_response *response = transfer->response;
  const struct head *head = &response->head;
  response->bodiless = head_bodiless(head, transfer->head_method);
  if (head->chunked && head->has_length)
    forbid_reuse(transfer); /* somebody between may have read it otherwise */
  bool empty = response->bodiless || (head->has_length && head->length == 0 && !head->chunked);
  if (empty && !transfer->origin->tls && silence_more_than_head(transfer))
    forbid_reuse(transfer);
  if (transfer->origin->tls && !response->bodiless && !head->has_length && !head->chunked)
    watch_end(transfer);
  uint64_t most = transfer->client->config.max_body_bytes;
  if (!response->bodiless && most != 0 && head->has_length && head->length > most)
    return transfer_fail(transfer, -EFBIG, "a body of %llu bytes: the client's limit is %llu",
                         (unsigned long long)head->length, (unsigned long long)most);
  if (head->status == 206 &&
      !range_matches(requested(transfer->request, "Range"), head_field(head, "Content-Range"),
                     head_field(head, "Content-Type"),
                     head->has_length && !head->chunked && !response->bodiless ? (int64_t)head->length : -1))
    return transfer_fail(transfer, -EBADMSG, "206 Partial Content of a range that was not asked for");
  if (!transfer->sent && !transfer->asked && head->status < 300)
    decline(transfer);
  transfer_enter_stage(transfer, WEIR_HTTP_BODY);
  await_wake(&response->caller);
  return 0;
}

bool transfer_take_line(struct transfer *transfer, const char *line, size_t length) {
  struct weir_response *response = transfer->response;
  struct head *head = &response->head;
  progress(transfer);
  if (response->failure.error != 0)
    return false;
  bool before = head->complete;
  if (!before)
    transfer_enter_stage(transfer, WEIR_HTTP_HEADERS);
  int informational = head->informational;
  const char *why;
  int error = head_line(head, line, length, transfer->client->config.max_header_bytes, &why);
  if (error != 0)
    error = transfer_fail(transfer, error, "%s", why);
  else if (head->complete && !before)
    error = head_complete(transfer);
  else if (head->informational != informational)
    transfer_enter_stage(transfer, transfer->sent ? WEIR_HTTP_FIRST_BYTE : WEIR_HTTP_SEND);
  return error == 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *transfer) {
  return transfer_take_line(transfer, line, size * count) ? size * count : 0;
}

/* A piece of the body is taken. Behind its end there may be more in the same record of TLS: libcurl reads no further, and
 * on the socket nothing is left to be seen, so that it would answer the next request. */
static void look_behind(struct transfer *transfer, size_t size) {
  const struct head *head = &transfer->response->head;
  transfer->taken += size;
  if (transfer->origin->tls && head->has_length && !head->chunked && transfer->taken >= head->length &&
      tls_holds_bytes(transfer->easy))
    forbid_reuse(transfer);
}

static size_t on_body(char *data, size_t unit, size_t count, void *arg) {
  struct transfer *transfer = arg;
  struct weir_response *response = transfer->response;
  size_t size = unit * count;
  progress(transfer);
  if (response->failure.error != 0)
    return 0;
  if (transfer->discarding) {
    look_behind(transfer, size);
    return size;
  }
  size_t room = response->into == NULL ? 0 : response->want - response->got;
  bool full = room == 0 || response->spill_used < response->spill_size;
  if (full || (response->decoder != NULL && size > room)) { /* the spill is where the decoder reads */
    transfer->paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  look_behind(transfer, size);
  response->arrived += size;
  uint64_t most = transfer->client->config.max_body_bytes;
  if (most != 0 && response->arrived > most) {
    transfer_fail(transfer, -EFBIG, "more than the %llu bytes of body that the client admits",
                  (unsigned long long)most);
    return 0;
  }
  size_t now = size < room ? size : room;
  memcpy(response->into + response->got, data, now);
  response->got += now;
  if (now < size && !response_keep(response, data + now, size - now)) {
    transfer_fail(transfer, -ENOMEM, "no memory for a piece of the body");
    return 0;
  }
  await_wake(&response->caller);
  return size;
}

static void all_is_sent(struct transfer *transfer) {
  transfer->sent = true;
  if (!transfer->response->head.complete)
    transfer_enter_stage(transfer, WEIR_HTTP_FIRST_BYTE);
}

static size_t on_upload(char *buffer, size_t unit, size_t count, void *arg) {
  struct transfer *transfer = arg;
  size_t room = unit * count;
  progress(transfer);
  if (transfer->declined)
    return 0;
  transfer->asked = true;
  if (transfer->request == NULL)
    transfer_fail(transfer, -EPROTO, "the server has answered, and nobody has the request's body any more");
  if (transfer->response->failure.error != 0)
    return CURL_READFUNC_ABORT;
  if (transfer->upload_size == 0 && !transfer->upload_ended) {
    transfer->hungry = true;
    await_wake(&transfer->response->caller);
    return CURL_READFUNC_PAUSE;
  }
  size_t size = room < transfer->upload_size ? room : transfer->upload_size;
  if (size != 0)
    memcpy(buffer, transfer->upload, size);
  transfer->upload += size;
  transfer->upload_size -= size;
  transfer->uploaded += size;
  transfer->response->uploading |= size != 0;
  if (transfer->upload_size == 0 && transfer->upload_ended)
    all_is_sent(transfer);
  return size;
}

static int on_rewind(void *arg, curl_off_t offset, int origin) {
  struct transfer *transfer = arg;
  const struct weir_request *request = transfer->request;
  if (request == NULL || offset != 0 || origin != SEEK_SET)
    return CURL_SEEKFUNC_FAIL;
  if (request->read_body != NULL && transfer->uploaded != 0) {
    transfer_fail(transfer, -ECONNRESET, "the server wants the request again, and its body is gone");
    return CURL_SEEKFUNC_FAIL;
  }
  if (request->read_body != NULL)
    return CURL_SEEKFUNC_OK;
  transfer->upload = request->body;
  transfer->upload_size = (size_t)request->body_size;
  transfer->sent = transfer->upload_size == 0;
  return CURL_SEEKFUNC_OK;
}

/* ---- the handle ------------------------------------------------------------------------------------------------- */

/* What every request has. False without memory: libcurl copies strings. */
static bool set_constants(struct transfer *transfer) {
  CURL *easy = transfer->easy;
  struct weir_http *client = transfer->client;
  const struct weir_http_config *config = &client->config;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->text);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
  curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_rewind);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, connection_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, connection_options);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, connection_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, client);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->plain_headers);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 1000000000L); /* what is kept is decided elsewhere */
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 3600L);
  if (config->connected_sockets) {
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, connected_tls);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
  }
  if (config->insecure) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  transfer->plain = true;
  return curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
         (config->ca_file == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file) == CURLE_OK);
}

static struct transfer *transfer_new(struct weir_http *client) {
  struct transfer *transfer = calloc(1, sizeof *transfer);
  if (transfer == NULL)
    return NULL;
  transfer->client = client;
  transfer->easy = curl_easy_init();
  if (transfer->easy != NULL && set_constants(transfer))
    return transfer;
  curl_easy_cleanup(transfer->easy);
  free(transfer);
  return NULL;
}

void transfer_free(struct transfer *transfer) {
  curl_easy_cleanup(transfer->easy);
  curl_slist_free_all(transfer->headers);
  curl_slist_free_all(transfer->addresses);
  curl_url_cleanup(transfer->parsed);
  free(transfer->url);
  free(transfer->salvage);
  free(transfer);
}

static bool is_one_of(const char *method, const char *const *methods) {
  while (*methods != NULL && strcmp(method, *methods) != 0)
    methods++;
  return *methods != NULL;
}

/* Appends; on failure the list is freed and NULL. */
static bool append(struct curl_slist **list, const char *text) {
  struct curl_slist *longer = curl_slist_append(*list, text);
  if (longer == NULL) {
    curl_slist_free_all(*list);
    *list = NULL;
    return false;
  }
  *list = longer;
  return true;
}

static bool append_field(struct curl_slist **list, const char *name, const char *value) {
  char fixed[256];
  size_t size = strlen(name) + strlen(value) + 3;
  char *line = size <= sizeof fixed ? fixed : malloc(size);
  if (line == NULL)
    return false;
  snprintf(line, size, value[0] == '\0' ? "%s;" : "%s: %s", name, value);
  bool appended = append(list, line);
  if (line != fixed)
    free(line);
  return appended;
}

bool transfer_usual_headers(struct weir_http *client, const struct weir_request *request, struct curl_slist **list) {
  const char *agent = client->config.user_agent;
  if (agent[0] != '\0' && requested(request, "User-Agent") == NULL && !append_field(list, "User-Agent", agent))
    return false; /* not CURLOPT_USERAGENT, which libcurl formats twice a request */
  return !request_decoded(client, request) || append(list, "Accept-Encoding: gzip, deflate");
}

static bool set_headers(struct transfer *transfer, const struct weir_request *request, bool body) {
  struct curl_slist **list = &transfer->headers;
  if (!transfer_usual_headers(transfer->client, request, list))
    return false;
  if (body && requested(request, "Content-Type") == NULL && !append(list, "Content-Type:"))
    return false; /* libcurl would call it a form */
  if (body && request->body_size < 0 && !append(list, "Transfer-Encoding: chunked"))
    return false;
  bool unexpecting = transfer->response->unexpecting;
  if (unexpecting && !append(list, "Expect:"))
    return false; /* libcurl would add one to a large body */
  for (size_t i = 0; i < request->header_count; i++) {
    if (unexpecting && strcasecmp(request->headers[i].name, "Expect") == 0)
      continue;
    if (!append_field(list, request->headers[i].name, request->headers[i].value))
      return false;
  }
  return curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, *list) == CURLE_OK;
}

static bool set_method(struct transfer *transfer, const struct weir_request *request, bool body) {
  CURL *easy = transfer->easy;
  const char *method = request->method != NULL ? request->method : body ? "POST" : "GET";
  static const char *const repeatable[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", NULL};
  transfer->repeatable = is_one_of(method, repeatable);
  transfer->head_method = strcmp(method, "HEAD") == 0;
  CURLcode code = CURLE_OK;
  if (body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
  } else if (transfer->head_method) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  if (strcmp(method, body ? "POST" : "GET") != 0 && !transfer->head_method)
    code = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
  return code == CURLE_OK;
}

/* Sets what differs from a plain GET. */
static bool set_request(struct transfer *transfer, const struct weir_request *request) {
  bool body = request->body != NULL || request->read_body != NULL;
  transfer->repeatable = true;
  transfer->sent = !body || request->body_size == 0;
  if (request->read_body == NULL) {
    transfer->upload = request->body;
    transfer->upload_size = (size_t)request->body_size;
    transfer->upload_ended = true;
  }
  if (!body && request->header_count == 0 && request->method == NULL)
    return true;
  transfer->plain = false;
  return set_headers(transfer, request, body) && set_method(transfer, request, body);
}

/* libcurl copies a parsed URL without its zone (7.88): then it has to parse by itself. */
static bool has_zone(CURLU *parsed) {
  char *zone = NULL;
  curl_url_get(parsed, CURLUPART_ZONEID, &zone, 0);
  curl_free(zone);
  return zone != NULL;
}

/* A URL that the handle keeps for many requests is parsed once. */
static bool set_url(struct transfer *transfer, const char *url) {
  if (transfer->url != NULL && strcmp(transfer->url, url) == 0)
    return true;
  CURLU *before = transfer->parsed;
  transfer->parsed = curl_url();
  free(transfer->url);
  transfer->url = strdup(url);
  bool set = transfer->url != NULL && transfer->parsed != NULL &&
             curl_url_set(transfer->parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
             curl_easy_setopt(transfer->easy, CURLOPT_URL, url) == CURLE_OK;
  CURLU *known = set && !has_zone(transfer->parsed) ? transfer->parsed : NULL;
  curl_easy_setopt(transfer->easy, CURLOPT_CURLU, known);
  curl_url_cleanup(before);
  if (!set) {
    free(transfer->url);
    transfer->url = NULL;
  }
  return set;
}

/* libcurl divides its own time to connect, 5 minutes if not told, among the addresses. */
static void share_time(struct transfer *transfer) {
  const struct weir_http_config *config = &transfer->client->config;
  int64_t time = config->connect_timeout;
  if (transfer->origin->tls && __builtin_add_overflow(time, config->tls_timeout, &time))
    time = WEIR_FOREVER;
  int64_t milliseconds = time / WEIR_MILLISECOND + 1;
  curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(milliseconds < INT_MAX ? milliseconds : INT_MAX));
}

static bool set_addresses(struct transfer *transfer) {
  const struct origin *origin = transfer->origin;
  if (origin->addresses == NULL)
    return true;
  if (origin->idle_count == 0 && strchr(origin->addresses, ',') != NULL)
    share_time(transfer);
  return append(&transfer->addresses, origin->addresses) &&
         curl_easy_setopt(transfer->easy, CURLOPT_RESOLVE, transfer->addresses) == CURLE_OK;
}

struct transfer *transfer_take(struct weir_response *response, const struct weir_request *request,
                               struct origin *origin) {
  struct weir_http *client = response->client;
  struct transfer *transfer = client->spare;
  if (transfer != NULL) {
    client->spare = transfer->next;
    client->spare_count--;
  } else if ((transfer = transfer_new(client)) == NULL) {
    return NULL;
  }
  transfer->response = response;
  transfer->request = request;
  transfer->origin = origin;
  origin->references++;
  transfer->next = client->under_way;
  transfer->previous = NULL;
  if (transfer->next != NULL)
    transfer->next->previous = transfer;
  client->under_way = transfer;
  response->transfer = transfer;
  if (set_url(transfer, response->url) && set_addresses(transfer) && set_request(transfer, request))
    return transfer;
  transfer->plain = false;
  transfer_stop(transfer);
  return NULL;
}

/* What set_request, forbid_reuse and watch_end have set. None of it needs memory: curl_easy_reset does, and
 * without it leaves a handle with buffers of no size. */
static void undo_request(const struct transfer *transfer) {
  CURL *easy = transfer->easy;
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
  curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); /* neither POST nor HEAD */
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, NULL);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->client->plain_headers);
}

static void clear(struct transfer *transfer) {
  CURL *easy = transfer->easy;
  if (transfer->addresses != NULL) {
    curl_easy_setopt(easy, CURLOPT_RESOLVE, NULL);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 0L);
    curl_slist_free_all(transfer->addresses);
  }
  if (!transfer->plain) {
    undo_request(transfer);
    curl_slist_free_all(transfer->headers);
  }
  free(transfer->salvage);
  *transfer = (struct transfer){
      .easy = easy,
      .client = transfer->client,
      .plain = true,
      .url = transfer->url,
      .parsed = transfer->parsed,
  };
}

void transfer_give(struct transfer *transfer) {
  struct weir_http *client = transfer->client;
  if (client->spare_count >= SPARE_TRANSFERS_MOST) {
    transfer_free(transfer);
    return;
  }
  clear(transfer);
  transfer->next = client->spare;
  client->spare = transfer;
  client->spare_count++;
}

/* ---- its life --------------------------------------------------------------------------------------------------- */

int transfer_enter(struct transfer *transfer) {
  struct weir_http *client = transfer->client;
  transfer->in_multi = curl_multi_add_handle(client->multi, transfer->easy) == CURLM_OK;
  if (!transfer->in_multi) {
    queue_release(transfer);
    return transfer_fail(transfer, -ENOMEM, "no memory for the transfer");
  }
  client->soon = true;
  return 0;
}

int transfer_start(struct transfer *transfer) {
  struct weir_http *client = transfer->client;
  if (connections_check(client, transfer->origin))
    driver_purge(client, transfer->origin);
  int error = 0;
  if (queue_admits(transfer))
    error = transfer_enter(transfer);
  else
    queue_enter(transfer);
  client->starting = transfer;
  driver_settle(client);
  client->starting = NULL;
  return error;
}

void transfer_stop(struct transfer *transfer) {
  struct weir_http *client = transfer->client;
  struct origin *origin = transfer->origin;
  if (transfer->waiting)
    queue_leave(transfer);
  if (transfer->in_multi) {
    curl_multi_remove_handle(client->multi, transfer->easy);
    queue_release(transfer);
  }
  connection_released(transfer);
  if (transfer->previous != NULL)
    transfer->previous->next = transfer->next;
  else
    client->under_way = transfer->next;
  if (transfer->next != NULL)
    transfer->next->previous = transfer->previous;
  transfer->response->transfer = NULL;
  await_wake(&transfer->response->caller);
  transfer_give(transfer);
  origin_unref(client, origin);
}

void transfer_done(struct transfer *transfer, CURLcode code) {
  struct weir_response *response = transfer->response;
  if (transfer->over || (code != CURLE_OK && salvage_answer(transfer)))
    code = CURLE_OK;
  if (code == CURLE_COULDNT_CONNECT && transfer->no_socket != 0 && !transfer->tried) /* libcurl says what was before */
    failure_set(&response->failure, transfer->no_socket, "no socket");
  if (code != CURLE_OK)
    failure_set_curl(&response->failure, transfer->easy, code, transfer->text, transfer->received);
  else if (transfer->unended)
    failure_set(&response->failure, -ENODATA, "the connection ended without TLS saying so: the body may have been cut");
  response->ended = code == CURLE_OK;
  struct connection *c = transfer->connection;
  bool cut = code == CURLE_OK && !response->head.complete;
  if (cut) /* libcurl is content, and keeps the connection */
    failure_set(&response->failure, -ECONNRESET, "the server closed the connection before the headers were complete");
  transfer_stop(transfer);
  if (cut && c != NULL)
    connection_drop(c);
}

void transfer_nudge(struct transfer *transfer) {
  if (!transfer->in_multi || transfer->attempts != NULL || transfer->connection != NULL ||
      transfer->response->failure.stage != WEIR_HTTP_CONNECT)
    return;
  curl_easy_pause(transfer->easy, CURLPAUSE_ALL); /* nothing is under way: only that it goes on counts */
  curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
  transfer->client->soon = true;
}

void transfer_resume(struct transfer *transfer) {
  struct weir_http *client = transfer->client;
  transfer->paused = transfer->hungry = false;
  CURLcode code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
  if (code != CURLE_OK)
    transfer_done(transfer, code);
  client->soon = true;
  driver_settle(client);
}
