/* tls.c — what the TLS library holds back. libcurl does not tell, so its OpenSSL is asked.
 *
 * That is found among the loaded libraries, and not linked: what libcurl was built with is its own affair, and with
 * another library, or a static one, a connection is taken to hold bytes, and is not used again.
 */
#include "client.h"

#include <dlfcn.h>

bool tls_holds_bytes(CURL *easy) {
  struct curl_tlssessioninfo *session = NULL;
  if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || session == NULL ||
      session->backend != CURLSSLBACKEND_OPENSSL || session->internals == NULL)
    return true;
  union {
    void *symbol;
    int (*has_pending)(const void *ssl);
  } found = {.symbol = dlsym(RTLD_DEFAULT, "SSL_has_pending")};
  return found.symbol == NULL || found.has_pending(session->internals) != 0;
}
