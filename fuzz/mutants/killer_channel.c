/* killer_channel.c — channels and select: what was sent is received once, in order; whoever can go on does. */
#include "killer.h"

enum { CHANNELS = 2, SENDERS = 3, RECEIVERS = 3, ACTORS = SENDERS + RECEIVERS, TURNS = 10 };

static struct {
  weir_chan *chans[CHANNELS];
  weir_waitgroup sending, receiving;
  int sent[SENDERS], received[SENDERS];
} world;

struct actor {
  struct random random;
  int number;
  int newest[CHANNELS][SENDERS];
};

static struct actor actors[ACTORS];

static void note(struct actor *actor, int channel, int value) {
  const int sender = value / 1000;
  KILLER_CHECK(value >= 0 && sender < SENDERS, "received %d", value);
  KILLER_CHECK(value > actor->newest[channel][sender], "received %d after %d", value, actor->newest[channel][sender]);
  actor->newest[channel][sender] = value;
  world.received[sender]++;
}

static void send_some(void *arg) {
  struct actor *actor = arg;
  for (int i = 0; i < TURNS; i++) {
    int value = actor->number * 1000 + i, other = value;
    if (killer_chance(&actor->random, 50)) {
      const int channel = (int)random_below(&actor->random, CHANNELS);
      world.sent[actor->number] +=
          weir_chan_send_until(world.chans[channel], &value, killer_deadline(&actor->random, 50)) == 0;
    } else {
      const uint32_t first = random_below(&actor->random, CHANNELS);
      struct weir_case cases[] = {WEIR_SEND(world.chans[first], &value), WEIR_SEND(world.chans[1 - first], &other)};
      const int chosen = weir_select(cases, 2, killer_deadline(&actor->random, 50));
      KILLER_CHECK(chosen == -ETIMEDOUT || cases[chosen].status == 0, "a select that sends: %d", chosen);
      world.sent[actor->number] += chosen >= 0;
    }
  }
  weir_waitgroup_done(&world.sending);
}

/* Until both are closed and empty. */
static void receive_all(void *arg) {
  struct actor *actor = arg;
  weir_chan *open[CHANNELS] = {world.chans[0], world.chans[1]};
  while (open[0] != NULL || open[1] != NULL) {
    int values[CHANNELS] = {-1, -1};
    struct weir_case cases[] = {WEIR_RECV(open[0], &values[0]), WEIR_RECV(open[1], &values[1])};
    const int chosen = weir_select(cases, 2, killer_deadline(&actor->random, 70));
    if (chosen < 0)
      continue;
    KILLER_CHECK(values[1 - chosen] == -1, "a select received twice");
    if (cases[chosen].status == 0)
      note(actor, chosen, values[chosen]);
    else
      open[chosen] = NULL;
  }
  weir_waitgroup_done(&world.receiving);
}

static int channel_body(void *arg) {
  (void)arg;
  memset(&world, 0, sizeof world);
  for (int i = 0; i < CHANNELS; i++)
    world.chans[i] = weir_chan_new(sizeof(int), random_below(&killer_random, 3));
  weir_waitgroup_add(&world.sending, SENDERS);
  weir_waitgroup_add(&world.receiving, RECEIVERS);
  for (int i = 0; i < ACTORS; i++) {
    actors[i] = (struct actor){.random = killer_stream(), .number = i};
    memset(actors[i].newest, -1, sizeof actors[i].newest);
    weir_go(i < SENDERS ? send_some : receive_all, &actors[i]);
  }
  weir_waitgroup_wait(&world.sending);
  for (int i = 0; i < CHANNELS; i++)
    weir_chan_close(world.chans[i]);
  weir_waitgroup_wait(&world.receiving);
  for (int i = 0; i < SENDERS; i++)
    KILLER_CHECK(world.sent[i] == world.received[i], "%d of %d arrived", world.received[i], world.sent[i]);
  for (int i = 0; i < CHANNELS; i++)
    weir_chan_unref(world.chans[i]);
  return 0;
}

/* A close ends everybody who waits there, on whichever side. */
static void send_until_closed(void *arg) {
  struct actor *actor = arg;
  int value = actor->number * 1000, error;
  while ((error = weir_chan_send(world.chans[0], &value)) == 0) {
    world.sent[actor->number]++;
    value++;
  }
  KILLER_CHECK(error == -EPIPE, "a send: %d", error);
  weir_waitgroup_done(&world.sending);
}

static void receive_until_closed(void *arg) {
  struct actor *actor = arg;
  int value;
  while (weir_chan_recv(world.chans[0], &value) == 0)
    note(actor, 0, value);
  weir_waitgroup_done(&world.receiving);
}

static int close_body(void *arg) {
  (void)arg;
  const int senders = (int)random_below(&killer_random, SENDERS + 1);
  const int receivers = (int)random_below(&killer_random, RECEIVERS + 1);
  memset(&world, 0, sizeof world);
  world.chans[0] = weir_chan_new(sizeof(int), random_below(&killer_random, 3));
  weir_waitgroup_add(&world.sending, senders);
  weir_waitgroup_add(&world.receiving, receivers);
  for (int i = 0; i < senders + receivers; i++) {
    actors[i] = (struct actor){.number = i};
    memset(actors[i].newest, -1, sizeof actors[i].newest);
    weir_go(i < senders ? send_until_closed : receive_until_closed, &actors[i]);
  }
  killer_sleep((int64_t)random_magnitude(&killer_random, 17));
  weir_chan_close(world.chans[0]);
  weir_waitgroup_wait(&world.sending);
  weir_waitgroup_wait(&world.receiving);
  struct actor *last = &actors[ACTORS - 1];
  memset(last->newest, -1, sizeof last->newest);
  for (int value; weir_chan_try_recv(world.chans[0], &value) == 0;)
    note(last, 0, value);
  for (int i = 0; i < senders; i++)
    KILLER_CHECK(world.sent[i] == world.received[i], "%d of %d arrived", world.received[i], world.sent[i]);
  weir_chan_unref(world.chans[0]);
  return 0;
}

/* A channel that is given back while a select that lost there is on its way out. */
static weir_chan *pair[2];

static void wait_on_two(void *arg) {
  (void)arg;
  struct weir_case cases[] = {WEIR_RECV(pair[0], NULL), WEIR_RECV(pair[1], NULL)};
  const int chosen = weir_select(cases, 2, WEIR_FOREVER);
  KILLER_CHECK(chosen == 0, "a select: %d", chosen);
}

static int given_back_body(void *arg) {
  (void)arg;
  for (int i = 0; i < 4; i++) {
    pair[0] = weir_chan_new(0, 0);
    pair[1] = weir_chan_new(0, 0);
    weir_go(wait_on_two, NULL);
    weir_chan_send(pair[0], NULL);
    weir_chan_unref(pair[1]);
    weir_settle(WEIR_FOREVER);
    weir_chan_unref(pair[0]);
    KILLER_CHECK(weir_counts().channels == 0, "%zu channels that nobody has", weir_counts().channels);
  }
  return 0;
}

const struct killer_case killer_channel_cases[] = {
    {"channel", channel_body, false}, {"close", close_body, false}, {"given_back", given_back_body, false}, {0}};
