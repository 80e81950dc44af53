/* allocation.c — see allocation.h. */
#include "allocation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *present(void *memory) {
  if (memory == NULL) {
    fputs("weir-report: out of memory\n", stderr);
    exit(1);
  }
  return memory;
}

void *allocation_array(size_t count, size_t size) {
  return present(calloc(count > 0 ? count : 1, size));
}

void *allocation_append(void *array, size_t count, size_t size) {
  if ((count & (count - 1)) != 0)
    return array;
  return present(reallocarray(array, count == 0 ? 1 : 2 * count, size));
}

char *allocation_string(const char *text) {
  return present(strdup(text));
}

char *allocation_format(const char *format, ...) {
  va_list arguments;
  char *text = NULL;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  return present(length < 0 ? NULL : text);
}
