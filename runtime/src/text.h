/* text.h — a string that grows: reports, traces, schedules. When memory fails it keeps what it has and says so. */
#ifndef WEIR_SRC_TEXT_H
#define WEIR_SRC_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
  char *characters; /* NUL-terminated; NULL while empty */
  size_t length;
  size_t capacity;
  bool failed;
};

void text_append(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

void text_append_list(struct text *text, const char *format, va_list arguments);

/* Hands the string over, to free with port_release; an empty text gives an empty string. NULL without memory. */
char *text_take(struct text *text);

void text_free(struct text *text);

#endif
