/* connected.c — sockets that the program hands over connected (config.connected_sockets), past a mistake of libcurl 7.88.
 *
 * That one is told that a socket is connected, and connects it nevertheless, which fails. So it is given, under the
 * number of the right socket, one that connects at once and sends nothing by that: a datagram socket. (Its peer has an
 * address, without which libcurl would not use the connection again.) The right one takes its number back when libcurl
 * next calls: to say what it waits for, before the TLS handshake, before the request.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_MISTAKEN = 0x075800, FIRST_MENDED = 0x080000, PORT_DISCARD = 9 };

static bool connects_anyway(void) {
  static unsigned version;
  if (version == 0)
    version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version >= FIRST_MISTAKEN && version < FIRST_MENDED;
}

/* -1, and errno is set. */
static int stand_in(int fd) {
  int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (other < 0)
    return -1;
  int result = dup3(other, fd, O_CLOEXEC);
  int error = errno;
  close(other);
  errno = error;
  return result;
}

int connected_keep(struct connection *c, struct curl_sockaddr *address) {
  if (!connects_anyway())
    return 0;
  int kept = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
  if (kept < 0 || stand_in(c->fd) < 0) {
    int error = errno;
    if (kept >= 0)
      close(kept);
    return error == ENFILE ? -EMFILE : -error;
  }
  c->kept = kept;
  struct sockaddr_in discard = {
      .sin_family = AF_INET, .sin_port = htons(PORT_DISCARD), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  address->family = AF_INET;
  address->addrlen = sizeof discard;
  memcpy(&address->addr, &discard, sizeof discard);
  return 0;
}

void connected_put_back(struct connection *c) {
  if (c->kept < 0)
    return;
  dup3(c->kept, c->fd, O_CLOEXEC);
  close(c->kept);
  c->kept = -1;
}

CURLcode connected_tls(CURL *easy, void *context, void *arg) {
  const struct transfer *transfer = arg;
  (void)easy;
  (void)context;
  for (struct connection *c = transfer->attempts; c != NULL; c = c->next)
    connected_put_back(c);
  return CURLE_OK;
}
