/* Random brokers under random schedules: whoever comes, goes, publishes, is slow or closes, each publish's numbers are
 * the subscribers it began with; a subscriber gets each message at most once, all that were delivered, none from before
 * it came or after it went; and nothing is left.
 */
#include "simulated.h"

enum { ACTORS = 4, OPERATIONS = 12, TOPICS = 2, SEATS = 6 };

enum lie { NO_LIE, LIE_RESULT, LIE_LOST_MESSAGE, LIE_REPEATED_MESSAGE, LIE_LATE_MESSAGE };

/* A place for one subscription after another. */
struct seat {
  weir_chan *chan;
  int topic;
  bool leaving;
  bool subscribed;
  bool over;      /* its unsubscribe has taken it out */
  int64_t since;  /* messages up to this one had begun when it came */
  int64_t before; /* over: the newest message at that time */
  uint64_t got;   /* messages, as bits modulo 64: no program sends more */
};

static struct {
  enum lie lie;
  bool told;
  uint64_t seed;
  struct random random;
  weir_broker *broker;
  bool closing;
  struct seat seats[SEATS];
  int64_t newest; /* message */
  uint64_t delivered, received;
  weir_waitgroup acting, receiving;
} world;

/* What a task has begun to call, but not yet entered; the model does its part behind the scheduling point. */
enum entering { NOTHING, SUBSCRIBING, UNSUBSCRIBING, PUBLISHING };

struct actor {
  struct task *task;
  enum entering entering;
  struct seat *seat;
  int topic;
  int64_t message;
  size_t audience; /* who subscribes at that time */
};

static struct actor actors[ACTORS];

static const char *const topics[TOPICS] = {"news", "sport"};
static struct weir_broadcast_result seen;
static uint64_t left_early, ended;

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static bool lies(enum lie lie) {
  if (world.lie != lie || world.told)
    return false;
  return world.told = true;
}

static void enter(struct seat *seat, int64_t message) {
  const uint64_t bit = UINT64_C(1) << message;
  MODEL(message > seat->since, "message %" PRId64 " came to who came after %" PRId64, message, seat->since);
  MODEL(!seat->over || message <= seat->before, "message %" PRId64 " came after the end", message);
  MODEL((seat->got & bit) == 0, "message %" PRId64 " came twice", message);
  seat->got |= bit;
  world.received++;
}

static void receive(void *arg) {
  struct seat *seat = arg;
  const bool slow = draw(3) == 0;
  int64_t message;
  while (weir_chan_recv(seat->chan, &message) == 0) {
    if (lies(LIE_REPEATED_MESSAGE))
      enter(seat, message);
    if (!lies(LIE_LOST_MESSAGE))
      enter(seat, message);
    if (slow)
      weir_sleep((int64_t)random_magnitude(&world.random, 20));
  }
  if (seat->over && lies(LIE_LATE_MESSAGE))
    enter(seat, seat->before + 1);
  weir_chan_unref(seat->chan);
  seat->chan = NULL;
  weir_waitgroup_done(&world.receiving);
}

static void subscribe(struct actor *actor) {
  struct seat *seat = world.seats;
  while (seat < world.seats + SEATS && seat->chan != NULL)
    seat++;
  if (seat == world.seats + SEATS)
    return;
  const int topic = (int)draw(TOPICS);
  *seat = (struct seat){.chan = (weir_chan *)&world, .topic = topic, .leaving = true};
  actor->entering = SUBSCRIBING;
  weir_chan *chan = weir_broker_subscribe(world.broker, topics[topic], draw(3));
  if (chan == NULL) {
    MODEL(world.closing, "subscribe: NULL");
    seat->chan = NULL;
    return;
  }
  *seat = (struct seat){.chan = chan, .topic = topic, .subscribed = true, .since = world.newest};
  weir_waitgroup_add(&world.receiving, 1);
  weir_go(receive, seat);
}

static void unsubscribe(struct actor *actor) {
  struct seat *seat = &world.seats[draw(SEATS)];
  if (seat->chan == NULL || seat->leaving)
    return;
  seat->leaving = true;
  weir_chan *chan = weir_chan_ref(seat->chan);
  actor->seat = seat;
  actor->entering = UNSUBSCRIBING;
  const int error = weir_broker_unsubscribe(world.broker, topics[seat->topic], chan);
  MODEL(error == 0 || (error == -EPIPE && world.closing), "unsubscribe: %d", error);
  left_early += error == 0;
  weir_chan_unref(chan);
}

static void publish(struct actor *actor) {
  if (world.newest + ACTORS >= 62)
    return;
  actor->topic = (int)draw(TOPICS);
  actor->entering = PUBLISHING;
  struct weir_broadcast_result result;
  const int error = weir_broker_publish(world.broker, topics[actor->topic], &actor->message, &result);
  MODEL(error == 0 || (error == -EPIPE && world.closing), "publish: %d", error);
  MODEL(error == -EPIPE || result.skipped == 0, "skipped, but not said");
  const size_t sum = result.delivered + result.timed_out + result.skipped + result.closed;
  MODEL(sum == actor->audience || (sum == 0 && error == -EPIPE), "%zu are offered it, %zu subscribe", sum,
        actor->audience);
  world.delivered += result.delivered + lies(LIE_RESULT);
  seen.delivered += result.delivered;
  seen.timed_out += result.timed_out;
  seen.skipped += result.skipped;
  seen.closed += result.closed;
  ended += error != 0;
}

static void act(void *arg) {
  struct actor *actor = arg;
  actor->task = worker_here()->current;
  for (int i = 0; i < OPERATIONS && !mismatched(); i++) {
    const uint32_t what = draw(8);
    if (what == 0)
      weir_sleep((int64_t)random_magnitude(&world.random, 20));
    if (world.closing)
      break;
    if (what == 1 || what == 2)
      subscribe(actor);
    else if (what == 3)
      unsubscribe(actor);
    else
      publish(actor);
  }
  actor->task = NULL;
  weir_waitgroup_done(&world.acting);
}

/* Behind its first scheduling point a call is under way. */
static void after_step(void) {
  for (int i = 0; i < ACTORS; i++) {
    struct actor *actor = &actors[i];
    if (actor->task != worker_here()->current)
      continue;
    if (actor->entering == PUBLISHING) {
      actor->message = ++world.newest;
      actor->audience = 0;
      for (int s = 0; s < SEATS; s++)
        actor->audience += world.seats[s].subscribed && world.seats[s].topic == actor->topic;
    }
    if (actor->entering == UNSUBSCRIBING) {
      actor->seat->over = true;
      actor->seat->subscribed = false;
      actor->seat->before = world.newest;
    }
    actor->entering = NOTHING;
  }
}

static bool anybody_enters(void) {
  for (int i = 0; i < ACTORS; i++)
    if (actors[i].entering != NOTHING)
      return true;
  return false;
}

static void close_broker(void) {
  world.closing = true; /* no further call begins */
  while (anybody_enters())
    weir_yield();
  const int error = weir_broker_close(world.broker);
  MODEL(error == 0, "close: %d", error);
}

static int program(void *arg) {
  (void)arg;
  const uint64_t seed = world.seed;
  const enum lie lie = world.lie;
  memset(&world, 0, sizeof world);
  memset(actors, 0, sizeof actors);
  world.seed = world.random.state = seed;
  world.lie = lie;
  const struct weir_broker_options options = {.element_size = sizeof(int64_t),
                                              .broadcast = {.concurrency = draw(4),
                                                            .timeout = (int64_t)random_magnitude(&world.random, 20),
                                                            .policy = (enum weir_timeout_policy)draw(4)}};
  world.broker = weir_broker_new(&options);
  for (int i = 0; i < 4; i++)
    subscribe(&actors[0]);
  actors[0].entering = NOTHING;
  simulated_observe(after_step, NULL);
  weir_waitgroup_add(&world.acting, ACTORS);
  for (int i = 0; i < ACTORS; i++)
    weir_go(act, &actors[i]);
  if (draw(2) == 0)
    weir_sleep((int64_t)random_magnitude(&world.random, 20));
  else
    weir_waitgroup_wait(&world.acting);
  close_broker();
  weir_waitgroup_wait(&world.acting);
  weir_waitgroup_wait(&world.receiving);
  const struct weir_counts left = weir_counts();
  MODEL(world.received == world.delivered, "%ju messages arrived, %ju were delivered", (uintmax_t)world.received,
        (uintmax_t)world.delivered);
  MODEL(left.channels == 0 && left.brokers == 0, "%zu channels and %zu brokers are left", left.channels, left.brokers);
  return 0;
}

static bool run_seed(uint64_t seed, enum lie lie) {
  world.seed = seed;
  world.lie = lie;
  const struct simulated simulated = {.main = program};
  return simulated_seed(&simulated, seed, lie != NO_LIE);
}

static void programs(void) {
  for (uint64_t seed = 1; seed <= SCALED(4000); seed++)
    CHECK(run_seed(seed, NO_LIE));
  printf("delivered %zu, timed out %zu, skipped %zu, closed %zu, unsubscribed %ju, publishes ended by close %ju\n",
         seen.delivered, seen.timed_out, seen.skipped, seen.closed, (uintmax_t)left_early, (uintmax_t)ended);
  CHECK_INT(seen.delivered, >, SCALED(8000)); /* no way of ending stayed untested */
  CHECK_INT(seen.timed_out, >, SCALED(4000));
  CHECK_INT(seen.closed, >, SCALED(400));
  CHECK_INT(left_early, >, SCALED(2000));
  CHECK_INT(ended, >, SCALED(400));
}

static void lie_is_found(int lie) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 60; seed++) {
    const bool well = run_seed(seed, (enum lie)lie);
    CHECK(well != world.told);
    told += world.told;
  }
  CHECK_INT(told, >=, 30);
}

static const struct check_case cases[] = {
    CHECK_CASE(programs),
    CHECK_CASE_WITH("wrong_result_is_found", lie_is_found, LIE_RESULT),
    CHECK_CASE_WITH("lost_message_is_found", lie_is_found, LIE_LOST_MESSAGE),
    CHECK_CASE_WITH("repeated_message_is_found", lie_is_found, LIE_REPEATED_MESSAGE),
    CHECK_CASE_WITH("late_message_is_found", lie_is_found, LIE_LATE_MESSAGE),
};
CHECK_MAIN(cases)
