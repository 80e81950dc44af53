/* origin.c — where a URL leads: scheme, host and port, and the addresses of the host.
 *
 * Names are resolved before libcurl is asked to connect (its own resolver would make the removal of a handle wait for an
 * answer), on a helper thread, once for all who wait; libcurl is given the addresses with each request.
 */
#include "client.h"

#include "failure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESSES_MOST = 16 };
#define ADDRESSES_LIVE (60 * WEIR_SECOND)

/* ---- the register ----------------------------------------------------------------------------------------------- */

static struct origin **bucket_of(struct weir_http *client, const char *name) {
  uint32_t hash = 2166136261U; /* FNV-1a: Fowler, Noll, Vo */
  for (; *name != '\0'; name++)
    hash = (hash ^ (unsigned char)*name) * 16777619U;
  return &client->origins[hash % ORIGIN_BUCKETS];
}

static bool is_numeric(const char *host) {
  unsigned char address[sizeof(struct in6_addr)];
  return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static struct origin *origin_new(const char *name, const char *host, uint16_t port, bool tls) {
  size_t name_size = strlen(name) + 1;
  size_t host_size = strlen(host) + 1;
  struct origin *origin = malloc(sizeof *origin + name_size + host_size);
  if (origin == NULL)
    return NULL;
  *origin = (struct origin){.port = port, .tls = tls, .host = origin->name + name_size};
  memcpy(origin->name, name, name_size);
  if (host[0] == '[') {
    memcpy(origin->host, host + 1, host_size - 1);
    origin->host[host_size - 3] = '\0';
  } else {
    memcpy(origin->host, host, host_size);
  }
  origin->numeric = is_numeric(origin->host);
  return origin;
}

static int find(struct weir_http *client, const char *scheme, const char *host, const char *port,
                struct origin **found) {
  bool tls = strcmp(scheme, "https") == 0;
  if (!tls && strcmp(scheme, "http") != 0)
    return -EPROTONOSUPPORT;
  char name[512];
  int length = snprintf(name, sizeof name, "%s://%s:%s", scheme, host, port);
  if (length < 0 || (size_t)length >= sizeof name)
    return -EINVAL;
  struct origin **bucket = bucket_of(client, name);
  struct origin *origin = *bucket;
  while (origin != NULL && strcmp(origin->name, name) != 0)
    origin = origin->next;
  if (origin == NULL) {
    origin = origin_new(name, host, (uint16_t)strtoul(port, NULL, 10), tls);
    if (origin == NULL)
      return -ENOMEM;
    origin->next = *bucket;
    *bucket = origin;
  }
  origin->references++;
  *found = origin;
  return 0;
}

/* Names of hosts have no case, to libcurl neither. */
static void lower(char *host) {
  for (; *host != '\0'; host++)
    if (*host >= 'A' && *host <= 'Z')
      *host += 'a' - 'A';
}

static int error_of_url(CURLUcode code) {
  return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

static int parse(struct weir_http *client, CURLU *parser, const char *url, struct origin **origin) {
  CURLUcode code = curl_url_set(parser, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK)
    return error_of_url(code);
  char *scheme = NULL, *host = NULL, *port = NULL;
  int error = 0;
  code = curl_url_get(parser, CURLUPART_SCHEME, &scheme, 0);
  if (code == CURLUE_OK && strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
    error = -EPROTONOSUPPORT;
  if (code == CURLUE_OK && error == 0)
    code = curl_url_get(parser, CURLUPART_HOST, &host, 0);
  if (code == CURLUE_OK && error == 0)
    code = curl_url_get(parser, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
  if (code != CURLUE_OK) {
    error = error_of_url(code);
  } else if (error == 0) {
    lower(host);
    error = find(client, scheme, host, port, origin);
  }
  curl_free(scheme);
  curl_free(host);
  curl_free(port);
  return error;
}

static void remember(struct weir_http *client, const char *url, struct origin *origin) {
  char *copy = strdup(url);
  if (copy == NULL)
    return;
  free(client->last_url);
  struct origin *before = client->last_origin;
  client->last_url = copy;
  client->last_origin = origin;
  origin->references++;
  if (before != NULL)
    origin_unref(client, before);
}

struct parsing {
  struct weir_http *client;
  const char *url;
  struct origin *origin;
  int error;
};

static void parse_whole(void *arg) {
  struct parsing *parsing = arg;
  CURLU *parser = curl_url();
  parsing->error = parser == NULL ? -ENOMEM : parse(parsing->client, parser, parsing->url, &parsing->origin);
  curl_url_cleanup(parser);
}

int origin_of(struct weir_http *client, const char *url, struct origin **origin) {
  if (client->last_url != NULL && strcmp(client->last_url, url) == 0) {
    *origin = client->last_origin;
    ++(*origin)->references;
    return 0;
  }
  struct parsing parsing = {.client = client, .url = url};
  host_run(parse_whole, &parsing);
  if (parsing.error != 0)
    return parsing.error;
  *origin = parsing.origin;
  remember(client, url, *origin);
  return 0;
}

void origin_unref(struct weir_http *client, struct origin *origin) {
  if (--origin->references != 0)
    return;
  struct origin **at = bucket_of(client, origin->name);
  while (*at != origin)
    at = &(*at)->next;
  *at = origin->next;
  free(origin->addresses);
  free(origin);
}

void origins_free(struct weir_http *client) {
  for (size_t i = 0; i < ORIGIN_BUCKETS; i++)
    for (struct origin *origin = client->origins[i], *next; origin != NULL; origin = next) {
      next = origin->next;
      free(origin->addresses);
      free(origin);
    }
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

/* A task that waits for a lookup; on its stack. */
struct expectant {
  struct expectant *next;
  struct await await;
  bool over;
  int error;
};

struct lookup {
  struct weir_http *client; /* with a reference, as the origin */
  struct origin *origin;
  struct expectant *expectants;
  int result; /* how many addresses, or a negative errno */
  struct sockaddr_storage addresses[ADDRESSES_MOST];
};

static int error_of_resolver(int code) {
  switch (code) {
  case EAI_MEMORY:
    return -ENOMEM;
  case EAI_SYSTEM:
    return errno != 0 ? -errno : -EADDRNOTAVAIL;
  default:
    return -EADDRNOTAVAIL;
  }
}

static int ask_system(const char *host, struct sockaddr_storage *addresses, int most) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
  struct addrinfo *all;
  errno = 0;
  int code = getaddrinfo(host, NULL, &hints, &all);
  if (code != 0)
    return error_of_resolver(code);
  int count = 0;
  for (const struct addrinfo *one = all; one != NULL && count < most; one = one->ai_next)
    if (one->ai_family == AF_INET || one->ai_family == AF_INET6)
      memcpy(&addresses[count++], one->ai_addr, one->ai_addrlen);
  freeaddrinfo(all);
  return count;
}

/* On a helper thread. */
static int look_up(void *arg) {
  struct lookup *lookup = arg;
  const struct weir_http_config *config = &lookup->client->config;
  if (config->resolve != NULL)
    return config->resolve(config->resolve_context, lookup->origin->host, lookup->addresses, ADDRESSES_MOST);
  return ask_system(lookup->origin->host, lookup->addresses, ADDRESSES_MOST);
}

static const char *address_text(const struct sockaddr_storage *address, char *text, size_t size) {
  if (address->ss_family == AF_INET)
    return inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, (socklen_t)size);
  if (address->ss_family == AF_INET6)
    return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, (socklen_t)size);
  return NULL;
}

/* "+host:port:address,address": for one connection, not for ever. NULL without memory. */
static char *addresses_text(const struct lookup *lookup) {
  const struct origin *origin = lookup->origin;
  size_t size = strlen(origin->host) + 16 + (size_t)lookup->result * (INET6_ADDRSTRLEN + 3);
  char *text = malloc(size);
  if (text == NULL)
    return NULL;
  int length = snprintf(text, size, "+%s:%u:", origin->host, origin->port);
  const char *comma = "";
  for (int i = 0; i < lookup->result; i++) {
    char one[INET6_ADDRSTRLEN];
    if (address_text(&lookup->addresses[i], one, sizeof one) == NULL)
      continue;
    bool v6 = lookup->addresses[i].ss_family == AF_INET6;
    length += snprintf(text + length, size - (size_t)length, v6 ? "%s[%s]" : "%s%s", comma, one);
    comma = ",";
  }
  return text;
}

static int keep_addresses(struct lookup *lookup) {
  if (lookup->result <= 0)
    return lookup->result < 0 ? lookup->result : -EADDRNOTAVAIL;
  char *text = addresses_text(lookup);
  if (text == NULL)
    return -ENOMEM;
  free(lookup->origin->addresses);
  lookup->origin->addresses = text;
  lookup->origin->resolved_at = weir_now();
  return 0;
}

/* In one step: who is told later could be gone by then. */
static void tell_expectants(void *arg) {
  struct lookup *lookup = arg;
  int error = keep_addresses(lookup);
  lookup->origin->lookup = NULL;
  for (struct expectant *one = lookup->expectants; one != NULL; one = one->next) {
    one->over = true;
    one->error = error;
    await_wake(&one->await);
  }
}

/* The lookup's task ends, or the run does. */
static void lookup_over(void *arg) {
  struct lookup *lookup = arg;
  struct weir_http *client = lookup->client;
  host_run(tell_expectants, lookup);
  origin_unref(client, lookup->origin);
  free(lookup);
  client_unref(client);
}

void origins_give_up(struct weir_http *client) {
  for (size_t i = 0; i < ORIGIN_BUCKETS; i++)
    for (struct origin *origin = client->origins[i]; origin != NULL; origin = origin->next) {
      if (origin->lookup == NULL)
        continue;
      for (struct expectant *one = origin->lookup->expectants; one != NULL; one = one->next) {
        one->over = true;
        one->error = -ECANCELED;
        await_wake(&one->await);
      }
      origin->lookup->expectants = NULL;
    }
}

static void lookup_task(void *arg) {
  struct lookup *lookup = arg;
  lookup->result = weir_blocking(look_up, lookup);
}

static int begin_lookup(struct weir_http *client, struct origin *origin) {
  struct lookup *lookup = malloc(sizeof *lookup);
  if (lookup == NULL)
    return -ENOMEM;
  lookup->client = client;
  lookup->origin = origin;
  lookup->expectants = NULL;
  lookup->result = -ECANCELED;
  if (!host_start("http resolver", lookup_task, lookup_over, lookup, client->site)) {
    free(lookup);
    return -ENOMEM;
  }
  port_retain(&client->references);
  origin->references++;
  origin->lookup = lookup;
  return 0;
}

static int expect(struct lookup *lookup, int64_t deadline, weir_context *context) {
  struct expectant self = {.next = lookup->expectants};
  lookup->expectants = &self;
  int error = 0;
  while (!self.over && error == 0)
    error = await(&self.await, deadline, context);
  if (!self.over) {
    struct expectant **at = &lookup->expectants;
    while (*at != &self)
      at = &(*at)->next;
    *at = self.next;
  }
  await_end(&self.await);
  return self.over ? self.error : error;
}

int origin_resolve(struct weir_http *client, struct origin *origin, int64_t deadline, weir_context *context) {
  if (origin->numeric || origin->idle_count != 0)
    return 0;
  if (origin->addresses != NULL && weir_now() - origin->resolved_at < ADDRESSES_LIVE)
    return 0;
  if (origin->lookup == NULL) {
    int error = begin_lookup(client, origin);
    if (error != 0)
      return error;
  }
  return expect(origin->lookup, deadline, context);
}
