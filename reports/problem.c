/* problem.c — see problem.h. */
#include "problem.h"

#include "html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

bool problem_set(struct problem *problem, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(problem->text, sizeof problem->text, format, arguments);
  va_end(arguments);
  for (char *at = problem->text; *at != '\0'; at++) {
    size_t forbidden = *at == '\n' || *at == '\t' ? 1 : html_forbidden(at);
    memset(at, '?', forbidden);
  }
  return false;
}
