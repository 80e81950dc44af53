/* point.c — see point.h. */
#include "point.h"

#include "problem.h"
#include "row_name.h"

#include <stddef.h>
#include <string.h>

static const char *const policies[] = {"after", "timer", "deadline", "none", NULL};
static const char *const modes[] = {"classic", "prompt", NULL};
static const char *const loads[] = {"ready", "slow", "exit", NULL};

const char *point_policy_name(enum policy policy) {
  return policies[policy];
}

const char *point_mode_name(enum mode mode) {
  return modes[mode];
}

const char *point_load_name(enum load load) {
  return loads[load];
}

static bool parse_word(const char *benchmark, const char *key, const char *const *words, int *index,
                       struct problem *problem) {
  char value[64];
  if (!row_name_value(benchmark, key, value, sizeof value))
    return problem_set(problem, "\"%s\" lacks %s:", benchmark, key);
  for (int i = 0; words[i] != NULL; i++) {
    if (strcmp(words[i], value) == 0) {
      *index = i;
      return true;
    }
  }
  return problem_set(problem, "\"%s\": %s \"%s\" is unknown to this weir-report", benchmark, key, value);
}

static bool parse_number(const char *benchmark, const char *key, long absent, long *number, struct problem *problem) {
  *number = row_name_number(benchmark, key, absent);
  if (*number >= 1 || (*number == 0 && strcmp(key, "capacity") == 0))
    return true;
  return problem_set(problem, "\"%s\" lacks %s:N with N a whole number from 1", benchmark, key);
}

bool point_parse(const char *benchmark, long workers, struct point *point, struct problem *problem) {
  int policy = 0, mode = 0, load = LOAD_READY;
  *point = (struct point){.family = FAMILY_OTHER, .workers = workers, .capacity = 1};
  if (row_name_family(benchmark, "broadcast"))
    point->family = FAMILY_BROADCAST;
  else if (row_name_family(benchmark, "steady"))
    point->family = FAMILY_STEADY;
  else
    return true;
  bool good = parse_word(benchmark, "policy", policies, &policy, problem) &&
              parse_word(benchmark, "mode", modes, &mode, problem) &&
              parse_number(benchmark, "subscribers", -1, &point->subscribers, problem) &&
              parse_number(benchmark, "concurrency", -1, &point->concurrency, problem) &&
              parse_number(benchmark, "capacity", 1, &point->capacity, problem);
  if (good && point->family == FAMILY_BROADCAST)
    good = parse_word(benchmark, "load", loads, &load, problem);
  if (good && point->family == FAMILY_STEADY)
    good = parse_number(benchmark, "timeout_ms", -1, &point->timeout_ms, problem);
  point->policy = (enum policy)policy;
  point->mode = (enum mode)mode;
  point->load = (enum load)load;
  return good;
}

bool point_same_group(const struct point *left, const struct point *right) {
  return left->family == right->family && left->load == right->load && left->capacity == right->capacity &&
         left->timeout_ms == right->timeout_ms && left->workers == right->workers;
}

bool point_same_size(const struct point *left, const struct point *right) {
  return point_same_group(left, right) && left->subscribers == right->subscribers &&
         left->concurrency == right->concurrency;
}

bool point_equal(const struct point *left, const struct point *right) {
  return point_same_size(left, right) && left->policy == right->policy && left->mode == right->mode;
}
