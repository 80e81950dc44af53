/* killer_topic.c — the broker: messages arrive where they belong, in order, as often as a publish says; who has
 * ended a subscription may give the channel back at once.
 */
#include "killer.h"

enum { SUBSCRIBERS = 5, PUBLISHERS = 3, TURNS = 4, MESSAGES = 5, TOPICS = 2 };

static const char *const names[TOPICS] = {"even", "odd"};

static struct {
  weir_broker *broker;
  weir_waitgroup done;
  uint64_t delivered, received;
} world;

struct role {
  struct random random;
  int number;
};

static struct role roles[SUBSCRIBERS + PUBLISHERS];

/* A message: publisher, topic, number. */
static void note(int64_t message, int topic, int64_t *newest) {
  const int64_t publisher = message >> 32, number = message & 0xffff;
  KILLER_CHECK(publisher >= 0 && publisher < PUBLISHERS, "message %" PRIx64, message);
  KILLER_CHECK((message >> 16 & 0xffff) == topic, "message %" PRIx64 " in topic %d", message, topic);
  KILLER_CHECK(number > newest[publisher], "message %" PRId64 " after %" PRId64, number, newest[publisher]);
  newest[publisher] = number;
  world.received++;
}

/* A channel of the same size: where the old one was, as likely as not. Nobody but this task knows it. */
static void check_forgotten(size_t capacity) {
  weir_chan *fresh = weir_chan_new(sizeof(int64_t), capacity);
  for (int i = 0; i < 3; i++) {
    weir_yield();
    KILLER_CHECK(weir_chan_try_recv(fresh, NULL) == -EAGAIN, "somebody sends to a channel that was given back");
  }
  weir_chan_unref(fresh);
}

static void subscribe(void *arg) {
  struct role *role = arg;
  for (int i = 0; i < TURNS; i++) {
    const int topic = (int)random_below(&role->random, TOPICS);
    const size_t capacity = random_below(&role->random, 3);
    int64_t message, newest[PUBLISHERS];
    memset(newest, -1, sizeof newest);
    weir_chan *chan = weir_broker_subscribe(world.broker, names[topic], capacity);
    KILLER_CHECK(chan != NULL, "no subscription");
    for (uint32_t left = random_below(&role->random, MESSAGES); left > 0; left--)
      if (weir_chan_recv_until(chan, &message, killer_deadline(&role->random, 0)) == 0)
        note(message, topic, newest);
    const int error = weir_broker_unsubscribe(world.broker, names[topic], chan);
    KILLER_CHECK(error == 0, "unsubscribe: %d", error);
    int result;
    while ((result = weir_chan_try_recv(chan, &message)) == 0)
      note(message, topic, newest);
    KILLER_CHECK(result == -EPIPE, "the channel of an ended subscription: %d", result);
    weir_chan_unref(chan);
    check_forgotten(capacity);
  }
  weir_waitgroup_done(&world.done);
}

static void publish(void *arg) {
  struct role *role = arg;
  for (int i = 0; i < MESSAGES; i++) {
    const int topic = (int)random_below(&role->random, TOPICS);
    const int64_t message = (int64_t)role->number << 32 | topic << 16 | i;
    struct weir_broadcast_result result;
    const int error = weir_broker_publish(world.broker, names[topic], &message, &result);
    KILLER_CHECK(error == 0 && result.skipped == 0, "publish: %d, skipped %zu", error, result.skipped);
    KILLER_CHECK(result.delivered + result.timed_out + result.closed <= SUBSCRIBERS, "offered to %zu",
                 result.delivered + result.timed_out + result.closed);
    world.delivered += result.delivered;
    if (killer_chance(&role->random, 20))
      killer_sleep((int64_t)random_magnitude(&role->random, 17));
  }
  weir_waitgroup_done(&world.done);
}

static int topic_body(void *arg) {
  (void)arg;
  memset(&world, 0, sizeof world);
  world.broker = weir_broker_new(
      &((struct weir_broker_options){.element_size = sizeof(int64_t),
                                     .broadcast = {.policy = (enum weir_timeout_policy)random_below(&killer_random, 4),
                                                   .timeout = (int64_t)random_magnitude(&killer_random, 17),
                                                   .concurrency = random_below(&killer_random, 4)}}));
  weir_waitgroup_add(&world.done, SUBSCRIBERS + PUBLISHERS);
  for (int i = 0; i < SUBSCRIBERS + PUBLISHERS; i++) {
    roles[i] = (struct role){.random = killer_stream(), .number = i < PUBLISHERS ? i : i - PUBLISHERS};
    weir_go(i < PUBLISHERS ? publish : subscribe, &roles[i]);
  }
  weir_waitgroup_wait(&world.done);
  KILLER_CHECK(world.delivered == world.received, "delivered %" PRIu64 ", received %" PRIu64, world.delivered,
               world.received);
  KILLER_CHECK(weir_broker_close(world.broker) == 0, "the broker does not close");
  while (weir_counts().timers != 0) /* what was abandoned comes due */
    weir_sleep(WEIR_MILLISECOND);
  return 0;
}

/* ---- many subscribe at once -------------------------------------------------------------------------------------- */

enum { CROWD = 12 };

static weir_chan *crowd[CROWD];

static void join_crowd(void *arg) {
  weir_chan **chan = arg;
  *chan = weir_broker_subscribe(world.broker, names[0], 1);
  weir_waitgroup_done(&world.done);
}

static int crowd_body(void *arg) {
  (void)arg;
  memset(&world, 0, sizeof world);
  world.broker = weir_broker_new(&((struct weir_broker_options){.broadcast = {.policy = WEIR_TIMEOUT_NONE}}));
  weir_waitgroup_add(&world.done, CROWD);
  for (int i = 0; i < CROWD; i++)
    weir_go(join_crowd, &crowd[i]);
  weir_waitgroup_wait(&world.done);
  struct weir_broadcast_result result;
  weir_broker_publish(world.broker, names[0], NULL, &result);
  KILLER_CHECK(result.delivered == CROWD, "delivered to %zu of %d", result.delivered, CROWD);
  for (int i = 0; i < CROWD; i++) {
    KILLER_CHECK(weir_chan_len(crowd[i]) == 1, "delivered %zu times", weir_chan_len(crowd[i]));
    weir_broker_unsubscribe(world.broker, names[0], crowd[i]);
    weir_chan_unref(crowd[i]);
  }
  weir_broker_close(world.broker);
  return 0;
}

const struct killer_case killer_topic_cases[] = {{"topic", topic_body, false}, {"crowd", crowd_body, false}, {0}};
