/* scenario.c — see weir/scenario.h: what a scenario draws and claims. */
#include <weir/scenario.h>

#include "simulation.h"
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>

uint32_t weir_draw(uint32_t bound) {
  return bound < 2 ? 0 : worker_draw(WEIR_CHOICE_DRAW, bound);
}

static void fail_simulation(enum weir_verdict verdict, const char *file, int line, const char *format,
                            va_list arguments) {
  struct text text = {0};
  text_append(&text, "%s failed at %s:%d: ", weir_verdict_name(verdict), file, line);
  text_append_list(&text, format, arguments);
  char signature[SIGNATURE_ENTRY];
  snprintf(signature, sizeof signature, "%s:%d", signature_file(file), line);
  simulation_fail(verdict, signature, &text);
  if (worker_here()->current != NULL && !weir_scheduler.ending)
    weir_port_simulation->leave();
}

void weir_fail(enum weir_verdict verdict, const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (port_simulated()) {
    fail_simulation(verdict == WEIR_VERDICT_MODEL ? verdict : WEIR_VERDICT_ASSERT, file, line, format, arguments);
    va_end(arguments);
    return;
  }
  fprintf(stderr, "%s:%d: ", file, line);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  abort();
}
