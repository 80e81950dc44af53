/* failure.c — see failure.h. */
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *weir_http_stage_name(enum weir_http_stage stage) {
  static const char *const names[] = {
      [WEIR_HTTP_QUEUED] = "waiting for a connection",
      [WEIR_HTTP_RESOLVE] = "resolving the host's name",
      [WEIR_HTTP_CONNECT] = "connecting",
      [WEIR_HTTP_TLS] = "in the TLS handshake",
      [WEIR_HTTP_SEND] = "sending the request",
      [WEIR_HTTP_FIRST_BYTE] = "waiting for the answer",
      [WEIR_HTTP_HEADERS] = "reading the headers",
      [WEIR_HTTP_BODY] = "reading the body",
  };
  return (unsigned)stage < sizeof names / sizeof names[0] ? names[stage] : "?";
}

int failure_set(struct weir_http_failure *failure, int error, const char *format, ...) {
  if (failure->error != 0)
    return failure->error;
  failure->error = error;
  int length = snprintf(failure->message, sizeof failure->message, "%s: ", weir_http_stage_name(failure->stage));
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure->message + length, sizeof failure->message - (size_t)length, format, arguments);
  va_end(arguments);
  return error;
}

/* What the system said about a connection; else a word for it. */
static int connection_error(CURL *easy) {
  long said = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &said);
  return said == 0 ? -ECONNREFUSED : -(int)said;
}

static int error_of(CURL *easy, CURLcode code) {
  switch (code) {
  case CURLE_URL_MALFORMAT:
  case CURLE_BAD_FUNCTION_ARGUMENT:
    return -EINVAL;
  case CURLE_UNSUPPORTED_PROTOCOL:
    return -EPROTONOSUPPORT;
  case CURLE_COULDNT_RESOLVE_HOST:
    return -EADDRNOTAVAIL;
  case CURLE_COULDNT_CONNECT:
    return connection_error(easy);
  case CURLE_SSL_CONNECT_ERROR:
    return -EPROTO;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
    return -EKEYREJECTED;
  case CURLE_OUT_OF_MEMORY:
  case CURLE_SETOPT_OPTION_SYNTAX: /* of addresses, which are as they should be */
  case CURLE_ABORTED_BY_CALLBACK:  /* a callback that wants that has said why before */
    return -ENOMEM;
  case CURLE_PARTIAL_FILE:
    return -ENODATA;
  case CURLE_OPERATION_TIMEDOUT:
    return -ETIMEDOUT;
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
    return -ECONNRESET;
  case CURLE_FILESIZE_EXCEEDED:
    return -EFBIG;
  default:
    return -EPROTO;
  }
}

/* A receive error is what the system says of a connection, or what libcurl says of the chunks. */
static int receive_error(CURL *easy) {
  long said = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &said);
  return said == ECONNRESET || said == EPIPE || said == ETIMEDOUT ? -ECONNRESET : -EPROTO;
}

/* libcurl has limits of its own, of a line in headers and in trailers, and calls what is beyond them a lack of memory. */
static bool is_long_line(CURLcode code, enum weir_http_stage stage, const char *text, uint64_t received) {
  enum { TRAILER_MOST = 4096 };
  if (code == CURLE_RECV_ERROR)
    return received > TRAILER_MOST && strncmp(text, "Out of memory", 13) == 0;
  return code == CURLE_OUT_OF_MEMORY && stage == WEIR_HTTP_HEADERS && received > CURL_MAX_HTTP_HEADER;
}

int failure_set_curl(struct weir_http_failure *failure, CURL *easy, CURLcode code, const char *text,
                     uint64_t received) {
  if (is_long_line(code, failure->stage, text, received))
    return failure_set(failure, -EMSGSIZE, "a line of headers or trailers beyond libcurl's limit");
  int error = code == CURLE_RECV_ERROR ? receive_error(easy) : error_of(easy, code);
  if (error == -EPROTONOSUPPORT && failure->stage >= WEIR_HTTP_FIRST_BYTE)
    error = -EPROTO; /* the answer's, not the URL's */
  return failure_set(failure, error, "%s", text[0] != '\0' ? text : curl_easy_strerror(code));
}
