/* growth_leak.c — a scenario that leaks what WEIR_LEAK says: channel, task, nothing; or cannot be measured: fails, blocks,
 * crashes. */
#include <stdlib.h>
#include <string.h>
#include <weir/scenario.h>

static int runs;

static void wait_for_ever(void *chan) {
  weir_chan_recv(chan, NULL);
}

static void leak_task(void) {
  static weir_chan *nobody_sends;
  if (nobody_sends == NULL)
    nobody_sends = weir_chan_new(0, 0);
  weir_go(wait_for_ever, nobody_sends);
}

WEIR_SCENARIO(growth_leak, "leaks what it is told to") {
  const char *leak = getenv("WEIR_LEAK");
  weir_assert(leak != NULL);
  runs++;
  if (strcmp(leak, "channel") == 0)
    weir_chan_new(sizeof(int), 4);
  else if (strcmp(leak, "task") == 0)
    leak_task();
  else if (strcmp(leak, "fails") == 0)
    return runs == 7 ? 3 : 0;
  else if (strcmp(leak, "blocks") == 0)
    weir_sleep_until(WEIR_FOREVER);
  else if (strcmp(leak, "crashes") == 0)
    weir_assert(runs < 5);
  else
    weir_chan_unref(weir_chan_new(sizeof(int), 4));
  return 0;
}
