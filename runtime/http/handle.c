/* handle.c — what an easy handle is told of a request, and forgets after it.
 *
 * A handle is made once and used for many requests: what every request has is set when it is made, and what differs from
 * a plain GET is undone one by one. Spare ones keep their URL, which is parsed once as long as it stays the same.
 */
#include "client.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- what a request says ---------------------------------------------------------------------------------------- */

const char *request_field(const struct weir_request *request, const char *name) {
  for (size_t i = 0; request != NULL && i < request->header_count; i++)
    if (strcasecmp(request->headers[i].name, name) == 0)
      return request->headers[i].value;
  return NULL;
}

/* A part of a compressed body cannot be decoded: of a range none is asked for. */
bool request_decoded(const struct weir_http *client, const struct weir_request *request) {
  return !client->config.no_decoding && request_field(request, "Accept-Encoding") == NULL &&
         request_field(request, "Range") == NULL;
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
  transfer_set_callbacks(transfer);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, connection_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, connection_options);
  curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, connection_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, client);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->plain_headers);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 1000000000L); /* what is kept is decided elsewhere */
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 3600L);
  if (config->rate_window / 2 < WEIR_SECOND) /* in a window some of a body moves, which first waits for 100 Continue */
    curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)(config->rate_window / 2 / WEIR_MILLISECOND));
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
  if (agent[0] != '\0' && request_field(request, "User-Agent") == NULL && !append_field(list, "User-Agent", agent))
    return false; /* not CURLOPT_USERAGENT, which libcurl formats twice a request */
  return !request_decoded(client, request) || append(list, "Accept-Encoding: gzip, deflate");
}

static bool set_headers(struct transfer *transfer, const struct weir_request *request, bool body) {
  struct curl_slist **list = &transfer->headers;
  if (!transfer_usual_headers(transfer->client, request, list))
    return false;
  if (body && request_field(request, "Content-Type") == NULL && !append(list, "Content-Type:"))
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
