/* channel.c — fuzz target: sends, receives, tries, deadlines and closes against naive channels (operations.h). */
#include "operations.h"

#include <weir/scenario.h>

WEIR_SCENARIO(channel, "tasks send, receive and close; one order of effects explains what each of them got") {
  return operations_run(&(struct operations_terms){.channels = 2, .cases = 1});
}
