/* head.c — see head.h. */
#include "head.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIRST_CAPACITY = 512 };

static int refuse(int error, const char **why, const char *text) {
  *why = text;
  return error;
}

static bool room_for(struct head *head, size_t more) {
  size_t capacity = head->capacity == 0 ? FIRST_CAPACITY : head->capacity;
  while (capacity - head->size < more)
    capacity *= 2;
  if (capacity == head->capacity)
    return true;
  char *grown = realloc(head->text, capacity);
  if (grown == NULL)
    return false;
  head->text = grown;
  head->capacity = capacity;
  return true;
}

static void append(struct head *head, const char *text, size_t length) {
  memcpy(head->text + head->size, text, length);
  head->text[head->size + length] = '\0';
  head->size += length + 1;
}

static bool is_space(char c) {
  return c == ' ' || c == '\t';
}

static void trim(const char **text, size_t *length) {
  while (*length > 0 && is_space(**text)) {
    ++*text;
    --*length;
  }
  while (*length > 0 &&
         (is_space((*text)[*length - 1]) || (*text)[*length - 1] == '\r' || (*text)[*length - 1] == '\n'))
    --*length;
}

static int take_status(struct head *head, const char *line, size_t length, const char **why) {
  static const char version[] = "HTTP/1.";
  if (length < sizeof version - 1 || memcmp(line, version, sizeof version - 1) != 0)
    return refuse(-EPROTO, why, "a status line of another protocol than HTTP/1");
  const char *space = memchr(line, ' ', length);
  const char *end = line + length;
  int status = 0;
  int digits = 0;
  for (const char *at = space; at != NULL && ++at < end && digits < 4 && *at >= '0' && *at <= '9'; digits++)
    status = 10 * status + (*at - '0');
  if (digits != 3 || status < 100)
    return refuse(-EPROTO, why, "a status line without a status");
  if (status == 101)
    return refuse(-EPROTO, why, "101 Switching Protocols, which nobody asked for");
  head->status = status;
  return 0;
}

static int end_of_head(struct head *head, const char **why) {
  if (head->status >= 200) {
    head->complete = true;
    return 0;
  }
  if (++head->informational > HEAD_INFORMATIONAL_MOST)
    return refuse(-EPROTO, why, "more than 5 informational answers");
  head->status = 0;
  head->size = head->count = 0;
  head->has_length = head->chunked = head->coded = false;
  return 0;
}

static int take_length(struct head *head, const char *value, size_t length, const char **why) {
  uint64_t number = 0;
  for (size_t i = 0; i < length; i++) {
    unsigned digit = (unsigned char)value[i] - (unsigned)'0';
    if (digit > 9 || number > ((uint64_t)INT64_MAX - digit) / 10)
      return refuse(-EPROTO, why, "a Content-Length that is no number of bytes");
    number = 10 * number + digit;
  }
  if (length == 0)
    return refuse(-EPROTO, why, "an empty Content-Length");
  if (head->has_length && number != head->length)
    return refuse(-EPROTO, why, "two different Content-Lengths");
  head->has_length = true;
  head->length = number;
  return 0;
}

static int take_transfer_coding(struct head *head, const char *value, size_t length, const char **why) {
  static const char chunked[] = "chunked";
  if (length != sizeof chunked - 1 || strncasecmp(value, chunked, length) != 0)
    return refuse(-EPROTO, why, "a Transfer-Encoding that is not chunked");
  head->chunked = true;
  return 0;
}

static bool is_named(const char *name, size_t length, const char *what) {
  return strlen(what) == length && strncasecmp(name, what, length) == 0;
}

/* A line that goes on with the field before it (obsolete folding). */
static int go_on(struct head *head, const char *line, size_t length, const char **why) {
  if (head->count == 0)
    return refuse(-EPROTO, why, "a header that begins with a space");
  trim(&line, &length);
  if (!room_for(head, length + 2))
    return refuse(-ENOMEM, why, "no memory for the headers");
  head->text[head->size - 1] = ' ';
  append(head, line, length);
  return 0;
}

static int take_field(struct head *head, const char *line, size_t length, const char **why) {
  if (is_space(line[0]))
    return go_on(head, line, length, why);
  const char *colon = memchr(line, ':', length);
  if (colon == NULL || colon == line)
    return refuse(-EPROTO, why, "a header without a name and a colon");
  size_t name = (size_t)(colon - line);
  if (is_space(line[name - 1]))
    return refuse(-EPROTO, why, "a header with a space before its colon");
  const char *value = colon + 1;
  size_t rest = length - name - 1;
  trim(&value, &rest);
  if (!room_for(head, name + rest + 2))
    return refuse(-ENOMEM, why, "no memory for the headers");
  append(head, line, name);
  append(head, value, rest);
  head->count++;
  if (is_named(line, name, "Content-Length"))
    return take_length(head, value, rest, why);
  if (is_named(line, name, "Transfer-Encoding"))
    return take_transfer_coding(head, value, rest, why);
  head->coded |= is_named(line, name, "Content-Encoding");
  return 0;
}

int head_line(struct head *head, const char *line, size_t length, size_t limit, const char **why) {
  head->bytes += length;
  if (head->bytes > limit)
    return refuse(-EMSGSIZE, why, "more bytes of headers and trailers than the client's limit");
  if (memchr(line, '\0', length) != NULL)
    return refuse(-EPROTO, why, "a NUL in a header");
  const char *cr = memchr(line, '\r', length);
  if (cr != NULL && cr + 1 < line + length && cr[1] != '\n')
    return refuse(-EPROTO, why, "a CR in a header");
  if (head->complete)
    return 0; /* a trailer */
  if (head->status == 0)
    return take_status(head, line, length, why);
  if (length == 0 || line[0] == '\r' || line[0] == '\n')
    return end_of_head(head, why);
  return take_field(head, line, length, why);
}

bool head_field_at(const struct head *head, size_t index, const char **name, const char **value) {
  if (index >= head->count)
    return false;
  const char *at = head->text;
  for (; index > 0; index--) {
    at += strlen(at) + 1;
    at += strlen(at) + 1;
  }
  *name = at;
  *value = at + strlen(at) + 1;
  return true;
}

const char *head_field(const struct head *head, const char *name) {
  const char *at = head->text;
  for (uint32_t i = 0; i < head->count; i++) {
    const char *value = at + strlen(at) + 1;
    if (strcasecmp(at, name) == 0)
      return value;
    at = value + strlen(value) + 1;
  }
  return NULL;
}

void head_clear(struct head *head) {
  *head = (struct head){.text = head->text, .capacity = head->capacity};
}

void head_free(struct head *head) {
  free(head->text);
  *head = (struct head){0};
}
