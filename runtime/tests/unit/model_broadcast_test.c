/* Random broadcasts under random schedules: whatever the policy, the receivers, the exit and closing subscribers do,
 * each round's numbers add up and agree with what arrived, each subscriber gets a message once and in order, and nothing
 * is left.
 */
#include "simulated.h"

enum { SUBSCRIBERS = 6, ROUNDS = 5 };

enum lie { NO_LIE, LIE_RESULT, LIE_LOST_MESSAGE, LIE_REPEATED_MESSAGE, LIE_LEFT_TIMER };

struct subscriber {
  weir_chan *chan;
  bool receives;
  bool slow;
  int64_t newest; /* round */
  uint64_t received;
};

static struct {
  enum weir_timer_mode mode;
  enum lie lie;
  bool told;
  uint64_t seed;
  struct random random;
  struct subscriber subscribers[SUBSCRIBERS];
  size_t count;
  weir_chan *exit;
  bool closes; /* a subscriber may be closed on the way */
  weir_waitgroup group;
  struct weir_broadcast_result sum;
} world;

static struct weir_broadcast_result seen; /* over all programs */

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static bool lies(enum lie lie) {
  if (world.lie != lie || world.told)
    return false;
  return world.told = true;
}

static void enter(struct subscriber *subscriber, int64_t round) {
  MODEL(round > subscriber->newest, "subscriber %d got round %" PRId64 " after round %" PRId64,
        (int)(subscriber - world.subscribers), round, subscriber->newest);
  subscriber->newest = round;
  subscriber->received++;
}

static void receive(void *arg) {
  struct subscriber *subscriber = arg;
  int64_t round;
  while (weir_chan_recv(subscriber->chan, &round) == 0) {
    if (lies(LIE_REPEATED_MESSAGE))
      enter(subscriber, round);
    if (!lies(LIE_LOST_MESSAGE))
      enter(subscriber, round);
    if (subscriber->slow)
      weir_sleep((int64_t)random_magnitude(&world.random, 22));
  }
  weir_waitgroup_done(&world.group);
}

static void close_something(void *arg) {
  (void)arg;
  weir_sleep((int64_t)random_magnitude(&world.random, 24));
  if (world.closes && world.count > 0)
    weir_chan_close(world.subscribers[draw((uint32_t)world.count)].chan);
  if (world.exit != NULL)
    weir_chan_close(world.exit);
  weir_waitgroup_done(&world.group);
}

static void go(void (*fn)(void *), void *arg) {
  weir_waitgroup_add(&world.group, 1);
  weir_go(fn, arg);
}

static void round_adds_up(const struct weir_broadcast_options *options, const struct weir_broadcast_result *result) {
  MODEL(result->delivered + result->timed_out + result->skipped + result->closed == world.count,
        "%zu + %zu + %zu + %zu is not %zu", result->delivered, result->timed_out, result->skipped, result->closed,
        world.count);
  MODEL(options->exit != NULL || result->skipped == 0, "%zu skipped without an exit", result->skipped);
  MODEL(options->policy != WEIR_TIMEOUT_NONE || result->timed_out == 0, "%zu timed out without a timeout",
        result->timed_out);
  MODEL(world.closes ? result->closed <= 1 : result->closed == 0, "%zu closed", result->closed);
  world.sum.delivered += result->delivered;
  world.sum.timed_out += result->timed_out;
  world.sum.skipped += result->skipped;
  world.sum.closed += result->closed;
}

static void prepare(enum weir_timeout_policy policy) {
  world.random.state = world.seed;
  world.told = false;
  memset(world.subscribers, 0, sizeof world.subscribers);
  memset(&world.group, 0, sizeof world.group);
  memset(&world.sum, 0, sizeof world.sum);
  world.count = draw(SUBSCRIBERS + 1);
  world.closes = draw(4) == 0;
  world.exit = draw(3) == 0 ? weir_chan_new(0, 0) : NULL;
  for (size_t i = 0; i < world.count; i++) {
    struct subscriber *subscriber = &world.subscribers[i];
    subscriber->chan = weir_chan_new(sizeof(int64_t), draw(3));
    subscriber->receives = policy == WEIR_TIMEOUT_NONE || draw(4) != 0;
    subscriber->slow = draw(2) == 0;
    if (subscriber->receives)
      go(receive, subscriber);
  }
  go(close_something, NULL);
}

static void broadcast_rounds(enum weir_timeout_policy policy) {
  weir_chan *chans[SUBSCRIBERS];
  for (size_t i = 0; i < world.count; i++)
    chans[i] = world.subscribers[i].chan;
  for (int64_t round = 1; round <= ROUNDS && !mismatched(); round++) {
    const struct weir_broadcast_options options = {.concurrency = draw(5),
                                                   .timeout = (int64_t)random_magnitude(&world.random, 23),
                                                   .policy = policy,
                                                   .exit = world.exit};
    struct weir_broadcast_result result;
    const int error = weir_broadcast(chans, world.count, &round, &options, &result);
    MODEL(error == 0, "weir_broadcast: %d", error);
    result.delivered += lies(LIE_RESULT);
    round_adds_up(&options, &result);
    if (draw(2) == 0)
      weir_yield();
  }
}

static int program(void *arg) {
  (void)arg;
  const enum weir_timeout_policy policy = (enum weir_timeout_policy)(world.seed % 4);
  prepare(policy);
  broadcast_rounds(policy);
  const struct weir_counts after = weir_counts();
  weir_timer *left = lies(LIE_LEFT_TIMER) ? weir_timer_new(1) : NULL;
  MODEL(weir_counts().timers == weir_counts().timers_abandoned, "timers are left: %zu", weir_counts().timers);
  MODEL(after.timers_abandoned == 0 || (policy == WEIR_TIMEOUT_AFTER && world.mode == WEIR_TIMERS_CLASSIC),
        "timers are abandoned: %zu", after.timers_abandoned);
  weir_timer_free(left);
  for (size_t i = 0; i < world.count; i++)
    weir_chan_close(world.subscribers[i].chan);
  weir_waitgroup_wait(&world.group);
  uint64_t arrived = 0;
  for (size_t i = 0; i < world.count; i++) {
    struct subscriber *subscriber = &world.subscribers[i];
    for (int64_t round; weir_chan_try_recv(subscriber->chan, &round) == 0;)
      enter(subscriber, round);
    arrived += subscriber->received;
    weir_chan_unref(subscriber->chan);
  }
  weir_chan_unref(world.exit);
  MODEL(arrived == world.sum.delivered, "%ju messages arrived, %zu were delivered", (uintmax_t)arrived,
        world.sum.delivered);
  MODEL(weir_counts().tasks == 1 && weir_counts().channels == 0, "%zu tasks and %zu channels are left",
        weir_counts().tasks, weir_counts().channels);
  return 0;
}

static bool run_seed(enum weir_timer_mode mode, uint64_t seed, enum lie lie) {
  world.mode = mode;
  world.lie = lie;
  world.seed = seed;
  const struct simulated simulated = {.main = program, .mode = mode};
  return simulated_seed(&simulated, seed, lie != NO_LIE);
}

static void programs(int mode) {
  for (uint64_t seed = 1; seed <= SCALED(8000); seed++) {
    CHECK(run_seed((enum weir_timer_mode)mode, seed, NO_LIE));
    seen.delivered += world.sum.delivered;
    seen.timed_out += world.sum.timed_out;
    seen.skipped += world.sum.skipped;
    seen.closed += world.sum.closed;
  }
  printf("delivered %zu, timed out %zu, skipped %zu, closed %zu\n", seen.delivered, seen.timed_out, seen.skipped,
         seen.closed);
  CHECK_INT(seen.delivered, >, SCALED(4000)); /* no way of ending stayed untested */
  CHECK_INT(seen.timed_out, >, SCALED(4000));
  CHECK_INT(seen.skipped, >, SCALED(4000));
  CHECK_INT(seen.closed, >, SCALED(400));
}

static void lie_is_found(int lie) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    const bool well = run_seed(WEIR_TIMERS_PROMPT, seed, (enum lie)lie);
    CHECK(well != world.told);
    told += world.told;
  }
  CHECK_INT(told, >=, 100);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("prompt", programs, WEIR_TIMERS_PROMPT),
    CHECK_CASE_WITH("classic", programs, WEIR_TIMERS_CLASSIC),
    CHECK_CASE_WITH("wrong_result_is_found", lie_is_found, LIE_RESULT),
    CHECK_CASE_WITH("lost_message_is_found", lie_is_found, LIE_LOST_MESSAGE),
    CHECK_CASE_WITH("repeated_message_is_found", lie_is_found, LIE_REPEATED_MESSAGE),
    CHECK_CASE_WITH("left_timer_is_found", lie_is_found, LIE_LEFT_TIMER),
};
CHECK_MAIN(cases)
