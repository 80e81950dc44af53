/* queue.c — requests that would need a connection beyond the client's limits wait here, in the order in which they came.
 *
 * A connection that a transfer holds, or an idle one, is one of those that may be open; an idle one of another origin
 * makes room when there is none left.
 *
 * Rejected: libcurl's own queue. It hands a connection from one transfer to the next while the first one's end is not
 * known here yet: nobody looks at what the server has said unasked, and the connection could be retired under the next.
 */
#include "client.h"

static bool any_before(const struct transfer *transfer) {
  const struct transfer *other = transfer->client->waiting.first;
  while (other != NULL && other != transfer && other->origin != transfer->origin)
    other = other->next_waiting;
  return other != NULL && other != transfer;
}

static bool room_for(const struct transfer *transfer) {
  struct weir_http *client = transfer->client;
  const struct origin *origin = transfer->origin;
  unsigned most = client->config.max_connections;
  unsigned most_of_origin = client->config.max_connections_per_host;
  if (origin->idle_count != 0)
    return true;
  if (most_of_origin != 0 && origin->active >= most_of_origin)
    return false;
  if (most == 0 || client->active + client->counts.idle < most)
    return true;
  if (client->active >= most)
    return false;
  connection_retire_oldest(client);
  return true;
}

bool queue_admits(struct transfer *transfer) {
  if (any_before(transfer) || !room_for(transfer))
    return false;
  transfer->origin->active++;
  transfer->client->active++;
  return true;
}

void queue_release(struct transfer *transfer) {
  transfer->origin->active--;
  transfer->client->active--;
  transfer->client->room = true;
}

void queue_enter(struct transfer *transfer) {
  struct weir_http *client = transfer->client;
  transfer->waiting = true;
  transfer->next_waiting = NULL;
  if (client->waiting.last != NULL)
    client->waiting.last->next_waiting = transfer;
  else
    client->waiting.first = transfer;
  client->waiting.last = transfer;
}

void queue_leave(struct transfer *transfer) {
  struct weir_http *client = transfer->client;
  struct transfer *before = NULL;
  for (struct transfer *at = client->waiting.first; at != transfer; at = at->next_waiting)
    before = at;
  if (before != NULL)
    before->next_waiting = transfer->next_waiting;
  else
    client->waiting.first = transfer->next_waiting;
  if (client->waiting.last == transfer)
    client->waiting.last = before;
  transfer->waiting = false;
}

bool queue_serve(struct weir_http *client) {
  if (!client->room)
    return false;
  for (struct transfer *transfer = client->waiting.first; transfer != NULL; transfer = transfer->next_waiting) {
    if (connections_check(client, transfer->origin))
      driver_purge(client, transfer->origin);
    if (!queue_admits(transfer))
      continue;
    queue_leave(transfer);
    transfer_enter(transfer);
    return true;
  }
  client->room = false;
  return false;
}
