/* cockroach_2448.c — cockroachdb/cockroach#2448 (issue #1185): MultiRaft and its store wait for each other.
 *
 * MultiRaft is one goroutine that serves proposals and callbacks and sends an event for every command that is
 * committed, through a channel with room for some. The store is another: it applies the commands and, for a change of
 * members, sends a callback to MultiRaft. When the events do not fit, MultiRaft waits for the store, and takes no
 * callback; a store that has one to send waits for MultiRaft.
 * The interleaving: the store has a callback to send, and before MultiRaft takes it more proposals come than fit.
 * The repair: events that do not fit are kept in a list, and sending the first of it is a case of the one select. */
#include <weir/scenario.h>

enum { CLIENTS = 3, COMMANDS = 8, ALL = CLIENTS * COMMANDS, EVENTS = 14 };

static weir_chan *proposals, *callbacks, *events;
static weir_waitgroup applied, served;

static void multiraft(void *stopped) {
  for (uint32_t command;;) {
    struct weir_case step[] = {
        WEIR_RECV(proposals, &command),
        WEIR_RECV(callbacks, &command),
        WEIR_RECV(stopped, NULL),
    };
    const int went = weir_select(step, sizeof step / sizeof *step, WEIR_FOREVER);
    if (went == 2)
      break;
    if (went == 0)
      weir_chan_send(events, &command);
  }
  weir_waitgroup_done(&served);
}

static void store(void *stopped) {
  uint32_t command;
  struct weir_case step[] = {WEIR_RECV(events, &command), WEIR_RECV(stopped, NULL)};
  while (weir_select(step, 2, WEIR_FOREVER) == 0) {
    if (command == 0) /* a change of members */
      weir_chan_send(callbacks, &command);
    weir_waitgroup_done(&applied);
  }
  weir_waitgroup_done(&served);
}

static void client(void *arg) {
  for (uint32_t i = 0, first = (uint32_t)(size_t)arg * COMMANDS; i < COMMANDS; i++)
    weir_chan_send(proposals, &(uint32_t){first + i});
}

WEIR_SCENARIO(cockroach_2448, "MultiRaft waits for room among the events, the store for its callback to be taken") {
  weir_chan *stopped = weir_chan_new(0, 0);
  proposals = weir_chan_new(sizeof(uint32_t), 0);
  callbacks = weir_chan_new(sizeof(uint32_t), 0);
  events = weir_chan_new(sizeof(uint32_t), EVENTS);
  applied = (weir_waitgroup){0};
  weir_waitgroup_add(&applied, ALL);
  served = (weir_waitgroup){0};
  weir_waitgroup_add(&served, 2);
  weir_go(multiraft, stopped);
  weir_go(store, stopped);
  for (size_t i = 0; i < CLIENTS; i++)
    weir_go(client, (void *)i);
  weir_waitgroup_wait(&applied);
  weir_chan_close(stopped);
  weir_waitgroup_wait(&served);
  weir_chan *all[] = {stopped, proposals, callbacks, events};
  for (int i = 0; i < 4; i++)
    weir_chan_unref(all[i]);
  return 0;
}
