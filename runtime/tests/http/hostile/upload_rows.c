/* upload_rows.c — requests with bodies that the server does not want, or not yet. */
#include "check.h"
#include "row.h"

#include <weir/task.h>

#define OK "HTTP/1.1 200 OK\r\n"

static const struct weir_header expect[] = {{"Expect", "100-continue"}};
#define POST_EXPECT                                                                                                    \
  { .headers = expect, .header_count = 1, .body = "body", .body_size = 4 }

static char large[16 << 20]; /* more than sockets hold */

static const struct weir_header no_expectation[] = {{"Expect", ""}};

static const char failed[] = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 4\r\n\r\nnope";

/* The client sends no body after the answer to an expectation; without one it sends the body at once. */
static bool fail_expectation(struct line *line) {
  return (line_has(line, "Expect") || line_read_body(line)) && line_say(line, failed, sizeof failed - 1);
}

static bool fail_expectation_only(struct line *line) {
  if (line_has(line, "Expect"))
    return line_say(line, failed, sizeof failed - 1);
  return line_read_body(line) && line_say(line, OK "Content-Length: 5\r\n\r\nhello", 43);
}

static bool refuse_and_reset(struct line *line) {
  line_await_go(line);
  static const char refused[] = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge";
  line_say(line, refused, sizeof refused - 1);
  line_end(line, PEER_RESETS);
  line_close(line);
  sem_post(&line->peer->seen->done);
  return false;
}

static bool refuse_at_once(struct line *line) {
  static const char refused[] = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge";
  line_say(line, refused, sizeof refused - 1);
  line_end(line, PEER_RESETS);
  return false;
}

static bool refuse_without_length(struct line *line) {
  static const char refused[] = "HTTP/1.1 413 Content Too Large\r\n\r\nlarge";
  line_say(line, refused, sizeof refused - 1);
  line_end(line, PEER_RESETS);
  return false;
}

static bool continue_and_reset(struct line *line) {
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  line_say(line, go_on, sizeof go_on - 1);
  line_end(line, PEER_RESETS);
  return false;
}

static bool read_nothing(struct line *line) {
  line_await_go(line);
  line_end(line, PEER_STALLS);
  return false;
}

static bool refuse_and_finish(struct line *line) {
  static const char refused[] = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge";
  line_say(line, refused, sizeof refused - 1);
  line_end(line, PEER_FINISHES);
  return false;
}

static const struct row rows[] = {
    {.number = 14,
     .name = "continue-never",
     .server = "never answers an expectation, and reads on",
     .script = {.says = TEXT(OK "Content-Length: 5\r\n\r\nhello")},
     .request = POST_EXPECT,
     .expected = {.status = 200, .body = "hello", .kept = 1}},
    {.number = 15,
     .name = "expectation-failed-ever",
     .server = "417 for ever",
     .script = {.early = true, .serve = fail_expectation},
     .request = POST_EXPECT,
     .expected = {.status = 417, .body = "nope", .kept = 1, .requests = 2}},
    {.number = 15,
     .name = "expectation-failed",
     .server = "417 to an expectation",
     .script = {.early = true, .serve = fail_expectation_only},
     .request = POST_EXPECT,
     .expected = {.status = 200, .body = "hello", .kept = 1, .requests = 2}},
    {.number = 15,
     .name = "expectation-failed-large",
     .server = "417 for ever, to a body for which libcurl itself asks first",
     .script = {.early = true, .serve = fail_expectation},
     .request = {.body = large, .body_size = sizeof large},
     .expected = {.status = 417, .body = "nope", .kept = 1, .requests = 2}},
    {.number = 17,
     .name = "upload-stall",
     .server = "reads nothing of the upload",
     .script = {.early = true, .serve = read_nothing},
     .config = {.rate_window = 100 * WEIR_MILLISECOND},
     .request = {.body = large, .body_size = sizeof large, .headers = no_expectation, .header_count = 1},
     .steps = play_and_go,
     .expected = {.error = -ETIMEDOUT, .stage = WEIR_HTTP_SEND}},
    {.number = 35,
     .name = "too-large-reset",
     .server = "413 and RST, and does not read the upload, for which the sockets have no more room",
     .script = {.early = true, .serve = refuse_and_reset},
     .request = {.body = large, .body_size = sizeof large, .headers = no_expectation, .header_count = 1},
     .steps = play_when_blocked,
     .expected = {.status = 413, .body = "large"}},
    {.number = 35,
     .name = "too-large-reset-at-once",
     .server = "413 and RST at once, and does not read the upload, which comes as fast as it can",
     .script = {.early = true, .serve = refuse_at_once},
     .request = {.body = large, .body_size = sizeof large, .headers = no_expectation, .header_count = 1},
     .expected = {.status = 413, .body = "large"}},
    {.number = 35,
     .name = "too-large-reset-kept",
     .server = "413 and RST at once, on a kept connection",
     .script = {.early = true, .serve = refuse_at_once},
     .request = {.body = large, .body_size = sizeof large, .headers = no_expectation, .header_count = 1},
     .steps = play_kept,
     .expected = {.status = 413, .body = "large"}},
    {.number = 35,
     .name = "too-large-reset-no-length",
     .server = "413 and RST at once, and a body that would end with the connection",
     .script = {.early = true, .serve = refuse_without_length},
     .request = {.body = large, .body_size = sizeof large, .headers = no_expectation, .header_count = 1},
     .expected = {.error = -ECONNRESET, .other_error = -EPROTO, .stage = WEIR_HTTP_BODY, .status = 413}},
    {.number = 35,
     .name = "continue-and-reset",
     .server = "100 Continue and RST, and does not read the upload",
     .script = {.early = true, .serve = continue_and_reset},
     .request = {.body = large, .body_size = sizeof large, .headers = no_expectation, .header_count = 1},
     .steps = play_kept,
     .expected = {.error = -ECONNRESET, .stage = WEIR_HTTP_SEND}},
    {.number = 35,
     .name = "too-large-reset-sending",
     .server = "413 and RST, and does not read the upload, while the client sends it",
     .script = {.early = true, .serve = refuse_and_reset},
     .request = {.body = large, .body_size = sizeof large, .headers = no_expectation, .header_count = 1},
     .steps = play_when_sending,
     .expected = {.status = 413, .body = "large"}},
    {.number = 35,
     .name = "too-large-reset-fed",
     .server = "413 and RST, and does not read the upload, whose next piece comes later",
     .script = {.early = true, .serve = refuse_and_reset},
     .request = {.headers = no_expectation, .header_count = 1},
     .steps = play_upload_reset,
     .expected = {.status = 413, .body = "large"}},
    {.number = 35,
     .name = "too-large-end",
     .server = "413 and FIN, and reads the upload",
     .script = {.early = true, .serve = refuse_and_finish},
     .request = {.body = large, .body_size = sizeof large},
     .expected = {.status = 413, .body = "large"}},
};

struct rows upload_rows(void) {
  return (struct rows){rows, sizeof rows / sizeof rows[0]};
}
