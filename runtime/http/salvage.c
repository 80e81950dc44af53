/* salvage.c — the answer of a server that would not read the request to its end.
 *
 * Such a server answers (413, say) and closes, which resets the connection as there is something it has not read. When
 * libcurl is just sending then it learns of the reset before it has looked for an answer, and closes the socket, where
 * the answer lies. So that is read last thing before. Over TLS it is lost.
 */
#include "client.h"

#include "failure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char reset[] = "the server reset the connection while the request was being sent";

/* It begins as one, and has a head. */
static bool is_answer(const char *bytes, size_t size) {
  static const char begin[] = "HTTP/1.", end[] = "\n\r\n";
  return size > sizeof begin && memcmp(bytes, begin, sizeof begin - 1) == 0 &&
         memmem(bytes, size, end, sizeof end - 1) != NULL;
}

void salvage_read(struct transfer *transfer, int fd) {
  const struct weir_response *response = transfer->response;
  bool sending = response->failure.stage == WEIR_HTTP_SEND && response->failure.error == 0;
  if (!sending || transfer->origin->tls || response->head.bytes != 0 || transfer->salvage != NULL)
    return;
  char *piece = malloc(PIECE);
  if (piece == NULL)
    return;
  ssize_t got = recv(fd, piece, PIECE, MSG_DONTWAIT);
  if (got <= 0 || !is_answer(piece, (size_t)got)) {
    free(piece);
    return;
  }
  transfer->salvage = piece;
  transfer->salvage_size = (size_t)got;
}

/* What follows the head. A body that is not here as a whole will not come. */
static void take_body(struct weir_response *response, const char *data, size_t size) {
  const struct head *head = &response->head;
  if (response->bodiless)
    return;
  bool whole = head->has_length && !head->chunked && head->length <= size;
  if (!whole || !response_keep(response, data, head->length)) {
    failure_set(&response->failure, -ECONNRESET, "%s", reset);
    return;
  }
  response->arrived += head->length;
}

bool salvage_answer(struct transfer *transfer) {
  struct weir_response *response = transfer->response;
  const char *at = transfer->salvage;
  if (at == NULL)
    return false;
  const char *end = at + transfer->salvage_size;
  while (!response->head.complete) {
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    if (line_end == NULL) /* only an informational one */
      transfer_fail(transfer, -ECONNRESET, "%s", reset);
    if (line_end == NULL || !transfer_take_line(transfer, at, (size_t)(line_end + 1 - at)))
      return false;
    at = line_end + 1;
  }
  take_body(response, at, (size_t)(end - at));
  return true;
}
