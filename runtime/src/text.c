/* text.c — see text.h. */
#include "text.h"

#include "port.h"

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

void text_append_list(struct text *text, const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0 || !reserve(text, (size_t)length))
    return;
  vsnprintf(text->characters + text->length, (size_t)length + 1, format, arguments);
  text->length += (size_t)length;
}

void text_append(struct text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_append_list(text, format, arguments);
  va_end(arguments);
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
