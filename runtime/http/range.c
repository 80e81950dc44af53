/* range.c — see range.h. */
#include "range.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A number of bytes; false when there is none. */
static bool take_number(const char **at, uint64_t *number) {
  if (**at < '0' || **at > '9')
    return false;
  char *end;
  *number = strtoull(*at, &end, 10);
  *at = end;
  return true;
}

static bool take(const char **at, char c) {
  if (**at != c)
    return false;
  ++*at;
  return true;
}

bool range_matches(const char *range, const char *content_range, const char *content_type, int64_t length) {
  if (range == NULL || strncasecmp(range, "bytes=", 6) != 0)
    return false;
  range += 6;
  if (strchr(range, ',') != NULL)
    return content_range != NULL ||
           (content_type != NULL && strncasecmp(content_type, "multipart/byteranges", 20) == 0);
  uint64_t first, last, from, to;
  if (content_range == NULL || strncasecmp(content_range, "bytes ", 6) != 0)
    return false;
  content_range += 6;
  if (!take_number(&content_range, &first) || !take(&content_range, '-') || !take_number(&content_range, &last) ||
      !take(&content_range, '/') || last < first)
    return false;
  if (length >= 0 && (uint64_t)length - 1 != last - first)
    return false;
  if (take(&range, '-')) /* the last so many */
    return take_number(&range, &to) && last - first < to;
  if (!take_number(&range, &from) || !take(&range, '-') || first != from)
    return false;
  return !take_number(&range, &to) || last <= to;
}
