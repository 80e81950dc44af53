/* canary.c — fuzz target with a planted mistake, which must be found in seconds: else the fuzzing is broken, not the
 * runtime right.
 *
 * Two workers take jobs; whoever finds none left closes the results. Each looks whether the other has done so, but not
 * in the same step: in some schedules both have looked before either closes. It is found by the second close's answer.
 * Only two preemptions in the right places do it, and with the quietest schedule all is well.
 */
#include <string.h>
#include <weir/scenario.h>

enum { WORKERS = 2, JOBS = 3 };

static struct {
  weir_chan *jobs, *results;
  bool closed;
} world;

static void work(void *arg) {
  (void)arg;
  int job;
  while (weir_chan_try_recv(world.jobs, &job) == 0)
    weir_chan_try_send(world.results, &job);
  if (world.closed)
    return;
  const size_t done = weir_chan_len(world.results);
  if (done == JOBS) {
    weir_assert(weir_chan_close(world.results) == 0);
    world.closed = true;
  }
}

WEIR_SCENARIO(canary, "two workers agree on who is the last, and both are") {
  memset(&world, 0, sizeof world);
  world.jobs = weir_chan_new(sizeof(int), JOBS);
  world.results = weir_chan_new(sizeof(int), JOBS);
  for (int job = 0; job < JOBS; job++)
    weir_chan_try_send(world.jobs, &job);
  for (int i = 0; i < WORKERS; i++)
    weir_go(work, NULL);
  weir_settle(WEIR_FOREVER);
  weir_chan_unref(world.jobs);
  weir_chan_unref(world.results);
  return 0;
}
