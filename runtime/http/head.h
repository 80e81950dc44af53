/* head.h — the head of an answer, line by line: what libcurl lets pass and a client must not.
 *
 * Pure: no libcurl, no clock. Lines come as they were received; the fields of informational answers are dropped, those of
 * the final one kept, trailers only counted. Sources of the rules: RFC 9110 and 9112; the limits on informational answers
 * and header bytes are Go's transport's in kind.
 */
#ifndef WEIR_HTTP_HEAD_H
#define WEIR_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAD_INFORMATIONAL_MOST = 5 };

struct head {
  char *text; /* name, NUL, value, NUL, … */
  size_t size;
  size_t capacity;
  size_t bytes; /* received: of all heads, and of trailers */
  uint32_t count;
  int status; /* 0: no line of the answer has come */
  int informational;
  bool complete; /* of the final answer */
  bool has_length;
  bool chunked;
  bool coded;      /* there is a Content-Encoding */
  uint64_t length; /* Content-Length */
};

/* Takes a line. 0; -EPROTO, -EMSGSIZE or -ENOMEM with *why, a static text. */
int head_line(struct head *head, const char *line, size_t length, size_t limit, const char **why);

/* No body follows, whatever the fields say. */
static inline bool head_bodiless(const struct head *head, bool method_head) {
  return method_head || head->status == 204 || head->status == 304;
}

/* The first field of that name in any case; NULL. Borrowed until the next line. */
const char *head_field(const struct head *head, const char *name);

/* Field number index: true, and its two strings. */
bool head_field_at(const struct head *head, size_t index, const char **name, const char **value);

/* Forgets everything but the memory. */
void head_clear(struct head *head);
void head_free(struct head *head);

#endif
