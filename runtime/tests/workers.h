/* workers.h — how many workers a test's runs have: WEIR_TEST_WORKERS, which ctest sets, else one.
 *
 * Each program with runs is entered into ctest once for each number, and every case holds at each of them. What is true
 * of one worker only (who runs next, counts while others run) stands behind one_worker(), or in a run that asks for
 * .workers = 1, with the reason.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <stdbool.h>
#include <stdlib.h>

static inline unsigned test_workers(void) {
  const char *number = getenv("WEIR_TEST_WORKERS");
  return number == NULL ? 1 : (unsigned)strtoul(number, NULL, 10);
}

static inline bool one_worker(void) {
  return test_workers() == 1;
}

/* Virtual workers of a simulation: as many, within what a random schedule can explore. */
enum { VIRTUAL_WORKERS_MAX = 3 };

static inline unsigned virtual_workers(void) {
  return test_workers() < VIRTUAL_WORKERS_MAX ? test_workers() : VIRTUAL_WORKERS_MAX;
}

#endif
