/* client.c — a client's options, its home, its beginning and its end. */
#include "client.h"

#include "books.h"
#include "scheduler.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <weir/version.h>

/* ---- options ---------------------------------------------------------------------------------------------------- */

static int64_t duration(int64_t given, int64_t usual) {
  return given == 0 ? usual : given;
}

static bool makes_sense(const struct weir_http_config *config) {
  const int64_t durations[] = {config->resolve_timeout,    config->connect_timeout, config->tls_timeout,
                               config->first_byte_timeout, config->header_timeout,  config->timeout,
                               config->rate_window,        config->idle_timeout};
  for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++)
    if (durations[i] < 0)
      return false;
  return config->max_header_bytes <= HEADER_BYTES_MOST;
}

/* Strings are copied. False without memory. */
static bool copy_config(struct weir_http_config *to, const struct weir_http_config *from) {
  *to = *from;
  to->resolve_timeout = duration(from->resolve_timeout, 10 * WEIR_SECOND);
  to->connect_timeout = duration(from->connect_timeout, 30 * WEIR_SECOND);
  to->tls_timeout = duration(from->tls_timeout, 10 * WEIR_SECOND);
  to->first_byte_timeout = duration(from->first_byte_timeout, 60 * WEIR_SECOND);
  to->header_timeout = duration(from->header_timeout, 30 * WEIR_SECOND);
  to->timeout = duration(from->timeout, WEIR_FOREVER);
  to->rate_window = duration(from->rate_window, 60 * WEIR_SECOND);
  to->idle_timeout = duration(from->idle_timeout, 90 * WEIR_SECOND);
  to->minimum_rate = from->minimum_rate == 0 ? 1 : from->minimum_rate;
  to->max_idle = from->max_idle == 0 ? 100 : from->max_idle;
  to->max_idle_per_host = from->max_idle_per_host == 0 ? 2 : from->max_idle_per_host;
  to->max_header_bytes = from->max_header_bytes == 0 ? HEADER_BYTES_MOST : from->max_header_bytes;
  to->max_decoded_bytes = from->max_decoded_bytes == 0 ? (uint64_t)1 << 30 : from->max_decoded_bytes;
  to->max_decoded_ratio = from->max_decoded_ratio == 0 ? 200 : from->max_decoded_ratio;
  to->max_redirects = from->max_redirects == 0 ? 10 : from->max_redirects;
  to->ca_file = from->ca_file == NULL ? NULL : strdup(from->ca_file);
  to->user_agent = strdup(from->user_agent == NULL ? "weir/" WEIR_VERSION_STRING : from->user_agent);
  return to->user_agent != NULL && (from->ca_file == NULL || to->ca_file != NULL);
}

/* ---- home ------------------------------------------------------------------------------------------------------- */

static void take_down(void *arg) {
  struct weir_http *client = arg;
  if (client->multi != NULL)
    driver_end(client);
}

struct beginning {
  struct weir_http *client;
  int error;
};

static void begin(void *arg) {
  struct beginning *beginning = arg;
  take_down(beginning->client);
  beginning->error = driver_begin(beginning->client);
}

int client_enter(struct weir_http *client, struct host_visit *visit) {
  *visit = (struct host_visit){0};
  if (!worker_thread() || weir_scheduler.ending) {
    take_down(client);
    return 0;
  }
  if (port_several() && port_simulated()) {
    *visit = host_visit_begin(host_here()); /* a pinned task's pin is restored at its end */
    return -ENOTSUP;
  }
  port_lock(&client->lock);
  bool first = client->generation != weir_run_generation;
  if (first) {
    client->generation = weir_run_generation;
    client->home = host_here();
  }
  port_unlock(&client->lock);
  *visit = host_visit_begin(client->home);
  if (client->closing || (!first && client->multi != NULL))
    return 0;
  if (port_simulated())
    simulated_add(client);
  struct beginning beginning = {.client = client};
  host_run(begin, &beginning);
  return beginning.error;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------ */

static CURLcode prepared;

static const size_t response_bytes = sizeof(struct weir_response), connection_bytes = sizeof(struct connection);

static void prepare(void *arg) {
  (void)arg;
  weir_book_shapes[BOOK_RESPONSE].site = offsetof(struct weir_response, site);
  weir_book_shapes[BOOK_RESPONSE].bytes = &response_bytes;
  weir_book_shapes[BOOK_CONNECTION].site = offsetof(struct connection, site);
  weir_book_shapes[BOOK_CONNECTION].bytes = &connection_bytes;
  prepared = curl_global_init(CURL_GLOBAL_ALL);
  struct sigaction action;
  if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
    signal(SIGPIPE, SIG_IGN); /* TLS writes to sockets that may be closed */
}

static void prepare_once(void) {
  host_run(prepare, NULL); /* OpenSSL's beginning is deep */
}

weir_http *weir_http_new_at(const struct weir_http_config *config, const char *file, int line) {
  static const struct weir_http_config usual;
  static const struct weir_request plain;
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, prepare_once);
  if (config == NULL)
    config = &usual;
  if (prepared != CURLE_OK || !makes_sense(config))
    return NULL;
  struct weir_http *client = port_allocate(MEMORY_OTHER, sizeof *client);
  if (client == NULL)
    return NULL;
  *client = (struct weir_http){.references = 1, .held = true, .dead = -1, .site = site_of(file, line)};
  if (!copy_config(&client->config, config) || !transfer_usual_headers(client, &plain, &client->plain_headers)) {
    client_unref(client);
    return NULL;
  }
  if (port_simulated()) {
    client->birth = weir_run_generation;
    simulated_add(client);
  }
  return client;
}

void client_unref(struct weir_http *client) {
  if (!port_release_count(&client->references))
    return;
  if (client->simulated)
    simulated_remove(client);
  origins_free(client);
  free(client->last_url);
  curl_slist_free_all(client->plain_headers);
  free((char *)client->config.ca_file);
  free((char *)client->config.user_agent);
  port_release(client->connections);
  port_release(client);
}

/* In one step: who is told later could be gone by then. */
static void give_up(void *arg) {
  origins_give_up(arg);
  take_down(arg);
}

void weir_http_free(weir_http *client) {
  if (client == NULL)
    return;
  bool inside = worker_thread() && client->generation == weir_run_generation;
  struct host_visit visit = {0};
  if (inside)
    visit = host_visit_begin(client->home);
  client->closing = true;
  host_run(give_up, client);
  while (inside && client->tasks + client->alarms != 0 && wait_allowed())
    host_wait(&client->ended, WEIR_FOREVER);
  client->held = false;
  client_unref(client);
  if (inside)
    host_visit_end(visit);
}

static void retire_idle(void *arg) {
  connections_retire_idle(arg);
}

void weir_http_close_idle(weir_http *client) {
  if (client == NULL || !worker_thread() || client->generation != weir_run_generation)
    return;
  struct host_visit visit = host_visit_begin(client->home);
  host_run(retire_idle, client);
  while (client->tasks > 2 * client->counts.open && wait_allowed())
    host_wait(&client->ended, WEIR_FOREVER);
  host_visit_end(visit);
}

struct weir_http_counts weir_http_counts(weir_http *client) {
  if (client == NULL)
    return (struct weir_http_counts){0};
  if (!worker_thread() || client->generation != weir_run_generation)
    return client->counts;
  struct host_visit visit = host_visit_begin(client->home);
  struct weir_http_counts counts = client->counts;
  host_visit_end(visit);
  return counts;
}
