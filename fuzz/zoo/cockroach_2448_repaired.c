/* cockroach_2448_repaired.c — the twin of cockroach_2448.c: MultiRaft keeps events in a list, and sending the first
 * of it is one more case of its select. */
#include <weir/scenario.h>

enum { CLIENTS = 3, COMMANDS = 8, ALL = CLIENTS * COMMANDS, EVENTS = 14 };

static weir_chan *proposals, *callbacks, *events;
static weir_waitgroup applied, served;

static void multiraft(void *stopped) {
  for (uint32_t command, kept[ALL], first = 0, count = 0;;) {
    struct weir_case step[] = {
        WEIR_RECV(proposals, &command),
        WEIR_RECV(callbacks, &command),
        WEIR_RECV(stopped, NULL),
        WEIR_SEND(first < count ? events : NULL, &kept[first]),
    };
    const int went = weir_select(step, sizeof step / sizeof *step, WEIR_FOREVER);
    if (went == 2)
      break;
    if (went == 0)
      kept[count++] = command;
    else if (went == 3)
      first++;
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

WEIR_SCENARIO(cockroach_2448_repaired, "MultiRaft keeps the events that do not fit") {
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
