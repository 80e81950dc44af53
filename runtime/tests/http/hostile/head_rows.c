/* head_rows.c — status lines and headers. */
#include "check.h"
#include "row.h"

#define OK   "HTTP/1.1 200 OK\r\n"
#define KB64 (64 * 1024)

static bool say(struct line *line, const char *text) {
  return line_say(line, text, strlen(text));
}

/* 60 cookies of 3 kB. */
static bool set_cookies(struct line *line) {
  char cookie[3072];
  bool goes_on = say(line, OK "Content-Length: 5\r\n");
  for (int i = 0; i < 60 && goes_on; i++) {
    int used = snprintf(cookie, sizeof cookie, "Set-Cookie: cookie%d=", i);
    memset(cookie + used, 'c', sizeof cookie - (size_t)used);
    memcpy(cookie + sizeof cookie - 3, "\r\n", 3);
    goes_on = say(line, cookie);
  }
  return goes_on && say(line, "\r\nhello");
}

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define HINTS    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

static const struct row rows[] = {
    {.number = 10,
     .name = "headers-endless",
     .server = "headers without end",
     .script = {.says = TEXT(OK), .end = PEER_FLOODS, .again = TEXT("Header: h\r\n")},
     .config = {.max_header_bytes = KB64},
     .expected = {.error = -EMSGSIZE, .stage = WEIR_HTTP_HEADERS}},
    {.number = 10,
     .name = "headers-endless-2",
     .server = "headers without end; the usual limits",
     .script = {.says = TEXT(OK), .end = PEER_FLOODS, .again = TEXT("Header: h\r\n")},
     .expected = {.error = -EMSGSIZE, .stage = WEIR_HTTP_HEADERS}},
    {.number = 11,
     .name = "header-line-endless",
     .server = "one header line without end",
     .script = {.says = TEXT(OK "Header: "), .end = PEER_FLOODS, .again = TEXT("header")},
     .config = {.max_header_bytes = KB64},
     .expected = {.error = -EMSGSIZE, .stage = WEIR_HTTP_HEADERS}},
    {.number = 11,
     .name = "header-line-endless-2",
     .server = "one header line without end; the usual limits",
     .script = {.says = TEXT(OK "Header: "), .end = PEER_FLOODS, .again = TEXT("header")},
     .expected = {.error = -EMSGSIZE, .stage = WEIR_HTTP_HEADERS}},
    {.number = 11,
     .name = "status-line-endless",
     .server = "a status line without end; the usual limits",
     .script = {.says = TEXT("HTTP/1.1 200 "), .end = PEER_FLOODS, .again = TEXT("okay")},
     .expected = {.error = -EMSGSIZE, .stage = WEIR_HTTP_HEADERS}},
    {.number = 12,
     .name = "continue-endless",
     .server = "100 Continue without end",
     .script = {.says = TEXT(""), .end = PEER_FLOODS, .again = TEXT(CONTINUE)},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 13,
     .name = "hints-endless",
     .server = "103 Early Hints without end",
     .script = {.says = TEXT(""), .end = PEER_FLOODS, .again = TEXT(HINTS)},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 13,
     .name = "informational-six",
     .server = "six informational answers, and a good one",
     .script = {.says = TEXT(HINTS HINTS HINTS HINTS HINTS HINTS OK "Content-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 19,
     .name = "reset-after-hints",
     .server = "103 Early Hints and RST: nothing of the answer has come",
     .script = {.says = TEXT(HINTS), .end = PEER_RESETS},
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_FIRST_BYTE}},
    {.name = "informational-five",
     .server = "good: five informational answers first",
     .script = {.says = TEXT(CONTINUE CONTINUE HINTS HINTS HINTS OK "Content-Length: 5\r\n\r\nhello")},
     .expected = {.status = 200, .body = "hello", .kept = 1}},
    {.number = 30,
     .name = "header-nul",
     .server = "a NUL in a header",
     .script = {.says = TEXT(OK "Header: a\0b\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 30,
     .name = "header-no-colon",
     .server = "a header without a colon",
     .script = {.says = TEXT(OK "Header\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 30,
     .name = "header-no-name",
     .server = "a header without a name",
     .script = {.says = TEXT(OK ": value\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 32,
     .name = "http-0.9",
     .server = "a body without a head",
     .script = {.says = TEXT("<html>hello</html>\r\n"), .end = PEER_FINISHES},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 32,
     .name = "http-0.9-short",
     .server = "one letter",
     .script = {.says = TEXT("H"), .end = PEER_FINISHES},
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_HEADERS}},
    {.number = 32,
     .name = "status-no-number",
     .server = "a status that is no number",
     .script = {.says = TEXT("HTTP/1.1 fine\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 32,
     .name = "status-short",
     .server = "a status of two digits",
     .script = {.says = TEXT("HTTP/1.1 99 Low\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 32,
     .name = "status-long",
     .server = "a status of four digits",
     .script = {.says = TEXT("HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 32,
     .name = "version-unknown",
     .server = "HTTP/7.1",
     .script = {.says = TEXT("HTTP/7.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 32,
     .name = "version-2",
     .server = "HTTP/2, which nobody asked for",
     .script = {.says = TEXT("HTTP/2 200\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 33,
     .name = "switching-unasked",
     .server = "101 Switching Protocols, which nobody asked for",
     .script = {.says =
                    TEXT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81"),
                .end = PEER_STALLS},
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_HEADERS}},
    {.number = 37,
     .name = "cookies",
     .server = "60 cookies of 3 kB",
     .script = {.serve = set_cookies},
     .steps = play_secrets,
     .expected = {.status = 200, .body = "hello", .kept = 1}},
};

struct rows head_rows(void) {
  return (struct rows){rows, sizeof rows / sizeof rows[0]};
}
