/* Nothing starves: a one-millisecond ticker beside tasks that never sleep, and those tasks beside each other, at any
 * number of workers. What must happen is counted; nothing here says how soon. With several workers the operating system
 * may keep one of them for long while another one's ticks go on: there the ticks go on until everybody has, and whoever
 * starves hangs.
 */
#include "stress.h"

#include <sys/resource.h>

enum { TICKS = 30, PARTIES_MAX = 8 };

/* A party goes round and round until it is told to stop; its rounds are counted. */
struct party {
  void (*run)(void *arg);
  uint64_t rounds;
};

static struct {
  bool stop;
  weir_chan *ping, *pong, *stream, *sides[2];
  struct party *stream_party, *ping_party;
  weir_waitgroup group;
} world;

static bool stopped(void) {
  return __atomic_load_n(&world.stop, __ATOMIC_RELAXED);
}

static void round_done(void *party) {
  __atomic_fetch_add(&((struct party *)party)->rounds, 1, __ATOMIC_RELAXED);
}

static uint64_t rounds_of(const struct party *party) {
  return __atomic_load_n(&party->rounds, __ATOMIC_RELAXED);
}

static void yields(void *arg) {
  for (; !stopped(); round_done(arg))
    weir_yield();
  weir_waitgroup_done(&world.group);
}

static void pings(void *arg) {
  while (!stopped() && weir_chan_send(world.ping, NULL) == 0 && weir_chan_recv(world.pong, NULL) == 0)
    round_done(arg);
  weir_chan_close(world.ping);
  weir_waitgroup_done(&world.group);
}

static void pongs(void *arg) {
  while (weir_chan_recv(world.ping, NULL) == 0) {
    round_done(arg);
    CHECK_EQ_INT(weir_chan_send(world.pong, NULL), 0);
  }
  weir_waitgroup_done(&world.group);
}

static void produces(void *arg) {
  for (; !stopped(); round_done(arg))
    CHECK_EQ_INT(weir_chan_send(world.stream, NULL), 0);
  weir_chan_close(world.stream);
  weir_waitgroup_done(&world.group);
}

static void consumes(void *arg) {
  while (weir_chan_recv(world.stream, NULL) == 0)
    round_done(arg);
  weir_waitgroup_done(&world.group);
}

/* Always finds something ready: it never blocks and never yields of itself. */
static void selects(void *arg) {
  struct weir_case cases[] = {WEIR_SEND(world.sides[0], NULL), WEIR_RECV(world.sides[0], NULL),
                              WEIR_RECV(world.sides[1], NULL)};
  for (; !stopped(); round_done(arg)) {
    CHECK_INT(weir_select(cases, 3, WEIR_FOREVER), >=, 0);
    weir_yield();
  }
  weir_waitgroup_done(&world.group);
}

static void sleeps(void *arg) {
  for (; !stopped(); round_done(arg))
    CHECK_EQ_INT(weir_sleep(50 * WEIR_MICROSECOND), 0);
  weir_waitgroup_done(&world.group);
}

static void starts(void *arg) {
  round_done(arg);
  if (!stopped()) {
    weir_waitgroup_add(&world.group, 1);
    CHECK_EQ_INT(weir_go(starts, arg), 0);
  }
  weir_waitgroup_done(&world.group);
}

static void (*const loads[][PARTIES_MAX])(void *) = {
    {pings, pongs, NULL},
    {yields, NULL},
    {yields, yields, yields, yields, yields, NULL},
    {produces, consumes, NULL},
    {selects, NULL},
    {starts, NULL},
    {pings, pongs, yields, produces, consumes, sleeps, starts, NULL},
};

static int beside_body(void *arg) {
  void (*const *load)(void *) = *(void (*const *const *)(void *))arg;
  static struct party parties[PARTIES_MAX];
  memset(parties, 0, sizeof parties);
  __atomic_store_n(&world.stop, false, __ATOMIC_RELAXED);
  world.ping = weir_chan_new(0, 0);
  world.pong = weir_chan_new(0, 0);
  world.stream = weir_chan_new(0, 128);
  world.sides[0] = weir_chan_new(0, 2);
  world.sides[1] = weir_chan_new(0, 2);
  size_t count = 0;
  for (; load[count] != NULL; count++) {
    CHECK_EQ_INT(weir_waitgroup_add(&world.group, 1), 0);
    CHECK_EQ_INT(weir_go(load[count], &parties[count]), 0);
  }
  weir_ticker *ticker = weir_ticker_new(WEIR_MILLISECOND);
  for (int i = 0; i < TICKS; i++)
    CHECK_EQ_INT(weir_chan_recv(weir_ticker_chan(ticker), NULL), 0);
  uint64_t before[PARTIES_MAX];
  for (size_t i = 0; i < count; i++)
    before[i] = rounds_of(&parties[i]);
  int ticks = 0;
  for (size_t i = 0; i < count; i++) { /* each goes on meanwhile */
    for (; ticks < TICKS || (!one_worker() && (rounds_of(&parties[i]) - before[i]) * 10 < TICKS); ticks++)
      CHECK_EQ_INT(weir_chan_recv(weir_ticker_chan(ticker), NULL), 0);
    const uint64_t rounds = rounds_of(&parties[i]) - before[i];
    printf("  party %zu: %" PRIu64 " rounds beside %d ticks\n", i, rounds, ticks);
    CHECK_INT(rounds * 10, >=, TICKS);
  }
  __atomic_store_n(&world.stop, true, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_waitgroup_wait(&world.group), 0);
  weir_ticker_free(ticker);
  weir_chan *all[] = {world.ping, world.pong, world.stream, world.sides[0], world.sides[1]};
  for (size_t i = 0; i < 5; i++)
    weir_chan_unref(all[i]);
  return weir_settle(WEIR_FOREVER);
}

static void ticker_beside(int which) {
  void (*const *load)(void *) = loads[which];
  run_balanced(WEIR_TIMERS_PROMPT, beside_body, (void *)&load);
}

/* ---- tasks that do the same get on alike ------------------------------------------------------------------------- */

enum { EQUALS = 12, PAIRS = 4, PATIENCE = 3000 };

/* Many yield loops, more than workers: none is left behind. The laggard has a thousandth of the leader at least; under
 * any fair scheduler they differ by a few rounds and by what the operating system does to a thread. */
static int equals_body(void *arg) {
  static struct party parties[EQUALS];
  (void)arg;
  memset(parties, 0, sizeof parties);
  __atomic_store_n(&world.stop, false, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_waitgroup_add(&world.group, EQUALS), 0);
  for (size_t i = 0; i < EQUALS; i++)
    CHECK_EQ_INT(weir_go(yields, &parties[i]), 0);
  uint64_t least, most;
  do {
    CHECK_EQ_INT(weir_sleep(300 * WEIR_MILLISECOND), 0);
    least = UINT64_MAX;
    most = 0;
    for (size_t i = 0; i < EQUALS; i++) {
      const uint64_t rounds = rounds_of(&parties[i]);
      least = rounds < least ? rounds : least;
      most = rounds > most ? rounds : most;
    }
  } while (!one_worker() && least * 1000 < most);
  __atomic_store_n(&world.stop, true, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_waitgroup_wait(&world.group), 0);
  printf("  least %" PRIu64 ", most %" PRIu64 " rounds\n", least, most);
  CHECK_INT(least * 1000, >=, most);
  return weir_settle(WEIR_FOREVER);
}

static void equals_get_on_alike(void) {
  run_balanced(WEIR_TIMERS_PROMPT, equals_body, NULL);
}

/* ---- pinned beside the rest -------------------------------------------------------------------------------------- */

/* Pinned tasks, all at home on one worker, beside others that may run anywhere. */
static int pinned_body(void *arg) {
  static struct party parties[4];
  const struct weir_task_options pinned = {.pinned = true};
  (void)arg;
  memset(parties, 0, sizeof parties);
  __atomic_store_n(&world.stop, false, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_waitgroup_add(&world.group, 4), 0);
  for (size_t i = 0; i < 4; i++)
    CHECK_EQ_INT(weir_go_with(i < 2 ? &pinned : NULL, yields, &parties[i]), 0);
  weir_ticker *ticker = weir_ticker_new(WEIR_MILLISECOND);
  int ticks = 0;
  for (size_t i = 0; i < 4; i++)
    for (; ticks < TICKS || (!one_worker() && rounds_of(&parties[i]) < TICKS); ticks++)
      CHECK_EQ_INT(weir_chan_recv(weir_ticker_chan(ticker), NULL), 0);
  __atomic_store_n(&world.stop, true, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_waitgroup_wait(&world.group), 0);
  weir_ticker_free(ticker);
  for (size_t i = 0; i < 4; i++) {
    printf("  %s: %" PRIu64 " rounds\n", i < 2 ? "pinned" : "free", parties[i].rounds);
    CHECK_INT(parties[i].rounds, >=, TICKS);
  }
  return weir_settle(WEIR_FOREVER);
}

static void pinned_beside_the_rest(void) {
  run_balanced(WEIR_TIMERS_PROMPT, pinned_body, NULL);
}

/* ---- a task that keeps its worker to itself ---------------------------------------------------------------------- */

/* Scheduling is cooperative: with one worker all wait for it. With several, those that were behind it are taken over,
 * and the run goes on. No time limit: it computes until they are done. */
static uint32_t others_done;

static void counts(void *arg) {
  (void)arg;
  for (int i = 0; i < 100; i++)
    weir_yield();
  __atomic_fetch_add(&others_done, 1, __ATOMIC_RELEASE);
}

static void computes(void *arg) {
  (void)arg;
  for (int i = 0; i < 20; i++)
    CHECK_EQ_INT(weir_go(counts, NULL), 0);
  while (__atomic_load_n(&others_done, __ATOMIC_ACQUIRE) < 20)
    ;
}

static int hog_body(void *arg) {
  (void)arg;
  others_done = 0;
  CHECK_EQ_INT(weir_go(computes, NULL), 0);
  return weir_settle(WEIR_FOREVER);
}

static void those_behind_a_hog_are_taken_over(void) {
  if (!one_worker())
    run_balanced(WEIR_TIMERS_PROMPT, hog_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("ticker_beside_ping_pong", ticker_beside, 0),
    CHECK_CASE_WITH("ticker_beside_one_that_yields", ticker_beside, 1),
    CHECK_CASE_WITH("ticker_beside_five_that_yield", ticker_beside, 2),
    CHECK_CASE_WITH("ticker_beside_a_stream", ticker_beside, 3),
    CHECK_CASE_WITH("ticker_beside_ready_selects", ticker_beside, 4),
    CHECK_CASE_WITH("ticker_beside_one_that_starts_tasks", ticker_beside, 5),
    CHECK_CASE_WITH("ticker_beside_all", ticker_beside, 6),
    CHECK_CASE(equals_get_on_alike),
    CHECK_CASE(pinned_beside_the_rest),
    CHECK_CASE(those_behind_a_hog_are_taken_over),
};
STRESS_MAIN(cases)
