/* simulation.c — the production code on one thread, under a virtual clock and a chooser.
 *
 * The worker, channels, select, timers and their waits are the ones of a run; only three things differ, behind port.h:
 * the clock stands still unless a timer fires; a scheduling point may hand over to any other runnable task, or fire the
 * earliest timer early; and the loop asks the chooser who runs next. The first alternative is always the quietest.
 *
 * Invariants: outside of fire_earliest the clock does not move; a decision with one alternative is not asked for and
 * not recorded; after the step limit nobody is asked (tasks take turns), so that only a program that makes no progress
 * under fair scheduling is a livelock. Task numbers, not addresses, appear in the trace: same choices, same bytes.
 *
 * Rejected: a copy of the scheduler for tests (what is simulated would not be what runs); moving time only when all are
 * blocked (a timeout could never beat a task that can run, and the seed's own bugs would be out of reach).
 */
#include "simulation.h"

#include "books.h"
#include "chan.h"
#include "chooser.h"
#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static struct simulation sim;

/* ---- decisions -------------------------------------------------------------------------------------------------- */

static uint32_t decide(int kind, uint32_t count) {
  if (count < 2 || sim.stop)
    return 0;
  if (sim.round_robin)
    return kind == WEIR_CHOICE_SELECT || kind == WEIR_CHOICE_DRAW ? sim.rotated++ % count : 0;
  sim.choices++;
  uint32_t choice = sim.chooser->choose(sim.chooser->context, kind, count) % count;
  schedule_add(&sim.schedule, kind, choice);
  if (chooser_divergence(sim.chooser) != NULL)
    sim.stop = true;
  return choice;
}

static int64_t virtual_clock(void) {
  return sim.now;
}

static bool allocation_fails(void) {
  return sim.config->fail_allocation && sim.worker->current != NULL && decide(WEIR_CHOICE_ALLOCATION, 2) == 1;
}

static void trace(const char *what, const weir_chan *chan) {
  if (!sim.config->trace)
    return;
  const struct task *task = sim.worker->current;
  text_append(&sim.trace, "%" PRIu64 " %" PRId64 " task %u %s", sim.steps, sim.now, task == NULL ? 0 : task->number,
              what);
  if (chan != NULL)
    text_append(&sim.trace, " %s %s:%d", chan_noun(chan), site_file(chan->site), site_line(chan->site));
  text_append(&sim.trace, "\n");
}

static void check_abandoned(void) {
  if (sim.config->abandoned_max != 0 && sim.worker->timers_abandoned > sim.config->abandoned_max)
    sim.stop = sim.abandoned_too_many = true;
}

/* ---- time ---------------------------------------------------------------------------------------------------------
 */

/* A timer may fire now: the due ones always, a later one while the budget for that lasts. */
static bool may_fire(void) {
  return sim.worker->wheel.due != NULL || (sim.worker->wheel.count != 0 && sim.early_left > 0);
}

/* Moves the clock to the earliest timer's tick and fires one of those due in it. */
static void fire_earliest(void) {
  struct wheel *wheel = &sim.worker->wheel;
  if (wheel->due == NULL) {
    if (sim.worker->run.count != 0 || sim.worker->current != NULL)
      sim.early_left -= sim.early_left > 0;
    int64_t earliest = wheel_earliest(wheel);
    sim.now = earliest > sim.now ? earliest : sim.now;
    wheel_advance(wheel, earliest);
  }
  struct wheel_node *node = wheel->due;
  assert(node != NULL);
  uint32_t ties = 0;
  for (const struct wheel_node *at = node; at != NULL && wheel_tick_of(at->due) == wheel_tick_of(node->due);
       at = at->next)
    ties++;
  for (uint32_t skip = decide(WEIR_CHOICE_TIMER, ties); skip > 0 && node->next != NULL; skip--)
    node = node->next;
  wheel_remove(wheel, node);
  trace("timer fires", NULL);
  worker_expire(sim.worker, node, sim.now);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------ */

/* Takes the task at that place out of the run queue. */
static struct task *take(uint32_t place) {
  struct task_queue *queue = &sim.worker->run;
  if (place == 0)
    return task_queue_pop(queue);
  struct task *before = queue->head;
  while (--place > 0)
    before = before->next;
  struct task *task = before->next;
  before->next = task->next;
  if (queue->tail == task)
    queue->tail = before;
  queue->count--;
  return task;
}

/* False: the simulation is over and the caller must not go on. */
static bool count_step(void) {
  if (++sim.steps >= sim.step_limit) {
    if (sim.round_robin)
      sim.stop = sim.livelock = true;
    sim.round_robin = true;
    sim.step_limit *= 2;
  }
  check_abandoned();
  return !sim.stop;
}

/* Past the step limit time is one more party: it has its turn when every task that can run has had one. */
static void take_turns(void) {
  if (++sim.turns <= sim.worker->run.count)
    return;
  sim.turns = 0;
  if (sim.worker->wheel.count != 0)
    fire_earliest();
  else
    sim.now += 1 << WHEEL_TICK_BITS;
}

static void hand_over(struct task *next) {
  sim.worker->chosen = next;
  task_ready(sim.worker->current);
  worker_suspend(sim.worker);
}

/* The simulation has stopped: the current task never runs again. */
static void stay_behind(void) {
  for (;;)
    worker_suspend(sim.worker);
}

static void step(const char *operation, const weir_chan *chan) {
  struct worker *worker = sim.worker;
  if (worker->current == NULL || worker->ending)
    return;
  trace(operation, chan);
  if (!count_step())
    stay_behind();
  if (sim.round_robin)
    take_turns();
  uint32_t others = worker->run.count;
  uint32_t choice = sim.round_robin ? others != 0 : decide(WEIR_CHOICE_TASK, 1 + others + may_fire());
  if (sim.stop)
    stay_behind();
  if (choice == 0)
    return;
  if (choice <= others)
    hand_over(take(choice - 1));
  else
    fire_earliest();
}

static void yield(void) {
  struct worker *worker = sim.worker;
  trace("yield", NULL);
  if (!count_step())
    stay_behind();
  if (sim.round_robin)
    take_turns();
  else if (worker->run.count == 0 && decide(WEIR_CHOICE_TASK, 1 + may_fire()) == 1)
    fire_earliest();
  if (worker->run.count == 0)
    return;
  uint32_t choice = decide(WEIR_CHOICE_TASK, worker->run.count + may_fire());
  if (choice == worker->run.count) {
    fire_earliest();
    choice = 0;
  }
  hand_over(take(choice));
}

/* Nothing can run: lets time pass. False when nothing that is pending matters any more, or only beyond the horizon. */
static bool let_time_pass(void) {
  struct worker *worker = sim.worker;
  if (sim.quiet_since < 0)
    sim.quiet_since = sim.now;
  if (worker->watched == 0 && worker->timers_abandoned == 0)
    return false;
  int64_t horizon = sim.config->horizon != 0 ? sim.config->horizon : INT64_C(3600) * WEIR_SECOND;
  int64_t limit;
  if (__builtin_add_overflow(sim.main_ended >= 0 ? sim.main_ended : sim.quiet_since, horizon, &limit))
    limit = INT64_MAX;
  /* A tick is rounded up: what is due within the horizon still counts. */
  if (wheel_earliest(&worker->wheel) - (1 << WHEEL_TICK_BITS) >= limit)
    return false;
  fire_earliest();
  return worker->run.count == 0 || count_step();
}

static struct task *next_task(void) {
  struct worker *worker = sim.worker;
  struct task *chosen = worker->chosen;
  worker->chosen = NULL;
  if (chosen != NULL)
    return chosen;
  uint32_t count = worker->run.count;
  uint32_t choice = decide(WEIR_CHOICE_TASK, count + may_fire());
  if (choice < count)
    return take(choice);
  if (count_step())
    fire_earliest();
  return NULL;
}

/* Main has returned, and all that is left is exempt: it may go on for ever. */
static bool only_daemons(void) {
  size_t tasks = weir_books[BOOK_TASK].live;
  return sim.main_ended >= 0 && tasks > 0 && tasks == sim.worker->daemons && sim.worker->timers_pending == 0;
}

static void loop(void) {
  struct worker *worker = sim.worker;
  while (!sim.stop) {
    if (worker->chosen == NULL && worker->run.count == 0) {
      if (worker->wheel.due != NULL)
        fire_earliest();
      else if (wait_wake_first(&worker->settlers))
        worker->chosen = take(0); /* before anything else happens */
      else if (only_daemons() || !let_time_pass())
        return;
      continue;
    }
    struct task *task = next_task();
    if (task == NULL || sim.stop)
      continue;
    sim.quiet_since = -1;
    worker_dispatch(worker, task);
    check_abandoned();
    if (worker->main_done && sim.main_ended < 0) {
      sim.main_ended = sim.now;
      worker->main = NULL;
    }
  }
}

/* ---- begin and end --------------------------------------------------------------------------------------------------
 */

static const struct port_simulation hooks = {
    .clock = virtual_clock,
    .step = step,
    .yield = yield,
    .allocation_fails = allocation_fails,
    .choose = decide,
};

static void keep_log(void *context, const char *line) {
  text_append(context, "%s\n", line);
}

static int check(const struct weir_sim *config) {
  return config == NULL || config->chooser == NULL || config->workers > 1 || config->horizon < 0 ? -EINVAL : 0;
}

static void prepare(const struct weir_sim *config) {
  struct worker *worker = &weir_worker_simulated;
  struct stack_pool stacks = worker->stacks;
  memset(&sim, 0, sizeof sim);
  *worker = (struct worker){.number = worker->number, .stacks = stacks};
  sim.worker = worker;
  sim.before = weir_counts();
  sim.config = config;
  sim.chooser = config->chooser;
  sim.now = SIMULATION_START;
  sim.quiet_since = sim.main_ended = -1;
  sim.step_limit = config->step_limit != 0 ? config->step_limit : 1000000;
  sim.early_left = config->early_fire_max != 0 ? config->early_fire_max : 64;
  wheel_init(&sim.worker->wheel, sim.now);
  chooser_restart(sim.chooser);
}

static int finish(struct weir_sim_report *report) {
  simulation_judge(&sim, report); /* deferred functions run, and may choose */
  chooser_finish(sim.chooser);
  const char *divergence = chooser_divergence(sim.chooser);
  report->steps = sim.steps;
  report->choices = sim.choices;
  report->virtual_time = sim.now - SIMULATION_START;
  report->result = sim.main.result;
  report->schedule = schedule_print(&sim.schedule);
  report->trace = sim.config->trace ? text_take(&sim.trace) : NULL;
  bool failed = report->schedule == NULL || report->text == NULL || (sim.config->trace && report->trace == NULL);
  if (divergence != NULL) {
    struct text text = {0};
    text_append(&text, "%s", divergence);
    report->divergence = text_take(&text);
    failed |= report->divergence == NULL;
  }
  schedule_free(&sim.schedule);
  if (!failed)
    return divergence != NULL ? -EILSEQ : 0;
  weir_sim_report_free(report);
  return -ENOMEM;
}

int weir_simulate(const struct weir_sim *config, int (*main)(void *), void *arg, struct weir_sim_report *report) {
  int error = check(config);
  if (error == 0 && weir_run_active())
    error = -EBUSY;
  if (error != 0)
    return error;
  memset(report, 0, sizeof *report);
  prepare(config);
  weir_port_simulation = &hooks;
  weir_port_mode = PORT_SIMULATED;
  error = run_begin(sim.worker, &(struct weir_config){.timer_mode = config->timer_mode,
                                                      .stack_size = config->stack_size,
                                                      .log = keep_log,
                                                      .log_context = &sim.log});
  if (error == 0) {
    sim.main = (struct main_call){.fn = main, .arg = arg};
    bool started = run_start_main(sim.worker, &sim.main);
    if (started)
      loop();
    error = started ? finish(report) : -ENOMEM;
    run_finish(sim.worker);
  }
  text_free(&sim.log);
  weir_port_mode = PORT_ONE;
  return error;
}

void weir_sim_report_free(struct weir_sim_report *report) {
  port_release(report->schedule);
  port_release(report->trace);
  port_release(report->text);
  port_release(report->divergence);
  memset(report, 0, sizeof *report);
}
