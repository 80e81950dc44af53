/* redirect_rows.c — redirects: for ever, elsewhere, to what is not HTTP, and with a body that stalls. */
#include "check.h"
#include "row.h"

#define FOUND "HTTP/1.1 302 Found\r\n"
#define EMPTY "Content-Length: 0\r\n\r\n"
#define TO(where)                                                                                                      \
  { .says = TEXT(FOUND "Location: " where "\r\n" EMPTY) }

static const struct weir_header secrets[] = {{"Authorization", "Bearer secret"}, {"Cookie", "name=secret"}};
#define WITH_SECRETS                                                                                                   \
  { .headers = secrets, .header_count = 2 }

static bool redirect_there_and_back(struct line *line) {
  static const char there[] = FOUND "Location: http://" THERE "/row\r\n" EMPTY;
  static const char back[] = FOUND "Location: http://" THERE "/secrets\r\n" EMPTY;
  return line->row == 1 ? line_say(line, there, sizeof there - 1) : line_say(line, back, sizeof back - 1);
}

static const struct row rows[] = {
    {.number = 21,
     .name = "redirect-loop",
     .server = "a redirect to itself",
     .script = TO("http://" HERE "/row"),
     .expected = {.error = -ELOOP, .stage = WEIR_HTTP_BODY, .status = 0, .kept = 1, .requests = 11}},
    {.number = 21,
     .name = "redirect-loop-relative",
     .server = "a relative redirect to itself; two are allowed",
     .script = TO("/row"),
     .request = {.max_redirects = 2},
     .expected = {.error = -ELOOP, .stage = WEIR_HTTP_BODY, .status = 0, .kept = 1, .requests = 3}},
    {.name = "redirect-not-followed",
     .server = "good: a redirect that is not to be followed",
     .script = TO("/row"),
     .request = {.max_redirects = -1},
     .expected = {.status = 302, .body = "", .kept = 1}},
    {.number = 22,
     .name = "redirect-file",
     .server = "a redirect to file://",
     .script = TO("file:///etc/hostname"),
     .expected = {.error = -EPROTONOSUPPORT, .stage = WEIR_HTTP_BODY, .kept = 1}},
    {.number = 22,
     .name = "redirect-ftp",
     .server = "a redirect to ftp://",
     .script = TO("ftp://" THERE "/good"),
     .expected = {.error = -EPROTONOSUPPORT, .stage = WEIR_HTTP_BODY, .kept = 1}},
    {.number = 22,
     .name = "redirect-nowhere",
     .server = "a redirect to no URL",
     .script = TO("http://a b:c/"),
     .expected = {.error = -EPROTO, .stage = WEIR_HTTP_BODY, .kept = 1}},
    {.number = 23,
     .name = "redirect-other-port",
     .server = "a redirect to another port; the request has credentials",
     .script = TO("http://" THERE "/secrets"),
     .request = WITH_SECRETS,
     .expected = {.status = 200, .body = "none", .kept = 2}},
    {.number = 23,
     .name = "redirect-other-port-url",
     .server = "a redirect to another port; the URL has credentials",
     .script = TO("http://" THERE "/secrets"),
     .request = {.url = "http://user:secret@" HERE "/row"},
     .expected = {.status = 200, .body = "none", .kept = 2}},
    {.number = 23,
     .name = "redirect-other-port-back",
     .server = "a redirect to another port, and from there back: what was dropped stays so",
     .script = {.serve = redirect_there_and_back},
     .request = WITH_SECRETS,
     .expected = {.status = 200, .body = "none", .kept = 2, .requests = 2}},
    {.name = "redirect-same-port",
     .server = "good: a redirect to the same port keeps what the request had",
     .script = TO("/secrets"),
     .request = WITH_SECRETS,
     .expected = {.status = 200, .body = "both", .kept = 1}},
    {.number = 24,
     .name = "redirect-body-stalls",
     .server = "302 with a body that stalls",
     .script = {.says = TEXT(FOUND "Location: /good?3\r\nContent-Length: 1000\r\n\r\nten bytes."), .end = PEER_STALLS},
     .expected = {.status = 200, .body = "good 3", .kept = 1}},
    {.number = 24,
     .name = "redirect-body-never",
     .server = "302 with a body of which nothing comes",
     .script = {.says = TEXT(FOUND "Location: /good?3\r\nContent-Length: 1000\r\n\r\n"), .end = PEER_STALLS},
     .expected = {.status = 200, .body = "good 3", .kept = 1}},
    {.number = 24,
     .name = "redirect-body-endless",
     .server = "302 with a body without end",
     .script = {.says = TEXT(FOUND "Location: /good?3\r\n\r\n"), .end = PEER_FLOODS, .again = TEXT("body")},
     .expected = {.status = 200, .body = "good 3", .kept = 1}},
    {.name = "redirect-body-here",
     .server = "good: 302 with a body that has come",
     .script = {.says = TEXT(FOUND "Location: /good?3\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.status = 200, .body = "good 3", .kept = 1}},
};

struct rows redirect_rows(void) {
  return (struct rows){rows, sizeof rows / sizeof rows[0]};
}
