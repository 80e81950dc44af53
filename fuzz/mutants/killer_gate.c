/* killer_gate.c — condition, once, wait group: whoever is owed a wake-up gets it, and nobody else does. */
#include "killer.h"

enum { TASKS = 5, TURNS = 8 };

static struct random streams[TASKS + 1];
static weir_waitgroup done;

static void start(void (*fn)(void *), int tasks) {
  done = (weir_waitgroup){0};
  weir_waitgroup_add(&done, tasks);
  for (int i = 0; i < tasks; i++) {
    streams[i] = killer_stream();
    weir_go(fn, &streams[i]);
  }
}

static void linger(struct random *random) {
  if (killer_chance(random, 30))
    weir_yield();
  else if (killer_chance(random, 30))
    killer_sleep((int64_t)random_magnitude(random, 17));
}

/* ---- condition: a store of goods, and no more wake-ups than signals ---------------------------------------------- */

static struct {
  weir_mutex mutex;
  weir_cond cond;
  int goods, waiting;
  int signals, wakes; /* a wake is a wait that returned 0 */
} store;

/* Gives up now and then. A sleep at once behind it would be ended by a signal that comes too late. */
static void fetch(void *arg) {
  struct random *random = arg;
  for (int i = 0; i < TURNS; i++) {
    weir_mutex_lock(&store.mutex);
    while (store.goods == 0) {
      store.waiting++;
      const int64_t deadline = killer_deadline(random, 50);
      const int error = weir_cond_wait_until(&store.cond, &store.mutex, deadline);
      store.waiting--;
      KILLER_CHECK(error == 0 || (error == -ETIMEDOUT && weir_now() >= deadline), "a wait on a condition: %d", error);
      store.wakes += error == 0;
      KILLER_CHECK(store.wakes <= store.signals, "%d wakes of %d signals", store.wakes, store.signals);
      if (error != 0) {
        weir_mutex_unlock(&store.mutex);
        killer_sleep((int64_t)random_magnitude(random, 12));
        weir_mutex_lock(&store.mutex);
      }
    }
    store.goods--;
    weir_mutex_unlock(&store.mutex);
    linger(random);
  }
  weir_waitgroup_done(&done);
}

static void bring(struct random *random) {
  const int goods = TASKS * TURNS;
  for (int brought = 0; brought < goods; brought++) {
    weir_mutex_lock(&store.mutex);
    store.goods++;
    /* Outside the mutex a signal may come between a waiter's unlocking and its waiting. */
    const bool outside = killer_chance(random, 50);
    const bool all = killer_chance(random, 20);
    store.signals += all ? TASKS : 1;
    if (outside)
      weir_mutex_unlock(&store.mutex);
    if (all)
      weir_cond_broadcast(&store.cond);
    else
      weir_cond_signal(&store.cond);
    if (!outside)
      weir_mutex_unlock(&store.mutex);
    if (killer_chance(random, 20))
      linger(random);
  }
}

static int cond_body(void *arg) {
  (void)arg;
  memset(&store, 0, sizeof store);
  start(fetch, TASKS);
  bring(&killer_random);
  weir_waitgroup_wait(&done);
  return 0;
}

/* One waits, one signals as soon as it has the mutex: nothing may come between unlocking and waiting. */
static void wait_for_goods(void *arg) {
  (void)arg;
  weir_mutex_lock(&store.mutex);
  while (store.goods == 0)
    weir_cond_wait(&store.cond, &store.mutex);
  weir_mutex_unlock(&store.mutex);
  weir_waitgroup_done(&done);
}

static int announce_body(void *arg) {
  (void)arg;
  memset(&store, 0, sizeof store);
  start(wait_for_goods, TASKS);
  weir_mutex_lock(&store.mutex);
  store.goods = 1;
  weir_mutex_unlock(&store.mutex);
  weir_cond_broadcast(&store.cond);
  weir_waitgroup_wait(&done);
  return 0;
}

/* ---- once -------------------------------------------------------------------------------------------------------- */

enum { ONCES = 3 };

static struct {
  weir_once once[ONCES];
  int begun[ONCES], ended[ONCES];
} onces;

static void run_once(void *arg) {
  const int which = (int)(intptr_t)arg;
  KILLER_CHECK(onces.begun[which]++ == 0, "a once runs twice");
  weir_yield();
  weir_sleep(10);
  onces.ended[which]++;
}

static void call_onces(void *arg) {
  struct random *random = arg;
  for (int i = 0; i < TURNS; i++) {
    const intptr_t which = random_below(random, ONCES);
    const int error = weir_once_do_until(&onces.once[which], run_once, (void *)which, killer_deadline(random, 60));
    KILLER_CHECK(error == -ETIMEDOUT || (error == 0 && onces.ended[which] == 1), "a once: %d, ended %d times", error,
                 onces.ended[which]);
    linger(random);
  }
  weir_waitgroup_done(&done);
}

static int once_body(void *arg) {
  (void)arg;
  memset(&onces, 0, sizeof onces);
  start(call_onces, TASKS);
  weir_waitgroup_wait(&done);
  return 0;
}

/* ---- wait group -------------------------------------------------------------------------------------------------- */

static struct {
  weir_waitgroup group;
  int open;
} gate;

static void pass_gate(void *arg) {
  struct random *random = arg;
  for (int i = 0; i < TURNS; i++) {
    const int64_t deadline = killer_deadline(random, 60);
    const int error = weir_waitgroup_wait_until(&gate.group, deadline);
    KILLER_CHECK(error == 0 || (error == -ETIMEDOUT && weir_now() >= deadline), "a wait for a group: %d", error);
    linger(random);
  }
  weir_waitgroup_done(&done);
}

static void hold_gate(void *arg) {
  struct random *random = arg;
  for (int i = 0; i < TURNS; i++) {
    weir_waitgroup_add(&gate.group, 1);
    linger(random);
    KILLER_CHECK(weir_waitgroup_done(&gate.group) == 0, "a wait group has lost a count");
  }
  weir_waitgroup_done(&done);
}

static void pass_or_hold(void *arg) {
  if (arg == &streams[0] || arg == &streams[1])
    hold_gate(arg);
  else
    pass_gate(arg);
}

static int group_body(void *arg) {
  (void)arg;
  memset(&gate, 0, sizeof gate);
  start(pass_or_hold, TASKS);
  weir_waitgroup_wait(&done);
  KILLER_CHECK(weir_waitgroup_wait_until(&gate.group, WEIR_POLL) == 0, "a wait group has kept a count");
  return 0;
}

const struct killer_case killer_gate_cases[] = {{"cond", cond_body, false},
                                                {"announce", announce_body, false},
                                                {"once", once_body, false},
                                                {"group", group_body, false},
                                                {0}};
