/* moby_33781_repaired.c — the twin of moby_33781.c: the stopped monitor waits for the probe under way, as it does
 * after a timeout. */
#include <errno.h>
#include <weir/scenario.h>

static const int64_t interval = 10 * WEIR_MILLISECOND, probe_timeout = 30 * WEIR_MILLISECOND;

static void probe(void *results) {
  const int healthy = 1;
  weir_sleep(WEIR_MILLISECOND * (1 + weir_draw(2)));
  weir_chan_send(results, &healthy);
  weir_chan_unref(results);
}

/* False when the monitor was stopped meanwhile. */
static bool check_health(weir_chan *stop) {
  int healthy = 0;
  weir_chan *results = weir_chan_new(sizeof healthy, 0);
  weir_go(probe, weir_chan_ref(results));
  struct weir_case first[] = {WEIR_RECV(results, &healthy), WEIR_RECV(stop, NULL)};
  const int went = weir_select(first, 2, weir_now() + probe_timeout);
  if (went != 0)
    weir_chan_recv(results, &healthy);
  weir_chan_unref(results);
  return went != 1;
}

static void monitor(void *stop) {
  while (weir_chan_recv_until(stop, NULL, weir_now() + interval) == -ETIMEDOUT)
    if (!check_health(stop))
      break;
  weir_chan_unref(stop);
}

WEIR_SCENARIO(moby_33781_repaired, "a health monitor that is stopped waits for its probe") {
  weir_chan *stop = weir_chan_new(0, 0);
  weir_go(monitor, weir_chan_ref(stop));
  weir_sleep(5 * interval);
  weir_chan_close(stop);
  weir_chan_unref(stop);
  return 0;
}
