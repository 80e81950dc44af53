/* bench/tests/check_results.c — reads a results file back and holds it against the list of its rows.
 *
 *   check_results RESULTS NAMES REPETITIONS [FAILED TEXT]
 *
 * NAMES has one row name a line, as --benchmark_list_tests prints them. Every row must stand in the results as often as
 * it was repeated, under exactly that name, with a time and a count; none may stand there that is not listed. A row
 * whose name contains FAILED must have failed instead, each time, with a message that contains TEXT.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int wrong;

#define CHECK(condition, ...)                                                                                          \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      wrong++;                                                                                                         \
      printf("check_results.c:%d: " #condition ": ", __LINE__);                                                        \
      printf(__VA_ARGS__);                                                                                             \
      putchar('\n');                                                                                                   \
    }                                                                                                                  \
  } while (0)

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text == NULL ? "" : text;
}

static double number_of(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  return json_is_number(value) ? json_number_value(value) : -1;
}

static void check_context(const json_t *context) {
  static const char *const keys[] = {
      "weir_schema",   "weir_version", "weir_build", "weir_build_flags", "weir_git",    "command",   "seed",
      "cpu_model",     "cores",        "smt",        "governor",         "aslr",        "kernel",    "cgroup_cpu",
      "cgroup_memory", "load_before",  "load_after", "steal_before",     "steal_after", "allocator", "libbenchmark",
      "compiler",      "timeout_ms",   "memory"};
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    CHECK(*text_of(context, keys[i]) != '\0', "context has no %s", keys[i]);
  }
  CHECK(strcmp(text_of(context, "weir_build"), "release") == 0, "%s", text_of(context, "weir_build"));
  CHECK(json_is_array(json_object_get(context, "caches")), "what Google Benchmark wrote is gone from the context");
}

static void check_fields(const json_t *run, const char *name) {
  static const char *const steady[] = {
      "rate", "timers_pending", "timers_abandoned", "live_bytes", "bytes_per_timer", "timeout_ns", "seconds", "steady"};
  bool of_weir = strstr(name, "/peer:") == NULL;
  for (size_t i = 0; of_weir && strncmp(name, "steady/", 7) == 0 && i < sizeof(steady) / sizeof(steady[0]); i++) {
    CHECK(json_is_number(json_object_get(run, steady[i])), "%s has no %s", name, steady[i]);
  }
  if (of_weir && strstr(name, "/load:exit/") != NULL) {
    double exits = number_of(run, "exits");
    bool several = strstr(name, "concurrency:1/") == NULL && strstr(name, "subscribers:1/") == NULL;
    CHECK(exits >= 0 && exits <= 1 && (exits > 0 || !several), "%s: no round was left", name);
  }
  if (strncmp(name, "http/", 5) == 0) {
    CHECK(number_of(run, "cpu_ns") > 0, "%s", name);
  }
  if (strncmp(name, "http/open_loop/", 15) == 0) {
    CHECK(number_of(run, "p50_ns") > 0 && number_of(run, "p50_ns") <= number_of(run, "p99_ns"), "%s", name);
    CHECK(number_of(run, "p99_ns") <= number_of(run, "p999_ns"), "%s", name);
  }
  if (strstr(name, "/load:slow/") != NULL) {
    CHECK(number_of(run, "timeouts") > 0, "%s", name);
    CHECK(number_of(run, "ns_per_timeout") > 0, "%s", name);
    CHECK(number_of(run, "round_p99_ns") > 0, "%s", name);
  }
}

/* Of rows whose amount is known: a timer, of 120 bytes, that may get 128; a register of a million with links of 8. */
static void check_memory(const json_t *run, const char *name) {
  enum { TIMER = 120, TIMER_MOST = 128, LINKS_MOST = 17 };
  double each = number_of(run, "bytes_per_op"), after = number_of(run, "bytes_live_after");
  double peak = number_of(run, "bytes_peak");
  if (strstr(name, "/peer:") != NULL) {
    CHECK(json_object_get(run, "bytes_per_op") == NULL, "%s: whose bytes are these?", name);
    return;
  }
  CHECK(each >= 0 && json_is_number(json_object_get(run, "bytes_live_after")), "%s: no bytes", name);
  CHECK(peak >= 0 && peak >= after, "%s: %g at most, but %g left", name, peak, after);
  if (strncmp(name, "timer/bytes/", 12) == 0) {
    double timer = number_of(run, "bytes_per_timer");
    CHECK(each >= timer && each <= timer + LINKS_MOST, "%s: %g, of timers of %g", name, each, timer);
    CHECK(after >= timer * 1e6 && after <= peak, "%s: %g left", name, after);
  }
  bool alone = strstr(name, "/load:ready/") != NULL && strstr(name, "/concurrency:1/workers:1") != NULL &&
               strstr(name, "/mode:prompt/") != NULL;
  if (alone && strncmp(name, "broadcast/policy:after/", 23) == 0) {
    CHECK(each >= TIMER && each <= TIMER_MOST, "%s: %g, not one timer a message", name, each);
    CHECK(after == 0 && peak >= TIMER, "%s: %g left of %g", name, after, peak);
  }
  if (alone && (strncmp(name, "broadcast/policy:none/", 22) == 0 || strncmp(name, "broadcast/policy:dead", 21) == 0)) {
    CHECK(each == 0 && peak == 0, "%s: allocates %g", name, each);
  }
}

static void check_run(const json_t *run, const char *name, const char *failed, const char *text) {
  if (failed != NULL && strstr(name, failed) != NULL) {
    CHECK(json_is_true(json_object_get(run, "error_occurred")), "%s should have failed", name);
    CHECK(strstr(text_of(run, "error_message"), text) != NULL, "%s: '%s' lacks '%s'", name,
          text_of(run, "error_message"), text);
    return;
  }
  CHECK(json_object_get(run, "error_occurred") == NULL, "%s: %s", name, text_of(run, "error_message"));
  CHECK(number_of(run, "real_time") > 0, "%s", name);
  CHECK(strcmp(text_of(run, "time_unit"), "ns") == 0, "%s", name);
  double count = number_of(run, "count"), operations = number_of(run, "iterations");
  bool whole_rounds =
      strncmp(name, "broadcast/", 10) == 0 || strncmp(name, "steady/", 7) == 0 || strncmp(name, "scaling/", 8) == 0;
  CHECK(operations > 0 && (whole_rounds ? count >= operations : count == operations), "%s: %g of %g", name, count,
        operations);
  check_fields(run, name);
  check_memory(run, name);
}

/* Every run that was made has a number of its own, from 0 on. */
static void check_sequence(const json_t *runs, bool complete) {
  size_t index, count = json_array_size(runs), seen_count = 0;
  bool *seen = calloc(count + 1, sizeof(bool));
  json_t *run;
  json_array_foreach(runs, index, run) {
    double sequence = number_of(run, "sequence");
    if (strcmp(text_of(run, "run_type"), "iteration") == 0 && sequence >= 0) {
      CHECK(sequence < (double)count && !seen[(size_t)sequence], "sequence %g twice", sequence);
      CHECK(number_of(run, "at_seconds") >= 0, "sequence %g has no at_seconds", sequence);
      seen[sequence < (double)count ? (size_t)sequence : count] = true;
      seen_count++;
    }
  }
  for (size_t i = 0; complete && i < seen_count; i++) {
    CHECK(seen[i], "sequence %zu is missing", i);
  }
  free(seen);
}

static size_t check_row(const json_t *runs, const char *name, int repetitions, const char *failed, const char *text) {
  size_t index, found = 0;
  json_t *run;
  json_array_foreach(runs, index, run) {
    if (strcmp(text_of(run, "run_type"), "iteration") == 0 && strcmp(text_of(run, "name"), name) == 0) {
      CHECK(number_of(run, "repetition_index") == (double)found, "%s", name);
      check_run(run, name, failed, text);
      found++;
    }
  }
  CHECK(found == (size_t)repetitions, "%s: %zu repetitions, expected %d", name, found, repetitions);
  return found;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 6) {
    fputs("check_results RESULTS NAMES REPETITIONS [FAILED TEXT]\n", stderr);
    return 2;
  }
  const char *failed = argc == 6 ? argv[4] : NULL, *text = argc == 6 ? argv[5] : NULL;
  json_error_t error;
  json_t *results = json_load_file(argv[1], 0, &error);
  FILE *names = fopen(argv[2], "r");
  if (results == NULL || names == NULL) {
    printf("%s: %s; %s: %s\n", argv[1], results == NULL ? error.text : "read", argv[2],
           names == NULL ? "cannot be opened" : "opened");
    return 1;
  }
  check_context(json_object_get(results, "context"));
  const json_t *runs = json_object_get(results, "benchmarks");
  char name[512];
  size_t rows = 0, found = 0;
  while (fgets(name, sizeof(name), names) != NULL) {
    name[strcspn(name, "\n")] = '\0';
    found += check_row(runs, name, atoi(argv[3]), failed, text);
    rows++;
  }
  CHECK(rows > 0, "%s is empty", argv[2]);
  size_t index, runs_made = 0;
  json_t *run;
  json_array_foreach(runs, index, run) {
    runs_made += strcmp(text_of(run, "run_type"), "iteration") == 0;
  }
  CHECK(runs_made == found, "%zu runs, of which %zu are of listed rows", runs_made, found);
  check_sequence(runs, failed == NULL);
  fclose(names);
  json_decref(results);
  printf("%zu rows, %zu runs, %d wrong\n", rows, runs_made, wrong);
  return wrong == 0 ? 0 : 1;
}
