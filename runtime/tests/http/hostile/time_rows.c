/* time_rows.c — servers that take their time. */
#include "check.h"
#include "row.h"

#include <weir/task.h>

#define OK    "HTTP/1.1 200 OK\r\n"
#define SHORT (100 * WEIR_MILLISECOND)

static const struct row rows[] = {
    {.number = 16,
     .name = "headers-slow",
     .server = "headers a byte at a time",
     .script = {.says = TEXT(OK), .end = PEER_DRIPS, .again = TEXT("Header: h\r\n")},
     .config = {.header_timeout = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_HEADERS}},
    {.number = 16,
     .name = "status-slow",
     .server = "a status line a byte at a time",
     .script = {.says = TEXT("H"), .end = PEER_DRIPS, .again = TEXT("TTP/1.1 200 OK and more and more")},
     .config = {.header_timeout = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_HEADERS}},
    {.number = 16,
     .name = "headers-stall",
     .server = "half of the headers, and no more",
     .script = {.says = TEXT(OK "Header"), .end = PEER_STALLS},
     .config = {.header_timeout = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_HEADERS}},
    {.number = 17,
     .name = "body-slow",
     .server = "a body a byte at a time",
     .script = {.says = TEXT(OK "Content-Length: 1000000\r\n\r\n"), .end = PEER_DRIPS, .again = TEXT("b")},
     .config = {.minimum_rate = 1000, .rate_window = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_BODY, .status = 200}},
    {.number = 17,
     .name = "body-stall",
     .server = "half of a body, and no more",
     .script = {.says = TEXT(OK "Content-Length: 10\r\n\r\nhello"), .end = PEER_STALLS},
     .config = {.rate_window = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_BODY, .status = 200, .body = "hello"}},
    {.number = 17,
     .name = "chunks-slow",
     .server = "a chunk size a byte at a time: no body comes",
     .script = {.says = TEXT(OK "Transfer-Encoding: chunked\r\n\r\n5;"), .end = PEER_DRIPS, .again = TEXT("e")},
     .config = {.rate_window = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_BODY, .status = 200, .body = ""}},
    {.number = 17,
     .name = "trailers-slow",
     .server = "trailers a byte at a time, for ever",
     .script = {.says = TEXT(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"),
                .end = PEER_DRIPS,
                .again = TEXT("T: t\r\n")},
     .config = {.rate_window = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_BODY, .status = 200, .body = "hello"}},
    {.number = 18,
     .name = "answer-never",
     .server = "never answers",
     .script = {.says = TEXT(""), .end = PEER_STALLS},
     .config = {.first_byte_timeout = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_FIRST_BYTE}},
    {.number = 18,
     .name = "answer-never-after-continue",
     .server = "100 Continue, and never an answer",
     .script = {.says = TEXT("HTTP/1.1 100 Continue\r\n\r\n"), .end = PEER_STALLS},
     .config = {.first_byte_timeout = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_FIRST_BYTE}},
    {.name = "answer-never-in-all",
     .server = "never answers; the whole request's time is short",
     .script = {.says = TEXT(""), .end = PEER_STALLS},
     .request = {.timeout = SHORT},
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_FIRST_BYTE}},
};

struct rows time_rows(void) {
  return (struct rows){rows, sizeof rows / sizeof rows[0]};
}
