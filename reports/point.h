/* point.h — where a row of the families `broadcast` and `steady` stands in the sweep.
 *
 *   broadcast/policy:P/mode:M/load:L/subscribers:S/concurrency:C[/capacity:K]
 *   steady/policy:P/mode:M/subscribers:S/concurrency:C/timeout_ms:T            (load is always ready)
 *
 * Policies, modes and loads are closed sets: a word outside them is a refused input, not a new axis, because nothing
 * could be said about it. */
#ifndef REPORTS_POINT_H
#define REPORTS_POINT_H

#include <stdbool.h>

struct problem;

enum policy { POLICY_AFTER, POLICY_TIMER, POLICY_DEADLINE, POLICY_NONE, POLICY_COUNT };
enum mode { MODE_CLASSIC, MODE_PROMPT, MODE_COUNT };
enum load { LOAD_READY, LOAD_SLOW, LOAD_EXIT, LOAD_COUNT };
enum family { FAMILY_OTHER, FAMILY_BROADCAST, FAMILY_STEADY };

struct point {
  enum family family; /* FAMILY_OTHER: nothing below is meaningful */
  enum policy policy;
  enum mode mode;
  enum load load;
  long subscribers, concurrency;
  long capacity;   /* 1 unless the name says otherwise */
  long timeout_ms; /* steady only, else 0 */
  long workers;
};

const char *point_policy_name(enum policy policy);
const char *point_mode_name(enum mode mode);
const char *point_load_name(enum load load);

/* false with `problem` filled when the benchmark belongs to one of the two families but lacks a part of its name. */
bool point_parse(const char *benchmark, long workers, struct point *point, struct problem *problem);

bool point_equal(const struct point *left, const struct point *right);

/* Whether the two differ at most in policy, mode, subscribers and concurrency: they belong into one group of pictures.
 */
bool point_same_group(const struct point *left, const struct point *right);

/* Whether the two differ at most in policy and mode: one picture of the family steady. */
bool point_same_size(const struct point *left, const struct point *right);

#endif
