/* Once: random programs under random schedules. The function runs once, and nobody returns before it has ended unless
 * his deadline passed.
 */
#include "simulated.h"

enum { ACTORS = 6 };

static struct {
  struct random random;
  uint64_t seed;
  bool lies;
  weir_once once;
  int begun, ended, left;
} world;

static uint64_t waited, timed_out;

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static void first(void *arg) {
  MODEL(arg == &world, "another argument");
  world.begun++;
  for (uint32_t pause = draw(4); pause > 0; pause--)
    weir_sleep((int64_t)random_magnitude(&world.random, 20));
  world.ended++;
}

static void act(void *arg) {
  (void)arg;
  for (int i = 0; i < 3; i++) {
    const int64_t deadline = draw(2) == 0 ? WEIR_FOREVER : weir_now() + (int64_t)random_magnitude(&world.random, 20);
    const bool begun = world.begun != 0;
    int result = weir_once_do_until(&world.once, first, &world, deadline);
    waited += begun && result == 0;
    timed_out += result != 0;
    if (world.lies)
      result = 0;
    MODEL(result == (world.ended != 0 ? result : -ETIMEDOUT), "%d before the function has ended", result);
    MODEL(result == 0 || (result == -ETIMEDOUT && weir_now() >= deadline), "result %d", result);
    weir_yield();
  }
  world.left--;
}

static int program(void *arg) {
  (void)arg;
  world.random.state = world.seed;
  memset(&world.once, 0, sizeof world.once);
  world.begun = world.ended = 0;
  world.left = ACTORS;
  for (int i = 0; i < ACTORS; i++)
    weir_go(act, NULL);
  while (world.left > 0)
    weir_sleep(WEIR_SECOND);
  MODEL(world.begun == 1 && world.ended == 1, "it ran %d times", world.begun);
  MODEL(world.once.waiters == NULL, "somebody is still in the queue");
  return 0;
}

static bool run_seed(uint64_t seed, bool lies) {
  world.seed = seed;
  world.lies = lies;
  const struct simulated simulated = {.main = program};
  return simulated_seed(&simulated, seed, lies);
}

static void the_function_runs_once(void) {
  for (uint64_t seed = 1; seed <= SCALED(8000); seed++)
    CHECK(run_seed(seed, false));
  printf("waited %ju, timed out %ju\n", (uintmax_t)waited, (uintmax_t)timed_out);
  CHECK_INT(waited, >, SCALED(8000));
  CHECK_INT(timed_out, >, SCALED(4000));
}

static void a_wrong_result_is_found(void) {
  int found = 0;
  for (uint64_t seed = 1; seed <= 100; seed++)
    found += !run_seed(seed, true);
  CHECK_INT(found, >=, 30);
}

static const struct check_case cases[] = {
    CHECK_CASE(the_function_runs_once),
    CHECK_CASE(a_wrong_result_is_found),
};
CHECK_MAIN(cases)
