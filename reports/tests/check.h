/* check.h — CHECK(condition) for the tests of reports: says which one failed, goes on, and makes main return 1. */
#ifndef REPORTS_TESTS_CHECK_H
#define REPORTS_TESTS_CHECK_H

#include <math.h>
#include <stdio.h>
#include <string.h>

static int check_failures, check_count;

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    check_count++;                                                                                                     \
    if (!(condition)) {                                                                                                \
      check_failures++;                                                                                                \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                                        \
    }                                                                                                                  \
  } while (0)

#define CHECK_TEXT(actual, expected)                                                                                   \
  do {                                                                                                                 \
    const char *check_actual = (actual), *check_expected = (expected);                                                 \
    check_count++;                                                                                                     \
    if (strcmp(check_actual, check_expected) != 0) {                                                                   \
      check_failures++;                                                                                                \
      fprintf(stderr, "%s:%d: is \"%s\", not \"%s\"\n", __FILE__, __LINE__, check_actual, check_expected);             \
    }                                                                                                                  \
  } while (0)

#define CHECK_NEAR(actual, expected, tolerance)                                                                        \
  do {                                                                                                                 \
    double near_actual = (actual), near_expected = (expected);                                                         \
    check_count++;                                                                                                     \
    if (!(fabs(near_actual - near_expected) <= (tolerance))) {                                                         \
      check_failures++;                                                                                                \
      fprintf(stderr, "%s:%d: is %.12g, not %.12g\n", __FILE__, __LINE__, near_actual, near_expected);                 \
    }                                                                                                                  \
  } while (0)

static inline int check_end(void) {
  printf("%d checks, %d failed\n", check_count, check_failures);
  return check_failures == 0 && check_count > 0 ? 0 : 1;
}

#endif
