/* tls.c — what the TLS library holds back. libcurl does not tell, so its OpenSSL is asked.
 *
 * That is found among the loaded libraries, and not linked: what libcurl was built with is its own affair, and with
 * another library, or a static one, a connection is taken to hold bytes, and is not used again; and to have been ended
 * by the server, as libcurl takes it.
 */
#include "client.h"

#include <dlfcn.h>

enum { RECEIVED_SHUTDOWN = 2 }; /* SSL_RECEIVED_SHUTDOWN, which is part of OpenSSL's ABI */

/* What a function of OpenSSL's says of the connection; unknown when it cannot be asked. */
static int ask(CURL *easy, const char *name, int unknown) {
  struct curl_tlssessioninfo *session = NULL;
  if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || session == NULL ||
      session->backend != CURLSSLBACKEND_OPENSSL || session->internals == NULL)
    return unknown;
  union {
    void *symbol;
    int (*function)(const void *ssl);
  } found = {.symbol = dlsym(RTLD_DEFAULT, name)};
  return found.symbol == NULL ? unknown : found.function(session->internals);
}

bool tls_holds_bytes(CURL *easy) {
  return ask(easy, "SSL_has_pending", 1) != 0;
}

bool tls_was_ended(CURL *easy) {
  return (ask(easy, "SSL_get_shutdown", RECEIVED_SHUTDOWN) & RECEIVED_SHUTDOWN) != 0;
}
