/* row_name.c — see row_name.h. */
#include "row_name.h"

#include "allocation.h"
#include "problem.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A component that Google Benchmark appends to every name. */
static bool is_appended(const char *component) {
  static const char *const pairs[] = {"iterations:", "repeats:", "min_time:", "min_warmup_time:", "threads:"};
  static const char *const words[] = {"manual_time", "real_time", "process_time"};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (starts_with(component, pairs[i]))
      return true;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(component, words[i]) == 0)
      return true;
  return false;
}

static long whole_number(const char *digits) {
  if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
    return -1;
  errno = 0;
  long number = strtol(digits, NULL, 10);
  return errno == ERANGE ? -1 : number;
}

bool row_name_parse(const char *text, struct row_name *name, struct problem *problem) {
  char *copy = allocation_string(text), *slash;
  while ((slash = strrchr(copy, '/')) != NULL && is_appended(slash + 1))
    *slash = '\0';
  *name = (struct row_name){.workers = -1};
  char *workers = strstr(copy, "/workers:");
  if (workers == NULL || workers == copy) {
    problem_set(problem, "\"%s\" has no /workers:N, so it is not a row of weir-bench", text);
    free(copy);
    return false;
  }
  *workers = '\0';
  char *number = workers + strlen("/workers:"), *rest = strchr(number, '/');
  if (rest != NULL)
    *rest++ = '\0';
  long count = whole_number(number);
  bool good = count >= 1 && count <= INT_MAX;
  if (!good)
    problem_set(problem, "\"%s\": workers is \"%s\", not a number from 1", text, number);
  if (good && rest != NULL && (!starts_with(rest, "peer:") || rest[strlen("peer:")] == '\0')) {
    good = problem_set(problem, "\"%s\": after workers:N only /peer:NAME may follow, not \"/%s\"", text, rest);
  }
  if (good) {
    name->benchmark = allocation_string(copy);
    name->peer = rest == NULL ? NULL : allocation_string(rest + strlen("peer:"));
    name->workers = count;
  }
  free(copy);
  return good;
}

/* Where the value of `key` starts, NULL when no component has it. */
static const char *value_of(const char *benchmark, const char *key) {
  size_t length = strlen(key);
  for (const char *at = benchmark; at != NULL; at = strchr(at, '/')) {
    at += *at == '/';
    if (strncmp(at, key, length) == 0 && at[length] == ':')
      return at + length + 1;
  }
  return NULL;
}

bool row_name_value(const char *benchmark, const char *key, char *value, size_t size) {
  const char *start = value_of(benchmark, key);
  size_t length = start == NULL ? size : strcspn(start, "/");
  if (length >= size)
    return false;
  memcpy(value, start, length);
  value[length] = '\0';
  return true;
}

long row_name_number(const char *benchmark, const char *key, long absent) {
  char value[24];
  if (value_of(benchmark, key) == NULL)
    return absent;
  return row_name_value(benchmark, key, value, sizeof value) ? whole_number(value) : -1;
}

bool row_name_family(const char *benchmark, const char *family) {
  size_t length = strlen(family);
  return strncmp(benchmark, family, length) == 0 && (benchmark[length] == '/' || benchmark[length] == '\0');
}
