/* scenario.c — a scenario of nothing, whose program says what every scenario's program does. */
#include <weir/scenario.h>

WEIR_SCENARIO(scenario, "the program of a scenario file, by whatever name") {
  return 0;
}
