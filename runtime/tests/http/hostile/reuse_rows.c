/* reuse_rows.c — kept connections: what comes unasked, what is reset, and what may be sent again. */
#include "check.h"
#include "row.h"

#include <sys/socket.h>

#define OK      "HTTP/1.1 200 OK\r\n"
#define HELLO   OK "Content-Length: 5\r\n\r\nhello"
#define UNASKED OK "Content-Length: 4\r\n\r\nevil"

static const struct weir_header if_none_match[] = {{"If-None-Match", "\"1\""}};

static bool end_first(struct line *line, enum peer_end end) {
  static const char hello[] = HELLO;
  if (line->row != 1)
    return line_say(line, hello, sizeof hello - 1);
  line_end(line, end);
  return false;
}

static bool reset_first(struct line *line) {
  return end_first(line, PEER_RESETS);
}

static bool finish_first(struct line *line) {
  return end_first(line, PEER_FINISHES);
}

static bool finish_and_reset(struct line *line) {
  shutdown(line->fd, SHUT_WR);
  line_end(line, PEER_RESETS);
  return false;
}

static const struct row rows[] = {
    {.number = 3,
     .name = "unasked-watched",
     .server = "a second response, unasked, on the idle connection",
     .script = {.says = TEXT(HELLO), .later = TEXT(UNASKED)},
     .steps = play_watched,
     .expected = {.status = 200, .body = "hello", .dropped = 1}},
    {.number = 3,
     .name = "unasked-guarded",
     .server = "a second response, unasked, that comes while the client cannot look",
     .script = {.says = TEXT(HELLO), .later = TEXT(UNASKED)},
     .steps = play_guarded,
     .expected = {.status = 200, .body = "hello", .dropped = 1}},
    {.number = 3,
     .name = "unasked-with-the-first",
     .server = "two responses in one packet",
     .script = {.says = TEXT(HELLO UNASKED)},
     .expected = {.status = 200, .body = "hello"}},
    {.number = 3,
     .name = "unasked-byte",
     .server = "one byte, unasked, on the idle connection",
     .script = {.says = TEXT(HELLO), .later = TEXT("\n")},
     .steps = play_watched,
     .expected = {.status = 200, .body = "hello", .dropped = 1}},
    {.number = 3,
     .name = "closed-while-idle",
     .server = "closes the idle connection",
     .script = {.says = TEXT(HELLO), .later = TEXT("HTTP/1.1 408 Request Timeout\r\n\r\n"), .end = PEER_FINISHES},
     .steps = play_guarded,
     .expected = {.status = 200, .body = "hello", .dropped = 1}},
    {.number = 4,
     .name = "not-modified-body-watched",
     .server = "304, and its body later, on the idle connection",
     .script = {.says = TEXT("HTTP/1.1 304 Not Modified\r\nContent-Length: 44\r\n\r\n"), .later = TEXT(UNASKED)},
     .request = {.headers = if_none_match, .header_count = 1},
     .steps = play_watched,
     .expected = {.status = 304, .body = "", .dropped = 1}},
    {.number = 4,
     .name = "not-modified-body-guarded",
     .server = "304, and its body later, while the client cannot look",
     .script = {.says = TEXT("HTTP/1.1 304 Not Modified\r\nContent-Length: 44\r\n\r\n"), .later = TEXT(UNASKED)},
     .request = {.headers = if_none_match, .header_count = 1},
     .steps = play_guarded,
     .expected = {.status = 304, .body = "", .dropped = 1}},
    {.number = 5,
     .name = "no-content-body",
     .server = "204 with a body in the packet",
     .script = {.says = TEXT("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.status = 204, .body = ""}},
    {.number = 5,
     .name = "not-modified-body",
     .server = "304 with a body in the packet",
     .script = {.says = TEXT("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello")},
     .request = {.headers = if_none_match, .header_count = 1},
     .expected = {.status = 304, .body = ""}},
    {.number = 5,
     .name = "head-body",
     .server = "an answer to HEAD with a body in the packet",
     .script = {.says = TEXT(HELLO)},
     .request = {.method = "HEAD"},
     .expected = {.status = 200, .body = ""}},
    {.name = "head-good",
     .server = "good: an answer to HEAD",
     .script = {.says = TEXT(OK "Content-Length: 5\r\n\r\n")},
     .request = {.method = "HEAD"},
     .expected = {.status = 200, .body = "", .kept = 1}},
    {.number = 19,
     .name = "reset-in-body",
     .server = "RST in the body",
     .script = {.says = TEXT(OK "Content-Length: 100\r\n\r\nten bytes."), .end = PEER_RESETS},
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_BODY, .status = 200}},
    {.number = 19,
     .name = "reset-in-chunks",
     .server = "RST in a chunked body",
     .script = {.says = TEXT(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), .end = PEER_RESETS},
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_BODY, .status = 200}},
    {.number = 19,
     .name = "reset-in-headers",
     .server = "RST in the headers",
     .script = {.says = TEXT(OK "Content-Length: 1"), .end = PEER_RESETS},
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_HEADERS}},
    {.number = 19,
     .name = "end-in-headers",
     .server = "FIN in the headers",
     .script = {.says = TEXT(OK "Content-Length: 1"), .end = PEER_FINISHES},
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_HEADERS}},
    {.number = 19,
     .name = "reset-before-answer",
     .server = "RST before the answer, on a new connection",
     .script = {.says = TEXT(""), .end = PEER_RESETS},
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_FIRST_BYTE}},
    {.number = 19,
     .name = "end-before-answer",
     .server = "FIN before the answer, on a new connection",
     .script = {.says = TEXT(""), .end = PEER_FINISHES},
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_FIRST_BYTE}},
    {.number = 19,
     .name = "end-and-reset-before-answer",
     .server = "FIN and RST before the answer, on a new connection",
     .script = {.serve = finish_and_reset},
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_FIRST_BYTE}},
    {.number = 19,
     .name = "post-reset",
     .server = "RST of a kept connection, to a POST",
     .script = {.serve = reset_first},
     .request = {.body = "body", .body_size = 4},
     .steps = play_kept,
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_FIRST_BYTE}},
    {.number = 19,
     .name = "post-ended",
     .server = "FIN of a kept connection, to a POST",
     .script = {.serve = finish_first},
     .request = {.body = "body", .body_size = 4},
     .steps = play_kept,
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_FIRST_BYTE}},
    {.number = 19,
     .name = "patch-reset",
     .server = "RST of a kept connection, to a PATCH without a body",
     .script = {.serve = reset_first},
     .request = {.method = "PATCH"},
     .steps = play_kept,
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_FIRST_BYTE}},
    {.number = 20,
     .name = "get-reset",
     .server = "RST of a kept connection, to a GET",
     .script = {.serve = reset_first},
     .steps = play_kept,
     .expected = {.status = 200, .body = "hello", .kept = 1, .requests = 2, .repeated = 1}},
    {.number = 20,
     .name = "get-ended",
     .server = "FIN of a kept connection, to a GET",
     .script = {.serve = finish_first},
     .steps = play_kept,
     .expected = {.status = 200, .body = "hello", .kept = 1, .requests = 2, .repeated = 1}},
    {.number = 20,
     .name = "put-reset",
     .server = "RST of a kept connection, to a PUT with a body",
     .script = {.serve = reset_first},
     .request = {.method = "PUT", .body = "body", .body_size = 4},
     .steps = play_kept,
     .expected = {.status = 200, .body = "hello", .kept = 1, .requests = 2, .repeated = 1}},
    {.number = 20,
     .name = "get-reset-ever",
     .server = "RST of a kept connection, to a GET, and of the next one",
     .script = {.says = TEXT(""), .end = PEER_RESETS},
     .steps = play_kept,
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_FIRST_BYTE, .requests = 2, .repeated = 1}},
};

struct rows reuse_rows(void) {
  return (struct rows){rows, sizeof rows / sizeof rows[0]};
}
