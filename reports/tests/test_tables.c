/* test_tables.c — the table of hostile servers and that of the zoo: what they may be, and that each refusal names the
 * line and the place. */
#include "hostile.h"
#include "zoo.h"

#include "allocation.h"
#include "check.h"
#include "spoil.h"

static bool take_hostile(struct hostile *hostile, const char *content, struct problem *problem) {
  return hostile_take(hostile, "FILE", allocation_string(content), strlen(content), problem);
}

static bool take_zoo(struct zoo *zoo, const char *content, struct problem *problem) {
  return zoo_take(zoo, "FILE", allocation_string(content), strlen(content), problem);
}

static void begins(const char *text, const char *expected) {
  if (strncmp(text, expected, strlen(expected)) != 0)
    CHECK_TEXT(text, expected);
}

static void hostile_refused(const char *content, const char *expected) {
  struct hostile hostile;
  struct problem problem = {"nothing"};
  CHECK(!take_hostile(&hostile, content, &problem));
  begins(problem.text, expected);
  hostile_free(&hostile);
}

static void zoo_refused(const char *content, const char *expected) {
  struct zoo zoo;
  struct problem problem = {"nothing"};
  CHECK(!take_zoo(&zoo, content, &problem));
  begins(problem.text, expected);
  zoo_free(&zoo);
}

#define BEGIN "{\"schema\": \"weir-hostile/1\", \"libcurl\": \"7\", \"workers\": 1,\n\"rows\": [\n"
#define SERVER(number, why, ok)                                                                                        \
  "{\"number\": " number                                                                                               \
  ", \"name\": \"a\", \"server\": \"b\", \"expected\": \"c\", \"got\": \"d\", \"stage\": \"\", \"why\": \"" why        \
  "\", \"bytes_held\": 1, \"bytes_peak\": 2, \"bytes_sent\": 3, \"fds_before\": 4, \"fds_after\": 4, \"ok\": " ok "}"

static void servers(void) {
  struct hostile hostile;
  struct problem problem = {"nothing"};
  hostile_refused("", "FILE:1:0: ");
  hostile_refused("{\"schema\":\n\"weir-hostile/2\"}", "FILE:2: schema: is \"weir-hostile/2\"");
  hostile_refused("[]", "FILE:1: is not a JSON object; was the file written by the test http_hostile?");
  hostile_refused(BEGIN "]}", "FILE:2: rows: is empty");
  hostile_refused(BEGIN "1]}", "FILE:3: rows[0]: is not an object");
  hostile_refused(BEGIN SERVER("1", "", "true") ",\n" SERVER("1", "", "1") "]}", "FILE:4: rows[1].ok: is neither");
  hostile_refused(BEGIN SERVER("1", "", "false") "]}", "FILE:3: rows[0].ok: and \"why\" say different things");
  hostile_refused(BEGIN SERVER("-1", "", "true") "]}", "FILE:3: rows[0].number: is -1");
  hostile_refused(BEGIN "{\"name\": \"a\"}]}", "FILE:3: rows[0].server: is missing");
  hostile_refused(BEGIN SERVER("1", "", "true") "\n, NaN]}", "FILE:4:");
  CHECK(take_hostile(&hostile, BEGIN SERVER("1", "", "true") "," SERVER("0", "x", "false") "]}", &problem));
  CHECK(hostile.count == 2 && hostile_failed(&hostile) == 1 && hostile.rows[1].sent == 3);
  hostile_free(&hostile);
}

#define TRIALS(strategy, trials, found, median, schedules)                                                             \
  "{\"entry\": \"a\", \"strategy\": \"" strategy "\", \"trials\": " trials ", \"found\": " found                       \
  ", \"median\": " median ", \"limit\": 9, \"schedules\": [" schedules "], \"switches\": null}"

static void trials(void) {
  struct zoo zoo;
  struct problem problem = {"nothing"};
  zoo_refused("[", "FILE:1:");
  zoo_refused("{}", "FILE:1: is not a JSON array of trials");
  zoo_refused("[]", "FILE:1: is not a JSON array of trials");
  zoo_refused("[\n7]", "FILE:2: [0]: is not an object");
  zoo_refused("[\n" TRIALS("r", "2", "3", "1", "1,1,1") "]", "FILE:2: [0].found: is more than \"trials\"");
  zoo_refused("[\n" TRIALS("r", "0", "0", "1", "") "]", "FILE:2: [0].trials: is not from 1");
  zoo_refused("[\n" TRIALS("r", "3", "2", "1", "1") "]", "FILE:2: [0].schedules: does not hold as many");
  zoo_refused("[\n" TRIALS("r", "3", "2", "1", "2,\n1") "]", "FILE:3: [0].schedules[1]: is not a number of schedules");
  zoo_refused("[\n" TRIALS("r", "3", "3", "5", "1,2,3") "]", "FILE:2: [0].median: is not the median");
  zoo_refused("[\n" TRIALS("r", "3", "1", "1", "1") "]", "FILE:2: [0].median: is not the median");
  zoo_refused("[" TRIALS("r", "1", "1", "1", "1") ",\n" TRIALS("r", "1", "1", "1", "1") "]",
              "FILE:2: [1].strategy: stands there for the second time");
  CHECK(take_zoo(&zoo, "[" TRIALS("r", "3", "2", "4", "2,4") "," TRIALS("s", "3", "1", "null", "1") "]", &problem));
  CHECK(zoo.entry_count == 1 && zoo.strategy_count == 2);
  CHECK(zoo_best(&zoo, 0) == 4 && isnan(zoo_switches(&zoo, 0)));
  CHECK(zoo_cell(&zoo, 0, 0)->least == 2 && zoo_cell(&zoo, 0, 0)->most == 4 && isnan(zoo_cell(&zoo, 0, 1)->median));
  zoo_free(&zoo);
}

static bool take_spoiled_hostile(char *content, size_t size, struct problem *problem) {
  struct hostile hostile;
  bool good = hostile_take(&hostile, "FILE", content, size, problem);
  hostile_free(&hostile);
  return good;
}

static bool take_spoiled_zoo(char *content, size_t size, struct problem *problem) {
  struct zoo zoo;
  bool good = zoo_take(&zoo, "FILE", content, size, problem);
  zoo_free(&zoo);
  return good;
}

static void broken_in_every_place(void) {
  CHECK(spoil(BEGIN SERVER("1", "", "true") "]}", take_spoiled_hostile) > 100);
  CHECK(spoil("[" TRIALS("r", "3", "2", "4", "2,4") "]", take_spoiled_zoo) > 20);
}

int main(void) {
  broken_in_every_place();
  servers();
  trials();
  return check_end();
}
