/* growth_case.c — windows of work with and without a leak: what growth_cases.sh has weir-growth judge.
 *
 * WEIR_CASE=NAME: none, one (an abandoned timer a window), ten, hundredth (one in a hundred windows), plateau (one a window
 * up to window 4000 to 8000 of 10000). WEIR_SEED=N varies the sizes of what is allocated, how many windows warm up, the window that
 * leaks, and the load beside: messages, tasks that sleep while they hold something, timers abandoned for a moment, blocks
 * of random sizes from malloc. The tool sees neither variable's meaning: it runs this like any other scenario.
 */
#include <stdlib.h>
#include <string.h>
#include <weir/scenario.h>

enum { SUBSCRIBERS_MOST = 8, BLOCKS = 64, HOUR = 3600 };

static struct {
  bool ready;
  uint64_t random;
  uint32_t window, warm_up, leaks, period, phase, until;
  uint32_t subscribers, messages, sleepers, brief;
  size_t element;
  void *blocks[BLOCKS];
} world;

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). */
static uint32_t below(uint32_t bound) {
  uint64_t z = world.random += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)(((z ^ z >> 31) >> 32) * bound >> 32);
}

static void get_ready(void) {
  const char *name = getenv("WEIR_CASE"), *seed = getenv("WEIR_SEED");
  weir_assert(name != NULL && seed != NULL);
  world.ready = true;
  world.random = strtoull(seed, NULL, 10);
  world.until = UINT32_MAX;
  world.period = 1;
  world.warm_up = below(4000);
  world.subscribers = 1 + below(SUBSCRIBERS_MOST);
  world.messages = 1 + below(16);
  world.sleepers = below(3);
  world.brief = below(4);
  world.element = 8 + below(2000);
  world.phase = below(100);
  if (strcmp(name, "one") == 0 || strcmp(name, "plateau") == 0)
    world.leaks = 1;
  else if (strcmp(name, "ten") == 0)
    world.leaks = 10;
  else if (strcmp(name, "hundredth") == 0)
    world.leaks = 1, world.period = 100;
  else
    weir_assert(strcmp(name, "none") == 0);
  if (strcmp(name, "plateau") == 0)
    world.until = 4000 + below(4000);
}

static void receive(void *chan) {
  while (weir_chan_recv(chan, NULL) == 0)
    ;
  weir_chan_unref(chan);
}

static void hold_and_sleep(void *chan) {
  weir_sleep(below(1000) * WEIR_MICROSECOND);
  weir_chan_unref(chan);
}

static void broadcast(void) {
  static char message[4096];
  weir_chan *chans[SUBSCRIBERS_MOST];
  for (uint32_t i = 0; i < world.subscribers; i++) {
    chans[i] = weir_chan_new(world.element, 1 + below(4));
    weir_go(receive, chans[i]);
  }
  const struct weir_broadcast_options options = {.timeout = 100 * WEIR_MICROSECOND, .policy = WEIR_TIMEOUT_AFTER};
  struct weir_broadcast_result result;
  for (uint32_t i = 0; i < world.messages; i++)
    weir_broadcast(chans, world.subscribers, message, &options, &result);
  for (uint32_t i = 0; i < world.subscribers; i++)
    weir_chan_close(chans[i]);
}

static void load_beside(void) {
  for (uint32_t i = below(world.sleepers + 1); i > 0; i--)
    weir_go(hold_and_sleep, weir_chan_new(1 + below(1000), below(8)));
  for (uint32_t i = 0; i < world.brief; i++)
    weir_chan_unref(weir_after(below(2000) * WEIR_MICROSECOND));
  void **block = &world.blocks[below(BLOCKS)];
  free(*block);
  *block = malloc(1 + below(5000));
}

WEIR_SCENARIO(growth_case, "a window of work", .sim.timer_mode = WEIR_TIMERS_CLASSIC) {
  if (!world.ready)
    get_ready();
  broadcast();
  load_beside();
  if (world.window < world.warm_up && below(2) == 0)
    weir_chan_new(1 + below(2000), 1);
  if (world.window < world.until && world.window % world.period == world.phase % world.period)
    for (uint32_t i = 0; i < world.leaks; i++)
      weir_chan_unref(weir_after(HOUR * WEIR_SECOND));
  world.window++;
  return 0;
}
