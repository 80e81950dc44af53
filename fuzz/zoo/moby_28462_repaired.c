/* moby_28462_repaired.c — the twin of moby_28462.c: stop is a channel that is closed, and the monitor looks whether
 * it is once it has the lock. */
#include <errno.h>
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
  bool stopped = weir_chan_try_recv(container->stop, NULL) == -EPIPE;
  weir_assert(container->running || stopped);
  container->healthy += passed && !stopped;
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

WEIR_SCENARIO(moby_28462_repaired, "a container says stop to its health monitor and does not wait") {
  struct container container = {.running = true, .stop = weir_chan_new(0, 0)};
  weir_waitgroup_add(&container.monitor, 1);
  weir_go(monitors_health, &container);
  weir_sleep(PROBES * WEIR_SECOND + WEIR_SECOND / 2);
  weir_mutex_lock(&container.lock);
  container.running = false;
  weir_chan_close(container.stop);
  weir_mutex_unlock(&container.lock);
  weir_waitgroup_wait(&container.monitor);
  weir_chan_unref(container.stop);
  return 0;
}
