/* judge.c — what a row must come to, and whether it did. */
#include "check.h"
#include "row.h"

#include <stdarg.h>

/* Bounds on what no row needs: a client with a few connections has some 200 KB, TLS included. */
#define HELD_MOST (4 << 20)
#define PEAK_MOST (16 << 20)
/* What a server that floods gets rid of: full sockets, and what libcurl reads until it is stopped. */
#define SENT_MOST (128 << 20)

enum { PEAK_COUNTS = !SANITIZED }; /* a sanitizer keeps freed memory, and shadows */

struct findings {
  char *text;
  size_t size;
  size_t used;
};

__attribute__((format(printf, 2, 3))) static void find(struct findings *findings, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (findings->used + 3 < findings->size) {
    if (findings->used != 0)
      findings->used += (size_t)sprintf(findings->text + findings->used, "; ");
    int length = vsnprintf(findings->text + findings->used, findings->size - findings->used, format, arguments);
    findings->used += (size_t)length;
    if (findings->used >= findings->size)
      findings->used = findings->size - 1;
  }
  va_end(arguments);
}

/* The expectation, spoilt if it is to be. */
static struct expected expectation(const struct row *row) {
  struct expected expected = row->expected;
  if (expected.requests == 0 && !expected.unsent)
    expected.requests = 1;
  expected.error -= planted == FAULT_ERROR;
  expected.stage += planted == FAULT_STAGE;
  expected.status += planted == FAULT_STATUS;
  expected.kept += planted == FAULT_KEPT;
  expected.requests += planted == FAULT_REQUESTS;
  if (planted == FAULT_BODY)
    expected.body = "another body";
  return expected;
}

static const char *error_name(int error) {
  const char *name = strerrorname_np(-error);
  return name == NULL ? "?" : name;
}

static void describe(char *text, size_t size, const struct expected *what, uint64_t body_size) {
  size_t used = 0;
  if (what->status != 0)
    used += (size_t)snprintf(text + used, size - used, "%d", what->status);
  if (what->body != NULL && what->body[0] != '\0' && used < size)
    used += (size_t)snprintf(text + used, size - used, " \"%.40s\"%s", what->body, body_size > 40 ? "…" : "");
  if (what->error != 0 && used < size)
    used += (size_t)snprintf(text + used, size - used, "%s-%s while %s", what->status != 0 ? ", then " : "",
                             error_name(what->error), weir_http_stage_name(what->stage));
  if (used < size)
    snprintf(text + used, size - used, "; %u kept, %u requests", what->kept, what->requests);
}

void expected_text(const struct row *row, char *text, size_t size) {
  struct expected expected = expectation(row);
  describe(text, size, &expected, 0);
}

void outcome_text(const struct outcome *outcome, char *text, size_t size) {
  struct expected got = {
      .error = outcome->error,
      .stage = outcome->stage,
      .status = outcome->status,
      .body = outcome->body,
      .kept = (unsigned)outcome->idle,
      .requests = outcome->requests,
  };
  describe(text, size, &got, outcome->body_size);
}

static void judge_result(const struct row *row, const struct outcome *outcome, struct findings *findings) {
  struct expected expected = expectation(row);
  if (outcome->error != expected.error && (expected.other_error == 0 || outcome->error != expected.other_error))
    find(findings, "error %s, not %s", error_name(outcome->error), error_name(expected.error));
  if (expected.error != 0 && outcome->stage != expected.stage)
    find(findings, "stage: %s, not %s", weir_http_stage_name(outcome->stage), weir_http_stage_name(expected.stage));
  if (outcome->status != expected.status)
    find(findings, "status %d, not %d", outcome->status, expected.status);
  if (expected.body != NULL &&
      (strcmp(expected.body, outcome->body) != 0 || outcome->body_size != strlen(expected.body)))
    find(findings, "a body of %llu bytes, \"%s\"", (unsigned long long)outcome->body_size, outcome->body);
  if (row->most_body != 0 && outcome->body_size > row->most_body)
    find(findings, "%llu bytes of body delivered", (unsigned long long)outcome->body_size);
  if (outcome->requests != expected.requests)
    find(findings, "%u requests, not %u", outcome->requests, expected.requests);
  if (outcome->counts.repeated != expected.repeated)
    find(findings, "repeated %u times", (unsigned)outcome->counts.repeated);
  if (outcome->counts.dropped != expected.dropped)
    find(findings, "%u kept connections dropped", (unsigned)outcome->counts.dropped);
  if (outcome->idle != expected.kept)
    find(findings, "%zu connections kept, not %u", outcome->idle, expected.kept);
}

static void judge_rest(const struct outcome *outcome, struct findings *findings) {
  if (outcome->open != outcome->idle)
    find(findings, "%zu connections held by no response", outcome->open - outcome->idle);
  if (!outcome->next_answered)
    find(findings, "the next request is not answered");
  if (outcome->responses != 0 || outcome->connections != 0 || outcome->tasks != 1 || outcome->bytes_left != 0)
    find(findings, "left: %zu responses, %zu connections, %zu tasks, %lld bytes", outcome->responses,
         outcome->connections, outcome->tasks, (long long)outcome->bytes_left);
  if (outcome->all.open != 0 || outcome->all.idle != 0)
    find(findings, "%zu connections, %zu idle, after weir_http_close_idle", outcome->all.open, outcome->all.idle);
  if (outcome->fds_after != outcome->fds_before)
    find(findings, "%d descriptors, not %d", outcome->fds_after, outcome->fds_before);
  if (outcome->all.connections != outcome->peer_connections || outcome->all.requests != outcome->peer_requests)
    find(findings, "counted %u connections, %u requests; the server %u, %u", (unsigned)outcome->all.connections,
         (unsigned)outcome->all.requests, outcome->peer_connections, outcome->peer_requests);
  if (outcome->bytes_held > HELD_MOST)
    find(findings, "%lld bytes held", (long long)outcome->bytes_held);
  if (PEAK_COUNTS && outcome->bytes_peak > PEAK_MOST)
    find(findings, "%lld bytes more at the peak", (long long)outcome->bytes_peak);
  if (outcome->peer_sent > SENT_MOST)
    find(findings, "%llu bytes swallowed", (unsigned long long)outcome->peer_sent);
  if (!outcome->peer_ended)
    find(findings, "the server failed");
}

bool judge(const struct row *row, const struct outcome *outcome, char *why, size_t size) {
  struct findings findings = {.text = why, .size = size};
  why[0] = '\0';
  if (!outcome->finished) {
    find(&findings, "the row did not come to its end");
    return false;
  }
  judge_result(row, outcome, &findings);
  judge_rest(outcome, &findings);
  if (outcome->complaint[0] != '\0')
    find(&findings, "%s", outcome->complaint);
  if (findings.used != 0 && outcome->message[0] != '\0')
    find(&findings, "it said: %s", outcome->message);
  return findings.used == 0;
}
