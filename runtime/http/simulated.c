/* simulated.c — what a simulation leaves: told by line, and freed, so that the next one begins with nothing.
 *
 * Order: clients are taken down, which ends transfers and closes connections while their responses are there; then the
 * responses, which hold their clients; then the clients that were made in it. A client from outside stays its owner's.
 */
#include "client.h"

#include "books.h"

static struct weir_http *clients; /* used in the simulation that is active */

static struct {
  host_tell *tell;
  void *context;
} listener;

static void tell_response(void *object) {
  const struct weir_response *response = object;
  if (response->birth == weir_run_generation)
    listener.tell(listener.context, "response", response->site);
}

static void tell_connection(void *object) {
  const struct connection *connection = object;
  if (connection->birth == weir_run_generation && connection->fd >= 0)
    listener.tell(listener.context, "connection", connection->site);
}

static void free_response(void *object) {
  struct weir_response *response = object;
  if (response->birth == weir_run_generation)
    response_free(response);
}

static void end(host_tell *tell, void *context) {
  listener.tell = tell;
  listener.context = context;
  books_each(BOOK_RESPONSE, tell_response);
  books_each(BOOK_CONNECTION, tell_connection);
  for (struct weir_http *client = clients; client != NULL; client = client->next_simulated) {
    port_retain(&client->references);
    if (client->birth == weir_run_generation && !client->closing)
      tell(context, "HTTP client", client->site);
    if (client->multi != NULL)
      driver_end(client);
  }
  books_each(BOOK_RESPONSE, free_response);
  while (clients != NULL) {
    struct weir_http *client = clients;
    simulated_remove(client);
    if (client->birth == weir_run_generation && client->held)
      client_unref(client);
    client_unref(client);
  }
}

static struct host_library library = {.end = end};

void simulated_add(struct weir_http *client) {
  if (client->simulated)
    return;
  host_library_present(&library);
  client->simulated = true;
  client->next_simulated = clients;
  clients = client;
}

void simulated_remove(struct weir_http *client) {
  struct weir_http **at = &clients;
  while (*at != client)
    at = &(*at)->next_simulated;
  *at = client->next_simulated;
  client->simulated = false;
}
