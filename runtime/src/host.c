/* host.c — see host.h. */
#include "host.h"

#include "pipes.h"
#include "poller.h"
#include "scheduler.h"
#include "timer.h"

uint8_t host_here(void) {
  return worker_here()->number;
}

struct host_visit host_visit_begin(uint8_t worker) {
  struct task *self = worker_here()->current;
  if (self == NULL || weir_scheduler.ending)
    return (struct host_visit){0};
  struct host_visit visit = {.home = self->home, .pinned = self->pinned};
  self->home = worker;
  self->pinned = true;
  if (worker_here()->number != worker)
    worker_suspend(worker_here(), DEPARTURE_YIELDED); /* becoming ready sends it there */
  return visit;
}

void host_visit_end(struct host_visit visit) {
  struct task *self = worker_here()->current;
  if (self == NULL || weir_scheduler.ending)
    return;
  self->pinned = visit.pinned;
  self->home = visit.home;
  if (visit.pinned && worker_here()->number != visit.home)
    worker_suspend(worker_here(), DEPARTURE_YIELDED);
}

void host_run(void (*fn)(void *), void *arg) {
  struct worker *worker = worker_here();
  if (worker->current == NULL || weir_scheduler.ending)
    fn(arg);
  else
    worker_errand(worker, fn, arg);
}

bool host_start(const char *name, void (*fn)(void *), void (*end)(void *), void *arg, uint32_t site) {
  struct task *task =
      task_new(&(struct weir_task_options){.name = name, .pinned = true, .daemon = true}, fn, arg, site);
  if (task == NULL)
    return false;
  task->kept[task->kept_count++] = (struct kept_defer){.fn = end, .arg = arg};
  task_start(task);
  return true;
}

int host_wait(struct wait_queue *queue, int64_t deadline) {
  return wait_in_queue(WAIT_FOR_RESPONSE, queue, deadline, NULL);
}

int host_doze(struct wait_queue *queue, int64_t deadline) {
  size_t timed = deadline != WEIR_FOREVER;
  port_tally(&worker_here()->watched, -timed);
  int result = wait_in_queue(WAIT_FOR_REQUEST, queue, deadline, NULL);
  port_tally(&worker_here()->watched, timed);
  return result;
}

int host_poll(int fd, int events) {
  return port_simulated() ? pipes_poll(fd, events, WEIR_FOREVER) : poller_wait(fd, events, WEIR_FOREVER);
}

void host_timer_daemon(weir_timer *timer) {
  timer_set_daemon(timer);
}

void host_hopeless(int change) {
  poller_hopeless(change);
}

static struct host_library *libraries; /* of the simulation that is active */

void host_library_present(struct host_library *library) {
  if (library->present)
    return;
  library->present = true;
  library->next = libraries;
  libraries = library;
}

void host_libraries_end(host_tell *tell, void *context) {
  while (libraries != NULL) {
    struct host_library *library = libraries;
    libraries = library->next;
    library->present = false;
    library->end(tell, context);
  }
}
