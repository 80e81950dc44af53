/* broker.c — fuzz target: tasks subscribe, publish and unsubscribe while the broker is closed.
 *
 * Model: every call has a beginning and an end on a clock of its own, and takes effect in between. So a message is
 * offered to all who were there from its publish's beginning to its end, and to nobody who was there at no time of it;
 * it arrives as often as it was delivered, at each subscriber once; nothing comes from before or after a subscription.
 *
 * Each task holds the broker: whatever it calls while another one closes it, or later, is -EPIPE.
 */
#include <errno.h>
#include <string.h>
#include <weir/scenario.h>

enum { TASKS = 3, OPERATIONS = 14, TOPICS = 2, SEATS = OPERATIONS, MESSAGES = OPERATIONS };

static const char *const topics[TOPICS] = {"news", "sport"};

enum kind { SUBSCRIBE, PUBLISH, UNSUBSCRIBE, SLEEP };

struct operation {
  uint32_t task;
  enum kind kind;
  uint32_t topic;
  uint32_t capacity;
  uint32_t seat; /* to leave */
  int64_t pause; /* asleep, or a receiver's after each message */
};

/* From the moment before a call to the moment after it; 0: not yet. */
struct span {
  uint64_t begin, end;
};

struct seat {
  weir_chan *chan; /* the receiver's, until it gives it back */
  bool taken;
  uint32_t topic;
  int64_t pause;
  struct span coming, leaving;
  uint64_t got; /* a bit a message */
};

struct message {
  uint32_t topic;
  struct span sending;
  uint64_t arrived;
};

static struct {
  weir_broker *broker;
  struct operation operations[OPERATIONS];
  uint32_t operation_count;
  struct seat seats[SEATS];
  uint32_t seat_count;
  struct message messages[MESSAGES];
  uint32_t message_count;
  size_t delivered[MESSAGES];
  uint64_t clock;
  bool closing;
  weir_waitgroup acting, receiving;
} world;

static int64_t draw_time(void) {
  static const int64_t times[] = {0, 1000, 40000, WEIR_MILLISECOND, 2 * WEIR_MILLISECOND};
  return times[weir_draw(sizeof times / sizeof times[0])];
}

static uint64_t moment(void) {
  return ++world.clock;
}

/* ---- subscribers ------------------------------------------------------------------------------------------------- */

static void enter(struct seat *seat, uint32_t number) {
  weir_model(number < world.message_count);
  struct message *message = &world.messages[number];
  weir_model(message->topic == seat->topic);
  weir_model((seat->got >> number & 1) == 0);
  weir_model(message->sending.end == 0 || message->sending.end > seat->coming.begin);
  weir_model(seat->leaving.end == 0 || message->sending.begin < seat->leaving.end);
  seat->got |= UINT64_C(1) << number;
  message->arrived++;
}

static void receive(void *arg) {
  struct seat *seat = arg;
  uint32_t number;
  while (weir_chan_recv(seat->chan, &number) == 0) {
    enter(seat, number);
    if (seat->pause > 0)
      weir_sleep(seat->pause);
  }
  weir_chan *chan = seat->chan;
  seat->chan = NULL;
  weir_chan_unref(chan);
  weir_waitgroup_done(&world.receiving);
}

static void subscribe(const struct operation *operation) {
  struct seat *seat = &world.seats[world.seat_count++];
  seat->topic = operation->topic;
  seat->pause = operation->pause;
  seat->coming.begin = moment();
  weir_chan *chan = weir_broker_subscribe(world.broker, topics[seat->topic], operation->capacity);
  seat->coming.end = moment();
  weir_model(chan != NULL || world.closing);
  if (chan == NULL)
    return;
  weir_model(weir_chan_cap(chan) == operation->capacity);
  seat->chan = chan;
  seat->taken = true;
  weir_waitgroup_add(&world.receiving, 1);
  weir_go(receive, seat);
}

static void unsubscribe(const struct operation *operation) {
  if (operation->seat >= world.seat_count)
    return;
  struct seat *seat = &world.seats[operation->seat];
  if (seat->chan == NULL || seat->leaving.begin != 0)
    return;
  seat->leaving.begin = moment();
  weir_chan *chan = weir_chan_ref(seat->chan);
  const int error = weir_broker_unsubscribe(world.broker, topics[seat->topic], chan);
  if (error == 0)
    seat->leaving.end = moment();
  weir_model(error == 0 || (error == -EPIPE && world.closing));
  weir_chan_unref(chan);
}

/* ---- publishers -------------------------------------------------------------------------------------------------- */

static bool there_all_the_time(const struct seat *seat, const struct span *span) {
  return seat->taken && seat->coming.end < span->begin && (seat->leaving.begin == 0 || seat->leaving.begin > span->end);
}

static bool there_at_some_time(const struct seat *seat, const struct span *span) {
  return seat->coming.begin < span->end && (seat->leaving.end == 0 || seat->leaving.end > span->begin);
}

static void publish(const struct operation *operation) {
  const uint32_t number = world.message_count++;
  struct message *message = &world.messages[number];
  message->topic = operation->topic;
  message->sending.begin = moment();
  struct weir_broadcast_result result;
  const int error = weir_broker_publish(world.broker, topics[operation->topic], &number, &result);
  message->sending.end = moment();
  weir_model(error == 0 || (error == -EPIPE && world.closing));
  weir_model(error != 0 || result.skipped == 0);
  size_t least = 0, most = 0;
  for (uint32_t i = 0; i < world.seat_count; i++) {
    const bool of_topic = world.seats[i].topic == message->topic;
    least += of_topic && there_all_the_time(&world.seats[i], &message->sending);
    most += of_topic && there_at_some_time(&world.seats[i], &message->sending);
  }
  const size_t sum = result.delivered + result.timed_out + result.skipped + result.closed;
  weir_model((sum >= least || error != 0) && sum <= most);
  world.delivered[number] = result.delivered;
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static void act(void *arg) {
  const uint32_t task = (uint32_t)(uintptr_t)arg;
  for (uint32_t i = 0; i < world.operation_count; i++) {
    const struct operation *operation = &world.operations[i];
    if (operation->task != task)
      continue;
    if (operation->kind == SLEEP)
      weir_sleep(operation->pause);
    else if (operation->kind == SUBSCRIBE)
      subscribe(operation);
    else if (operation->kind == PUBLISH)
      publish(operation);
    else
      unsubscribe(operation);
  }
  weir_broker_unref(world.broker);
  weir_waitgroup_done(&world.acting);
}

static void prepare(void) {
  memset(&world, 0, sizeof world);
  struct weir_broker_options options = {.element_size = sizeof(uint32_t)};
  options.broadcast.concurrency = weir_draw(4);
  options.broadcast.policy = (enum weir_timeout_policy)((WEIR_TIMEOUT_DEADLINE + weir_draw(4)) % 4);
  options.broadcast.timeout = draw_time();
  world.broker = weir_broker_new(&options);
  world.operation_count = weir_draw(OPERATIONS + 1);
  for (uint32_t i = 0; i < world.operation_count; i++) {
    static const enum kind kinds[] = {SUBSCRIBE, PUBLISH, UNSUBSCRIBE, SLEEP, SUBSCRIBE, PUBLISH, PUBLISH};
    world.operations[i] = (struct operation){.task = weir_draw(TASKS),
                                             .kind = kinds[weir_draw(sizeof kinds / sizeof kinds[0])],
                                             .topic = weir_draw(TOPICS),
                                             .capacity = weir_draw(3),
                                             .seat = weir_draw(4),
                                             .pause = draw_time()};
  }
}

WEIR_SCENARIO(broker, "subscribers come and go while others publish and the broker is closed") {
  prepare();
  const int64_t open_for = weir_draw(2) == 0 ? WEIR_SECOND : draw_time();
  weir_waitgroup_add(&world.acting, TASKS);
  for (uintptr_t i = 0; i < TASKS; i++) {
    weir_broker_ref(world.broker);
    weir_go(act, (void *)i); /* NOLINT(performance-no-int-to-ptr): a task's number */
  }
  weir_sleep(open_for);
  world.closing = true;
  weir_model(weir_broker_close(world.broker) == 0);
  weir_waitgroup_wait(&world.acting);
  weir_waitgroup_wait(&world.receiving);
  for (uint32_t i = 0; i < world.message_count; i++)
    weir_model(world.messages[i].arrived == world.delivered[i]);
  weir_settle(WEIR_FOREVER); /* another worker may still be giving something back */
  const struct weir_counts counts = weir_counts();
  weir_model(counts.brokers == 0 && counts.channels == 0);
  return 0;
}
