/* A build with WEIR_ARENAS in which the statistics stand still, as they do under a sanitizer: nothing is measured, and it
 * is said. Only of such a build; the program never lets jemalloc begin a new epoch. */
#include "check.h"

#include <weir.h>
#include <weir/heap.h>

int __wrap_mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size);
int __real_mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size);

int __wrap_mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size) {
  return strcmp(name, "epoch") == 0 ? 0 : __real_mallctl(name, old, old_size, new, new_size);
}

static void keep(void *context, const char *line) {
  snprintf(context, 1024, "%s", line);
}

static int nothing(void *arg) {
  return arg == NULL;
}

static void refuses_to_measure(void) {
  static char said[1024];
  struct weir_heap heap;
  const struct weir_config config = {.workers = 1, .log = keep, .log_context = said};
  CHECK_EQ_INT(weir_run(&config, nothing, NULL), -ENOTSUP);
  CHECK_CONTAINS(said, "WEIR_ARENAS");
  CHECK_CONTAINS(said, "statistics do not move");
  CHECK_EQ_INT(weir_heap_take(&heap), -ENOTSUP);
  weir_chan *c = weir_chan_new(1, 1); /* memory comes from malloc */
  CHECK(c != NULL);
  weir_chan_unref(c);
}

static const struct check_case cases[] = {CHECK_CASE(refuses_to_measure)};
CHECK_MAIN(cases)
