/* kubernetes_70277_repaired.c — the twin of kubernetes_70277.c: WaitFor closes the done channel of the poller that
 * it started. */
#include <weir/scenario.h>

enum { CACHES = 2 };

struct poller {
  weir_chan *ticks, *done;
};

static struct poller poller;
static unsigned synchronised;

static void poll_at_intervals(void *arg) {
  const struct poller *mine = arg;
  weir_ticker *ticker = weir_ticker_new(10 * 60 * WEIR_SECOND);
  struct weir_case wait[] = {WEIR_RECV(weir_ticker_chan(ticker), NULL), WEIR_RECV(mine->done, NULL)};
  while (weir_select(wait, 2, WEIR_FOREVER) == 0)
    weir_chan_try_send(mine->ticks, NULL);
  weir_ticker_free(ticker);
  weir_chan_unref(mine->ticks);
  weir_chan_unref(mine->done);
}

static bool caches_are_synchronised(void) {
  return synchronised == CACHES;
}

static void wait_for(bool (*condition)(void)) {
  weir_chan *ticks = weir_chan_new(0, 1), *done = weir_chan_new(0, 0);
  poller = (struct poller){weir_chan_ref(ticks), weir_chan_ref(done)};
  weir_go(poll_at_intervals, &poller);
  while (!condition())
    weir_chan_recv(ticks, NULL);
  weir_chan_close(done);
  weir_chan_unref(done);
  weir_chan_unref(ticks);
}

static void list_and_watch(void *arg) {
  weir_sleep(WEIR_SECOND);
  ++*(unsigned *)arg;
}

WEIR_SCENARIO(kubernetes_70277_repaired, "a poller ends with the one who waited for its ticks") {
  synchronised = 0;
  for (int i = 0; i < CACHES; i++)
    weir_go(list_and_watch, &synchronised);
  wait_for(caches_are_synchronised);
  return 0;
}
