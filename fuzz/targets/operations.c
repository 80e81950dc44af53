/* operations.c — see operations.h. */
#include "operations.h"

#include "history.h"

#include <errno.h>
#include <string.h>
#include <weir/scenario.h>

enum { TASKS = 4, OPERATIONS = 14, LOOKS = 3, BUFFER_MOST = 2, ELEMENT_MOST = 40, NO_DEADLINE = -1 };

/* An element is its value and more bytes, all of which follow from it. */
static const size_t element_sizes[] = {sizeof(int64_t), 12, ELEMENT_MOST};

enum how { HOW_CALL, HOW_TRY, HOW_SELECT };

struct operation {
  uint32_t task;
  struct history_operation asked;
  enum how how;
  int64_t patience; /* a duration; or NO_DEADLINE */
  int64_t pause;    /* before it */
};

static struct {
  struct history history;
  weir_chan *channels[HISTORY_CHANNELS];
  uint32_t channel_count;
  size_t element_size;
  struct operation operations[OPERATIONS];
  uint32_t operation_count;
  uint32_t asleep, naps;                    /* how many wait for something that time brings; and have begun to */
  uint32_t waits_since[HISTORY_OPERATIONS]; /* of the history's clock; 0: it was not seen to wait */
  bool closed[HISTORY_CHANNELS];
  uint32_t sent[HISTORY_CHANNELS], received[HISTORY_CHANNELS], dropped[HISTORY_CHANNELS];
  weir_waitgroup group;
} world;

/* ---- elements ---------------------------------------------------------------------------------------------------- */

static void fill(uint8_t *element, int64_t value) {
  memcpy(element, &value, sizeof value);
  for (size_t i = sizeof value; i < world.element_size; i++)
    element[i] = (uint8_t)(value + (int64_t)i);
}

static int64_t value_of(const uint8_t *element) {
  int64_t value;
  memcpy(&value, element, sizeof value);
  for (size_t i = sizeof value; i < world.element_size; i++)
    weir_model(element[i] == (value == 0 ? 0 : (uint8_t)(value + (int64_t)i)));
  return value;
}

static void drop(void *element) {
  world.dropped[value_of(element) >> 16]++;
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static int64_t draw_time(void) {
  static const int64_t times[] = {0, 1, 30000, 70000, WEIR_MILLISECOND};
  return times[weir_draw(sizeof times / sizeof times[0])];
}

/* Values tell their channel, so that a dropped element does too. */
static struct history_case draw_case(uint32_t number) {
  const int channel = (int)weir_draw(world.channel_count);
  return (struct history_case){.channel = channel,
                               .op = weir_draw(2) == 0 ? WEIR_OPERATION_SEND : WEIR_OPERATION_RECV,
                               .value = (int64_t)channel << 16 | number};
}

static void draw_operation(struct operation *operation, uint32_t number, unsigned cases_most) {
  operation->task = weir_draw(TASKS);
  const uint32_t what = weir_draw(16);
  operation->asked.chosen = HISTORY_NONE;
  operation->asked.kind = what == 15 ? HISTORY_CLOSE : what == 14 ? HISTORY_LENGTH : HISTORY_SELECT;
  operation->how = what >= 12 || (cases_most > 1 && what < 8) ? HOW_SELECT : HOW_CALL;
  const unsigned count = operation->asked.kind == HISTORY_SELECT && operation->how == HOW_SELECT ? cases_most : 1;
  operation->asked.count = 1 + (int)weir_draw(count);
  for (int i = 0; i < operation->asked.count; i++)
    operation->asked.cases[i] = draw_case(number * HISTORY_CASES + (uint32_t)i + 1);
  const uint32_t patience = weir_draw(4);
  operation->patience = patience == 3 ? draw_time() : patience == 2 ? WEIR_POLL : NO_DEADLINE;
  if (operation->how == HOW_CALL && patience == 2 && weir_draw(2) == 0)
    operation->how = HOW_TRY;
  operation->pause = weir_draw(4) == 3 ? draw_time() : 0;
}

static void prepare(const struct operations_terms *terms) {
  memset(&world, 0, sizeof world);
  world.channel_count = 1 + weir_draw(terms->channels);
  world.element_size = element_sizes[weir_draw(sizeof element_sizes / sizeof element_sizes[0])];
  for (uint32_t i = 0; i < world.channel_count; i++) {
    world.history.capacity[i] = weir_draw(BUFFER_MOST + 1);
    world.channels[i] = weir_chan_new(world.element_size, world.history.capacity[i]);
    weir_chan_on_drop(world.channels[i], drop);
  }
  world.operation_count = weir_draw(OPERATIONS + 1);
  for (uint32_t i = 0; i < world.operation_count; i++)
    draw_operation(&world.operations[i], i, terms->cases);
}

/* ---- performing -------------------------------------------------------------------------------------------------- */

static void fall_asleep(int64_t time) {
  world.asleep += time > 0;
  world.naps += time > 0;
}

static void wake_up(int64_t time) {
  world.asleep -= time > 0;
}

static void sleep_a_while(int64_t pause) {
  if (pause <= 0)
    return;
  fall_asleep(pause);
  weir_sleep(pause);
  wake_up(pause);
}

static int call(weir_chan *chan, int op, enum how how, void *element, int64_t deadline) {
  if (op == WEIR_OPERATION_SEND) {
    if (how == HOW_TRY)
      return weir_chan_try_send(chan, element);
    return deadline == WEIR_FOREVER ? weir_chan_send(chan, element) : weir_chan_send_until(chan, element, deadline);
  }
  if (how == HOW_TRY)
    return weir_chan_try_recv(chan, element);
  return deadline == WEIR_FOREVER ? weir_chan_recv(chan, element) : weir_chan_recv_until(chan, element, deadline);
}

/* What may be written to only by the receive that goes through. */
enum { UNTOUCHED = 0x5a5a };

static void check_losers(const struct history_operation *asked, uint8_t elements[][ELEMENT_MOST], int chosen) {
  for (int i = 0; i < asked->count; i++)
    if (i != chosen)
      weir_model(value_of(elements[i]) ==
                 (asked->cases[i].op == WEIR_OPERATION_SEND ? asked->cases[i].value : UNTOUCHED));
}

static void count(const struct history_case *one) {
  ++*(one->op == WEIR_OPERATION_SEND ? &world.sent[one->channel] : &world.received[one->channel]);
}

static void exchange(const struct operation *operation, struct history_operation *done, int64_t deadline) {
  const struct history_operation *asked = &operation->asked;
  uint8_t elements[HISTORY_CASES][ELEMENT_MOST] = {{0}};
  struct weir_case cases[HISTORY_CASES] = {{0}};
  for (int i = 0; i < asked->count; i++) {
    const struct history_case *one = &asked->cases[i];
    fill(elements[i], one->op == WEIR_OPERATION_SEND ? one->value : UNTOUCHED);
    cases[i] = (struct weir_case){.chan = world.channels[one->channel], .op = one->op, .value = elements[i]};
  }
  int chosen = 0, status;
  if (operation->how == HOW_SELECT) {
    chosen = weir_select(cases, (size_t)asked->count, deadline);
    status = chosen < 0 ? chosen : cases[chosen].status;
  } else {
    status = call(cases[0].chan, cases[0].op, operation->how, elements[0], deadline);
  }
  const bool none = status == (operation->how == HOW_TRY ? -EAGAIN : -ETIMEDOUT);
  weir_model(none || status == 0 || status == -EPIPE);
  weir_model(!none || (deadline != WEIR_FOREVER && weir_now() >= deadline));
  done->chosen = none ? HISTORY_NONE : chosen;
  done->status = none ? 0 : status;
  check_losers(asked, elements, done->chosen);
  if (none)
    return;
  done->value = value_of(elements[chosen]);
  if (status == 0)
    count(&asked->cases[chosen]);
}

static void perform(const struct operation *operation) {
  weir_chan *chan = world.channels[operation->asked.cases[0].channel];
  const int64_t patience = operation->patience;
  const int64_t deadline = patience == NO_DEADLINE ? WEIR_FOREVER
                           : patience == WEIR_POLL ? WEIR_POLL
                                                   : weir_now() + patience;
  fall_asleep(patience);
  struct history_operation *done = history_call(&world.history, &operation->asked);
  weir_model(done != NULL);
  if (operation->asked.kind == HISTORY_CLOSE)
    done->status = weir_chan_close(chan);
  else if (operation->asked.kind == HISTORY_LENGTH)
    done->status = (int)weir_chan_len(chan);
  else
    exchange(operation, done, deadline);
  history_return(&world.history, done);
  if (operation->asked.kind == HISTORY_CLOSE)
    world.closed[operation->asked.cases[0].channel] = true;
  wake_up(patience);
}

static void act(void *arg) {
  const uint32_t task = (uint32_t)(uintptr_t)arg;
  for (uint32_t i = 0; i < world.operation_count; i++) {
    if (world.operations[i].task != task)
      continue;
    sleep_a_while(world.operations[i].pause);
    perform(&world.operations[i]);
  }
  weir_waitgroup_done(&world.group);
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

static bool waits(const struct history_operation *operation) {
  return operation->kind == HISTORY_SELECT && operation->returned == 0;
}

static bool has(const struct history_operation *operation, int channel, int op) {
  for (int i = 0; i < operation->count; i++)
    if (operation->cases[i].channel == channel && operation->cases[i].op == op)
      return true;
  return false;
}

static bool anybody_waits(int channel, int op, const struct history_operation *but) {
  for (uint32_t i = 0; i < world.history.count; i++) {
    const struct history_operation *one = &world.history.operations[i];
    if (one != but && waits(one) && has(one, channel, op))
      return true;
  }
  return false;
}

/* Somebody came after the moment and went through here. */
static bool anybody_served_since(uint32_t moment, int channel, int op) {
  for (uint32_t i = 0; i < world.history.count; i++) {
    const struct history_operation *one = &world.history.operations[i];
    if (one->kind != HISTORY_SELECT || one->returned == 0 || one->called < moment || one->chosen == HISTORY_NONE)
      continue;
    const struct history_case *through = &one->cases[one->chosen];
    if (one->status == 0 && through->channel == channel && through->op == op)
      return true;
  }
  return false;
}

static void look_at(const struct history_operation *operation, int channel, uint32_t since) {
  const bool sends = has(operation, channel, WEIR_OPERATION_SEND);
  const bool receives = has(operation, channel, WEIR_OPERATION_RECV);
  if (!sends && !receives)
    return;
  const size_t length = weir_chan_len(world.channels[channel]);
  weir_model(!world.closed[channel]);
  weir_model(!sends || length == world.history.capacity[channel]);
  weir_model(!receives || length == 0);
  weir_model(!sends || !anybody_waits(channel, WEIR_OPERATION_RECV, operation));
  weir_model(!sends || since == 0 || !anybody_served_since(since, channel, WEIR_OPERATION_SEND));
  weir_model(!receives || since == 0 || !anybody_served_since(since, channel, WEIR_OPERATION_RECV));
}

/* Everybody is blocked, and time will not change that: nobody slept, all came to rest, and nobody has slept since. */
static bool at_rest(void) {
  weir_model(weir_settle(WEIR_FOREVER) == 0);
  const uint32_t naps = world.naps;
  if (world.asleep != 0)
    return false;
  weir_model(weir_settle(WEIR_FOREVER) == 0);
  return world.naps == naps;
}

static void look(void) {
  if (!at_rest())
    return;
  for (uint32_t i = 0; i < world.history.count; i++)
    for (int channel = 0; waits(&world.history.operations[i]) && channel < (int)world.channel_count; channel++)
      look_at(&world.history.operations[i], channel, world.waits_since[i]);
  for (uint32_t i = 0; i < world.history.count; i++)
    if (waits(&world.history.operations[i]) && world.waits_since[i] == 0)
      world.waits_since[i] = world.history.clock;
}

static void close_all(void) {
  for (int i = 0; i < (int)world.channel_count; i++) {
    const struct operation closing = {.asked = {.kind = HISTORY_CLOSE, .count = 1, .cases = {{.channel = i}}}};
    perform(&closing);
  }
}

/* With the history for a reader. */
static void check_history(void) {
  if (history_linearizable(&world.history))
    return;
  char text[8192];
  FILE *file = fmemopen(text, sizeof text, "w");
  if (file != NULL) {
    history_print(&world.history, file);
    fclose(file);
  }
  weir_fail(WEIR_VERDICT_MODEL, __FILE__, __LINE__, "no order of effects explains\n%s", file == NULL ? "" : text);
}

int operations_run(const struct operations_terms *terms) {
  prepare(terms);
  weir_waitgroup_add(&world.group, TASKS);
  for (uintptr_t i = 0; i < TASKS; i++)
    weir_go(act, (void *)i); /* NOLINT(performance-no-int-to-ptr): a task's number */
  for (uint32_t i = 0; i < LOOKS; i++) {
    const int64_t pause = draw_time();
    if (pause > 0)
      weir_sleep(pause);
    look();
  }
  close_all();
  weir_waitgroup_wait(&world.group);
  check_history();
  for (uint32_t i = 0; i < world.channel_count; i++) {
    weir_chan_unref(world.channels[i]);
    weir_model(world.sent[i] == world.received[i] + world.dropped[i]);
  }
  return 0;
}
