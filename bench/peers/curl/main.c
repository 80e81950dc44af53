/* main.c — the peer curl: the rows http/… on bare libcurl. The protocol is in ../README.md. */
#include "get.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL     "WEIR_BENCH_HTTP_URL"
#define TLS_URL "WEIR_BENCH_HTTPS_URL"
#define CA      "WEIR_BENCH_HTTPS_CA"

enum { WARM_EACH = 16, WARM_OPEN = 8, CONNECTIONS_MOST = 256, WORDS_MOST = 4 };

/* A row is there when its variables are. */
static const struct row {
  const char *name;
  const char *url_variable;
  const char *ca_variable;
  int64_t bytes;
  int concurrency;
  bool fresh;
  int64_t rate; /* 0: a closed loop */
} rows[] = {
    {"http/get/concurrency:1/workers:1", URL, NULL, 1024, 1, false, 0},
    {"http/get/concurrency:8/workers:1", URL, NULL, 1024, 8, false, 0},
    {"http/get/concurrency:64/workers:1", URL, NULL, 1024, 64, false, 0},
    {"http/churn/workers:1", URL, NULL, 1024, 1, true, 0},
    {"http/stream/bytes:10485760/workers:1", "WEIR_BENCH_HTTP_STREAM_URL", NULL, 10485760, 1, false, 0},
    {"http/tls/concurrency:1/workers:1", TLS_URL, CA, 1024, 1, false, 0},
    {"http/tls/concurrency:8/workers:1", TLS_URL, CA, 1024, 8, false, 0},
    {"http/tls/concurrency:64/workers:1", TLS_URL, CA, 1024, 64, false, 0},
    {"http/open_loop/rate:2000/workers:1", URL, NULL, 1024, CONNECTIONS_MOST, false, 2000},
    {"http/open_loop/rate:8000/workers:1", URL, NULL, 1024, CONNECTIONS_MOST, false, 8000},
};
static const size_t row_count = sizeof(rows) / sizeof(rows[0]);

static bool is_there(const struct row *row) {
  return getenv(row->url_variable) != NULL && (row->ca_variable == NULL || getenv(row->ca_variable) != NULL);
}

static const char *version(void) {
  static char text[64];
  snprintf(text, sizeof(text), "libcurl/%.40s", curl_version_info(CURLVERSION_NOW)->version);
  return text;
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

/* text: what JSON cannot hold of it is shown as a question mark, and not all if it is long. */
static void say_error(const char *what, const char *text) {
  printf("{\"error\": \"%s: ", what);
  for (size_t i = 0; text[i] != '\0' && i < 200; i++) {
    bool plain = text[i] >= ' ' && text[i] <= '~' && text[i] != '"' && text[i] != '\\';
    putchar(plain ? text[i] : '?');
  }
  puts("\"}");
}

static void list(void) {
  printf("{\"benchmarks\": [");
  const char *comma = "";
  for (size_t i = 0; i < row_count; i++) {
    if (is_there(&rows[i])) {
      printf("%s\"%s\"", comma, rows[i].name);
      comma = ", ";
    }
  }
  printf("], \"version\": \"%s\"}\n", version());
}

static int compare(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

/* The smallest of the values that so many in a thousand do not exceed; of few values the greatest. They are sorted. */
static int64_t percentile(const int64_t *values, int64_t count, int64_t in_thousand) {
  return values[(count * in_thousand + 999) / 1000 - 1];
}

static void say_result(const struct row *row, int64_t n, const struct get_result *result, int64_t *latencies) {
  printf("{\"name\": \"%s\", \"ns\": %" PRId64 ", \"count\": %" PRId64 ", \"cpu_ns\": %.17g, ", row->name, result->ns,
         result->count, (double)result->cpu_ns / (double)n);
  if (latencies != NULL) {
    qsort(latencies, (size_t)n, sizeof(*latencies), compare);
    printf("\"p50_ns\": %" PRId64 ", \"p99_ns\": %" PRId64 ", \"p999_ns\": %" PRId64 ", ",
           percentile(latencies, n, 500), percentile(latencies, n, 990), percentile(latencies, n, 999));
  }
  printf("\"version\": \"%s\"}\n", version());
}

/* Only what begins later may open connections: none, one a GET, or in an open loop as many as it needs. */
static void get_and_say(const struct row *row, struct getter *getter, int64_t n, int64_t *latencies) {
  int64_t warm_count = (row->rate != 0 ? WARM_OPEN : (int64_t)row->concurrency) * WARM_EACH;
  struct get_result warm = getter_run(getter, warm_count, 0, NULL);
  struct get_result result = warm.failure == NULL ? getter_run(getter, n, row->rate, latencies) : warm;
  if (result.failure != NULL) {
    say_error(row->name, result.failure);
  } else if (row->rate == 0 && result.connections != (row->fresh ? n : 0)) {
    say_error(row->name, "a connection was opened that should have been kept, or kept that should have been opened");
  } else {
    say_result(row, n, &result, latencies);
  }
}

static void run(const struct row *row, int64_t n) {
  const struct target target = {.url = getenv(row->url_variable),
                                .ca_file = row->ca_variable == NULL ? NULL : getenv(row->ca_variable),
                                .bytes = row->bytes,
                                .fresh = row->fresh};
  struct getter *getter = getter_new(&target, row->concurrency);
  int64_t *latencies = row->rate == 0 ? NULL : calloc((size_t)n, sizeof(*latencies));
  if (getter == NULL || (row->rate != 0 && latencies == NULL)) {
    say_error(row->name, "no memory, or no descriptors");
  } else {
    get_and_say(row, getter, n, latencies);
  }
  if (getter != NULL) {
    getter_free(getter);
  }
  free(latencies);
}

static void find_and_run(const char *name, const char *number) {
  char *end;
  errno = 0;
  long long n = strtoll(number, &end, 10);
  if (*end != '\0' || errno != 0 || n < 1) {
    say_error("not a positive number of operations", number);
    return;
  }
  for (size_t i = 0; i < row_count; i++) {
    if (strcmp(rows[i].name, name) == 0 && is_there(&rows[i])) {
      run(&rows[i], n);
      return;
    }
  }
  say_error("this peer holds no such benchmark, ask it to list", name);
}

static void answer(char *line) {
  char whole[256];
  snprintf(whole, sizeof(whole), "%s", line);
  const char *words[WORDS_MOST] = {NULL};
  size_t count = 0;
  for (char *rest = line, *word; (word = strsep(&rest, " \t\r\n")) != NULL && count < WORDS_MOST;) {
    if (*word != '\0') {
      words[count++] = word;
    }
  }
  if (count == 1 && strcmp(words[0], "list") == 0) {
    list();
  } else if (count == 3 && strcmp(words[0], "run") == 0) {
    find_and_run(words[1], words[2]);
  } else {
    say_error("not a request, say list, or run NAME N", whole);
  }
}

int main(void) {
  if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) {
    fputs("peer: libcurl cannot be initialised\n", stderr);
    return 1;
  }
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    answer(line);
    fflush(stdout);
  }
  free(line);
  curl_global_cleanup();
  return 0;
}
