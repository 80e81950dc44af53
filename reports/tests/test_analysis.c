/* test_analysis.c — steady state, predictions, verdicts, the sweep's axes, and the sentences made of them. */
#include "check.h"
#include "exponent.h"
#include "given.h"

#include "comparison.h"
#include "order.h"
#include "steady.h"
#include "story.h"
#include "sweep.h"

/* Adds a row of the family steady: 5 ms, 128 bytes a timer, so that 10^7 messages/s would keep 6,400,000 bytes. */
static void add_steady(struct given *given, const char *policy_and_mode, const char *peer, double ns, double rate,
                       double live_bytes, int steady) {
  char name[200], more[300];
  snprintf(name, sizeof name, "steady/%s/subscribers:100/concurrency:1/timeout_ms:5/workers:1%s%s", policy_and_mode,
           *peer == '\0' ? "" : "/peer:", peer);
  snprintf(more, sizeof more,
           ", \"rate\": %g, \"live_bytes\": %.17g, \"bytes_per_timer\": 128, \"timeout_ns\": 5000000, "
           "\"timers_pending\": 5, \"timers_abandoned\": 4, \"steady\": %d",
           rate, live_bytes, steady);
  given_row(given, name, ns, more);
}

static const struct steady_line *line_of(const struct steady *steady, enum policy policy, enum mode mode,
                                         const char *peer) {
  for (size_t i = 0; i < steady->groups[0].count; i++) {
    const struct steady_line *line = &steady->groups[0].lines[i];
    const char *here = line->cell->peer == NULL ? "" : line->cell->peer;
    if (line->cell->point.policy == policy && line->cell->point.mode == mode && strcmp(here, peer) == 0)
      return line;
  }
  return NULL;
}

static struct results steady_results(void) {
  struct given given;
  given_begin(&given);
  add_steady(&given, "policy:after/mode:classic", "", 100, 1e7, 7040000, 1); /* 10 % and 12 % more than foretold */
  add_steady(&given, "policy:after/mode:classic", "", 100, 1e7, 7168000, 1);
  add_steady(&given, "policy:after/mode:classic", "go1.19", 1000, 1e6, 480000, 1); /* 25 % less than 640,000 */
  add_steady(&given, "policy:after/mode:prompt", "", 90, 1e7, 639999, 1);          /* just below a tenth */
  add_steady(&given, "policy:timer/mode:prompt", "", 80, 1e7, 640001, 1);          /* just above: nobody foretold it */
  add_steady(&given, "policy:deadline/mode:classic", "", 60, 1e7, 320, 1);
  add_steady(&given, "policy:timer/mode:classic", "", 70, 1e7, 6400000, 1);
  add_steady(&given, "policy:timer/mode:classic", "", 70, 1e7, 6400000, 0);
  given_failed(&given, "steady/policy:none/mode:classic/subscribers:100/concurrency:1/timeout_ms:5/workers:1", "broke");
  return given_end(&given);
}

static void steady_lines(void) {
  struct results results = steady_results();
  struct steady steady = steady_of(&results);
  CHECK(steady.count == 1 && steady.groups[0].count == 7);
  const struct steady_line *weir = line_of(&steady, POLICY_AFTER, MODE_CLASSIC, "");
  CHECK(weir == &steady.groups[0].lines[0]); /* Weir first, policy after first */
  CHECK(weir->status == STEADY_REACHED && weir->predicted && weir->within && weir->keeps);
  CHECK_NEAR(weir->if_abandoned, 6.4e6, 1e-6);
  CHECK_NEAR(weir->deviation, 0.11, 1e-12);
  CHECK_NEAR(weir->timers_abandoned, 4, 0);
  const struct steady_line *go = line_of(&steady, POLICY_AFTER, MODE_CLASSIC, "go1.19");
  CHECK(go->predicted && !go->within && go->keeps);
  CHECK_NEAR(go->deviation, -0.25, 1e-12);
  const struct steady_line *prompt = line_of(&steady, POLICY_AFTER, MODE_PROMPT, "");
  CHECK(!prompt->predicted && !prompt->keeps && isnan(prompt->deviation));
  const struct steady_line *leaking = line_of(&steady, POLICY_TIMER, MODE_PROMPT, "");
  CHECK(!leaking->predicted && leaking->keeps);
  const struct steady_line *never = line_of(&steady, POLICY_TIMER, MODE_CLASSIC, "");
  CHECK(never->status == STEADY_NEVER_REACHED && never->reached == 1 && !never->keeps && isnan(never->if_abandoned));
  CHECK(line_of(&steady, POLICY_NONE, MODE_CLASSIC, "")->status == STEADY_FAILED);
  steady_free(&steady);
  results_free(&results);
}

static bool tells(const struct story *story, const char *words) {
  for (size_t i = 0; i < story->count; i++)
    if (strstr(story->sentences[i], words) != NULL)
      return true;
  fprintf(stderr, "no sentence says: %s\n", words);
  for (size_t i = 0; i < story->count; i++)
    fprintf(stderr, "  %s\n", story->sentences[i]);
  return false;
}

static void stories(void) {
  struct results results = steady_results();
  struct steady steady = steady_of(&results);
  struct story story = story_of(&steady);
  CHECK(tells(&story, "Policy `after` in classic mode leaves a timer behind"));
  CHECK(tells(&story,
              "Weir holds 6.8\u00a0MiB in 4 abandoned timers at 10M messages a second; Go 1.19 holds 469\u00a0KiB"));
  CHECK(tells(&story, "So does `timer` in prompt mode"));
  CHECK(tells(&story, "within 20\u00a0%: Weir +11\u00a0%; but it misses Go 1.19 −25\u00a0%."));
  CHECK(tells(&story, "the most that remains is 625\u00a0KiB (Weir, `after`, prompt)"));
  CHECK(tells(&story, "Weir’s cheapest timeout that stays flat is `deadline` (classic) at 60.0 ns a message"));
  CHECK(tells(&story, "1 of 7 lines never reached steady state and is not compared. 1 of 7 lines failed."));
  story_free(&story);
  steady_free(&steady);
  results_free(&results);

  struct given given;
  given_begin(&given);
  add_steady(&given, "policy:after/mode:classic", "", 9, 1e7, 64, 1);
  results = given_end(&given);
  steady = steady_of(&results);
  story = story_of(&steady);
  CHECK(tells(&story, "At steady state no policy keeps the timers"));
  CHECK(tells(&story, "The most that remains is 64"));
  story_free(&story);
  steady_free(&steady);
  results_free(&results);

  struct steady none = {0};
  story = story_of(&none);
  CHECK(story.count == 1 && tells(&story, "hold no rows of the family `steady`"));
  story_free(&story);
}

static const struct pair *pair_of(const struct comparison *comparison, const char *benchmark, const char *peer) {
  for (size_t i = 0; i < comparison->count; i++) {
    const struct pair *pair = &comparison->pairs[i];
    const char *here = pair->peer == NULL ? "" : pair->peer->peer;
    if (strcmp(comparison_subject(pair)->benchmark, benchmark) == 0 && strcmp(here, peer) == 0)
      return pair;
  }
  return NULL;
}

#define BLOCK "select/block/cases:8"
#define SPSC  "channel/spsc/capacity:128"

static void verdicts(void) {
  struct given given;
  given_begin(&given); /* three equal repetitions: the ratio's interval is a point */
  given_rows(&given, 3, BLOCK "/workers:1", 100, "");
  given_rows(&given, 3, BLOCK "/workers:1/peer:go1.19", 800, "");
  given_rows(&given, 3, BLOCK "/workers:1/peer:go1.26", 799, "");
  given_rows(&given, 3, SPSC "/workers:1", 10, "");
  given_row(&given, SPSC "/workers:1/peer:boost.fiber", 11, "");
  given_row(&given, SPSC "/workers:1/peer:boost.fiber", 17, "");
  given_row(&given, SPSC "/workers:1/peer:boost.fiber", 30, "");
  given_rows(&given, 3, "yield/pair/workers:1", 20, "");
  given_rows(&given, 3, "yield/pair/workers:2", 20, "");
  given_rows(&given, 3, "only/peer/workers:1/peer:go1.19", 5, "");
  struct results results = given_end(&given);
  struct comparison comparison = comparison_of(&results);
  CHECK(pair_of(&comparison, BLOCK, "go1.19")->verdict == VERDICT_MET); /* ≤ Go / 8, and the eighth exactly */
  CHECK(pair_of(&comparison, BLOCK, "go1.26")->verdict == VERDICT_NOT_MET);
  CHECK_NEAR(pair_of(&comparison, BLOCK, "go1.26")->ratio.middle, 7.99, 1e-12);
  CHECK(pair_of(&comparison, SPSC, "boost.fiber")->verdict == VERDICT_UNCLEAR);
  const struct pair *absent = pair_of(&comparison, "yield/pair", "");
  CHECK(absent != NULL && absent->goal != NULL && absent->verdict == VERDICT_NONE); /* neco is not in this run */
  const struct pair *alone = pair_of(&comparison, "only/peer", "go1.19");
  CHECK(alone != NULL && alone->weir == NULL && isnan(alone->ratio.middle) && alone->goal == NULL);
  CHECK(comparison.verdicts[VERDICT_MET] == 1 && comparison.verdicts[VERDICT_NOT_MET] == 1 &&
        comparison.verdicts[VERDICT_UNCLEAR] == 1);
  comparison_free(&comparison);
  results_free(&results);
}

static const struct pair *line_at(const struct comparison *comparison, const char *benchmark, long workers,
                                  enum counter figure, const char *peer) {
  for (size_t i = 0; i < comparison->count; i++) {
    const struct pair *pair = &comparison->pairs[i];
    const struct cell *subject = comparison_subject(pair);
    const char *here = pair->peer == NULL ? "" : pair->peer->peer;
    if (strcmp(subject->benchmark, benchmark) == 0 && subject->workers == workers && pair->figure == figure &&
        strcmp(here, peer) == 0)
      return pair;
  }
  return NULL;
}

/* Peers with one worker only are no goal at two; whoever has both is judged at both. */
static void goals_by_workers(void) {
  struct given given;
  given_begin(&given);
  given_rows(&given, 3, "yield/pair/workers:1", 20, "");
  given_rows(&given, 3, "yield/pair/workers:2", 20, "");
  given_rows(&given, 3, "mutex/contended/workers:1", 5, "");
  given_rows(&given, 3, "mutex/contended/workers:1/peer:go1.19", 10, "");
  given_rows(&given, 3, "mutex/contended/workers:2", 50, "");
  given_rows(&given, 3, "mutex/contended/workers:2/peer:go1.19", 10, "");
  given_rows(&given, 3, "scaling/broadcast/policy:none/workers:1", 15, "");
  given_rows(&given, 3, "scaling/broadcast/policy:none/workers:2", 10, "");
  given_rows(&given, 3, "scaling/broadcast/policy:none/workers:2/peer:two-processes", 9, ", \"overlap\": 0.99");
  given_rows(&given, 3, "scaling/broadcast/policy:after/workers:2", 10, "");
  given_rows(&given, 3, "scaling/broadcast/policy:after/workers:2/peer:two-processes", 8.99, "");
  struct results results = given_end(&given);
  struct comparison comparison = comparison_of(&results);
  CHECK(line_at(&comparison, "yield/pair", 1, COUNTER_TIME, "")->goal != NULL);
  CHECK(line_at(&comparison, "yield/pair", 2, COUNTER_TIME, "")->goal == NULL);
  CHECK(line_at(&comparison, "mutex/contended", 1, COUNTER_TIME, "go1.19")->verdict == VERDICT_MET);
  CHECK(line_at(&comparison, "mutex/contended", 2, COUNTER_TIME, "go1.19")->verdict == VERDICT_NOT_MET);
  CHECK(line_at(&comparison, "scaling/broadcast/policy:none", 1, COUNTER_TIME, "")->goal == NULL);
  CHECK(line_at(&comparison, "scaling/broadcast/policy:none", 2, COUNTER_TIME, "two-processes")->verdict ==
        VERDICT_MET);
  CHECK(line_at(&comparison, "scaling/broadcast/policy:after", 2, COUNTER_TIME, "two-processes")->verdict ==
        VERDICT_NOT_MET);
  comparison_free(&comparison);
  results_free(&results);
}

/* A client is judged by the processor's time, not by the time that the server takes. */
static void client_goals(void) {
  struct given given;
  given_begin(&given);
  given_rows(&given, 3, "http/get/concurrency:8/workers:1", 50000, ", \"cpu_ns\": 21000");
  given_rows(&given, 3, "http/get/concurrency:8/workers:1/peer:curl", 40000, ", \"cpu_ns\": 20000");
  given_rows(&given, 3, "http/get/concurrency:8/workers:1/peer:go1.19", 60000, ", \"cpu_ns\": 20999");
  given_rows(&given, 3, "http/get/concurrency:64/workers:1", 50000, ", \"cpu_ns\": 21001");
  given_rows(&given, 3, "http/get/concurrency:64/workers:1/peer:curl", 60000, ", \"cpu_ns\": 20000");
  struct results results = given_end(&given);
  struct comparison comparison = comparison_of(&results);
  const char *few = "http/get/concurrency:8", *many = "http/get/concurrency:64";
  CHECK(line_at(&comparison, few, 1, COUNTER_TIME, "curl")->goal == NULL);
  CHECK(line_at(&comparison, few, 1, COUNTER_CPU_NS, "curl")->verdict == VERDICT_MET); /* 1.05 exactly */
  CHECK(line_at(&comparison, few, 1, COUNTER_CPU_NS, "go1.19")->verdict == VERDICT_NOT_MET);
  CHECK(line_at(&comparison, many, 1, COUNTER_CPU_NS, "curl")->verdict == VERDICT_NOT_MET);
  comparison_free(&comparison);
  results_free(&results);
}

/* Each figure that both sides have is a line of its own, with a goal of its own. */
static void figures(void) {
  struct given given;
  given_begin(&given);
  given_rows(&given, 3, "wake/latency/workers:1", 60, ", \"p50_ns\": 30, \"p99_ns\": 250, \"p999_ns\": 400");
  given_rows(&given, 3, "wake/latency/workers:1/peer:go1.19", 200, ", \"p50_ns\": 90, \"p99_ns\": 200");
  given_rows(&given, 3, "parked/tasks:1000000/workers:1", 90, ", \"bytes_per_task\": 4608");
  given_row(&given, "parked/tasks:1000000/workers:2", 90, ", \"bytes_per_task\": 4500");
  given_row(&given, "parked/tasks:1000000/workers:2", 90, ", \"bytes_per_task\": 4609");
  given_rows(&given, 3, "timer/bytes/pending:1000000/workers:1", 90, ", \"bytes_per_timer\": 129");
  given_failed(&given, "parked/tasks:1000000/workers:3", "no memory");
  struct results results = given_end(&given);
  struct comparison comparison = comparison_of(&results);
  const char *wake = "wake/latency", *parked = "parked/tasks:1000000";
  CHECK(line_at(&comparison, wake, 1, COUNTER_TIME, "go1.19")->goal == NULL);
  const struct pair *half = line_at(&comparison, wake, 1, COUNTER_P50_NS, "go1.19");
  CHECK(half->verdict == VERDICT_MET);
  CHECK_NEAR(half->of_weir.middle, 30, 0);
  CHECK_NEAR(half->of_peer.middle, 90, 0);
  CHECK_NEAR(half->ratio.middle, 3, 1e-12);
  CHECK(line_at(&comparison, wake, 1, COUNTER_P99_NS, "go1.19")->verdict == VERDICT_NOT_MET);
  CHECK(line_at(&comparison, wake, 1, COUNTER_P999_NS, "go1.19") == NULL); /* the peer does not say */
  const struct pair *unsaid = line_at(&comparison, wake, 1, COUNTER_P999_NS, "");
  CHECK(unsaid != NULL && unsaid->goal != NULL && unsaid->verdict == VERDICT_NONE);
  const struct pair *bytes = line_at(&comparison, parked, 1, COUNTER_BYTES_PER_TASK, "");
  CHECK(bytes->verdict == VERDICT_MET && bytes->goal->peer == NULL); /* the bound itself is within it */
  CHECK_TEXT(comparison_figure_text(bytes->figure, bytes->of_weir.middle).characters, "4,608\u00a0B");
  CHECK(line_at(&comparison, parked, 2, COUNTER_BYTES_PER_TASK, "")->verdict == VERDICT_UNCLEAR);
  CHECK(line_at(&comparison, parked, 3, COUNTER_BYTES_PER_TASK, "") == NULL); /* nothing to bound */
  CHECK(line_at(&comparison, "timer/bytes/pending:1000000", 1, COUNTER_BYTES_PER_TIMER, "")->verdict ==
        VERDICT_NOT_MET);
  comparison_free(&comparison);
  results_free(&results);
}

static void add_broadcast(struct given *given, const char *policy_and_mode, int subscribers, const char *peer,
                          double time) {
  char name[200];
  snprintf(name, sizeof name, "broadcast/%s/load:ready/subscribers:%d/concurrency:1/workers:1%s%s", policy_and_mode,
           subscribers, *peer == '\0' ? "" : "/peer:", peer);
  if (time > 0)
    given_rows(given, 3, name, time, "");
  else
    given_failed(given, name, "broke");
}

static void broadcast(void) {
  struct given given;
  given_begin(&given);
  add_broadcast(&given, "policy:deadline/mode:classic", 10, "", 10);
  add_broadcast(&given, "policy:deadline/mode:classic", 2, "", 10);
  add_broadcast(&given, "policy:timer/mode:classic", 10, "go1.19", 60);
  add_broadcast(&given, "policy:timer/mode:classic", 2, "go1.19", 40);
  add_broadcast(&given, "policy:timer/mode:classic", 10, "go1.26", 50);
  add_broadcast(&given, "policy:deadline/mode:prompt", 10, "", 10);
  add_broadcast(&given, "policy:timer/mode:prompt", 10, "go1.26", 50);
  add_broadcast(&given, "policy:none/mode:prompt", 2, "", 0);
  struct results results = given_end(&given);
  struct sweep sweep = sweep_of(&results);
  CHECK(sweep.count == 1 && sweep.groups[0].subscriber_count == 2 && sweep.groups[0].concurrency_count == 1);
  CHECK(sweep.groups[0].subscribers[0] == 2 && sweep.groups[0].subscribers[1] == 10);
  CHECK(sweep.groups[0].present[POLICY_DEADLINE][MODE_CLASSIC] && !sweep.groups[0].present[POLICY_AFTER][MODE_CLASSIC]);
  CHECK_TEXT(sweep_go(&results, &sweep.groups[0], MODE_CLASSIC), "go1.19"); /* the oldest */
  CHECK_TEXT(sweep_go(&results, &sweep.groups[0], MODE_PROMPT), "go1.26");
  const struct cell *failed = sweep_cell(&results, &sweep.groups[0], POLICY_NONE, MODE_PROMPT, 2, 1, NULL);
  CHECK(failed != NULL && failed->count == 0 && isnan(failed->ns.middle)); /* not 0 */
  CHECK(sweep_cell(&results, &sweep.groups[0], POLICY_NONE, MODE_PROMPT, 10, 1, NULL) == NULL);
  struct comparison comparison = comparison_of(&results);
  const struct digest *digest = &comparison.digests[0];
  CHECK_TEXT(digest->peer, "go1.19");
  CHECK(digest->points == 2 && digest->verdicts[VERDICT_MET] == 1 && digest->verdicts[VERDICT_NOT_MET] == 1);
  CHECK_NEAR(digest->least, 4, 1e-12);
  CHECK_NEAR(digest->median, 5, 1e-12);
  CHECK_NEAR(digest->greatest, 6, 1e-12);
  const struct pair *pair =
      pair_of(&comparison, "broadcast/policy:deadline/mode:classic/load:ready/subscribers:10/concurrency:1", "go1.19");
  CHECK(pair != NULL && pair->stands_in);
  comparison_free(&comparison);
  sweep_free(&sweep);
  results_free(&results);
}

/* Rows of two workers are a group of pictures of their own, and digests of their own. */
static void broadcast_by_workers(void) {
  struct given given;
  given_begin(&given);
  for (int workers = 2; workers >= 1; workers--) {
    char name[200];
    snprintf(name, sizeof name,
             "broadcast/policy:after/mode:classic/load:ready/subscribers:10/concurrency:1/workers:%d", workers);
    given_rows(&given, 3, name, 10, "");
    strcat(name, "/peer:go1.19");
    given_rows(&given, 3, name, workers == 1 ? 60 : 90, "");
  }
  struct results results = given_end(&given);
  struct sweep sweep = sweep_of(&results);
  CHECK(sweep.count == 2 && sweep.groups[0].key.workers == 1 && sweep.groups[1].key.workers == 2);
  char *first = sweep_group_title(&sweep.groups[0]), *second = sweep_group_title(&sweep.groups[1]);
  CHECK_TEXT(first, "Load ready, 1 worker");
  CHECK_TEXT(second, "Load ready, 2 workers");
  free(first);
  free(second);
  struct comparison comparison = comparison_of(&results);
  CHECK(comparison.digest_count == 2);
  CHECK(comparison.digests[0].point.workers == 1 && comparison.digests[1].point.workers == 2);
  CHECK_NEAR(comparison.digests[0].median, 6, 1e-12);
  CHECK_NEAR(comparison.digests[1].median, 9, 1e-12);
  comparison_free(&comparison);
  sweep_free(&sweep);
  results_free(&results);
}

static void check_order(struct given *given, const char *order, const char *repetitions) {
  struct results results = given_end(given);
  char *note = order_note(&results), *count = order_repetitions(&results);
  if (strstr(note, order) == NULL)
    CHECK_TEXT(note, order);
  if (strstr(count, repetitions) == NULL)
    CHECK_TEXT(count, repetitions);
  CHECK(*note != '\0' && *count != '\0');
  free(note);
  free(count);
  results_free(&results);
}

static void orders(void) {
  struct given given;
  given_begin(&given);
  given_rows(&given, 3, "a/workers:1", 1, "");
  check_order(&given, "does not say in which order", "3 repetitions a row. Fewer");

  given_begin(&given);
  given_row(&given, "a/workers:1", 1, ", \"sequence\": 0, \"at_seconds\": 0");
  given_row(&given, "a/workers:1", 1, ", \"sequence\": 2, \"at_seconds\": 2");
  given_row(&given, "b/workers:1", 1, ", \"sequence\": 1, \"at_seconds\": 1");
  given_row(&given, "b/workers:1", 1, ", \"sequence\": 3, \"at_seconds\": 2");
  check_order(&given, "4 samples were taken interleaved over 2\u00a0s: in 0 of 3 steps", "50\u00a0% for 2 repetitions");

  given_begin(&given);
  given_row(&given, "a/workers:1", 1, ", \"sequence\": 0");
  given_row(&given, "a/workers:1", 1, ", \"sequence\": 1");
  given_row(&given, "b/workers:1", 1, ", \"sequence\": 2");
  given_row(&given, "b/workers:1", 1, ", \"sequence\": 3");
  check_order(&given, "taken row by row: in 2 of 3 steps", "2 repetitions a row");

  given_begin(&given);
  given_rows(&given, 6, "a/workers:1", 1, "");
  given_rows(&given, 9, "b/workers:1", 1, "");
  check_order(&given, "", "6 to 9 repetitions a row; intervals");
}

/* 3 × subscribers^0.5 × concurrency^-0.25, exact, then with one point off. */
static void exponents(void) {
  for (int off = 0; off < 2; off++) {
    struct given given;
    given_begin(&given);
    for (int s = 1; s <= 1000; s *= 10)
      for (int c = 1; c <= 8; c *= 8) {
        char name[160];
        snprintf(name, sizeof name,
                 "broadcast/policy:none/mode:classic/load:ready/subscribers:%d/concurrency:%d/workers:1", s, c);
        given_row(&given, name, 3 * pow(s, 0.5) * pow(c, -0.25) * (off && s == 10 && c == 8 ? 1.5 : 1), "");
        snprintf(name, sizeof name,
                 "broadcast/policy:after/mode:classic/load:ready/subscribers:%d/concurrency:%d/workers:1/peer:go1", s,
                 s);
        given_row(&given, name, s, ""); /* both axes at once: nobody can say which */
      }
    struct results results = given_end(&given);
    struct sweep sweep = sweep_of(&results);
    struct exponents found = exponents_of(&results, &sweep.groups[0], POLICY_NONE, MODE_CLASSIC, NULL);
    CHECK(found.points == 8);
    CHECK_NEAR(found.subscribers.value, 0.5, off ? 0.05 : 1e-9);
    CHECK_NEAR(found.concurrency.value, -0.25, off ? 0.1 : 1e-9);
    CHECK(found.subscribers.low <= 0.5 + 1e-9 && found.subscribers.high >= 0.5 - 1e-9);
    CHECK((found.subscribers.high - found.subscribers.low > 0.05) == off);
    struct exponents alike = exponents_of(&results, &sweep.groups[0], POLICY_AFTER, MODE_CLASSIC, "go1");
    CHECK(alike.points == 4 && isnan(alike.subscribers.value) && isnan(alike.concurrency.value));
    struct exponents absent = exponents_of(&results, &sweep.groups[0], POLICY_TIMER, MODE_PROMPT, NULL);
    CHECK(absent.points == 0 && isnan(absent.subscribers.value));
    sweep_free(&sweep);
    results_free(&results);
  }
}

int main(void) {
  exponents();
  steady_lines();
  stories();
  verdicts();
  goals_by_workers();
  client_goals();
  figures();
  broadcast();
  broadcast_by_workers();
  orders();
  return check_end();
}
