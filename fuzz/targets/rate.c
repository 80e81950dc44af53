/* rate.c — fuzz target whose runs are all of one size: what runs a second are measured with.
 *
 * Two publishers offer three messages to four subscribers that all receive them. One worker; a deadline for each send.
 */
#include <string.h>
#include <weir/scenario.h>

enum { SUBSCRIBERS = 4, PUBLISHERS = 2, ROUNDS = 3 };

static struct {
  weir_chan *chans[SUBSCRIBERS];
  size_t delivered, received;
  weir_waitgroup receiving;
} world;

static void receive(void *chan) {
  while (weir_chan_recv(chan, NULL) == 0)
    world.received++;
  weir_waitgroup_done(&world.receiving);
}

WEIR_SCENARIO(rate, "two publishers, four subscribers, three messages", .sim.workers = 1) {
  memset(&world, 0, sizeof world);
  weir_waitgroup_add(&world.receiving, SUBSCRIBERS);
  for (int i = 0; i < SUBSCRIBERS; i++) {
    world.chans[i] = weir_chan_new(sizeof(int64_t), 1);
    weir_go(receive, world.chans[i]);
  }
  const struct weir_broadcast_options options = {
      .concurrency = PUBLISHERS, .timeout = 5 * WEIR_MILLISECOND, .policy = WEIR_TIMEOUT_DEADLINE};
  for (int64_t round = 0; round < ROUNDS; round++) {
    struct weir_broadcast_result result;
    weir_broadcast(world.chans, SUBSCRIBERS, &round, &options, &result);
    world.delivered += result.delivered;
  }
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_close(world.chans[i]);
  weir_waitgroup_wait(&world.receiving);
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_unref(world.chans[i]);
  weir_model(world.received == world.delivered);
  return 0;
}
