/* The mutex: random programs under random schedules. Without patience it is handed over first come, first served, as a
 * plain queue says; with patience a task that runs may come before those who wait, but one holds it at a time, nobody
 * waits for ever, and the first waiter is passed by only so often.
 */
#include "simulated.h"
#include "sync.h"

enum { ACTORS = 5, OPERATIONS = 20 };

enum lie { NO_LIE, LIE_TIMED_OUT, LIE_LOCKED };

enum state { IDLE, ARRIVING, TRYING, LEAVING, WAITING, GRANTED, REFUSED };

struct actor {
  struct task *task;
  enum state state;
};

static struct {
  uint64_t seed;
  uint32_t patience;
  enum lie lie;
  bool told;
  struct random random;
  weir_mutex mutex;
  struct actor actors[ACTORS];
  struct actor *queue[ACTORS]; /* the model's, without patience */
  int queued;
  bool held;
  int inside;
  int left;
} world;

static uint64_t locked, handed, timed_out, refused;

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

static void arrive(struct actor *actor) {
  if (!world.held) {
    world.held = true;
    actor->state = GRANTED;
  } else if (actor->state == TRYING) {
    actor->state = REFUSED;
  } else {
    world.queue[world.queued++] = actor;
    actor->state = WAITING;
  }
}

static void leave(struct actor *actor) {
  actor->state = IDLE;
  for (world.held = false; world.queued > 0 && !world.held;) {
    struct actor *first = world.queue[0];
    dequeue(0);
    if (first->task->wait.state != WAIT_OPEN)
      continue;
    first->state = GRANTED;
    world.held = true;
    handed++;
  }
}

static void after_step(void) {
  for (int i = 0; i < ACTORS; i++) {
    struct actor *actor = &world.actors[i];
    if (actor->task != worker_here()->current)
      continue;
    if (actor->state == ARRIVING || actor->state == TRYING)
      arrive(actor);
    else if (actor->state == LEAVING)
      leave(actor);
  }
}

static void unlock(struct actor *actor) {
  actor->state = LEAVING;
  const int result = weir_mutex_unlock(&world.mutex);
  MODEL(result == 0, "unlock is %d", result);
  actor->state = IDLE;
}

static void hold(struct actor *actor) {
  locked++;
  world.inside++;
  for (uint32_t pause = draw(3); pause > 0; pause--)
    weir_sleep((int64_t)random_magnitude(&world.random, 18));
  MODEL(world.inside == 1, "%d hold the mutex", world.inside);
  world.inside--;
  unlock(actor);
}

static void judge(const struct actor *actor, bool tries, int result, int64_t deadline) {
  if (world.patience == 0)
    MODEL(result == (actor->state == GRANTED ? 0
                     : tries                 ? -EAGAIN
                                             : -ETIMEDOUT),
          "a lock is %d, in the model %d", result, actor->state);
  MODEL(result == 0 || result == (tries ? -EAGAIN : -ETIMEDOUT), "a lock is %d", result);
  MODEL(result != -ETIMEDOUT || weir_now() >= deadline, "a lock timed out early");
}

static void lock(struct actor *actor) {
  const bool tries = draw(4) == 0;
  const int64_t deadline = draw(2) == 0 ? WEIR_FOREVER : weir_now() + (int64_t)random_magnitude(&world.random, 20);
  actor->state = tries ? TRYING : ARRIVING;
  int result = tries ? weir_mutex_try_lock(&world.mutex) : weir_mutex_lock_until(&world.mutex, deadline);
  const int truth = result;
  if (result == 0 && lies(LIE_TIMED_OUT))
    result = -ETIMEDOUT;
  if (result == -ETIMEDOUT && lies(LIE_LOCKED))
    result = 0;
  judge(actor, tries, result, deadline);
  for (int place = 0; place < world.queued && truth != 0; place++)
    if (world.queue[place] == actor)
      dequeue(place);
  timed_out += truth == -ETIMEDOUT;
  refused += truth == -EAGAIN;
  actor->state = IDLE;
  if (truth == 0)
    hold(actor);
}

static void act(void *arg) {
  struct actor *actor = arg;
  actor->task = worker_here()->current;
  for (int i = 0; i < OPERATIONS && !mismatched(); i++)
    lock(actor);
  world.left--;
}

static int program(void *arg) {
  (void)arg;
  world.random.state = world.seed;
  memset(&world.mutex, 0, sizeof world.mutex);
  memset(world.actors, 0, sizeof world.actors);
  world.queued = world.inside = 0;
  world.held = world.told = false;
  world.left = ACTORS;
  weir_mutex_patience = world.patience;
  if (world.patience == 0)
    simulated_observe(after_step, NULL);
  for (int i = 0; i < ACTORS; i++)
    weir_go(act, &world.actors[i]);
  while (world.left > 0 && !mismatched())
    weir_sleep(WEIR_SECOND);
  MODEL(mismatched() || (world.mutex.waiters == NULL && world.mutex.state == 0), "something is left in it");
  return 0;
}

static bool run_seed(uint64_t seed, uint32_t patience, enum lie lie) {
  world.seed = seed;
  world.patience = patience;
  world.lie = lie;
  const struct simulated simulated = {.main = program};
  return simulated_seed(&simulated, seed, lie != NO_LIE);
}

static void with_patience(int patience) {
  for (uint64_t seed = 1; seed <= SCALED(4000); seed++)
    CHECK(run_seed(seed, (uint32_t)patience, NO_LIE));
  printf("locked %ju, handed over %ju, timed out %ju, refused %ju\n", (uintmax_t)locked, (uintmax_t)handed,
         (uintmax_t)timed_out, (uintmax_t)refused);
  CHECK_INT(locked, >, SCALED(40000));
  CHECK_INT(timed_out, >, SCALED(4000));
  CHECK_INT(handed, >, patience == 0 ? SCALED(4000) : -1);
  CHECK_INT(refused, >, SCALED(4000));
}

static void lie_is_found(int lie) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 50; seed++) {
    const bool well = run_seed(seed, 0, (enum lie)lie);
    CHECK(well != world.told);
    told += world.told;
  }
  CHECK_INT(told, >=, 20);
}

static weir_mutex mutex;
static int got;

static void want(void *arg) {
  CHECK_EQ_INT(weir_mutex_lock(&mutex), 0);
  CHECK_EQ_INT(++got, *(const int *)arg); /* those who wait keep their order */
  CHECK_EQ_INT(weir_mutex_unlock(&mutex), 0);
}

/* Main lets the others run only while it holds the mutex: the waiter is passed by exactly as often as patience says. */
static int hold_greedily(void *arg) {
  static int first = 1, second = 2;
  int rounds = 0;
  weir_mutex_patience = *(const uint32_t *)arg; /* of several workers, as it were */
  weir_mutex_lock(&mutex);
  CHECK_EQ_INT(weir_go(want, &first), 0);
  CHECK_EQ_INT(weir_go(want, &second), 0);
  while (got == 0) {
    weir_yield();
    weir_mutex_unlock(&mutex);
    weir_mutex_lock(&mutex);
    rounds++;
  }
  weir_mutex_unlock(&mutex);
  CHECK_EQ_INT(rounds, *(const uint32_t *)arg + 1);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(got, 2);
  return 0;
}

static void a_waiter_is_passed_by_only_so_often(void) {
  for (uint32_t patience = 0; patience < 5; patience++) {
    got = 0;
    CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1}, hold_greedily, &patience), 0);
  }
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("without_patience_it_is_a_queue", with_patience, 0),
    CHECK_CASE_WITH("patience_1", with_patience, 1),
    CHECK_CASE_WITH("patience_3", with_patience, 3),
    CHECK_CASE(a_waiter_is_passed_by_only_so_often),
    CHECK_CASE_WITH("wrong_timeout_is_found", lie_is_found, LIE_TIMED_OUT),
    CHECK_CASE_WITH("wrong_lock_is_found", lie_is_found, LIE_LOCKED),
};
CHECK_MAIN(cases)
