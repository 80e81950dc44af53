/* transfer.c — one request in libcurl's hands: its callbacks, and its life. The handle's options are in handle.c.
 *
 * A body is paused at its first byte, and whenever nobody reads; a resumed one goes straight to the reader's buffer, and
 * what of a piece does not fit to the response's spill (at most one piece, CURL_MAX_WRITE_SIZE): libcurl accepts a piece
 * as a whole or not at all.
 */
#include "client.h"

#include "failure.h"
#include "range.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
      !range_matches(request_field(transfer->request, "Range"), head_field(head, "Content-Range"),
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

void transfer_set_callbacks(struct transfer *transfer) {
  CURL *easy = transfer->easy;
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
