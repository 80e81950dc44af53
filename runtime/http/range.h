/* range.h — whether a partial answer is the part that was asked for (RFC 9110, section 14). */
#ifndef WEIR_HTTP_RANGE_H
#define WEIR_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* range is the request's field or NULL, content_range and content_type the answer's, length its body's or -1. Of several
 * ranges only that there are several parts is looked at. */
bool range_matches(const char *range, const char *content_range, const char *content_type, int64_t length);

#endif
