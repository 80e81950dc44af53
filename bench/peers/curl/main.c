/* main.c — the peer curl: the rows http/… on bare libcurl. The protocol is in ../README.md. */
#include "get.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_EACH = 16, WORDS_MOST = 4 };

static const struct {
  const char *name;
  int concurrency;
} rows[] = {
    {"http/get/concurrency:1/workers:1", 1},
    {"http/get/concurrency:8/workers:1", 8},
    {"http/get/concurrency:64/workers:1", 64},
};
static const size_t row_count = sizeof(rows) / sizeof(rows[0]);

static const char *url(void) {
  return getenv("WEIR_BENCH_HTTP_URL");
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
  for (size_t i = 0; url() != NULL && i < row_count; i++) {
    printf("%s\"%s\"", i == 0 ? "" : ", ", rows[i].name);
  }
  printf("], \"version\": \"%s\"}\n", version());
}

static void run(const char *name, int concurrency, int64_t n) {
  struct getter *getter = getter_new(url(), concurrency);
  if (getter == NULL) {
    say_error(name, "no memory, or no descriptors");
    return;
  }
  struct get_result warm = getter_run(getter, (int64_t)concurrency * WARM_EACH);
  struct get_result result = warm.failure == NULL ? getter_run(getter, n) : warm;
  getter_free(getter);
  if (result.failure != NULL) {
    say_error(name, result.failure);
  } else if (result.connections != 0) {
    say_error(name, "a connection was opened that should have been kept");
  } else {
    printf("{\"name\": \"%s\", \"ns\": %" PRId64 ", \"count\": %" PRId64 ", \"cpu_ns\": %.17g, \"version\": \"%s\"}\n",
           name, result.ns, result.count, (double)result.cpu_ns / (double)n, version());
  }
}

static void find_and_run(const char *name, const char *number) {
  char *end;
  errno = 0;
  long long n = strtoll(number, &end, 10);
  if (*end != '\0' || errno != 0 || n < 1) {
    say_error("not a positive number of operations", number);
    return;
  }
  for (size_t i = 0; url() != NULL && i < row_count; i++) {
    if (strcmp(rows[i].name, name) == 0) {
      run(name, rows[i].concurrency, n);
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
