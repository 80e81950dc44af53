/* A scenario that is not repeatable: a static outlives its simulation. */
#include <weir/scenario.h>

static int runs;

WEIR_SCENARIO(forgetful, "every tenth simulation of a process fails") {
  weir_assert(++runs % 10 != 0);
  return 0;
}
