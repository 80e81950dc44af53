/* test_growth.c — what a growth file may be, what it may not be, and that each refusal names the line and the place. */
#include "growth.h"

#include "allocation.h"
#include "check.h"
#include "json_line.h"
#include "spoil.h"

#include <stdlib.h>

#define BEGIN       "{\"schema\": \"weir-growth-1\",\n\"curves\": [\n"
#define MIDDLE      "],\n\"verdicts\": ["
#define END         "]}"
#define LOAD        "\"subscribers\": 100, \"concurrency\": 1, "
#define KEY(system) "{\"system\": \"" system "\", \"version\": \"1\", \"policy\": \"after\", \"mode\": \"classic\", "
#define POINT(messages, bytes)                                                                                         \
  "{\"messages\": " messages ", \"seconds\": 0.1, \"live_bytes\": " bytes ", \"pending\": 0, \"abandoned\": 0}"
#define CURVE(system, points) KEY(system) "\"timeout_ns\": 5000000, " LOAD "\"points\": [" points "]}"
#define VERDICT(word, low)                                                                                             \
  "{\"name\": \"n\", \"verdict\": \"" word "\", \"reason\": \"r\", \"rounds\": 1, \"operations\": 1, \"seconds\": 1, " \
  "\"settled\": true, \"bytes_per_operation\": 1, \"low\": " low ", \"high\": 1, \"lines\": []}"

static bool take(struct growth *growth, const char *content, struct problem *problem) {
  return growth_take(growth, "FILE", allocation_string(content), strlen(content), problem);
}

static void refused(const char *content, const char *expected) {
  struct growth growth;
  struct problem problem = {"nothing"};
  CHECK(!take(&growth, content, &problem));
  if (strncmp(problem.text, expected, strlen(expected)) != 0)
    CHECK_TEXT(problem.text, expected);
  growth_free(&growth);
}

static void what_is_no_growth(void) {
  refused("", "FILE:1:0: ");
  refused("{\"schema\":\n NaN}", "FILE:2:");
  refused(BEGIN CURVE("weir", POINT("0", "1e999")) MIDDLE END, "FILE:3:");
  refused("[]", "FILE:1: is not a JSON object; was the file written by weir-curves");
  refused("{\"a\":\n1}", "FILE:1: schema: is missing");
  refused("{\n\"schema\": \"weir-growth-2\"}", "FILE:2: schema: is \"weir-growth-2\", but this weir-report reads");
  refused("{\"schema\": \"weir-growth-1\"}", "FILE:1: verdicts: is missing or not an array");
  refused("{\"schema\": \"weir-growth-1\", \"verdicts\": []}", "FILE:1: verdicts: is empty");
  refused(BEGIN "7" MIDDLE END, "FILE:3: curves[0]: is not an object");
  refused("{\"schema\": \"weir-growth-1\",\n\"curves\": {}, \"verdicts\": []}", "FILE:2: curves: is missing or not");
}

static void curves_that_are_wrong(void) {
  refused(BEGIN "{}" MIDDLE END, "FILE:3: curves[0].system: is missing");
  refused(BEGIN CURVE("", POINT("0", "0")) MIDDLE END, "FILE:3: curves[0].system: is empty");
  refused(BEGIN CURVE("weir", "") MIDDLE END, "FILE:3: curves[0].points: is empty, and the curve does not say");
  refused(BEGIN CURVE("weir", "\n" POINT("1", "0") ",\n" POINT("1", "0")) MIDDLE END,
          "FILE:5: curves[0].points[1].messages: is no more than at the point before");
  refused(BEGIN CURVE("weir", "\n" POINT("0.5", "0")) MIDDLE END,
          "FILE:4: curves[0].points[0].messages: is not a whole number");
  refused(BEGIN CURVE("weir", "\n" POINT("-1", "0")) MIDDLE END, "FILE:4: curves[0].points[0].messages: is -1, not");
  refused(BEGIN CURVE("weir", POINT("0", "1e300")) MIDDLE END, "FILE:3: curves[0].points[0].live_bytes: is 1e+300");
  refused(BEGIN CURVE("weir", POINT("0", "\"0\"")) MIDDLE END, "FILE:3: curves[0].points[0].live_bytes: is not a num");
  refused(BEGIN CURVE("weir", POINT("0", "0")) ",\n" CURVE("weir", POINT("0", "0")) MIDDLE END,
          "FILE:4: curves[1].system: has the policy, mode and timeout of this system's curves[0]");
  refused(BEGIN "{\"system\": \"weir\", \"version\": \"1\", \"policy\": \"never\"}" MIDDLE END,
          "FILE:3: curves[0].policy: is \"never\", not one of after, timer, deadline, none");
  refused(BEGIN KEY("weir") "\"timeout_ns\": 0}" MIDDLE END, "FILE:3: curves[0].timeout_ns: is 0, not a number");
  refused(BEGIN CURVE("weir", POINT("0", "0")) "," KEY("go1.19") "\"timeout_ns\": 5,\n\"subscribers\": 7, "
                                                                 "\"concurrency\": 1, \"points\": [" POINT(
                                                                     "0", "0") "]}" MIDDLE END,
          "FILE:4: curves[1].subscribers: differs from curves[0]");
}

static void verdicts_that_are_wrong(void) {
  refused(BEGIN MIDDLE VERDICT("maybe", "0") END, "FILE:4: verdicts[0].verdict: is \"maybe\", not one of flat, grows");
  refused(BEGIN MIDDLE VERDICT("flat", "0") ",\n" VERDICT("flat", "2") END,
          "FILE:5: verdicts[1].low: is more than \"high\"");
  refused(BEGIN MIDDLE "{\"name\": 7}" END, "FILE:4: verdicts[0].name: is missing or not a string");
}

static void more_than_a_picture_holds(void) {
  char *content = allocation_string(BEGIN);
  for (int i = 0; i < 9; i++) {
    char *longer =
        allocation_format("%s%s{\"system\": \"peer%d\", \"version\": \"1\", \"policy\": \"after\", \"mode\": "
                          "\"classic\", \"timeout_ns\": 5, " LOAD "\"points\": [" POINT("0", "0") "]}\n",
                          content, i == 0 ? "" : ",", i);
    free(content);
    content = longer;
  }
  char *whole = allocation_format("%s" MIDDLE END, content);
  refused(whole, "FILE:11: curves[8].system: is one more than 8 peers");
  free(whole);
  free(content);
}

static void what_is_read(void) {
  struct growth growth;
  struct problem problem = {"nothing"};
  CHECK(take(&growth,
             BEGIN CURVE("weir", POINT("0", "0") "," POINT("100", "-8") "," POINT("300", "392")) "," CURVE(
                 "go1.26", POINT("0", "0")) "," CURVE("go1.19", POINT("0", "0")) MIDDLE VERDICT("grows", "0.5") END,
             &problem));
  CHECK(growth.curve_count == 3 && growth.peer_count == 2 && growth.timeout_count == 1 && growth.verdict_count == 1);
  CHECK_TEXT(growth.peers[0], "go1.19");
  const struct growth_curve *weir = growth_curve_of(&growth, NULL, POLICY_AFTER, MODE_CLASSIC, 5e6);
  CHECK(weir == &growth.curves[0] && weir->count == 3 && isnan(weir->points[0].before_collection));
  CHECK_NEAR(growth_late_slope(weir), 2, 1e-12);
  const struct growth_curve *go = growth_curve_of(&growth, "go1.19", POLICY_AFTER, MODE_CLASSIC, 5e6);
  CHECK(go == &growth.curves[2] && isnan(growth_late_slope(go)));
  CHECK(growth_curve_of(&growth, NULL, POLICY_TIMER, MODE_CLASSIC, 5e6) == NULL);
  CHECK(growth.verdicts[0].word == GROWTH_GROWS && growth.verdicts[0].settled && growth.verdicts[0].slope.low == 0.5);
  growth_free(&growth);
}

static void lines_of_places(void) {
  static const char text[] = "{\"a\": [\n{}, {\"b\\\"\": \"]\",\n\"b\": [1,\n{\"c\":\n7}]}],\n\"d\": 1}";
  CHECK(json_line_place(text, "") == 1);
  CHECK(json_line_place(text, "a[0]") == 2);
  CHECK(json_line_place(text, "a[1].b[0]") == 3);
  CHECK(json_line_place(text, "a[1].b[1]") == 4);
  CHECK(json_line_place(text, "a[1].b[1].c") == 5);
  CHECK(json_line_place(text, "a[1].b[1].missing") == 4);
  CHECK(json_line_place(text, "a[9].b") == 1);
  CHECK(json_line_place(text, "d") == 6);
  CHECK(json_line_place("\n[1,\n{\"a\": 2}]", "[1].a") == 3);
}

static bool take_spoiled(char *content, size_t size, struct problem *problem) {
  struct growth growth;
  bool good = growth_take(&growth, "FILE", content, size, problem);
  growth_free(&growth);
  return good;
}

static void broken_in_every_place(void) {
  size_t taken =
      spoil(BEGIN CURVE("weir", POINT("0", "0") "," POINT("9", "8")) MIDDLE VERDICT("grows", "0.5") END, take_spoiled);
  CHECK(taken > 100); /* a letter of a text, a digit of a number */
}

int main(void) {
  broken_in_every_place();
  what_is_no_growth();
  curves_that_are_wrong();
  verdicts_that_are_wrong();
  more_than_a_picture_holds();
  what_is_read();
  lines_of_places();
  return check_end();
}
