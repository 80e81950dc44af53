/* test_results.c — what a result file may be, what it may not be, and that each refusal names the file and the place.
 */
#include "check.h"
#include "given.h"

#include <ctype.h>

#define STEADY "steady/policy:after/mode:classic/subscribers:100/concurrency:1/timeout_ms:5/workers:1"
#define COUNTERS                                                                                                       \
  ", \"rate\": 1e6, \"live_bytes\": 640000, \"bytes_per_timer\": 128, \"timeout_ns\": 5000000, \"steady\": 1"

static void refused(const char *content, const char *expected) {
  struct results results = {0};
  struct problem problem = {"nothing"};
  bool good = given_read(&results, content, RESULTS_SIZE_LIMIT, &problem);
  CHECK(!good);
  if (strstr(problem.text, expected) == NULL || strncmp(problem.text, "FILE:", 5) != 0 ||
      !isdigit((unsigned char)problem.text[5]))
    CHECK_TEXT(problem.text, expected);
  results_free(&results);
}

static void text_that_is_no_json(void) {
  refused("", "FILE:1:0: ");
  refused("{\"context\":\n {\"weir_schema\": \"1\"},\n \"benchmarks\": [", "FILE:3:");
  refused(GIVEN_CONTEXT "\n" GIVEN_ROW("a/workers:1", "NaN", "") GIVEN_END, "FILE:2:");
  refused(GIVEN_CONTEXT "\n\n" GIVEN_ROW("a/workers:1", "1e999", "") GIVEN_END, "FILE:3:");
  refused(GIVEN_CONTEXT "\n" GIVEN_ROW("a/workers:1", "-Infinity", "") GIVEN_END, "FILE:2:");
  refused(GIVEN_CONTEXT GIVEN_ROW("a\xff/workers:1", "1", "") GIVEN_END, "FILE:1:");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "1", ", \"name\": \"b\"") GIVEN_END, "duplicate");
}

static void json_that_is_no_result(void) {
  refused("[]", "FILE:1: is not a JSON object");
  refused("{}", "FILE:1: context: ");
  refused("{\"context\": {}, \"benchmarks\": []}", "FILE:1: context.weir_schema: is missing");
  refused("{\"context\": {\"weir_schema\": \"2\"}, \"benchmarks\": []}", "is \"2\", but this weir-report reads \"1\"");
  refused("{\"context\": {\"weir_schema\": \"1\"}}", "FILE:1: benchmarks: ");
  refused(GIVEN_CONTEXT GIVEN_END, "FILE:1: benchmarks: holds no row");
  refused("{\n\"context\":\n{\"a\": [{}, \"}\\\"\"],\n\"weir_schema\": 7}}", "FILE:4: context.weir_schema: ");
  refused(GIVEN_CONTEXT "7" GIVEN_END, "FILE:1: benchmarks[0] is not an object");
}

static void rows_that_are_wrong(void) {
  refused(GIVEN_CONTEXT "{\"run_type\": \"iteration\"}" GIVEN_END, "FILE:1: benchmarks[0].name: ");
  refused(GIVEN_CONTEXT "{\"name\": \"a/workers:1\"}" GIVEN_END, "benchmarks[0].run_type (a/workers:1): ");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "1", "") ", " GIVEN_ROW("plain", "1", "") GIVEN_END,
          "benchmarks[1].name (plain): ");
  refused(GIVEN_CONTEXT "{\"name\": \"a/workers:1\", \"run_type\": \"iteration\", \"time_unit\": \"us\"}" GIVEN_END,
          "benchmarks[0].time_unit (a/workers:1): is not \"ns\"");
  refused(GIVEN_CONTEXT "{\"name\": \"a/workers:1\", \"run_type\": \"iteration\", \"time_unit\": \"ns\"}" GIVEN_END,
          "benchmarks[0].real_time (a/workers:1): is missing");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "\"NaN\"", "") GIVEN_END, "real_time (a/workers:1): is not a number");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "0", "") GIVEN_END, "real_time (a/workers:1): is not positive");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "-3", "") GIVEN_END, "real_time (a/workers:1): is neither 0 nor");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "1", ", \"rate\": null") GIVEN_END,
          "rate (a/workers:1): is not a number");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "1", ", \"error_occurred\": 1") GIVEN_END,
          "error_occurred (a/workers:1): ");
  refused(GIVEN_CONTEXT GIVEN_ROW("broadcast/policy:x/mode:classic/load:ready/subscribers:1/concurrency:1/workers:1",
                                  "1", "") GIVEN_END,
          "policy \"x\" is unknown");
  refused(GIVEN_CONTEXT GIVEN_ROW(STEADY, "1", "") GIVEN_END, "benchmarks[0].rate (steady/");
  refused(GIVEN_CONTEXT GIVEN_ROW(
              STEADY, "1", ", \"rate\": 1, \"live_bytes\": 1, \"bytes_per_timer\": 1, \"timeout_ns\": 1") GIVEN_END,
          "benchmarks[0].steady (steady/");
  refused(GIVEN_CONTEXT
          "\n" GIVEN_ROW("a/workers:1", "1", "") ",\n {\n\"s\": \"\\\"]}\", " /* of the right row and field */
                                                 "\"name\": \"a/workers:1\",\n\"time_unit\": \"ns\",\"run_type\": "
                                                 "\"iteration\",\n\"real_time\":\n[1]}" GIVEN_END,
          "FILE:7: benchmarks[1].real_time (a/workers:1): is not a number");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "1e19", "") GIVEN_END, "real_time (a/workers:1): is neither 0 nor");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "1", ", \"rate\": -1") GIVEN_END,
          "rate (a/workers:1): is neither 0 nor");
  refused(GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "1", ", \"rate\": 1e-300") GIVEN_END,
          "rate (a/workers:1): is neither");
  refused(GIVEN_CONTEXT GIVEN_ROW("a\\u001b[2J\\u202e", "1", "") GIVEN_END, "a?[2J???");
}

static void oversized_and_absent(void) {
  static const char content[] = GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "1", "") GIVEN_END;
  struct results results = {0};
  struct problem problem;
  CHECK(!given_read(&results, content, sizeof content - 2, &problem));
  CHECK(strstr(problem.text, "FILE: larger than ") == problem.text);
  CHECK(given_read(&results, content, sizeof content - 1, &problem));
  CHECK(!results_read(&results, "/nowhere/at all.json", RESULTS_SIZE_LIMIT, &problem));
  CHECK(strstr(problem.text, "/nowhere/at all.json: No such file") == problem.text);
  CHECK(!results_read(&results, "/", RESULTS_SIZE_LIMIT, &problem));
  CHECK(!results_read(&results, "/dev/zero", 1 << 20, &problem));
  results_free(&results);
}

/* More of a thing than a page could show. */
static void too_many(void) {
  static const struct {
    const char *name, *expected;
    int count;
  } cases[] = {
      {"a%d/workers:1", "is one row too many", RESULTS_CELL_LIMIT + 1},
      {"a/workers:1%.0d", "has more than 10000 repetitions", RESULTS_SAMPLE_LIMIT + 1},
      {"a/workers:1/peer:%d", "more than 64 different peers", RESULTS_AXIS_LIMIT + 1},
      {"broadcast/policy:none/mode:classic/load:ready/subscribers:%d/concurrency:1/workers:1",
       "more than 64 different ", RESULTS_AXIS_LIMIT + 1},
      {"%0401d/workers:1", "is longer than 400 bytes", 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct given given;
    given_begin(&given);
    for (int j = 1; j <= cases[i].count; j++) {
      char name[500];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
      snprintf(name, sizeof name, cases[i].name, i == 1 ? 0 : j);
#pragma GCC diagnostic pop
      given_row(&given, name, 1, "");
    }
    fputs(GIVEN_END, given.stream);
    fclose(given.stream);
    refused(given.text, cases[i].expected);
    free(given.text);
  }
}

static void cells(void) {
  struct given given;
  given_begin(&given);
  given_row(&given, "a/workers:1", 30, ", \"sequence\": 4");
  given_row(&given, "a/workers:1/iterations:9/manual_time", 10, "");
  given_row(&given, "a/workers:1/peer:zeta", 1, "");
  given_row(&given, "a/workers:1/peer:go1.26", 1, "");
  given_row(&given, "a/workers:1/peer:go1.9", 1, "");
  fputs(", {\"name\": \"a/workers:1_mean\", \"run_type\": \"aggregate\"}", given.stream);
  given_failed(&given, "a/workers:1", "broke");
  struct results results = given_end(&given);
  const struct cell *cell = results_cell(&results, "a", 1, NULL);
  CHECK(results.count == 4);
  CHECK(cell != NULL && cell->count == 2 && cell->failures == 1);
  CHECK_TEXT(cell->failure, "broke");
  CHECK_NEAR(cell->ns.middle, 20, 0); /* the failed one is no 0 */
  CHECK_NEAR(cell->ns.low, 10, 0);
  CHECK_NEAR(results_counter_median(cell, COUNTER_SEQUENCE), 4, 0);
  CHECK(isnan(results_counter_median(cell, COUNTER_RATE)));
  CHECK(results.peer_count == 3);
  CHECK_TEXT(results.peers[0], "go1.9"); /* by version, not by letter */
  CHECK_TEXT(results.peers[1], "go1.26");
  CHECK_TEXT(results.peers[2], "zeta");
  CHECK(results_cell(&results, "a", 2, NULL) == NULL);
  results_free(&results);
}

static void several_files(void) {
  struct results results = {0};
  struct problem problem;
  CHECK(given_read(&results, GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "1", "") GIVEN_END, RESULTS_SIZE_LIMIT, &problem));
  CHECK(given_read(&results, GIVEN_CONTEXT GIVEN_ROW("a/workers:1", "3", "") GIVEN_END, RESULTS_SIZE_LIMIT, &problem));
  results_finish(&results);
  CHECK(results.source_count == 2 && results.count == 1 && results.cells[0].count == 2);
  CHECK_NEAR(results.cells[0].ns.middle, 2, 0);
  results_free(&results);
}

/* Files come in the order in which rows ended: whatever it was, the cells stand as GOALS has them. */
static void order(void) {
  static const char *const names[] = {
      "spawn/join/batch:1000/workers:1",
      "select/ready:1/cases:8/workers:1",
      "select/ready:1/cases:8/workers:1/peer:go1.19",
      "select/ready:1/cases:64/workers:1",
      "timer/reset/pending:0/workers:1",
      "broadcast/policy:timer/mode:classic/load:ready/subscribers:10/concurrency:1/workers:1",
      "broadcast/policy:timer/mode:classic/load:ready/subscribers:100/concurrency:1/workers:1",
      "broadcast/policy:none/mode:classic/load:ready/subscribers:10/concurrency:1/workers:1",
      "broadcast/policy:after/mode:classic/load:slow/subscribers:10/concurrency:1/workers:1",
      "unheard/of/workers:1",
  };
  size_t count = sizeof names / sizeof *names;
  for (size_t shift = 0; shift < count; shift++) {
    struct given given;
    given_begin(&given);
    for (size_t i = 0; i < count; i++)
      given_row(&given, names[(i * 7 + shift) % count], 1, "");
    struct results results = given_end(&given);
    CHECK(results.count == count);
    for (size_t i = 0; i < count && i < results.count; i++) {
      const struct cell *cell = &results.cells[i];
      CHECK_TEXT(cell->name, names[i]);
      CHECK(results_cell(&results, cell->benchmark, cell->workers, cell->peer) == cell);
    }
    results_free(&results);
  }
}

#define AT "/mode:classic/load:ready/subscribers:10/concurrency:1"

static void opponents(void) {
  struct given given;
  given_begin(&given);
  given_row(&given, "broadcast/policy:deadline" AT "/workers:1", 1, "");
  given_row(&given, "broadcast/policy:after" AT "/workers:1", 1, "");
  given_row(&given, "broadcast/policy:timer" AT "/workers:1/peer:go1.19", 1, "");
  given_row(&given, "broadcast/policy:deadline" AT "/workers:1/peer:boost.fiber", 1, "");
  struct results results = given_end(&given);
  const struct cell *deadline = results_cell(&results, "broadcast/policy:deadline" AT, 1, NULL);
  const struct cell *after = results_cell(&results, "broadcast/policy:after" AT, 1, NULL);
  const struct cell *timer = results_cell(&results, "broadcast/policy:timer" AT, 1, "go1.19");
  CHECK(deadline != NULL && after != NULL && timer != NULL);
  CHECK(results_opponent(&results, deadline, "go1.19") == timer);
  CHECK_TEXT(results_opponent(&results, deadline, "boost.fiber")->benchmark, "broadcast/policy:deadline" AT);
  CHECK(results_opponent(&results, after, "go1.19") == NULL); /* only deadline has a stand-in */
  results_free(&results);
}

static void steady_is_complete(void) {
  struct given given;
  given_begin(&given);
  given_row(&given, STEADY, 100, COUNTERS);
  struct results results = given_end(&given);
  CHECK(results.count == 1 && results.cells[0].point.family == FAMILY_STEADY);
  results_free(&results);
}

int main(void) {
  text_that_is_no_json();
  json_that_is_no_result();
  rows_that_are_wrong();
  oversized_and_absent();
  too_many();
  cells();
  several_files();
  order();
  opponents();
  steady_is_complete();
  return check_end();
}
