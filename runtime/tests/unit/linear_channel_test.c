/* Small random programs over channels and select have linearizable histories: under random schedules of one, two and
 * three virtual workers, and on real threads. Whoever is owed a wake-up has got it when everybody is blocked.
 */
#include "check.h"
#include "history.h"
#include "random.h"
#include "workers.h"

#include <inttypes.h>
#include <weir.h>
#include <weir/sim.h>

enum { ACTORS = 4, OPERATIONS = 3, BUFFER_MOST = 2 };

/* What a canary falsifies in the record, once. */
enum lie { NO_LIE, LIE_VALUE, LIE_STATUS, LIE_NONE, LIE_TWICE, LIE_LENGTH, LIES };

static struct {
  uint64_t seed;
  enum lie lie;
  bool told;
  struct history history;
  weir_chan *channels[HISTORY_CHANNELS];
  weir_waitgroup group;
  int64_t last_received;
  bool closed[HISTORY_CHANNELS];
  uint32_t deadlines[2]; /* operations with one: begun, ended */
} world;

static uint64_t operations_with[3], programs, standstills; /* none, a success, -EPIPE */

struct actor {
  struct random random;
  int number;
  int64_t next;
};

/* ---- the programs ------------------------------------------------------------------------------------------------ */

static bool lies(enum lie lie) {
  if (world.lie != lie || world.told)
    return false;
  return world.told = true;
}

static void falsify(struct history_operation *done) {
  if (world.lie == NO_LIE)
    return; /* real threads write nothing that others read */
  if (done->kind == HISTORY_LENGTH && lies(LIE_LENGTH))
    done->status++;
  if (done->kind != HISTORY_SELECT || done->chosen == HISTORY_NONE)
    return;
  if (done->status == 0 && done->cases[done->chosen].op == WEIR_OPERATION_RECV) {
    if (world.last_received != 0 && lies(LIE_TWICE))
      done->value = world.last_received;
    world.last_received = done->value;
    if (lies(LIE_VALUE))
      done->value++;
  }
  if (done->status == 0 && lies(LIE_STATUS))
    done->status = -EPIPE;
  if (done->status == 0 && done->cases[done->chosen].op == WEIR_OPERATION_RECV && lies(LIE_NONE))
    done->chosen = HISTORY_NONE;
}

static int64_t draw_deadline(struct random *random) {
  switch (random_below(random, 4)) {
  case 0:
    return WEIR_POLL;
  case 1:
    return weir_now() + (int64_t)random_magnitude(random, 20);
  default:
    return WEIR_FOREVER; /* until main closes */
  }
}

/* One case without a select, or several with one. */
static void perform(const struct history_operation *operation, struct history_operation *done, int64_t deadline,
                    bool alone) {
  struct weir_case cases[HISTORY_CASES];
  int64_t values[HISTORY_CASES];
  for (int i = 0; i < operation->count; i++) {
    const struct history_case *one = &operation->cases[i];
    values[i] = one->op == WEIR_OPERATION_SEND ? one->value : -1;
    cases[i] = (struct weir_case){.chan = world.channels[one->channel], .op = one->op, .value = &values[i]};
  }
  const bool tries = deadline == WEIR_POLL && operation->cases[0].value % 2 == 0;
  int chosen = 0, status;
  if (!alone) {
    chosen = weir_select(cases, (size_t)operation->count, deadline);
    status = chosen < 0 ? chosen : cases[chosen].status;
  } else if (operation->cases[0].op == WEIR_OPERATION_SEND) {
    status = tries ? weir_chan_try_send(cases[0].chan, &values[0])
                   : weir_chan_send_until(cases[0].chan, &values[0], deadline);
  } else {
    status = tries ? weir_chan_try_recv(cases[0].chan, &values[0])
                   : weir_chan_recv_until(cases[0].chan, &values[0], deadline);
  }
  const bool none = status == -ETIMEDOUT || status == -EAGAIN;
  done->chosen = none ? HISTORY_NONE : chosen;
  done->status = none ? 0 : status;
  done->value = done->chosen == HISTORY_NONE ? 0 : values[done->chosen];
}

static void operate(struct actor *actor) {
  struct random *random = &actor->random;
  struct history_operation operation = {.chosen = HISTORY_NONE};
  const uint32_t kind = random_below(random, 20);
  operation.kind = kind == 0 ? HISTORY_CLOSE : kind < 3 ? HISTORY_LENGTH : HISTORY_SELECT;
  const bool alone = operation.kind != HISTORY_SELECT || random_below(random, 2) == 0;
  operation.count = alone ? 1 : 1 + (int)random_below(random, HISTORY_CASES);
  for (int i = 0; i < operation.count; i++)
    operation.cases[i] =
        (struct history_case){.channel = (int)random_below(random, HISTORY_CHANNELS),
                              .op = random_below(random, 2) ? WEIR_OPERATION_SEND : WEIR_OPERATION_RECV,
                              .value = ++actor->next};
  const int64_t deadline = draw_deadline(random);
  const bool ends = deadline != WEIR_FOREVER && deadline != WEIR_POLL;
  weir_chan *chan = world.channels[operation.cases[0].channel];
  __atomic_fetch_add(&world.deadlines[0], ends, __ATOMIC_RELEASE);
  struct history_operation *done = history_call(&world.history, &operation);
  CHECK(done != NULL);
  if (operation.kind == HISTORY_CLOSE)
    done->status = weir_chan_close(chan);
  else if (operation.kind == HISTORY_LENGTH)
    done->status = (int)weir_chan_len(chan);
  else
    perform(&operation, done, deadline, alone);
  history_return(&world.history, done);
  if (operation.kind == HISTORY_CLOSE)
    __atomic_store_n(&world.closed[operation.cases[0].channel], true, __ATOMIC_RELAXED);
  __atomic_fetch_add(&world.deadlines[1], ends, __ATOMIC_RELEASE);
  falsify(done);
}

static void act(void *arg) {
  struct actor *actor = arg;
  for (int i = 0; i < OPERATIONS; i++)
    operate(actor);
  weir_waitgroup_done(&world.group);
}

/* ---- what is owed is paid ---------------------------------------------------------------------------------------- */

static bool blocked(const struct history_operation *operation) {
  return operation->kind == HISTORY_SELECT && operation->returned == 0;
}

static bool has(const struct history_operation *operation, int channel, int op) {
  for (int i = 0; i < operation->count; i++)
    if (operation->cases[i].channel == channel && operation->cases[i].op == op)
      return true;
  return false;
}

/* Everybody is blocked or has ended: nobody waits who could go on, and no two wait who could go on together. */
static bool all_is_paid(void) {
  const struct history *history = &world.history;
  for (uint32_t i = 0; i < history->count; i++) {
    for (int c = 0; c < HISTORY_CHANNELS && blocked(&history->operations[i]); c++) {
      const bool sends = has(&history->operations[i], c, WEIR_OPERATION_SEND);
      const bool receives = has(&history->operations[i], c, WEIR_OPERATION_RECV);
      const size_t length = weir_chan_len(world.channels[c]);
      if ((sends || receives) && world.closed[c])
        return false;
      if ((sends && length < history->capacity[c]) || (receives && length > 0))
        return false;
      for (uint32_t k = 0; sends && k < history->count; k++)
        if (k != i && blocked(&history->operations[k]) && has(&history->operations[k], c, WEIR_OPERATION_RECV))
          return false;
    }
  }
  return true;
}

/* Only where nothing can move on by itself: everybody was blocked, twice, and nobody's deadline was or came between. */
static bool at_a_standstill(void) {
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  const uint32_t begun = __atomic_load_n(&world.deadlines[0], __ATOMIC_ACQUIRE);
  if (begun != __atomic_load_n(&world.deadlines[1], __ATOMIC_ACQUIRE))
    return false;
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return begun == __atomic_load_n(&world.deadlines[0], __ATOMIC_ACQUIRE);
}

static void look_for_debts(void) {
  if (!at_a_standstill())
    return;
  standstills++;
  if (all_is_paid())
    return;
  history_print(&world.history, stderr);
  check_fail(__FILE__, __LINE__, "seed %" PRIu64 ": somebody waits though nothing is in the way (returned: 0)",
             world.seed);
}

/* ---- a program --------------------------------------------------------------------------------------------------- */

/* Main closes every channel when some time has passed, so that nobody waits for ever. */
static void close_all(void) {
  for (int i = 0; i < HISTORY_CHANNELS; i++) {
    const struct history_operation operation = {.kind = HISTORY_CLOSE, .count = 1, .cases = {{.channel = i}}};
    struct history_operation *done = history_call(&world.history, &operation);
    CHECK(done != NULL);
    done->status = weir_chan_close(world.channels[i]);
    history_return(&world.history, done);
  }
}

static int program(void *arg) {
  static struct actor actors[ACTORS];
  struct random random = {.state = world.seed};
  (void)arg;
  memset(&world.history, 0, sizeof world.history);
  memset(world.closed, 0, sizeof world.closed);
  memset(world.deadlines, 0, sizeof world.deadlines);
  world.told = false;
  world.last_received = 0;
  for (int i = 0; i < HISTORY_CHANNELS; i++) {
    world.history.capacity[i] = random_below(&random, BUFFER_MOST + 1);
    world.channels[i] = weir_chan_new(sizeof(int64_t), world.history.capacity[i]);
  }
  weir_waitgroup_add(&world.group, ACTORS);
  for (int i = 0; i < ACTORS; i++) {
    actors[i] = (struct actor){.random = {random_bits(&random)}, .number = i, .next = (i + 1) * 100};
    weir_go(act, &actors[i]);
  }
  weir_sleep((int64_t)random_magnitude(&random, 22));
  if (random_below(&random, 2) == 0)
    look_for_debts();
  close_all();
  weir_waitgroup_wait(&world.group);
  weir_settle(WEIR_FOREVER);
  for (int i = 0; i < HISTORY_CHANNELS; i++)
    weir_chan_unref(world.channels[i]);
  return 0;
}

static void count_outcomes(void) {
  programs++;
  for (uint32_t i = 0; i < world.history.count; i++) {
    const struct history_operation *operation = &world.history.operations[i];
    if (operation->kind == HISTORY_SELECT)
      operations_with[operation->chosen == HISTORY_NONE ? 0 : operation->status == 0 ? 1 : 2]++;
  }
}

/* True when the history has an explanation. */
static bool judge(bool quiet) {
  count_outcomes();
  if (history_linearizable(&world.history))
    return true;
  if (!quiet) {
    fprintf(stderr, "seed %" PRIu64 ": no order of effects explains\n", world.seed);
    history_print(&world.history, stderr);
  }
  return false;
}

static bool simulate(uint64_t seed, unsigned workers, enum lie lie) {
  const struct weir_sim sim = {.chooser = weir_chooser_seed(seed), .workers = workers};
  struct weir_sim_report report;
  world.seed = seed;
  world.lie = lie;
  CHECK(sim.chooser != NULL);
  CHECK_EQ_INT(weir_simulate(&sim, program, NULL, &report), 0);
  if (report.verdict != WEIR_VERDICT_OK)
    check_fail(__FILE__, __LINE__, "seed %" PRIu64 ", %u workers: verdict %s\n%s", seed, workers,
               weir_verdict_name(report.verdict), report.text);
  weir_sim_report_free(&report);
  weir_chooser_free(sim.chooser);
  return judge(lie != NO_LIE);
}

static void print_outcomes(void) {
  printf("%" PRIu64 " programs: %" PRIu64 " operations found nothing, %" PRIu64 " went through, %" PRIu64 " closed\n",
         programs, operations_with[0], operations_with[1], operations_with[2]);
  printf("%" PRIu64 " standstills looked at\n", standstills);
  CHECK_INT(standstills, >, programs / 20);
  for (int i = 0; i < 3; i++)
    CHECK_INT(operations_with[i], >, programs / 4);
}

static void simulated_workers(int workers) {
  for (uint64_t seed = 1; seed <= SCALED(20000); seed++)
    CHECK(simulate(seed, (unsigned)workers, NO_LIE));
  print_outcomes();
}

static void real_threads(void) {
  const struct weir_config config = {.workers = test_workers()};
  world.lie = NO_LIE;
  for (world.seed = 1; world.seed <= SCALED(3000); world.seed++) {
    CHECK_EQ_INT(weir_run(&config, program, NULL), 0);
    CHECK(judge(false));
  }
  print_outcomes();
}

/* ---- the checker can fail ---------------------------------------------------------------------------------------- */

/* A lie may have an explanation of its own; most have none. */
static void lies_are_found(void) {
  for (int lie = LIE_VALUE; lie < LIES; lie++) {
    int told = 0, found = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
      const bool explained = simulate(seed, 1, (enum lie)lie);
      CHECK(explained || world.told);
      told += world.told;
      found += !explained;
    }
    printf("lie %d: told %d times, found %d times\n", lie, told, found);
    CHECK_INT(told, >, 50);
    CHECK_INT(found * 4, >, told);
  }
}

#define SEND(channel, value)                                                                                           \
  {                                                                                                                    \
    { (channel), WEIR_OPERATION_SEND, (value) }                                                                        \
  }
#define RECEIVE(channel)                                                                                               \
  {                                                                                                                    \
    { (channel), WEIR_OPERATION_RECV, 0 }                                                                              \
  }
#define WENT(cases, got, from, to)                                                                                     \
  { HISTORY_SELECT, cases, 1, 0, 0, (got), (from), (to) }
#define EPIPE_(cases, from, to)                                                                                        \
  { HISTORY_SELECT, cases, 1, 0, -EPIPE, 0, (from), (to) }
#define NONE(cases, from, to)                                                                                          \
  { HISTORY_SELECT, cases, 1, HISTORY_NONE, 0, 0, (from), (to) }
#define CLOSED(channel, status, from, to)                                                                              \
  { HISTORY_CLOSE, {{(channel), 0, 0}}, 1, 0, (status), 0, (from), (to) }
#define LENGTH(channel, length, from, to)                                                                              \
  { HISTORY_LENGTH, {{(channel), 0, 0}}, 1, 0, (length), 0, (from), (to) }
#define CASES(...) __VA_ARGS__

/* Channel 0 has no buffer, channel 1 has one place. */
static const struct {
  const char *what;
  bool linearizable;
  uint32_t count;
  struct history_operation operations[4];
} table[] = {
    {"nothing", true, 0, {{0}}},
    {"sent, then received", true, 2, {WENT(CASES(SEND(1, 7)), 0, 1, 2), WENT(CASES(RECEIVE(1)), 7, 3, 4)}},
    {"received before it was sent", false, 2, {WENT(CASES(SEND(1, 7)), 0, 3, 4), WENT(CASES(RECEIVE(1)), 7, 1, 2)}},
    {"received while it was sent", true, 2, {WENT(CASES(SEND(1, 7)), 0, 1, 4), WENT(CASES(RECEIVE(1)), 7, 2, 3)}},
    {"a pair", true, 2, {WENT(CASES(SEND(0, 7)), 0, 1, 3), WENT(CASES(RECEIVE(0)), 7, 2, 4)}},
    {"a pair that never met", false, 2, {WENT(CASES(SEND(0, 7)), 0, 1, 2), WENT(CASES(RECEIVE(0)), 7, 3, 4)}},
    {"another value", false, 2, {WENT(CASES(SEND(1, 7)), 0, 1, 2), WENT(CASES(RECEIVE(1)), 8, 3, 4)}},
    {"received twice",
     false,
     3,
     {WENT(CASES(SEND(1, 7)), 0, 1, 2), WENT(CASES(RECEIVE(1)), 7, 3, 5), WENT(CASES(RECEIVE(1)), 7, 4, 6)}},
    {"two in a buffer of one", false, 2, {WENT(CASES(SEND(1, 7)), 0, 1, 2), WENT(CASES(SEND(1, 8)), 0, 3, 4)}},
    {"the second first",
     false,
     4,
     {WENT(CASES(SEND(1, 7)), 0, 1, 2), WENT(CASES(SEND(1, 8)), 0, 3, 6), WENT(CASES(RECEIVE(1)), 8, 4, 5),
      WENT(CASES(RECEIVE(1)), 7, 7, 8)}},
    {"two at once, in either order",
     true,
     4,
     {WENT(CASES(SEND(1, 7)), 0, 1, 4), WENT(CASES(SEND(1, 8)), 0, 2, 6), WENT(CASES(RECEIVE(1)), 8, 3, 5),
      WENT(CASES(RECEIVE(1)), 7, 7, 8)}},
    {"none, and nothing was there", true, 1, {NONE(CASES(RECEIVE(1)), 1, 2)}},
    {"none, though it was there all the time",
     false,
     2,
     {WENT(CASES(SEND(1, 7)), 0, 1, 2), NONE(CASES(RECEIVE(1)), 3, 4)}},
    {"none, before it came", true, 2, {WENT(CASES(SEND(1, 7)), 0, 1, 4), NONE(CASES(RECEIVE(1)), 2, 3)}},
    {"no room, though there was", false, 1, {NONE(CASES(SEND(1, 7)), 1, 2)}},
    {"closed, and told so", true, 2, {CLOSED(0, 0, 1, 2), EPIPE_(CASES(SEND(0, 7)), 3, 4)}},
    {"told that it is closed before", false, 2, {CLOSED(0, 0, 3, 4), EPIPE_(CASES(SEND(0, 7)), 1, 2)}},
    {"sent after the close", false, 2, {CLOSED(1, 0, 1, 2), WENT(CASES(SEND(1, 7)), 0, 3, 4)}},
    {"closed twice", false, 2, {CLOSED(1, 0, 1, 4), CLOSED(1, 0, 2, 3)}},
    {"closed already", true, 2, {CLOSED(1, 0, 1, 4), CLOSED(1, -EALREADY, 2, 3)}},
    {"drained after the close",
     true,
     4,
     {WENT(CASES(SEND(1, 7)), 0, 1, 2), CLOSED(1, 0, 3, 4), WENT(CASES(RECEIVE(1)), 7, 5, 6),
      EPIPE_(CASES(RECEIVE(1)), 7, 8)}},
    {"closed before it was drained",
     false,
     4,
     {WENT(CASES(SEND(1, 7)), 0, 1, 2), CLOSED(1, 0, 3, 4), EPIPE_(CASES(RECEIVE(1)), 5, 6),
      WENT(CASES(RECEIVE(1)), 7, 7, 8)}},
    {"the length", true, 2, {WENT(CASES(SEND(1, 7)), 0, 1, 2), LENGTH(1, 1, 3, 4)}},
    {"a length that never was", false, 2, {WENT(CASES(SEND(1, 7)), 0, 1, 2), LENGTH(1, 0, 3, 4)}},
};

static void knows_right_from_wrong(void) {
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    struct history history = {.capacity = {0, 1}, .count = table[i].count};
    memcpy(history.operations, table[i].operations, sizeof table[i].operations);
    if (history_linearizable(&history) != table[i].linearizable)
      check_fail(__FILE__, __LINE__, "\"%s\" is taken for %s", table[i].what,
                 table[i].linearizable ? "impossible" : "possible");
  }
}

static const struct check_case cases[] = {
    CHECK_CASE(knows_right_from_wrong),
    CHECK_CASE(lies_are_found),
    CHECK_CASE_WITH("simulated_with_1_worker", simulated_workers, 1),
    CHECK_CASE_WITH("simulated_with_2_workers", simulated_workers, 2),
    CHECK_CASE_WITH("simulated_with_3_workers", simulated_workers, 3),
    CHECK_CASE(real_threads),
};
CHECK_MAIN(cases)
