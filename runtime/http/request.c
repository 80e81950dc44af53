/* request.c — a request as its caller sees it: checked, sent from hop to hop, waited for.
 *
 * Everything here runs in the calling task, on the client's worker. The task itself keeps the deadlines: each stage's
 * stands as that of its wait, so none costs a timer.
 */
#include "client.h"

#include "books.h"
#include "decoder.h"
#include "failure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- what makes no sense ---------------------------------------------------------------------------------------- */

static bool is_token(const char *text) {
  static const char marks[] = "!#$%&'*+-.^_`|~"; /* RFC 9110, 5.6.2 */
  if (*text == '\0')
    return false;
  for (; *text != '\0'; text++) {
    bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9');
    if (!letter && strchr(marks, *text) == NULL)
      return false;
  }
  return true;
}

static bool is_framing(const char *name) {
  return strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
}

static int check(const struct weir_request *request, struct weir_http_failure *failure) {
  if (request->url == NULL)
    return failure_set(failure, -EINVAL, "no URL");
  if (request->method != NULL && !is_token(request->method))
    return failure_set(failure, -EINVAL, "the method \"%.32s\" is no HTTP token", request->method);
  if (request->body != NULL && (request->read_body != NULL || request->body_size < 0))
    return failure_set(failure, -EINVAL, "a body in memory has a size, and no function");
  if (request->body == NULL && request->read_body == NULL && request->body_size != 0)
    return failure_set(failure, -EINVAL, "body_size is %lld, and there is no body", (long long)request->body_size);
  if (request->method != NULL && strcmp(request->method, "HEAD") == 0 &&
      (request->body != NULL || request->read_body != NULL))
    return failure_set(failure, -EINVAL, "HEAD with a body");
  if (request->timeout < 0)
    return failure_set(failure, -EINVAL, "timeout is %lld ns", (long long)request->timeout);
  for (size_t i = 0; i < request->header_count; i++) {
    const struct weir_header *header = &request->headers[i];
    if (header->name == NULL || header->value == NULL || !is_token(header->name))
      return failure_set(failure, -EINVAL, "header %zu has no name that is an HTTP token, or no value", i);
    if (strpbrk(header->value, "\r\n") != NULL)
      return failure_set(failure, -EINVAL, "the header %.64s has a line break in its value", header->name);
    if (is_framing(header->name))
      return failure_set(failure, -EINVAL, "the header %.64s is the client's to set: use body_size", header->name);
  }
  return 0;
}

/* ---- one hop ---------------------------------------------------------------------------------------------------- */

struct hop {
  struct weir_response *response;
  const struct weir_request *request;
  struct origin *origin;
  bool followed; /* a redirect would be */
};

static void begin(void *arg) {
  const struct hop *hop = arg;
  struct weir_response *response = hop->response;
  struct transfer *transfer = transfer_take(response, hop->request, hop->origin);
  if (transfer == NULL)
    failure_set(&response->failure, -ENOMEM, "no memory for the transfer");
  else
    transfer_start(transfer);
}

/* libcurl is hungry: the next piece of the request's body, from its function. */
static int feed(struct weir_response *response, const struct weir_request *request) {
  struct transfer *transfer = response->transfer;
  if (response->piece == NULL && (response->piece = malloc(PIECE)) == NULL)
    return failure_set(&response->failure, -ENOMEM, "no memory for a piece of the request's body");
  transfer->hungry = false;
  uint64_t left = request->body_size < 0 ? PIECE : (uint64_t)request->body_size - transfer->uploaded;
  ssize_t size =
      left == 0 ? 0 : request->read_body(request->body_context, response->piece, left < PIECE ? left : PIECE);
  if (response->transfer != transfer) /* it failed while the function blocked */
    return response->failure.error;
  if (size < 0)
    return failure_set(&response->failure, (int)size, "the request's body function failed");
  if ((uint64_t)size > left || (size == 0 && request->body_size >= 0 && left != 0))
    return failure_set(&response->failure, -EINVAL, "the request's body has not the size that was promised");
  transfer->upload = response->piece;
  transfer->upload_size = (size_t)size;
  transfer->upload_ended = size == 0 || (request->body_size >= 0 && (uint64_t)size == left);
  response_resume(response);
  return response->failure.error;
}

/* libcurl waits for more of the request's body, or is about to send some: not after the whole answer has come. */
static bool sends(const struct transfer *transfer) {
  return transfer->hungry || (transfer->connection != NULL && (transfer->connection->wants & CURL_POLL_OUT) != 0);
}

/* The answer's head is here, and nothing more of the request is wanted. */
static bool answered(const struct weir_response *response) {
  const struct transfer *transfer = response->transfer;
  if (!response->head.complete || transfer == NULL)
    return response->head.complete;
  return transfer->sent || response->head.status >= 300 || (transfer->paused && !sends(transfer));
}

/* It has failed already, but after the head was accepted: that is for who reads the body, whenever the bytes came. */
static bool failed_in_body(const struct weir_response *response) {
  return response->transfer == NULL && response->head.complete && response->failure.stage == WEIR_HTTP_BODY;
}

static int wait_for_head(struct hop *hop) {
  struct weir_response *response = hop->response;
  int error = failed_in_body(response) ? 0 : response->failure.error;
  while (error == 0 && !answered(response)) {
    if (response->transfer == NULL)
      return failure_set(&response->failure, -EPROTO, "the connection ended without an answer");
    if (response->transfer->hungry)
      error = feed(response, hop->request);
    else
      error = response_wait(response);
    if (error == 0 && !failed_in_body(response))
      error = response->failure.error;
  }
  return error;
}

static int resolve(struct hop *hop) {
  struct weir_response *response = hop->response;
  struct weir_http *client = response->client;
  int64_t now = weir_now();
  int64_t deadline;
  if (__builtin_add_overflow(now, client->config.resolve_timeout, &deadline) || deadline > response->deadline)
    deadline = response->deadline;
  response->failure.stage = WEIR_HTTP_RESOLVE;
  int error = origin_resolve(client, hop->origin, deadline, response->context);
  if (error == 0)
    return 0;
  if (weir_context_error(response->context) == error)
    return failure_set(&response->failure, error, "the request's context is done");
  if (error == -ETIMEDOUT && weir_now() >= response->deadline)
    return failure_set(&response->failure, error, "the time for the whole request is over");
  return failure_set(&response->failure, error, error == -ETIMEDOUT ? "no answer in time for %s" : "%s",
                     hop->origin->host);
}

static int exchange(struct hop *hop) {
  struct weir_response *response = hop->response;
  struct weir_http *client = response->client;
  int error = origin_of(client, response->url, &hop->origin);
  if (error != 0)
    return failure_set(&response->failure, error,
                       error == -EPROTONOSUPPORT ? "neither http nor https: %s" : "the URL %s", response->url);
  error = resolve(hop);
  if (error == 0 && (client->closing || client->multi == NULL))
    error = failure_set(&response->failure, -ECANCELED, "the client has been freed");
  if (error == 0) {
    response->failure.stage = WEIR_HTTP_QUEUED;
    host_run(begin, hop);
    error = wait_for_head(hop);
  }
  if (error != 0)
    response_stop(response);
  else if (response->transfer != NULL && response->transfer->hungry)
    response_resume(response); /* libcurl gives a body up that is no longer wanted */
  if (response->transfer != NULL)
    response->transfer->request = NULL;
  return error;
}

/* ---- from hop to hop -------------------------------------------------------------------------------------------- */

static bool redirects(const struct weir_response *response, const struct weir_request *request) {
  int status = response->head.status;
  if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308)
    return false;
  if (status >= 307 && request->read_body != NULL)
    return false; /* its body is gone */
  return head_field(&response->head, "Location") != NULL;
}

/* The redirect's body, if it is here already, is read so that the connection can be kept; else it is dropped. */
static void discard(void *arg) {
  struct weir_response *response = arg;
  if (response->transfer == NULL)
    return;
  response->transfer->discarding = true;
  if (response->transfer->paused)
    transfer_resume(response->transfer);
}

struct reference {
  const char *base;
  const char *location;
  char *url;
  int error; /* -ENOMEM, or -EPROTO: no URL */
};

static void refer(void *arg) {
  struct reference *reference = arg;
  CURLU *parser = curl_url();
  char *whole = NULL;
  CURLUcode code = CURLUE_OUT_OF_MEMORY; /* what else could be wrong with the base? */
  if (parser != NULL && curl_url_set(parser, CURLUPART_URL, reference->base, 0) == CURLUE_OK &&
      (code = curl_url_set(parser, CURLUPART_URL, reference->location, CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK &&
      (code = curl_url_get(parser, CURLUPART_URL, &whole, 0)) == CURLUE_OK)
    reference->url = strdup(whole);
  if (reference->url == NULL)
    reference->error = code == CURLUE_OK || code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EPROTO;
  curl_free(whole);
  curl_url_cleanup(parser);
}

/* What a server may learn that another one was told. */
static bool is_secret(const char *name) {
  static const char *const secrets[] = {"Authorization",       "Cookie",           "Cookie2",
                                        "Proxy-Authorization", "WWW-Authenticate", "Host"};
  for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
    if (strcasecmp(name, secrets[i]) == 0)
      return true;
  return false;
}

/* What says something of a body (RFC 9110, 15.4). */
static bool is_of_body(const char *name) {
  return strncasecmp(name, "Content-", 8) == 0 || strcasecmp(name, "Expect") == 0;
}

static void drop(struct weir_request *request, struct weir_header *headers, bool (*unwanted)(const char *name)) {
  size_t kept = 0;
  for (size_t i = 0; i < request->header_count; i++)
    if (!unwanted(request->headers[i].name))
      headers[kept++] = request->headers[i];
  request->headers = headers;
  request->header_count = kept;
}

/* How the next hop's request differs (RFC 9110, 15.4). */
static void turn_to_get(struct weir_request *request, struct weir_header *headers, int status) {
  bool head = request->method != NULL && strcmp(request->method, "HEAD") == 0;
  bool post = request->body != NULL || request->read_body != NULL ||
              (request->method != NULL && strcmp(request->method, "POST") == 0);
  if (status >= 307 || head || (status != 303 && !post))
    return;
  drop(request, headers, is_of_body);
  request->method = NULL;
  request->body = NULL;
  request->read_body = NULL;
  request->body_size = 0;
}

static void forget_answer(struct weir_response *response) {
  head_clear(&response->head);
  response->failure = (struct weir_http_failure){0};
  response->ended = response->bodiless = response->uploading = false;
  response->arrived = 0;
  response->spill_used = response->spill_size = 0;
}

/* 0: there is a next hop; or the failure's error. */
static int redirect(struct weir_response *response, struct weir_request *request, struct weir_header *headers) {
  struct reference reference = {.base = response->url, .location = head_field(&response->head, "Location")};
  host_run(refer, &reference);
  char *url = reference.url;
  if (url == NULL)
    return failure_set(&response->failure, reference.error,
                       reference.error == -EPROTO ? "a redirect to no URL: %.128s"
                                                  : "no memory for a redirect to %.128s",
                       reference.location);
  struct origin *before, *after;
  int error = origin_of(response->client, response->url, &before);
  if (error == 0) {
    error = origin_of(response->client, url, &after);
    if (error == 0) {
      if (before != after)
        drop(request, headers, is_secret);
      origin_unref(response->client, after);
    }
    origin_unref(response->client, before);
  }
  if (error != 0) {
    failure_set(&response->failure, error, "a redirect to %.128s", url);
    free(url);
    return error;
  }
  turn_to_get(request, headers, response->head.status);
  free(response->url);
  response->url = url;
  forget_answer(response);
  return 0;
}

/* 417 to a request whose body has not begun: the server may like it better without an expectation. */
static bool expectation_failed(const struct weir_response *response, const struct weir_request *request) {
  bool body = request->body != NULL || request->read_body != NULL;
  return body && !response->unexpecting && response->head.status == 417 && !response->uploading;
}

static int exchange_without_expectation(struct hop *hop) {
  struct weir_response *response = hop->response;
  response_stop(response);
  forget_answer(response);
  response->unexpecting = true;
  origin_unref(response->client, hop->origin);
  hop->origin = NULL;
  return exchange(hop);
}

static int follow(struct weir_response *response, struct weir_request *request, struct weir_header *headers) {
  const struct weir_http_config *config = &response->client->config;
  int most = request->max_redirects != 0 ? request->max_redirects : (int)config->max_redirects;
  for (int hops = 0;; hops++) {
    struct hop hop = {.response = response, .request = request};
    int error = exchange(&hop);
    if (error == 0 && expectation_failed(response, request))
      error = exchange_without_expectation(&hop);
    bool goes_on = error == 0 && most > 0 && redirects(response, request);
    if (goes_on) {
      host_run(discard, response);
      response_stop(response);
      response->failure = (struct weir_http_failure){.stage = response->failure.stage}; /* of a body not wanted */
      if (hops == most)
        error = failure_set(&response->failure, -ELOOP, "more than %d redirects; the last to %.100s", most,
                            head_field(&response->head, "Location"));
      else
        error = redirect(response, request, headers);
    }
    if (hop.origin != NULL)
      origin_unref(response->client, hop.origin);
    if (error != 0 || !goes_on)
      return error;
  }
}

/* The body's coding, if it was this client that asked for one. */
static int prepare_body(struct weir_response *response, const struct weir_request *request) {
  if (response->bodiless || !response->head.coded || !request_decoded(response->client, request))
    return 0;
  const char *coding = head_field(&response->head, "Content-Encoding");
  int error = decoder_new(coding, &response->decoder);
  if (error == 0)
    return 0;
  return failure_set(&response->failure, error, "the content coding \"%.32s\"", coding);
}

static int perform(struct weir_response *response, const struct weir_request *given) {
  struct weir_request request = *given;
  struct weir_header few[16];
  struct weir_header *headers = few;
  if (given->header_count > sizeof few / sizeof few[0])
    headers = malloc(given->header_count * sizeof *headers);
  response->url = strdup(given->url);
  response->context = given->context == NULL ? NULL : weir_context_ref(given->context);
  int64_t timeout = given->timeout != 0 ? given->timeout : response->client->config.timeout;
  if (timeout == WEIR_FOREVER || __builtin_add_overflow(weir_now(), timeout, &response->deadline))
    response->deadline = WEIR_FOREVER;
  int error = weir_context_error(given->context);
  if (headers == NULL || response->url == NULL)
    error = failure_set(&response->failure, -ENOMEM, "no memory for the request");
  else if (error != 0)
    failure_set(&response->failure, error, "the request's context is done");
  else
    error = follow(response, &request, headers);
  if (error == 0)
    error = prepare_body(response, &request);
  if (headers != few)
    free(headers);
  free(response->piece);
  response->piece = NULL;
  return error;
}

static int give_up(struct weir_response *response, const struct weir_request *request, int error) {
  if (request->failure != NULL)
    *request->failure = response->failure;
  response_stop(response);
  response_free(response);
  return error;
}

int weir_http_do_at(weir_http *client, const struct weir_request *request, weir_response **result, const char *file,
                    int line) {
  if (result == NULL || client == NULL || request == NULL)
    return -EINVAL;
  *result = NULL;
  struct weir_http_failure failure = {0};
  int error = wait_allowed() ? check(request, &failure) : failure_set(&failure, -EPERM, "not in a task");
  if (error != 0) {
    if (request->failure != NULL)
      *request->failure = failure;
    return error;
  }
  struct host_visit visit;
  port_retain(&client->references); /* it may end while this task is on its way */
  error = client_enter(client, &visit);
  if (client->closing)
    error = -ECANCELED;
  struct weir_response *response = error == 0 ? response_new(client, site_of(file, line)) : NULL;
  client_unref(client);
  if (response == NULL)
    error = failure_set(&failure, error != 0 ? error : -ENOMEM,
                        client->closing ? "the client is being freed" : "no memory, or no descriptor, for the request");
  else if ((error = perform(response, request)) != 0)
    error = give_up(response, request, error);
  else
    *result = response;
  if (response == NULL && request->failure != NULL)
    *request->failure = failure;
  host_visit_end(visit);
  return error;
}

int weir_http_get_at(weir_http *client, const char *url, weir_response **response, const char *file, int line) {
  return weir_http_do_at(client, &(struct weir_request){.url = url}, response, file, line);
}
