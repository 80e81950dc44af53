/* select.c — fuzz target: the same with selects of several cases, of which one channel may stand in many. */
#include "operations.h"

#include <weir/scenario.h>

WEIR_SCENARIO(select, "tasks select among sends and receives; one order of effects explains what each of them got") {
  return operations_run(&(struct operations_terms){.channels = 2, .cases = 3});
}
