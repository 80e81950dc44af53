/* Random programs over channels and select, under random schedules, against the naive model in channel_model.h. */
#include "channel_model.h"

enum { OPERATIONS = 16 };

enum kind { SINGLE_OPERATIONS, SELECTS, MIXED };

/* What a canary falsifies, once, on its way from the library to the model. */
enum lie { NO_LIE, LIE_VALUE, LIE_STATUS, LIE_CASE, LIE_LOSER, LIE_LOST_ELEMENT };

static struct {
  enum kind kind;
  enum lie lie;
  bool told; /* the lie was told */
  uint64_t seed;
  struct random random;
  struct model model;
  struct ledger ledger;
  weir_waitgroup group;
  int64_t numbers[MODEL_ACTORS];
} world;

static uint64_t judged[MODEL_STATES];

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static void take_effect(void) {
  channel_model_effect(&world.model);
}

static bool lies(enum lie lie) {
  if (world.lie != lie || world.told)
    return false;
  return world.told = true;
}

static int64_t next_value(int who) {
  return (int64_t)who << 32 | ++world.numbers[who];
}

static int64_t random_deadline(void) {
  switch (draw(4)) {
  case 0:
    return WEIR_POLL;
  case 1:
    return 1 + draw(1000); /* long past, but not WEIR_POLL */
  case 2:
    return weir_now() + (int64_t)random_magnitude(&world.random, 30);
  default:
    return WEIR_FOREVER;
  }
}

/* Cases of one actor that stand in one place carry one value (see channel_model.c). */
static int random_cases(int who, struct model_case *cases, int most) {
  const int count = 1 + (int)draw((uint32_t)most);
  int64_t values[MODEL_CHANNELS];
  for (int i = 0; i < MODEL_CHANNELS; i++)
    values[i] = next_value(who);
  for (int i = 0; i < count; i++) {
    cases[i].channel = draw(10) == 0 ? NO_CHANNEL : (int)draw(MODEL_CHANNELS);
    cases[i].op = draw(2) == 0 ? WEIR_OPERATION_SEND : WEIR_OPERATION_RECV;
    cases[i].value = cases[i].channel == NO_CHANNEL ? 0 : values[cases[i].channel];
  }
  return count;
}

static weir_chan *chan_of(const struct model_case *one) {
  return one->channel == NO_CHANNEL ? NULL : world.model.channels[one->channel].chan;
}

static void enter(int who, const struct model_case *one, int status, int64_t value) {
  if (status != 0)
    return;
  if (one->op == WEIR_OPERATION_SEND)
    ledger_sent(&world.ledger, one->channel, one->value);
  else if (!lies(LIE_LOST_ELEMENT))
    ledger_received(&world.ledger, one->channel, who, value);
}

static void judge(struct model_actor *actor, int chosen, int status, int64_t value) {
  const int who = (int)(actor - world.model.actors);
  if (chosen != NO_CASE) {
    enter(who, &actor->cases[chosen], status, value);
    if (actor->cases[chosen].op == WEIR_OPERATION_RECV && lies(LIE_VALUE))
      value++;
    if (status == 0 && lies(LIE_STATUS))
      status = -EPIPE;
    if (lies(LIE_CASE))
      chosen = NO_CASE;
  }
  channel_model_judge(&world.model, actor, chosen, status, value);
  channel_model_compare(&world.model);
}

/* ---- operations ------------------------------------------------------------------------------------------------- */

static int call_single(const struct model_case *one, int64_t *value, int64_t deadline, bool try) {
  weir_chan *chan = chan_of(one);
  if (one->op == WEIR_OPERATION_SEND) {
    if (try)
      return weir_chan_try_send(chan, value);
    return deadline == WEIR_FOREVER ? weir_chan_send(chan, value) : weir_chan_send_until(chan, value, deadline);
  }
  if (try)
    return weir_chan_try_recv(chan, value);
  return deadline == WEIR_FOREVER ? weir_chan_recv(chan, value) : weir_chan_recv_until(chan, value, deadline);
}

static void single(struct model_actor *actor) {
  struct model_case one = {0};
  random_cases((int)(actor - world.model.actors), &one, 1);
  const bool try = draw(4) == 0;
  int64_t deadline = try ? WEIR_POLL : random_deadline();
  if (one.channel == NO_CHANNEL && deadline == WEIR_FOREVER)
    deadline = weir_now() + 1;
  int64_t value = one.op == WEIR_OPERATION_SEND ? one.value : UNTOUCHED;
  channel_model_announce(actor, &one, 1, deadline);
  const int result = call_single(&one, &value, deadline, try);
  if (result == 0 || result == -EPIPE) {
    judge(actor, 0, result, value);
    return;
  }
  MODEL(result == (try ? -EAGAIN : -ETIMEDOUT), "a single operation's result is %d", result);
  MODEL(one.op == WEIR_OPERATION_SEND || value == UNTOUCHED, "a receive that failed wrote its value");
  judge(actor, NO_CASE, 0, 0);
}

static void losers_are_untouched(const struct model_actor *actor, const struct weir_case *cases, const int64_t *values,
                                 int chosen) {
  for (int i = 0; i < actor->count; i++) {
    if (i == chosen)
      continue;
    const int64_t expected = actor->cases[i].op == WEIR_OPERATION_SEND ? actor->cases[i].value : UNTOUCHED;
    const int64_t value = values[i] ^ lies(LIE_LOSER);
    MODEL(value == expected && cases[i].status == 77, "case %d lost and was touched: value %" PRIx64 ", status %d", i,
          value, cases[i].status);
  }
}

static void select_some(struct model_actor *actor) {
  struct model_case chosen_from[MODEL_CASES];
  struct weir_case cases[MODEL_CASES];
  int64_t values[MODEL_CASES] = {0};
  const int count = random_cases((int)(actor - world.model.actors), chosen_from, MODEL_CASES);
  int64_t deadline = random_deadline();
  bool endless = deadline == WEIR_FOREVER;
  for (int i = 0; i < count; i++) {
    const struct model_case *one = &chosen_from[i];
    values[i] = one->op == WEIR_OPERATION_SEND ? one->value : UNTOUCHED;
    cases[i] = (struct weir_case){.chan = chan_of(one), .op = one->op, .value = &values[i], .status = 77};
    endless = endless && one->channel == NO_CHANNEL;
  }
  if (endless)
    deadline = weir_now() + 1;
  channel_model_announce(actor, chosen_from, count, deadline);
  const int chosen = weir_select(cases, (size_t)count, deadline);
  MODEL((chosen >= 0 && chosen < count) || chosen == -ETIMEDOUT, "select's result is %d of %d", chosen, count);
  losers_are_untouched(actor, cases, values, chosen);
  if (chosen >= 0 && chosen < count)
    judge(actor, chosen, cases[chosen].status, values[chosen]);
  else
    judge(actor, NO_CASE, 0, 0);
}

static void close_one(struct model_actor *actor, int channel) {
  channel_model_announce_close(actor, channel);
  channel_model_judge_close(&world.model, actor, weir_chan_close(world.model.channels[channel].chan));
  channel_model_compare(&world.model);
}

static void act(void *arg) {
  struct model_actor *actor = arg;
  actor->task = worker_here()->current;
  for (int i = 0; i < OPERATIONS && !mismatched(); i++) {
    if (draw(150) == 0)
      close_one(actor, (int)draw(MODEL_CHANNELS));
    else if (draw(20) == 0)
      weir_sleep((int64_t)random_magnitude(&world.random, 25));
    else if (draw(20) == 0)
      weir_yield();
    else if (world.kind == SELECTS || (world.kind == MIXED && draw(2) == 0))
      select_some(actor);
    else
      single(actor);
  }
  weir_waitgroup_done(&world.group);
}

/* ---- programs --------------------------------------------------------------------------------------------------- */

static int dropping; /* the channel that is being freed */

static void drop(void *element) {
  int64_t value;
  memcpy(&value, element, sizeof value);
  ledger_dropped(&world.ledger, dropping, value);
}

static int program(void *arg) {
  (void)arg;
  struct model *model = &world.model;
  world.random.state = world.seed;
  world.told = false;
  memset(model, 0, sizeof *model);
  model->judged = judged;
  memset(&world.ledger, 0, sizeof world.ledger);
  memset(&world.group, 0, sizeof world.group);
  memset(world.numbers, 0, sizeof world.numbers);
  for (int i = 0; i < MODEL_CHANNELS; i++) {
    model->channels[i].capacity = draw(MODEL_BUFFER);
    model->channels[i].chan = weir_chan_new(sizeof(int64_t), model->channels[i].capacity);
    weir_chan_on_drop(model->channels[i].chan, drop);
  }
  simulated_observe(take_effect, NULL);
  struct model_actor *self = &model->actors[0];
  self->task = worker_here()->current;
  model->actor_count = 1;
  const int actors = 2 + (int)draw(MODEL_ACTORS - 2);
  for (int i = 1; i <= actors && i < MODEL_ACTORS; i++) {
    model->actors[i].task = self->task; /* its own once it runs */
    model->actor_count = i + 1;
    weir_waitgroup_add(&world.group, 1);
    weir_go(act, &model->actors[i]);
  }
  weir_sleep((int64_t)random_magnitude(&world.random, 35));
  for (int i = 0; i < MODEL_CHANNELS; i++)
    close_one(self, i); /* nobody blocks for ever */
  weir_waitgroup_wait(&world.group);
  for (dropping = 0; dropping < MODEL_CHANNELS; dropping++)
    weir_chan_unref(model->channels[dropping].chan);
  ledger_verify(&world.ledger);
  return 0;
}

static bool run_seed(enum kind kind, uint64_t seed, enum lie lie) {
  world.kind = kind;
  world.lie = lie;
  world.seed = seed;
  const struct simulated simulated = {.main = program,
                                      .mode = seed % 2 == 0 ? WEIR_TIMERS_CLASSIC : WEIR_TIMERS_PROMPT};
  return simulated_seed(&simulated, seed, lie != NO_LIE);
}

static void programs(int kind) {
  const uint64_t first = UINT64_C(1000000) * (uint64_t)kind;
  for (uint64_t seed = first; seed < first + SCALED(10000); seed++)
    CHECK(run_seed((enum kind)kind, seed, NO_LIE));
  printf("operations done at once %ju, refused %ju, completed by others %ju, expired %ju and %ju\n",
         (uintmax_t)judged[MODEL_READY], (uintmax_t)judged[MODEL_NOTHING], (uintmax_t)judged[MODEL_COMPLETED],
         (uintmax_t)judged[MODEL_EXPIRED], (uintmax_t)judged[MODEL_BLOCKED]);
  for (enum model_state state = MODEL_READY; state < MODEL_STATES; state++)
    CHECK_INT(judged[state], >, SCALED(1000)); /* no way of ending stayed untested */
}

/* Each lie is found in the very run in which it is told. */
static void lie_is_found(int lie) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    const bool well = run_seed(lie == LIE_LOSER ? SELECTS : MIXED, seed, (enum lie)lie);
    CHECK(well != world.told);
    told += world.told;
  }
  CHECK_INT(told, >=, 100);
}

/* ---- the ledger can fail ---------------------------------------------------------------------------------------- */

static void ledger_of(const char *expected, bool sent, int received, int dropped, bool out_of_order) {
  static struct ledger ledger;
  memset(&ledger, 0, sizeof ledger);
  simulated_forget();
  const int64_t value = INT64_C(1) << 32 | 5;
  if (out_of_order) {
    ledger_sent(&ledger, 0, value + 1);
    ledger_received(&ledger, 0, 2, value + 1);
  }
  if (sent)
    ledger_sent(&ledger, 0, value);
  for (int i = 0; i < received; i++)
    ledger_received(&ledger, 0, i, value);
  for (int i = 0; i < dropped; i++)
    ledger_dropped(&ledger, 0, value);
  if (out_of_order)
    ledger_received(&ledger, 0, 2, value);
  ledger_verify(&ledger);
  CHECK_EQ_INT(mismatched(), expected != NULL);
}

static void ledger_sees_what_is_wrong(void) {
  ledger_of(NULL, true, 1, 0, false);
  ledger_of(NULL, true, 0, 1, false);
  ledger_of("lost", true, 0, 0, false);
  ledger_of("received twice", true, 2, 0, false);
  ledger_of("received and dropped", true, 1, 1, false);
  ledger_of("never sent", false, 1, 0, false);
  ledger_of("order", true, 0, 0, true);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("single_operations", programs, SINGLE_OPERATIONS),
    CHECK_CASE_WITH("selects", programs, SELECTS),
    CHECK_CASE_WITH("mixed", programs, MIXED),
    CHECK_CASE_WITH("wrong_value_is_found", lie_is_found, LIE_VALUE),
    CHECK_CASE_WITH("wrong_status_is_found", lie_is_found, LIE_STATUS),
    CHECK_CASE_WITH("wrong_case_is_found", lie_is_found, LIE_CASE),
    CHECK_CASE_WITH("touched_loser_is_found", lie_is_found, LIE_LOSER),
    CHECK_CASE_WITH("lost_element_is_found", lie_is_found, LIE_LOST_ELEMENT),
    CHECK_CASE(ledger_sees_what_is_wrong),
};
CHECK_MAIN(cases)
