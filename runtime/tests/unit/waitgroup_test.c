/* The wait group against a counter: random programs under random schedules. Whoever waits goes on when the counter is
 * zero, all of them and no earlier; a counter that would become negative, or overflow, stays as it is.
 */
#include "simulated.h"
#include "workers.h"

enum { ACTORS = 5, OPERATIONS = 30 };

enum state { IDLE, ADDING, ARRIVING, WAITING, RELEASED };

struct actor {
  struct task *task;
  enum state state;
  int64_t n; /* to add */
  int result;
  int64_t deadline;
};

static struct {
  uint64_t seed;
  bool lies;
  struct random random;
  weir_waitgroup group;
  int64_t count; /* the model's */
  struct actor actors[ACTORS];
  int left;
} world;

static uint64_t released, timed_out, refused;

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static void add(struct actor *actor) {
  int64_t count;
  actor->result = __builtin_add_overflow(world.count, actor->n, &count) || count < 0 ? -EINVAL : 0;
  if (actor->result != 0)
    return;
  world.count = count;
  for (int i = 0; i < ACTORS && count == 0; i++)
    if (world.actors[i].state == WAITING && world.actors[i].task->wait.state == WAIT_OPEN)
      world.actors[i].state = RELEASED;
}

static void after_step(void) {
  for (int i = 0; i < ACTORS; i++) {
    struct actor *actor = &world.actors[i];
    if (actor->task != worker_here()->current)
      continue;
    if (actor->state == ADDING)
      add(actor);
    if (actor->state == ARRIVING)
      actor->state = world.count == 0 ? RELEASED : WAITING;
  }
}

static int64_t random_amount(void) {
  switch (draw(8)) {
  case 0:
    return INT64_MAX - (int64_t)draw(3);
  case 1:
    return INT64_MIN + (int64_t)draw(3);
  case 2:
    return -world.count; /* to zero, if nobody comes between */
  default:
    return (int64_t)draw(5) - 2;
  }
}

static void add_some(struct actor *actor) {
  actor->n = random_amount();
  if (actor->n > INT64_MAX / 2 && world.count == 0)
    actor->n = 1; /* else nothing but the same amount brings it back */
  actor->state = ADDING;
  const int result = actor->n == -1 ? weir_waitgroup_done(&world.group) : weir_waitgroup_add(&world.group, actor->n);
  MODEL(result == actor->result, "add %" PRId64 " is %d, in the model %d", actor->n, result, actor->result);
  actor->state = IDLE;
  refused += result != 0;
}

static void wait_some(struct actor *actor) {
  actor->deadline = draw(4) == 0 ? WEIR_POLL : weir_now() + (int64_t)random_magnitude(&world.random, 22);
  actor->state = ARRIVING;
  int result = weir_waitgroup_wait_until(&world.group, actor->deadline);
  if (world.lies && result == 0)
    result = -ETIMEDOUT;
  MODEL(result == (actor->state == RELEASED ? 0 : -ETIMEDOUT), "a wait is %d, in the model it is %s", result,
        actor->state == RELEASED ? "released" : "not");
  MODEL(result == 0 || weir_now() >= actor->deadline, "a wait timed out early");
  released += result == 0;
  timed_out += result != 0;
  actor->state = IDLE;
}

static void act(void *arg) {
  struct actor *actor = arg;
  actor->task = worker_here()->current;
  for (int i = 0; i < OPERATIONS && !mismatched(); i++) {
    if (draw(2) == 0)
      add_some(actor);
    else
      wait_some(actor);
    MODEL(world.group.count == world.count, "the counter is %" PRId64 ", in the model %" PRId64, world.group.count,
          world.count);
  }
  world.left--;
}

static int program(void *arg) {
  (void)arg;
  world.random.state = world.seed;
  memset(&world.group, 0, sizeof world.group);
  memset(world.actors, 0, sizeof world.actors);
  world.count = 0;
  world.left = ACTORS;
  simulated_observe(after_step, NULL);
  for (int i = 0; i < ACTORS; i++)
    weir_go(act, &world.actors[i]);
  while (world.left > 0)
    weir_sleep(WEIR_SECOND);
  MODEL(world.group.waiters == NULL, "somebody is still in the queue");
  return 0;
}

static bool run_seed(uint64_t seed, bool lies) {
  world.seed = seed;
  world.lies = lies;
  const struct simulated simulated = {.main = program};
  return simulated_seed(&simulated, seed, lies);
}

static void group_against_a_counter(void) {
  for (uint64_t seed = 1; seed <= SCALED(4000); seed++)
    CHECK(run_seed(seed, false));
  printf("released %ju, timed out %ju, refused %ju\n", (uintmax_t)released, (uintmax_t)timed_out, (uintmax_t)refused);
  CHECK_INT(released, >, SCALED(4000));
  CHECK_INT(timed_out, >, SCALED(4000));
  CHECK_INT(refused, >, SCALED(4000));
}

static void a_wrong_result_is_found(void) {
  for (uint64_t seed = 1; seed <= 50; seed++)
    CHECK(!run_seed(seed, true));
}

static weir_waitgroup group;
static _Atomic int through;

static void wait_for_it(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
  through++;
}

/* One turn each on one worker; several rest only when nobody is on the way. */
static void let_others_go(void) {
  if (one_worker())
    weir_yield();
  else
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
}

static int wait_with_many(void *arg) {
  (void)arg;
  weir_waitgroup_add(&group, 2);
  for (int i = 0; i < 10; i++)
    CHECK_EQ_INT(weir_go(wait_for_it, NULL), 0);
  let_others_go();
  weir_waitgroup_done(&group);
  let_others_go();
  CHECK_EQ_INT(through, 0);
  weir_waitgroup_done(&group);
  let_others_go();
  CHECK_EQ_INT(through, 10);
  return 0;
}

static void all_who_wait_go_on(void) {
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = test_workers()}, wait_with_many, NULL), 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(group_against_a_counter),
    CHECK_CASE(a_wrong_result_is_found),
    CHECK_CASE(all_who_wait_go_on),
};
CHECK_MAIN(cases)
