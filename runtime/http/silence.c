/* silence.c — what libcurl swallows without a word: a line that does not end, a chunk extension.
 *
 * How much that is it does not tell. Before it reads, what is there is counted; but it reads on as long as more comes,
 * a hundred times that. So a connection that was silent is asked how much it has received; what has been read is that
 * without what is still there.
 */
#include "client.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>

static size_t bytes_there(const struct connection *c) {
  int there = 0;
  return ioctl(c->fd, FIONREAD, &there) == 0 && there > 0 ? (size_t)there : 0;
}

uint64_t silence_bytes_read(const struct connection *c) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  uint64_t there = bytes_there(c);
  if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
      size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
    return 0;
  return info.tcpi_bytes_received > there ? info.tcpi_bytes_received - there : 0;
}

void silence_count(struct connection *c) {
  struct transfer *transfer = c->transfer;
  size_t there = bytes_there(c);
  if (there == 0)
    return;
  c->stuck = 0;
  if (transfer->response->failure.stage == WEIR_HTTP_FIRST_BYTE && !transfer->origin->tls)
    transfer_enter_stage(transfer, WEIR_HTTP_HEADERS);
  transfer->raw += there;
  transfer->silent += there;
}

void silence_judge(struct connection *c) {
  struct transfer *transfer = c->fd >= 0 ? c->transfer : NULL;
  if (transfer == NULL || transfer->paused || transfer->silent == 0)
    return;
  uint64_t most = c->client->config.max_header_bytes + 2 * PIECE; /* a record of TLS has to be taken as a whole */
  uint64_t read = silence_bytes_read(c);
  if (transfer->silent_since == 0)
    transfer->silent_since = read;
  if (transfer->silent > most || read > transfer->silent_since + most)
    transfer_fail(transfer, -EMSGSIZE, "a header line, or a chunk extension, beyond the client's limit");
}
