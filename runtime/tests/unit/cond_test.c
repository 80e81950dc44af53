/* The condition variable against a plain queue: random programs under random schedules. A signal lets go who has waited
 * longest, a broadcast all; whoever returns holds the mutex; nobody else ever does meanwhile.
 */
#include "simulated.h"

enum { ACTORS = 5, OPERATIONS = 20 };

enum lie { NO_LIE, LIE_TIMED_OUT, LIE_SIGNALLED };

enum state { IDLE, ARRIVING, SIGNALLING, BROADCASTING, WAITING, RELEASED };

struct actor {
  struct task *task;
  enum state state;
};

static struct {
  uint64_t seed;
  enum lie lie;
  bool told;
  struct random random;
  weir_mutex mutex;
  weir_cond cond;
  struct actor actors[ACTORS];
  struct actor *queue[ACTORS]; /* the model's */
  int queued;
  int inside;
  int left;
} world;

static uint64_t signalled, timed_out;

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static bool lies(enum lie lie) {
  if (world.lie != lie || world.told)
    return false;
  return world.told = true;
}

static void dequeue(int place) {
  world.queued--;
  memmove(&world.queue[place], &world.queue[place + 1], (size_t)(world.queued - place) * sizeof *world.queue);
}

static void release(bool all) {
  while (world.queued > 0) {
    struct actor *first = world.queue[0];
    dequeue(0);
    if (first->task->wait.state != WAIT_OPEN || first->task->wait.kind != WAIT_FOR_COND)
      continue; /* it has given up, and may wait for the mutex by now */
    first->state = RELEASED;
    if (!all)
      return;
  }
}

static void after_step(void) {
  for (int i = 0; i < ACTORS; i++) {
    struct actor *actor = &world.actors[i];
    if (actor->task != worker_here()->current)
      continue;
    if (actor->state == SIGNALLING || actor->state == BROADCASTING) {
      release(actor->state == BROADCASTING);
      actor->state = IDLE;
    } else if (actor->state == ARRIVING) {
      world.queue[world.queued++] = actor;
      actor->state = WAITING;
      world.inside--;
    }
  }
}

static void wait_some(struct actor *actor) {
  const int64_t deadline = weir_now() + 1 + (int64_t)random_magnitude(&world.random, 20);
  actor->state = ARRIVING;
  int result = weir_cond_wait_until(&world.cond, &world.mutex, deadline);
  world.inside++;
  const int truth = result;
  if (result == 0 && lies(LIE_TIMED_OUT))
    result = -ETIMEDOUT;
  if (result == -ETIMEDOUT && lies(LIE_SIGNALLED))
    result = 0;
  MODEL(result == (actor->state == RELEASED ? 0 : -ETIMEDOUT), "a wait is %d, in the model %d", result, actor->state);
  MODEL(result == 0 || weir_now() >= deadline, "a wait timed out early");
  for (int place = 0; place < world.queued; place++)
    if (world.queue[place] == actor)
      dequeue(place);
  signalled += truth == 0;
  timed_out += truth != 0;
  actor->state = IDLE;
}

static void signal_some(struct actor *actor) {
  actor->state = draw(4) == 0 ? BROADCASTING : SIGNALLING;
  MODEL((actor->state == BROADCASTING ? weir_cond_broadcast(&world.cond) : weir_cond_signal(&world.cond)) == 0,
        "a signal failed");
}

static void act(void *arg) {
  struct actor *actor = arg;
  actor->task = worker_here()->current;
  for (int i = 0; i < OPERATIONS && !mismatched(); i++) {
    if (draw(3) == 0) {
      signal_some(actor);
      continue;
    }
    weir_mutex_lock(&world.mutex);
    world.inside++;
    if (draw(2) == 0)
      wait_some(actor);
    else
      signal_some(actor);
    for (uint32_t pause = draw(2); pause > 0; pause--)
      weir_sleep((int64_t)random_magnitude(&world.random, 18));
    MODEL(world.inside == 1, "%d hold the mutex", world.inside);
    world.inside--;
    MODEL(weir_mutex_unlock(&world.mutex) == 0, "the mutex was not held");
  }
  world.left--;
}

static int program(void *arg) {
  (void)arg;
  const uint64_t seed = world.seed;
  const enum lie lie = world.lie;
  memset(&world, 0, sizeof world);
  world.seed = world.random.state = seed;
  world.lie = lie;
  world.left = ACTORS;
  simulated_observe(after_step, NULL);
  for (int i = 0; i < ACTORS; i++)
    weir_go(act, &world.actors[i]);
  while (world.left > 0 && !mismatched())
    weir_sleep(WEIR_SECOND);
  MODEL(mismatched() || (world.cond.waiters == NULL && world.mutex.state == 0), "something is left");
  return 0;
}

static bool run_seed(uint64_t seed, enum lie lie) {
  world.seed = seed;
  world.lie = lie;
  const struct simulated simulated = {.main = program};
  return simulated_seed(&simulated, seed, lie != NO_LIE);
}

static void against_a_queue(void) {
  for (uint64_t seed = 1; seed <= SCALED(4000); seed++)
    CHECK(run_seed(seed, NO_LIE));
  printf("signalled %ju, timed out %ju\n", (uintmax_t)signalled, (uintmax_t)timed_out);
  CHECK_INT(signalled, >, SCALED(4000));
  CHECK_INT(timed_out, >, SCALED(4000));
}

static void lie_is_found(int lie) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 50; seed++) {
    const bool well = run_seed(seed, (enum lie)lie);
    CHECK(well != world.told);
    told += world.told;
  }
  CHECK_INT(told, >=, 20);
}

/* A queue of three: nothing may be lost between unlocking and waiting, so every item arrives and nobody hangs. */

static struct {
  weir_mutex mutex;
  weir_cond filled, emptied;
  int length, taken;
} store;

static void consume(void *arg) {
  for (int i = 0; i < *(int *)arg; i++) {
    weir_mutex_lock(&store.mutex);
    while (store.length == 0)
      weir_cond_wait(&store.filled, &store.mutex);
    store.length--;
    store.taken++;
    weir_mutex_unlock(&store.mutex);
    weir_cond_signal(&store.emptied);
  }
}

static int produce(void *arg) {
  (void)arg;
  static int share = 5;
  memset(&store, 0, sizeof store);
  for (int i = 0; i < 3; i++)
    weir_go(consume, &share);
  for (int i = 0; i < 15; i++) {
    weir_mutex_lock(&store.mutex);
    while (store.length == 3)
      weir_cond_wait(&store.emptied, &store.mutex);
    MODEL(++store.length <= 3, "the store overflows");
    weir_cond_signal(&store.filled);
    weir_mutex_unlock(&store.mutex);
  }
  weir_mutex_lock(&store.mutex);
  while (store.taken < 15)
    weir_cond_wait(&store.emptied, &store.mutex);
  weir_mutex_unlock(&store.mutex);
  return 0;
}

static void bounded_store(void) {
  const struct simulated simulated = {.main = produce};
  for (uint64_t seed = 1; seed <= SCALED(8000); seed++)
    CHECK(simulated_seed(&simulated, seed, false));
}

static const struct check_case cases[] = {
    CHECK_CASE(against_a_queue),
    CHECK_CASE(bounded_store),
    CHECK_CASE_WITH("wrong_timeout_is_found", lie_is_found, LIE_TIMED_OUT),
    CHECK_CASE_WITH("wrong_signal_is_found", lie_is_found, LIE_SIGNALLED),
};
CHECK_MAIN(cases)
