/* broadcast.c — fuzz target: broadcasts of which everything is drawn.
 *
 * Drawn: subscribers (up to 6) and which of them receive, slowly or fast, some only a few messages; their capacities;
 * rounds; for each of them concurrency, policy, timeout; whether there is an exit and when it is closed; whether a
 * subscriber is closed on the way.
 *
 * Model: a round's four numbers add up; none of them is where nothing could cause it; nothing
 * times out early; a subscriber gets each message at most once, in order, and all get as many as were delivered; no timer
 * is left but the abandoned ones of `after` in classic mode.
 */
#include <errno.h>
#include <string.h>
#include <weir/scenario.h>

enum { SUBSCRIBERS = 6, ROUNDS = 4, ALL = 1000 };

struct subscriber {
  weir_chan *chan;
  int64_t pause;     /* after each message */
  uint32_t appetite; /* messages it receives before it goes */
  int64_t newest;
  uint64_t received;
};

static struct {
  struct subscriber subscribers[SUBSCRIBERS];
  weir_chan *chans[SUBSCRIBERS];
  size_t count;
  bool closes_one;
  weir_chan *exit;
  int64_t close_after;
  weir_waitgroup group;
  uint64_t delivered;
  bool may_abandon;
} world;

/* Nothing, less than a tick of the wheel, and what lies around the timeouts of the others. */
static int64_t draw_time(void) {
  static const int64_t times[] = {0, 1000, 40000, WEIR_MILLISECOND, 2 * WEIR_MILLISECOND, 5 * WEIR_MILLISECOND};
  return times[weir_draw(sizeof times / sizeof times[0])];
}

static void enter(struct subscriber *subscriber, int64_t round) {
  weir_model(round > subscriber->newest);
  subscriber->newest = round;
  subscriber->received++;
}

static void receive(void *arg) {
  struct subscriber *subscriber = arg;
  int64_t round;
  for (uint32_t i = 0; i < subscriber->appetite && weir_chan_recv(subscriber->chan, &round) == 0; i++) {
    enter(subscriber, round);
    if (subscriber->pause > 0)
      weir_sleep(subscriber->pause);
  }
  weir_waitgroup_done(&world.group);
}

static void close_on_the_way(void *arg) {
  (void)arg;
  weir_sleep(world.close_after);
  if (world.closes_one)
    weir_chan_close(world.chans[0]);
  if (world.exit != NULL)
    weir_chan_close(world.exit);
  weir_waitgroup_done(&world.group);
}

static void go(void (*fn)(void *), void *arg) {
  weir_waitgroup_add(&world.group, 1);
  weir_go(fn, arg);
}

static void prepare(void) {
  memset(&world, 0, sizeof world);
  world.count = weir_draw(SUBSCRIBERS + 1);
  for (size_t i = 0; i < world.count; i++) {
    struct subscriber *subscriber = &world.subscribers[i];
    subscriber->chan = world.chans[i] = weir_chan_new(sizeof(int64_t), weir_draw(3));
    subscriber->appetite = (const uint32_t[]){ALL, ALL, 2, 0}[weir_draw(4)];
    subscriber->pause = draw_time();
  }
  world.closes_one = world.count > 0 && weir_draw(4) == 3;
  world.exit = weir_draw(3) == 2 ? weir_chan_new(0, 0) : NULL;
}

static void start_others(void) {
  for (size_t i = 0; i < world.count; i++)
    go(receive, &world.subscribers[i]);
  if (world.closes_one || world.exit != NULL) {
    world.close_after = draw_time();
    go(close_on_the_way, NULL);
  }
}

/* Without a timeout somebody must end each send: a receiver that stays, or the exit. */
static bool may_wait_for_ever(void) {
  bool may = true;
  for (size_t i = 0; i < world.count; i++)
    may &= world.subscribers[i].appetite == ALL;
  return may || world.exit != NULL;
}

static void check_round(const struct weir_broadcast_options *options, const struct weir_broadcast_result *result) {
  weir_model(result->delivered + result->timed_out + result->skipped + result->closed == world.count);
  weir_model(options->exit != NULL || result->skipped == 0);
  weir_model(options->policy != WEIR_TIMEOUT_NONE || result->timed_out == 0);
  weir_model(result->closed <= world.closes_one);
  world.delivered += result->delivered;
}

static void broadcast_round(int64_t round) {
  struct weir_broadcast_options options = {.concurrency = weir_draw(4), .exit = world.exit};
  options.policy = (enum weir_timeout_policy)((WEIR_TIMEOUT_DEADLINE + weir_draw(4)) % 4);
  options.timeout = draw_time();
  if (options.policy == WEIR_TIMEOUT_NONE && !may_wait_for_ever())
    options.policy = WEIR_TIMEOUT_AFTER;
  world.may_abandon |= options.policy == WEIR_TIMEOUT_AFTER;
  struct weir_broadcast_result result;
  const int64_t before = weir_now();
  const int error = weir_broadcast(world.chans, world.count, &round, &options, &result);
  weir_model(error == 0);
  weir_model(result.timed_out == 0 || weir_now() >= before + options.timeout);
  check_round(&options, &result);
}

static void check_timers(void) {
  weir_settle(WEIR_FOREVER); /* another worker may still be freeing one */
  const struct weir_counts counts = weir_counts();
  weir_model(counts.timers == counts.timers_abandoned);
  weir_model(counts.timers == 0 || world.may_abandon);
}

/* What the receivers have left is buffered. */
static void check_arrivals(void) {
  uint64_t arrived = 0;
  for (size_t i = 0; i < world.count; i++) {
    struct subscriber *subscriber = &world.subscribers[i];
    for (int64_t round; weir_chan_try_recv(subscriber->chan, &round) == 0;)
      enter(subscriber, round);
    arrived += subscriber->received;
    weir_chan_unref(subscriber->chan);
  }
  weir_model(arrived == world.delivered);
}

WEIR_SCENARIO(broadcast, "messages offered to subscribers that receive, are slow, close or go") {
  prepare();
  start_others();
  const int64_t rounds = 1 + weir_draw(ROUNDS);
  for (int64_t round = 1; round <= rounds; round++)
    broadcast_round(round);
  for (size_t i = 0; i < world.count; i++)
    weir_chan_close(world.chans[i]);
  weir_model(weir_waitgroup_wait(&world.group) == 0);
  check_timers();
  check_arrivals();
  weir_chan_unref(world.exit);
  const struct weir_counts counts = weir_counts();
  weir_model(counts.channels == 0 && counts.contexts == 0);
  return 0;
}
