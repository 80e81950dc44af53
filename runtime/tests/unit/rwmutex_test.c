/* The reader-writer mutex against a plain queue: random programs under random schedules. Who gets it, and when, is what
 * the model says: first come, first served, all readers up to the next writer together; a writer that gives up lets
 * those behind it go.
 */
#include "scheduler.h"
#include "simulated.h"
#include "sync.h"

enum { ACTORS = 5, OPERATIONS = 20 };

enum lie { NO_LIE, LIE_TIMED_OUT, LIE_LOCKED };

enum state { IDLE, ARRIVING, TRYING, LEAVING, WAITING, GRANTED, REFUSED };

struct actor {
  struct task *task;
  enum state state;
  bool writes;
};

static struct {
  uint64_t seed;
  enum lie lie;
  bool told;
  struct random random;
  weir_rwmutex rwmutex;
  struct actor actors[ACTORS];
  struct actor *queue[ACTORS]; /* the model's */
  int queued;
  int readers, writers;
  int left;
} world;

static uint64_t granted, handed, timed_out, refused, together;

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static bool lies(enum lie lie) {
  if (world.lie != lie || world.told)
    return false;
  return world.told = true;
}

static bool available(const struct actor *actor) {
  return world.writers == 0 && (!actor->writes || world.readers == 0);
}

static void grant(struct actor *actor) {
  ++*(actor->writes ? &world.writers : &world.readers);
  actor->state = GRANTED;
}

static void dequeue(int place) {
  world.queued--;
  memmove(&world.queue[place], &world.queue[place + 1], (size_t)(world.queued - place) * sizeof *world.queue);
}

static void admit(void) {
  int admitted = 0;
  while (world.queued > 0 && available(world.queue[0])) {
    struct actor *first = world.queue[0];
    dequeue(0);
    if (first->task->wait.state != WAIT_OPEN && first->task->wait.winner == NULL)
      continue; /* its deadline came first */
    grant(first);
    handed++;
    admitted++;
  }
  together += admitted > 1;
}

static void arrive(struct actor *actor) {
  if (world.queued == 0 && available(actor)) {
    grant(actor);
    return;
  }
  if (actor->state == TRYING) {
    actor->state = REFUSED;
    return;
  }
  world.queue[world.queued++] = actor;
  actor->state = WAITING;
}

static void leave(struct actor *actor) {
  --*(actor->writes ? &world.writers : &world.readers);
  admit();
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
  const int result = actor->writes ? weir_rwmutex_unlock(&world.rwmutex) : weir_rwmutex_read_unlock(&world.rwmutex);
  MODEL(result == 0, "unlock is %d", result);
  actor->state = IDLE;
}

static void give_up(struct actor *actor) {
  for (int place = 0; place < world.queued; place++)
    if (world.queue[place] == actor)
      dequeue(place);
  admit();
  timed_out++;
}

static void hold(struct actor *actor) {
  granted++;
  for (uint32_t pause = draw(3); pause > 0; pause--)
    weir_sleep((int64_t)random_magnitude(&world.random, 18));
  MODEL(actor->writes ? world.writers == 1 && world.readers == 0 : world.writers == 0 && world.readers > 0,
        "%d writers and %d readers", world.writers, world.readers);
  unlock(actor);
}

static void lock(struct actor *actor) {
  const bool tries = draw(4) == 0;
  const int64_t deadline = draw(2) == 0 ? WEIR_FOREVER : weir_now() + (int64_t)random_magnitude(&world.random, 20);
  int result;
  actor->state = tries ? TRYING : ARRIVING;
  if (tries)
    result = actor->writes ? weir_rwmutex_try_lock(&world.rwmutex) : weir_rwmutex_try_read_lock(&world.rwmutex);
  else
    result = actor->writes ? weir_rwmutex_lock_until(&world.rwmutex, deadline)
                           : weir_rwmutex_read_lock_until(&world.rwmutex, deadline);
  const int truth = result;
  if (result == 0 && lies(LIE_TIMED_OUT))
    result = -ETIMEDOUT;
  if (result == -ETIMEDOUT && lies(LIE_LOCKED))
    result = 0;
  MODEL(result == (actor->state == GRANTED ? 0
                   : tries                 ? -EAGAIN
                                           : -ETIMEDOUT),
        "a lock is %d, in the model %d", result, actor->state);
  MODEL(result != -ETIMEDOUT || weir_now() >= deadline, "a lock timed out early");
  refused += truth == -EAGAIN;
  if (truth == -ETIMEDOUT)
    give_up(actor);
  actor->state = IDLE;
  if (truth == 0)
    hold(actor);
}

static void act(void *arg) {
  struct actor *actor = arg;
  actor->task = worker_here()->current;
  for (int i = 0; i < OPERATIONS && !mismatched(); i++) {
    actor->writes = draw(3) == 0;
    lock(actor);
    MODEL(world.rwmutex.readers == (uint32_t)world.readers, "%u read, in the model %d", world.rwmutex.readers,
          world.readers);
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
  MODEL(mismatched() || (world.rwmutex.waiters == NULL && world.rwmutex.readers + world.rwmutex.writer == 0),
        "something is left in it");
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
  printf("locked %ju, handed over %ju, several readers at once %ju, timed out %ju, refused %ju\n", (uintmax_t)granted,
         (uintmax_t)handed, (uintmax_t)together, (uintmax_t)timed_out, (uintmax_t)refused);
  CHECK_INT(handed, >, SCALED(4000));
  CHECK_INT(together, >, SCALED(1000));
  CHECK_INT(timed_out, >, SCALED(4000));
  CHECK_INT(refused, >, SCALED(4000));
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

/* ---- the holder's number is no part of the truth ----------------------------------------------------------------- */

static weir_rwmutex shared;

static void writes_twice(void *arg) {
  (void)arg;
  for (int i = 0; i < 2; i++) {
    CHECK_EQ_INT(weir_rwmutex_lock(&shared), 0); /* handed over, then free */
    CHECK_EQ_INT(weir_rwmutex_try_lock(&shared), -EAGAIN);
    CHECK_EQ_INT(weir_rwmutex_try_read_lock(&shared), -EAGAIN);
    CHECK_EQ_INT(weir_rwmutex_unlock(&shared), 0);
  }
}

static int numbers_body(void *arg) {
  const uint32_t number = *(const uint32_t *)arg;
  shared = (weir_rwmutex){0};
  CHECK_EQ_INT(weir_rwmutex_lock(&shared), 0);
  weir_scheduler.task_numbers = number - 1;
  CHECK_EQ_INT(weir_go(writes_twice, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_rwmutex_unlock(&shared), 0);
  return weir_settle(WEIR_FOREVER);
}

static void any_number_may_write(void) {
  uint32_t numbers[] = {7, HOLDER_OUTSIDE, UINT32_C(1) << HOLDER_BITS, UINT32_C(2) << HOLDER_BITS, UINT32_MAX, 0};
  const struct weir_config config = {.workers = 1}; /* which takes one number at a time */
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    CHECK_EQ_INT(weir_run(&config, numbers_body, &numbers[i]), 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(against_a_queue),
    CHECK_CASE(any_number_may_write),
    CHECK_CASE_WITH("wrong_timeout_is_found", lie_is_found, LIE_TIMED_OUT),
    CHECK_CASE_WITH("wrong_lock_is_found", lie_is_found, LIE_LOCKED),
};
CHECK_MAIN(cases)
