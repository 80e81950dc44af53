/* Channels on real threads: every value that a send reported sent is received once, or is left in the buffer; none that
 * it did not; one sender's values reach one receiver in order. Sends and receives, alone and in selects on both sides,
 * try, deadlines that race with their partner, close while others are at it.
 */
#include "stress.h"

enum { CHANNELS = 3, ACTORS = 8, OPERATIONS = 400, CASES = 5, VALUES = ACTORS * OPERATIONS * CASES };

/* Value v was offered in the v-th case anywhere, by actor v / (OPERATIONS * CASES). */
static struct {
  weir_chan *channels[CHANNELS];
  uint8_t sent[VALUES];
  uint8_t received[VALUES];
  uint64_t completed[2]; /* sends and receives, over all rounds */
} world;

struct actor {
  struct random random;
  int32_t number;
  int32_t next;                     /* value to offer */
  int32_t newest[CHANNELS][ACTORS]; /* by channel and sender */
  bool sends, receives;             /* what it may do */
  bool patient;                     /* waits for ever */
};

static void note_sent(int32_t value) {
  world.sent[value] = 1;
  __atomic_fetch_add(&world.completed[0], 1, __ATOMIC_RELAXED);
}

static void note_received(struct actor *actor, int channel, int32_t value) {
  STRESS_CHECK(value >= 0 && value < VALUES, "received %d, which nobody sent", value);
  const int sender = value / (OPERATIONS * CASES);
  const uint8_t before = __atomic_fetch_add(&world.received[value], 1, __ATOMIC_RELAXED);
  STRESS_CHECK(before == 0, "value %d was received twice", value);
  STRESS_CHECK(value > actor->newest[channel][sender], "actor %d got %d after %d from actor %d through channel %d",
               actor->number, value, actor->newest[channel][sender], sender, channel);
  actor->newest[channel][sender] = value;
  __atomic_fetch_add(&world.completed[1], 1, __ATOMIC_RELAXED);
}

static int64_t draw_deadline(struct actor *actor) {
  if (actor->patient)
    return WEIR_FOREVER;
  return stress_chance(&actor->random, 30) ? WEIR_POLL : weir_now() + stress_delay(&actor->random, 18);
}

/* One operation of any kind; false when a channel it met was closed. */
static bool operate_alone(struct actor *actor, bool sends) {
  const int channel = (int)random_below(&actor->random, CHANNELS);
  weir_chan *c = world.channels[channel];
  const bool tries = !actor->patient && stress_chance(&actor->random, 20);
  int32_t value = sends ? actor->next++ : -1;
  int result;
  if (sends)
    result = tries ? weir_chan_try_send(c, &value) : weir_chan_send_until(c, &value, draw_deadline(actor));
  else
    result = tries ? weir_chan_try_recv(c, &value) : weir_chan_recv_until(c, &value, draw_deadline(actor));
  STRESS_CHECK(result == 0 || result == -EPIPE || result == (tries ? -EAGAIN : -ETIMEDOUT), "result %d", result);
  if (result == 0 && sends)
    note_sent(value);
  else if (result == 0)
    note_received(actor, channel, value);
  else if (!sends)
    STRESS_CHECK(value == (result == -EPIPE ? 0 : -1), "result %d left value %d", result, value);
  return result != -EPIPE;
}

static bool operate_select(struct actor *actor) {
  struct weir_case cases[CASES];
  int32_t values[CASES];
  int channels[CASES];
  const uint32_t first = random_below(&actor->random, CHANNELS);
  const size_t every = actor->patient && actor->receives ? CHANNELS : 0; /* else nobody might serve a channel */
  const size_t count =
      every != 0 ? every + random_below(&actor->random, CASES - CHANNELS + 1) : 1 + random_below(&actor->random, CASES);
  for (size_t i = 0; i < count; i++) {
    const bool sends = actor->sends && (!actor->receives || stress_chance(&actor->random, 50));
    channels[i] = i < every ? (int)(first + i) % CHANNELS : (int)random_below(&actor->random, CHANNELS);
    values[i] = sends ? actor->next++ : -1;
    cases[i] = sends ? (struct weir_case)WEIR_SEND(world.channels[channels[i]], &values[i])
                     : (struct weir_case)WEIR_RECV(world.channels[channels[i]], &values[i]);
  }
  const int chosen = weir_select(cases, count, draw_deadline(actor));
  STRESS_CHECK(chosen == -ETIMEDOUT || (chosen >= 0 && chosen < (int)count), "select: %d", chosen);
  for (int i = 0; i < (int)count; i++)
    if (cases[i].op == WEIR_OPERATION_RECV && i != chosen)
      STRESS_CHECK(values[i] == -1, "case %d of a select that took case %d received %d", i, chosen, values[i]);
  if (chosen < 0)
    return true;
  if (cases[chosen].status == -EPIPE)
    return false;
  STRESS_CHECK(cases[chosen].status == 0, "status %d", cases[chosen].status);
  if (cases[chosen].op == WEIR_OPERATION_SEND)
    note_sent(values[chosen]);
  else
    note_received(actor, channels[chosen], values[chosen]);
  return true;
}

/* Impatient ones go on after a closed channel; a patient one may meet nothing but closed ones from then on. */
static void act(struct actor *actor, bool until_closed) {
  for (int i = 0; until_closed || i < stress_times(OPERATIONS); i++) {
    const bool sends = actor->sends && (!actor->receives || stress_chance(&actor->random, 50));
    const bool open =
        until_closed || stress_chance(&actor->random, 50) ? operate_select(actor) : operate_alone(actor, sends);
    if (!open && until_closed)
      return;
    if (stress_chance(&actor->random, 10))
      weir_yield();
  }
}

static struct actor actors[ACTORS];
static weir_waitgroup acting, consuming;

static void act_mixed(void *arg) {
  act(arg, false);
  weir_waitgroup_done(&acting);
}

static void act_patiently(void *arg) {
  struct actor *actor = arg;
  act(actor, actor->receives);
  weir_waitgroup_done(actor->receives ? &consuming : &acting);
}

static void open_channels(void) {
  memset(world.sent, 0, sizeof world.sent);
  memset(world.received, 0, sizeof world.received);
  for (int i = 0; i < CHANNELS; i++)
    CHECK((world.channels[i] = weir_chan_new(sizeof(int32_t), random_below(&stress.random, 4))) != NULL);
}

static struct actor *new_actor(int number) {
  struct actor *actor = &actors[number];
  *actor = (struct actor){.random = stress_stream(), .number = number, .next = number * OPERATIONS * CASES};
  memset(actor->newest, -1, sizeof actor->newest);
  return actor;
}

/* What is still buffered comes out to main; then the books must agree, value by value. */
static void settle_accounts(void) {
  struct actor *last = new_actor(0);
  last->number = ACTORS;
  for (int i = 0; i < CHANNELS; i++) {
    int32_t value;
    while (weir_chan_try_recv(world.channels[i], &value) == 0)
      note_received(last, i, value);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < CHANNELS; i++)
    weir_chan_unref(world.channels[i]);
  for (int32_t v = 0; v < VALUES; v++)
    STRESS_CHECK(world.sent[v] == world.received[v], "value %d: sent %d, received %d", v, world.sent[v],
                 world.received[v]);
}

/* ---- everybody does everything; nobody waits for ever ------------------------------------------------------------ */

static void close_some_time(void *arg) {
  struct actor *actor = arg;
  CHECK_EQ_INT(weir_sleep(stress_delay(&actor->random, 22)), 0);
  CHECK_EQ_INT(weir_chan_close(world.channels[random_below(&actor->random, CHANNELS)]), 0);
  weir_waitgroup_done(&acting);
}

static int mixed_body(void *arg) {
  (void)arg;
  open_channels();
  const bool closes = stress_chance(&stress.random, 30);
  CHECK_EQ_INT(weir_waitgroup_add(&acting, ACTORS), 0);
  for (int i = 0; i < ACTORS; i++) {
    struct actor *actor = new_actor(i);
    actor->sends = i % 4 != 0 || stress_chance(&actor->random, 50);
    actor->receives = i % 4 != 1 || !actor->sends;
    CHECK_EQ_INT(weir_go(closes && i == 0 ? close_some_time : act_mixed, actor), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&acting), 0);
  settle_accounts();
  return 0;
}

static void mixed(void) {
  stress_rounds(mixed_body);
  printf("%" PRIu64 " sent, %" PRIu64 " received\n", world.completed[0], world.completed[1]);
  CHECK_INT(world.completed[0], >, 100);
}

/* ---- producers and consumers that wait for ever: a lost wake-up is a deadlock, and is reported as one ------------ */

static int patient_body(void *arg) {
  (void)arg;
  open_channels();
  const int producers = 1 + (int)random_below(&stress.random, ACTORS - 1);
  CHECK_EQ_INT(weir_waitgroup_add(&acting, producers), 0);
  CHECK_EQ_INT(weir_waitgroup_add(&consuming, ACTORS - producers), 0);
  for (int i = 0; i < ACTORS; i++) {
    struct actor *actor = new_actor(i);
    actor->patient = true;
    actor->sends = i < producers;
    actor->receives = !actor->sends;
    CHECK_EQ_INT(weir_go(act_patiently, actor), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&acting), 0);
  for (int i = 0; i < CHANNELS; i++)
    CHECK_EQ_INT(weir_chan_close(world.channels[i]), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&consuming), 0);
  settle_accounts();
  return 0;
}

static void patient(void) {
  stress_rounds(patient_body);
  CHECK_INT(world.completed[0], ==, world.completed[1]);
}

/* ---- two selects that can only meet each other ------------------------------------------------------------------- */

enum { PAIRS = 300 };

static weir_chan *meeting[2];
static uint32_t met;

/* Each side offers to send and to receive on both channels: one of the two sends what the other one gets. */
static void meet(void *arg) {
  const int32_t mine = (int32_t)(intptr_t)arg;
  for (int i = 0; i < stress_times(PAIRS); i++) {
    int32_t got[2] = {-1, -1}, out = mine + 2 * i;
    struct weir_case cases[] = {WEIR_SEND(meeting[0], &out), WEIR_RECV(meeting[0], &got[0]),
                                WEIR_RECV(meeting[1], &got[1]), WEIR_SEND(meeting[1], &out)};
    const int chosen = weir_select(cases, 4, WEIR_FOREVER);
    STRESS_CHECK(chosen >= 0 && cases[chosen].status == 0, "select: %d", chosen);
    if (cases[chosen].op == WEIR_OPERATION_RECV) {
      __atomic_fetch_add(&met, 1, __ATOMIC_RELAXED);
      STRESS_CHECK(got[chosen - 1] == 1 - mine + 2 * i, "meeting %d: got %d", i, got[chosen - 1]);
    }
  }
}

static int meet_body(void *arg) {
  (void)arg;
  met = 0;
  for (int i = 0; i < 2; i++)
    meeting[i] = weir_chan_new(sizeof(int32_t), 0);
  CHECK_EQ_INT(weir_go(meet, (void *)(intptr_t)1), 0);
  meet(NULL);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(met, stress_times(PAIRS));
  for (int i = 0; i < 2; i++)
    weir_chan_unref(meeting[i]);
  return 0;
}

static void selects_meet(void) {
  stress_rounds(meet_body);
}

/* ---- a channel given back while a select that lost there is still on its way out --------------------------------- */

enum { FREED = 200 };

static weir_chan *two[2];

static void wait_on_two(void *arg) {
  weir_chan *const *pair = arg;
  struct weir_case cases[] = {WEIR_RECV(pair[0], NULL), WEIR_RECV(pair[1], NULL)};
  STRESS_CHECK(weir_select(cases, 2, WEIR_FOREVER) == 0, "the wrong channel");
}

static int free_body(void *arg) {
  (void)arg;
  for (int i = 0; i < stress_times(FREED); i++) {
    for (int k = 0; k < 2; k++)
      two[k] = weir_chan_new(0, 0);
    CHECK_EQ_INT(weir_go(wait_on_two, two), 0);
    CHECK_EQ_INT(weir_chan_send(two[0], NULL), 0);
    weir_chan_unref(two[1]); /* nobody waits there: the select is over */
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    weir_chan_unref(two[0]);
  }
  return 0;
}

static void freed_behind_a_select(void) {
  stress_rounds(free_body);
}

/* Each sender gives its reference back when it has sent; the last one frees. */
static void send_and_leave(void *arg) {
  CHECK_EQ_INT(weir_chan_send(arg, NULL), 0);
  weir_chan_unref(arg);
}

static int references_body(void *arg) {
  (void)arg;
  for (int i = 0; i < stress_times(FREED); i++) {
    weir_chan *c = weir_chan_new(0, random_below(&stress.random, 3));
    for (int k = 0; k < 4; k++)
      CHECK_EQ_INT(weir_go(send_and_leave, weir_chan_ref(c)), 0);
    for (int k = 0; k < 4; k++)
      CHECK_EQ_INT(weir_chan_recv(c, NULL), 0);
    weir_chan_unref(c);
  }
  return weir_settle(WEIR_FOREVER);
}

static void last_reference_frees(void) {
  stress_rounds(references_body);
}

static const struct check_case cases[] = {
    CHECK_CASE(mixed),
    CHECK_CASE(patient),
    CHECK_CASE(selects_meet),
    CHECK_CASE(freed_behind_a_select),
    CHECK_CASE(last_reference_frees),
};
STRESS_MAIN(cases)
