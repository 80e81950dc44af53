/* A schedule as a string and back. */
#include "schedule.h"

#include "check.h"
#include "port.h"
#include "random.h"

#include <weir/sim.h>

enum { CHOICES = 3000 };

static void must_equal(const struct schedule *a, const struct schedule *b) {
  CHECK_EQ_INT(a->count, b->count);
  for (size_t i = 0; i < a->count; i++) {
    CHECK_EQ_INT(a->runs[i].kind, b->runs[i].kind);
    CHECK_EQ_INT(a->runs[i].choice, b->runs[i].choice);
    CHECK(a->runs[i].times == b->runs[i].times);
  }
}

/* What was added, choice by choice, against the runs. */
static void must_hold(const struct schedule *schedule, const struct choice_run *choices, uint32_t count) {
  uint32_t at = 0;
  for (size_t i = 0; i < schedule->count; i++)
    for (uint64_t n = 0; n < schedule->runs[i].times; n++, at++) {
      CHECK_INT(at, <, count);
      CHECK_EQ_INT(schedule->runs[i].kind, choices[at].kind);
      CHECK_EQ_INT(schedule->runs[i].choice, choices[at].choice);
    }
  CHECK_EQ_INT(at, count);
}

static void prints_and_parses_back(void) {
  static struct choice_run choices[CHOICES];
  struct random random = {3};
  for (int round = 0; round < SCALED(400); round++) {
    struct schedule schedule = {0}, parsed;
    const uint32_t count = random_below(&random, CHOICES);
    for (uint32_t i = 0; i < count; i++) {
      choices[i].kind = (uint8_t)(WEIR_CHOICE_TASK + random_below(&random, WEIR_CHOICE_DRAW));
      choices[i].choice = (uint32_t)random_magnitude(&random, random_below(&random, 8) == 0 ? 32 : 1);
      schedule_add(&schedule, choices[i].kind, choices[i].choice);
    }
    must_hold(&schedule, choices, count);
    char *printed = schedule_print(&schedule);
    CHECK(printed != NULL);
    CHECK_EQ_INT(schedule_parse(&parsed, printed), 0);
    must_equal(&schedule, &parsed);
    char *again = schedule_print(&parsed);
    CHECK_STR(again, printed);
    port_release(again);
    port_release(printed);
    schedule_free(&schedule);
    schedule_free(&parsed);
  }
}

static void the_documented_form(void) {
  struct schedule schedule = {0};
  for (int i = 0; i < 12; i++)
    schedule_add(&schedule, WEIR_CHOICE_TASK, 0);
  schedule_add(&schedule, WEIR_CHOICE_TASK, 2);
  schedule_add(&schedule, WEIR_CHOICE_SELECT, 1);
  schedule_add(&schedule, WEIR_CHOICE_TIMER, 0);
  schedule_add(&schedule, WEIR_CHOICE_TIMER, 0);
  schedule_add(&schedule, WEIR_CHOICE_ALLOCATION, 1);
  schedule_add(&schedule, WEIR_CHOICE_DRAW, UINT32_MAX);
  char *printed = schedule_print(&schedule);
  CHECK_STR(printed, "w1:t0*12t2s1m0*2a1d4294967295");
  port_release(printed);
  schedule_free(&schedule);
}

static void the_ends_of_numbers(void) {
  static const char *const strings[] = {"w1:", "w1:t4294967295", "w1:d0*18446744073709551615", "w1:t0*2s0"};
  for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
    struct schedule schedule;
    CHECK_EQ_INT(schedule_parse(&schedule, strings[i]), 0);
    char *printed = schedule_print(&schedule);
    CHECK_STR(printed, strings[i]);
    port_release(printed);
    schedule_free(&schedule);
  }
}

static void malformed_is_rejected(void) {
  static const char *const strings[] = {
      NULL,
      "",
      "w",
      "w1",
      "w2:t0",
      "W1:t0",
      " w1:t0",
      "w1 :t0",
      "t0",
      "w1:t",
      "w1:0",
      "w1:x0",
      "w1:?0",
      "w1:T0",
      "w1:t-1",
      "w1:t+1",
      "w1:t 1",
      "w1:t1 ",
      "w1:t0*",
      "w1:t0*0",
      "w1:t0**2",
      "w1:*2",
      "w1:t4294967296",
      "w1:t0x",
      "w1:t0*1*1",
      "w1:t0\n",
      "w1:t0,s",
      "w1:t0*x",
      "w1:\x80"
      "0",
      "w1:t0*-1",
      "w1:t18446744073709551616",
      "w1:t0*18446744073709551616",
  };
  for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
    struct schedule schedule;
    if (schedule_parse(&schedule, strings[i]) != -EINVAL)
      check_fail(__FILE__, __LINE__, "accepted: \"%s\"", check_shown(strings[i]));
    CHECK(schedule.runs == NULL);
    CHECK(weir_chooser_replay(strings[i]) == NULL);
  }
}

/* Any bytes: rejected, or understood, and then what is printed is understood alike. */
static void any_bytes(void) {
  static const char alphabet[] = "w1:tsmad0123456789*";
  struct random random = {9};
  uint32_t accepted = 0;
  for (uint32_t round = 0; round < SCALED(300000); round++) {
    char string[32] = "w1:t0*12t2s1m0*2";
    const uint32_t length = (uint32_t)strlen(string);
    for (uint32_t changes = 1 + random_below(&random, 3); changes > 0; changes--)
      string[3 + random_below(&random, length - 3)] = random_below(&random, 8) == 0
                                                          ? (char)random_bits(&random)
                                                          : alphabet[random_below(&random, sizeof alphabet - 1)];
    struct schedule schedule, again;
    if (schedule_parse(&schedule, string) != 0)
      continue;
    accepted++;
    char *printed = schedule_print(&schedule);
    CHECK_EQ_INT(schedule_parse(&again, printed), 0);
    must_equal(&schedule, &again);
    port_release(printed);
    schedule_free(&schedule);
    schedule_free(&again);
  }
  CHECK_INT(accepted, >, SCALED(1000));
}

static const struct check_case cases[] = {
    CHECK_CASE(prints_and_parses_back), CHECK_CASE(the_documented_form), CHECK_CASE(the_ends_of_numbers),
    CHECK_CASE(malformed_is_rejected),  CHECK_CASE(any_bytes),
};
CHECK_MAIN(cases)
