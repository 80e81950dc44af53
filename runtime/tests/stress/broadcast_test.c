/* Broadcasts on real threads: the four results add up and agree with what the subscribers got, while subscribers close
 * their channels, the exit channel is closed or signalled, and several broadcasts go on at once.
 */
#include "stress.h"

enum { SUBSCRIBERS = 10, BROADCASTERS = 3, ROUNDS = 20, POLICIES = 4 };

static struct {
  weir_chan *channels[SUBSCRIBERS];
  weir_chan *exit;
  weir_waitgroup listening, broadcasting;
  uint64_t heard, delivered;
} world;

struct role {
  struct random random;
  int number;
};

static void listen(void *arg) {
  struct role *role = arg;
  int64_t newest[BROADCASTERS], message;
  memset(newest, -1, sizeof newest);
  const uint32_t patience = stress_chance(&role->random, 20) ? random_below(&role->random, 30) : UINT32_MAX;
  for (uint32_t i = 0; i < patience && weir_chan_recv(world.channels[role->number], &message) == 0; i++) {
    const int64_t sender = message >> 32;
    STRESS_CHECK(sender >= 0 && sender < BROADCASTERS, "message %" PRIx64, message);
    STRESS_CHECK(message > newest[sender], "message %" PRIx64 " after %" PRIx64, message, newest[sender]);
    newest[sender] = message;
    __atomic_fetch_add(&world.heard, 1, __ATOMIC_RELAXED);
    if (stress_chance(&role->random, 5))
      weir_sleep(stress_delay(&role->random, 16));
  }
  if (patience != UINT32_MAX)
    weir_chan_close(world.channels[role->number]); /* perhaps after main */
  weir_waitgroup_done(&world.listening);
}

static void broadcast(void *arg) {
  struct role *role = arg;
  for (int64_t i = 0; i < stress_times(ROUNDS); i++) {
    const int64_t message = (int64_t)role->number << 32 | i;
    const struct weir_broadcast_options options = {.concurrency = random_below(&role->random, 5),
                                                   .timeout = stress_delay(&role->random, 18),
                                                   .policy =
                                                       (enum weir_timeout_policy)random_below(&role->random, POLICIES),
                                                   .exit = stress_chance(&role->random, 70) ? world.exit : NULL};
    struct weir_broadcast_result result;
    CHECK_EQ_INT(weir_broadcast(world.channels, SUBSCRIBERS, &message, &options, &result), 0);
    STRESS_CHECK(result.delivered + result.timed_out + result.skipped + result.closed == SUBSCRIBERS,
                 "delivered %zu, timed out %zu, skipped %zu, closed %zu", result.delivered, result.timed_out,
                 result.skipped, result.closed);
    STRESS_CHECK(options.exit != NULL || result.skipped == 0, "skipped %zu without an exit", result.skipped);
    STRESS_CHECK(options.policy != WEIR_TIMEOUT_NONE || result.timed_out == 0, "timed out without a timeout");
    __atomic_fetch_add(&world.delivered, result.delivered, __ATOMIC_RELAXED);
  }
  weir_waitgroup_done(&world.broadcasting);
}

static int broadcast_body(void *arg) {
  static struct role listeners[SUBSCRIBERS], broadcasters[BROADCASTERS];
  (void)arg;
  world.heard = world.delivered = 0;
  world.exit = weir_chan_new(0, 0);
  CHECK_EQ_INT(weir_waitgroup_add(&world.listening, SUBSCRIBERS), 0);
  for (int i = 0; i < SUBSCRIBERS; i++) {
    world.channels[i] = weir_chan_new(sizeof(int64_t), random_below(&stress.random, 3));
    listeners[i] = (struct role){.random = stress_stream(), .number = i};
    CHECK_EQ_INT(weir_go(listen, &listeners[i]), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_add(&world.broadcasting, BROADCASTERS), 0);
  for (int i = 0; i < BROADCASTERS; i++) {
    broadcasters[i] = (struct role){.random = stress_stream(), .number = i};
    CHECK_EQ_INT(weir_go(broadcast, &broadcasters[i]), 0);
  }
  weir_sleep(stress_delay(&stress.random, 22));
  const int64_t deadline = weir_now() + stress_delay(&stress.random, 20);
  while (stress_chance(&stress.random, 60) && weir_chan_send_until(world.exit, NULL, deadline) == 0)
    ;
  if (stress_chance(&stress.random, 50))
    CHECK_EQ_INT(weir_chan_close(world.exit), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&world.broadcasting), 0);
  for (int i = 0; i < SUBSCRIBERS; i++)
    weir_chan_close(world.channels[i]);
  CHECK_EQ_INT(weir_waitgroup_wait(&world.listening), 0);
  uint64_t unread = 0;
  for (int i = 0; i < SUBSCRIBERS; i++) {
    unread += weir_chan_len(world.channels[i]);
    weir_chan_unref(world.channels[i]);
  }
  weir_chan_unref(world.exit);
  STRESS_CHECK(world.delivered == world.heard + unread, "delivered %" PRIu64 ", heard %" PRIu64 ", unread %" PRIu64,
               world.delivered, world.heard, unread);
  while (weir_counts().timers != 0) /* what was abandoned comes due */
    CHECK_EQ_INT(weir_sleep(WEIR_MILLISECOND), 0);
  return weir_settle(WEIR_FOREVER);
}

static void broadcasts_with_exit(void) {
  stress_rounds(broadcast_body);
}

static const struct check_case cases[] = {CHECK_CASE(broadcasts_with_exit)};
STRESS_MAIN(cases)
