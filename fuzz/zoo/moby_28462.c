/* moby_28462.c — moby#28462 (issue 28405): a container is stopped while a result of its health check is coming in.
 *
 * Whoever changes the container's state holds its lock and sends "stop" to the health monitor, which must take it: so
 * that there are never two monitors. The monitor probes at intervals, and takes the container's lock to note what a
 * probe has found. If it is about to do so when the container stops, it waits for the lock, and the one who has the
 * lock waits for the monitor to listen. The repair: stop is said by closing the channel, which waits for nobody, and
 * the monitor looks whether it has been closed once it has the lock. */
#include <weir/scenario.h>

enum { PROBES = 3 };

struct container {
  weir_mutex lock; /* of running and healthy */
  bool running;
  int healthy;
  weir_chan *stop;
  weir_waitgroup monitor;
};

static void probes(void *arg) {
  bool passed = true;
  weir_chan_send(arg, &passed);
  weir_chan_unref(arg);
}

static void notes_result(struct container *container, bool passed) {
  weir_mutex_lock(&container->lock);
  weir_assert(container->running);
  container->healthy += passed;
  weir_mutex_unlock(&container->lock);
}

static void monitors_health(void *arg) {
  struct container *container = arg;
  weir_chan *results = weir_chan_new(sizeof(bool), 1);
  bool passed;
  struct weir_case cases[] = {WEIR_RECV(container->stop, NULL), WEIR_RECV(results, &passed)};
  while (weir_select(cases, 1, weir_now() + WEIR_SECOND) != 0) {
    weir_go(probes, weir_chan_ref(results));
    if (weir_select(cases, 2, WEIR_FOREVER) == 0)
      break;
    notes_result(container, passed);
  }
  weir_chan_unref(results);
  weir_waitgroup_done(&container->monitor);
}

WEIR_SCENARIO(moby_28462, "a container stops with its lock held, and its health monitor wants to note a result") {
  struct container container = {.running = true, .stop = weir_chan_new(0, 0)};
  weir_waitgroup_add(&container.monitor, 1);
  weir_go(monitors_health, &container);
  weir_sleep(PROBES * WEIR_SECOND + WEIR_SECOND / 2);
  weir_mutex_lock(&container.lock);
  container.running = false;
  weir_chan_send(container.stop, NULL);
  weir_mutex_unlock(&container.lock);
  weir_waitgroup_wait(&container.monitor);
  weir_chan_unref(container.stop);
  return 0;
}
