/* run_on_workers.c — a program's own weir_run (linked with --wrap=weir_run), where it leaves the number of workers
 * open, with as many as the test asks for: the examples are run at several numbers without knowing of it. */
#include "workers.h"

#include <weir.h>

int __real_weir_run(const struct weir_config *config, int (*main)(void *), void *arg);
int __wrap_weir_run(const struct weir_config *config, int (*main)(void *), void *arg);

int __wrap_weir_run(const struct weir_config *config, int (*main)(void *), void *arg) {
  struct weir_config own = {.workers = 0};
  if (config != NULL)
    own = *config;
  if (own.workers == 0)
    own.workers = test_workers();
  return __real_weir_run(&own, main, arg);
}
