/* text.c — see text.h. */
#include "text.h"

#include "port.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool reserve(struct text *text, size_t more) {
  if (text->length + more < text->capacity)
    return true;
  size_t capacity = (text->length + more) * 2 + 64;
  char *grown = text->failed ? NULL : port_reallocate(text->characters, capacity);
  if (grown == NULL) {
    text->failed = true;
    return false;
  }
  text->characters = grown;
  text->capacity = capacity;
  return true;
}

void text_append(struct text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0 || !reserve(text, (size_t)length))
    return;
  va_start(arguments, format);
  vsnprintf(text->characters + text->length, (size_t)length + 1, format, arguments);
  va_end(arguments);
  text->length += (size_t)length;
}

char *text_take(struct text *text) {
  if (reserve(text, 0))
    text->characters[text->length] = '\0';
  char *characters = text->failed ? NULL : text->characters;
  if (text->failed)
    port_release(text->characters);
  memset(text, 0, sizeof *text);
  return characters;
}

void text_free(struct text *text) {
  port_release(text->characters);
  memset(text, 0, sizeof *text);
}
