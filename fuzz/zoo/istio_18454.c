/* istio_18454.c — istio/istio#18454: a deadlock where Galley's publishing strategy arms its timer anew.
 *
 * A snapshot is published once the sources have been quiet for a while. Each change stops the timer, drains it if Stop
 * says false, and arms it anew; a worker waits for the tick. The one who drains believes that a tick must be waiting,
 * but the worker may have taken it and not yet got the lock to say so: the drain waits for ever, with the lock, and
 * the worker waits for the lock.
 * The interleaving: tick received, then a change, then the worker's lock.
 * The repair: drain without blocking. */
#include <weir/scenario.h>

enum { SOURCES = 2, CHANGES = 3 };

static const int64_t quiet = 5 * WEIR_MILLISECOND;
static weir_mutex state_lock;
static weir_timer *timer;
static bool timer_runs;
static weir_waitgroup sources, workers;

static void on_change(void) {
  weir_mutex_lock(&state_lock);
  if (timer_runs && !weir_timer_stop(timer))
    weir_chan_recv(weir_timer_chan(timer), NULL);
  weir_timer_reset(timer, quiet);
  timer_runs = true;
  weir_mutex_unlock(&state_lock);
}

static void source(void *arg) {
  for (int i = 0; i < CHANGES; i++) {
    on_change();
    weir_sleep(3 * WEIR_MILLISECOND);
  }
  weir_waitgroup_done(arg);
}

static void publish_when_quiet(void *stopped) {
  struct weir_case wait[] = {WEIR_RECV(weir_timer_chan(timer), NULL), WEIR_RECV(stopped, NULL)};
  while (weir_select(wait, 2, WEIR_FOREVER) == 0) {
    weir_mutex_lock(&state_lock);
    timer_runs = false; /* and the snapshot goes out */
    weir_mutex_unlock(&state_lock);
  }
  weir_waitgroup_done(&workers);
}

WEIR_SCENARIO(istio_18454, "a change drains a tick that the worker has already taken") {
  weir_chan *stopped = weir_chan_new(0, 0);
  state_lock = (weir_mutex){0};
  sources = (weir_waitgroup){0};
  weir_waitgroup_add(&sources, SOURCES);
  workers = (weir_waitgroup){0};
  weir_waitgroup_add(&workers, 1);
  timer = weir_timer_new(quiet);
  timer_runs = true;
  weir_go(publish_when_quiet, stopped);
  for (int i = 0; i < SOURCES; i++)
    weir_go(source, &sources);
  weir_waitgroup_wait(&sources);
  weir_chan_close(stopped);
  weir_waitgroup_wait(&workers);
  weir_timer_free(timer);
  weir_chan_unref(stopped);
  return 0;
}
