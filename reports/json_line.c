/* json_line.c — see json_line.h. The text is known to be valid: what is no string is told by its brackets alone. */
#include "json_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *at) {
  return at + strspn(at, " \t\r\n");
}

/* From a quote to behind the closing one. */
static const char *skip_string(const char *at) {
  for (at++; *at != '"' && *at != '\0'; at++)
    at += *at == '\\' && at[1] != '\0';
  return *at == '\0' ? at : at + 1;
}

static const char *skip_value(const char *at) {
  size_t depth = 0;
  while (*at != '\0') {
    if (*at == '"') {
      at = skip_string(at);
    } else {
      if (depth == 0 && strchr(",]} \t\r\n", *at) != NULL)
        return at;
      depth += *at == '{' || *at == '[';
      depth -= *at == '}' || *at == ']';
      at++;
    }
    if (depth == 0 && strchr("\"]}", at[-1]) != NULL)
      return at;
  }
  return at;
}

/* Whether the key at the opening quote is `name`, which needs no escapes. */
static bool is_key(const char *at, const char *name, size_t length) {
  return strncmp(at + 1, name, length) == 0 && at[1 + length] == '"';
}

/* The value of `name` in the object at `at`, NULL when `at` is no object or has none. */
static const char *find_member(const char *at, const char *name, size_t length) {
  if (*at != '{')
    return NULL;
  at = skip_space(at + 1);
  while (*at == '"') {
    bool found = is_key(at, name, length);
    at = skip_space(skip_string(at));
    at = skip_space(at + (*at == ':'));
    if (found)
      return at;
    at = skip_space(skip_value(at));
    at = skip_space(at + (*at == ','));
  }
  return NULL;
}

static const char *find_element(const char *at, size_t position) {
  if (*at != '[')
    return NULL;
  at = skip_space(at + 1);
  while (*at != ']' && *at != '\0') {
    if (position-- == 0)
      return at;
    at = skip_space(skip_value(at));
    if (*at != ',')
      return NULL;
    at = skip_space(at + 1);
  }
  return NULL;
}

static size_t line_of(const char *text, const char *place) {
  size_t line = 1;
  for (const char *at = text; at < place; at++)
    line += *at == '\n';
  return line;
}

size_t json_line(const char *text, const char *member, size_t position, const char *field) {
  const char *place = skip_space(text), *found = find_member(place, member, strlen(member));
  if (found != NULL) {
    place = found;
    if (position != JSON_LINE_WHOLE)
      found = find_element(place, position);
  }
  if (found != NULL) {
    place = found;
    found = field == NULL ? NULL : find_member(place, field, strlen(field));
  }
  if (found != NULL)
    place = found;
  return line_of(text, place);
}

size_t json_line_place(const char *text, const char *place) {
  const char *value = skip_space(text), *found = value;
  while (*place != '\0' && found != NULL) {
    if (*place == '[') {
      char *end;
      found = find_element(value, strtoul(place + 1, &end, 10));
      place = end + (*end == ']');
    } else {
      place += *place == '.';
      size_t length = strcspn(place, ".[");
      found = find_member(value, place, length);
      place += length;
    }
    value = found == NULL ? value : found;
  }
  return line_of(text, value);
}
