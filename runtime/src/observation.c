/* observation.c — what a simulation shows of its steps: a line of text, and an event for whoever observes.
 *
 * Task numbers and lines of source, never addresses: same choices, same bytes. Nothing here decides anything, and
 * nothing is done unless somebody asked to see it.
 */
#include "simulation.h"

#include "books.h"
#include "chan.h"

#include <inttypes.h>

#define sim weir_simulation

static bool seen(void) {
  return sim.config->trace || sim.config->observe != NULL;
}

static void write_line(const struct task *task, const char *what, const weir_chan *chan) {
  text_append(&sim.trace, "%" PRIu64 " %" PRId64 " ", sim.steps, sim.now);
  if (port_several())
    text_append(&sim.trace, "worker %d ", worker_here()->number - WORKER_VIRTUAL);
  text_append(&sim.trace, "task %u %s", task == NULL ? 0 : task->number, what);
  if (chan != NULL)
    text_append(&sim.trace, " %s %s:%d", chan_noun(chan), site_file(chan->site), site_line(chan->site));
  text_append(&sim.trace, "\n");
}

static void show_event(const struct task *task, const char *what, const void *object, const weir_chan *chan) {
  struct weir_sim_event event = {
      .step = sim.steps,
      .time = sim.now - SIMULATION_START,
      .worker = worker_here()->number - WORKER_VIRTUAL,
      .operation = what,
      .object = objects_number(&sim.objects, object),
  };
  if (task != NULL) {
    event.task = task->number;
    event.task_name = task->name;
    event.task_file = task->site != 0 ? site_file(task->site) : NULL;
    event.task_line = task->site != 0 ? site_line(task->site) : 0;
  }
  if (chan != NULL) {
    event.noun = chan_noun(chan);
    event.file = site_file(chan->site);
    event.line = site_line(chan->site);
    event.length = chan->length;
    event.capacity = chan->capacity;
    event.closed = chan->closed;
  }
  sim.config->observe(sim.config->observe_context, &event);
}

static void show(const struct task *task, const char *what, const void *object, const weir_chan *chan) {
  if (sim.config->trace)
    write_line(task, what, chan);
  if (sim.config->observe != NULL)
    show_event(task, what, object, chan);
}

void simulation_trace(const char *what, const weir_chan *chan) {
  if (seen())
    show(worker_here()->current, what, chan, chan);
}

void simulation_trace_operation(const struct port_operation *operation) {
  if (!seen())
    return;
  const weir_chan *chan =
      operation->count != 0 && operation->cases != NULL ? operation->cases[0].chan : operation->chan;
  show(worker_here()->current, operation->name, operation->object != NULL ? operation->object : chan, chan);
}

void simulation_trace_fires(const weir_chan *chan, const struct task *task) {
  if (seen())
    show(task, task != NULL ? "deadline passes" : "timer fires", chan, chan);
}

void simulation_gone(const void *object) {
  objects_forget(&sim.objects, object);
}
