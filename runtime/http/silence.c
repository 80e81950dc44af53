/* silence.c — what libcurl swallows without a word: a line that does not end, a chunk extension, a body that must not be.
 *
 * How much that is it does not tell, but of TCP the system does: what has been received, without what is still there. It is
 * asked only when libcurl had nothing to say of what woke it, and of an answer without a body. What had been read before
 * that answer is the sum of the answers before, by their framing; after a chunked one, which cannot be summed, it is
 * asked once more. A sum can only be too small (libcurl throws away what is behind a body): then the connection is not
 * kept. Where nothing is counted (a socket of a program's own), what is there is, before libcurl reads; but it reads on as
 * long as more comes.
 *
 * Rejected: asking at every request (two system calls of the seven that it takes).
 */
#include "client.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>

enum { CLOSED = 7, CLOSE_WAIT = 8 }; /* of netinet/tcp.h, TCP_CLOSE…, which cannot stand beside linux/tcp.h */

static size_t bytes_there(const struct connection *c) {
  int there = 0;
  return ioctl(c->fd, FIONREAD, &there) == 0 && there > 0 ? (size_t)there : 0;
}

/* What has been read from a connection; 0 when that is not counted. */
static uint64_t bytes_read(const struct connection *c) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  uint64_t there = bytes_there(c);
  if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
      size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
    return 0;
  /* The server's FIN counts as a byte. After a reset nothing tells whether there was one: most often there was. */
  bool ended = info.tcpi_state == CLOSE_WAIT || info.tcpi_state == CLOSED;
  uint64_t unread = there + (ended ? 1 : 0);
  return info.tcpi_bytes_received > unread ? info.tcpi_bytes_received - unread : 0;
}

void silence_begin(struct connection *c) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  c->counted = getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
               size >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
  c->read_known = !c->client->config.connected_sockets;
}

/* Some of the answer has come, if not a line. */
static void begins(struct transfer *transfer) {
  if (transfer->response->failure.stage == WEIR_HTTP_FIRST_BYTE && !transfer->origin->tls)
    transfer_enter_stage(transfer, WEIR_HTTP_HEADERS);
}

void silence_count(struct connection *c) {
  struct transfer *transfer = c->transfer;
  size_t there = c->counted ? 0 : bytes_there(c);
  if (there == 0)
    return;
  c->stuck = 0;
  begins(transfer);
  transfer->raw += there;
  transfer->silent += there;
}

/* After a wake-up of which libcurl had nothing to say. */
static void look(struct connection *c, uint64_t read) {
  if (read <= c->seen)
    return;
  c->seen = read;
  c->stuck = 0;
  begins(c->transfer);
}

void silence_judge(struct connection *c) {
  struct transfer *transfer = c->fd >= 0 ? c->transfer : NULL;
  if (transfer == NULL || transfer->paused || (c->counted ? c->stuck == 0 : transfer->silent == 0))
    return;
  uint64_t most = c->client->config.max_header_bytes + 2 * PIECE; /* a record of TLS has to be taken as a whole */
  uint64_t read = bytes_read(c);
  if (c->counted)
    look(c, read);
  if (transfer->silent_since == 0)
    transfer->silent_since = read;
  if (transfer->silent > most || read > transfer->silent_since + most)
    transfer_fail(transfer, -EMSGSIZE, "a header line, or a chunk extension, beyond the client's limit");
}

void silence_end(struct connection *c) {
  c->transfer->received = bytes_read(c);
  if (c->counted && c->transfer->received > c->read + c->transfer->response->head.bytes)
    begins(c->transfer); /* libcurl has failed without a word */
}

void silence_request(struct transfer *transfer) {
  struct connection *c = transfer->connection;
  transfer->silent = transfer->raw = 0;
  transfer->silent_since = 0;
  if (c == NULL || c->read_known || !c->counted)
    return;
  c->read = bytes_read(c);
  c->read_known = true;
}

void silence_answer(const struct transfer *transfer) {
  struct connection *c = transfer->connection;
  const struct weir_response *response = transfer->response;
  c->read_known = c->read_known && response->ended && response->head.complete && !response->head.chunked;
  c->read += response->head.bytes + transfer->taken;
}

bool silence_more_than_head(const struct transfer *transfer) {
  const struct connection *c = transfer->connection;
  uint64_t read = c != NULL && c->counted ? bytes_read(c) - c->read : transfer->raw;
  return read != transfer->response->head.bytes;
}
