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
#include "pipes.h"
#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct simulation weir_simulation;
#define sim weir_simulation

/* ---- decisions -------------------------------------------------------------------------------------------------- */

uint32_t simulation_decide(int kind, uint32_t count) {
  if (kind != WEIR_CHOICE_TASK && kind != WEIR_CHOICE_WORKER)
    sim.free_choices = count;
  if (count < 2 || sim.stop)
    return 0;
  if (sim.round_robin)
    return kind == WEIR_CHOICE_SELECT || kind == WEIR_CHOICE_DRAW ? sim.rotated++ % count : 0;
  sim.choices++;
  uint32_t choice = sim.chooser->choose(sim.chooser->context, kind, count) % count;
  sim.candidates = NULL;
  schedule_add(&sim.schedule, kind, choice);
  if (sim.config->decided != NULL)
    sim.config->decided(sim.config->decided_context, kind, choice, count);
  if (chooser_divergence(sim.chooser) != NULL)
    sim.stop = true;
  return choice;
}

bool simulation_candidates(struct candidate *candidates) {
  if (sim.candidates != NULL)
    sim.candidates(candidates);
  return sim.candidates != NULL;
}

void simulation_fail(enum weir_verdict verdict, const char *signature, struct text *text) {
  if (sim.failed == WEIR_VERDICT_OK) {
    sim.failed = verdict;
    signature_add(&sim.signature, signature);
    sim.failure = *text;
  } else {
    text_free(text);
  }
  if (!weir_scheduler.ending)
    sim.stop = true;
}

static int64_t virtual_clock(void) {
  return sim.now;
}

void simulation_move_time(int64_t now) {
  if (now <= sim.now)
    return;
  sim.now = now;
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    weir_scheduler.workers[i]->stamp = worker_stamp_of(now);
}

static bool allocation_fails(void) {
  return sim.config->fail_allocation && worker_here()->current != NULL &&
         simulation_decide(WEIR_CHOICE_ALLOCATION, 2) == 1;
}

static void check_abandoned(void) {
  if (sim.config->abandoned_max != 0 && weir_counts().timers_abandoned > sim.config->abandoned_max)
    sim.stop = sim.abandoned_too_many = true;
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

/* A timer may fire now: the due ones always, a later one while the budget for that lasts. */
static bool may_fire(void) {
  return worker_here()->wheel.due != NULL || (worker_here()->wheel.count != 0 && sim.early_left > 0);
}

/* Moves the clock to the earliest timer's tick and fires one of those due in it. */
static void fire_earliest(void) {
  struct wheel *wheel = &worker_here()->wheel;
  if (wheel->due == NULL) {
    if (worker_here()->run.count != 0 || worker_here()->current != NULL)
      sim.early_left -= sim.early_left > 0;
    int64_t earliest = wheel_earliest(wheel);
    simulation_move_time(earliest);
    wheel_advance(wheel, earliest);
  }
  struct wheel_node *node = wheel->due;
  assert(node != NULL);
  uint32_t ties = 0;
  for (const struct wheel_node *at = node; at != NULL && wheel_tick_of(at->due) == wheel_tick_of(node->due);
       at = at->next)
    ties++;
  for (uint32_t skip = simulation_decide(WEIR_CHOICE_TIMER, ties); skip > 0 && node->next != NULL; skip--)
    node = node->next;
  wheel_remove(wheel, node);
  port_lock(&worker_here()->wheel_lock);
  worker_expire(worker_here(), node, sim.now);
  port_unlock(&worker_here()->wheel_lock);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------ */

/* Takes the task at that place out of the run queue. */
static struct task *take(uint32_t place) {
  struct task_queue *queue = &worker_here()->run;
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

bool simulation_count_step(void) {
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
  if (++sim.turns <= worker_here()->run.count)
    return;
  sim.turns = 0;
  if (worker_here()->wheel.count != 0)
    fire_earliest();
  else
    simulation_move_time(sim.now + (1 << WHEEL_TICK_BITS));
}

static void hand_over(struct task *next) {
  worker_here()->chosen = next;
  task_ready(worker_here()->current);
  worker_suspend(worker_here(), DEPARTURE_BLOCKED);
}

/* The simulation has stopped: the current task never runs again. */
static void stay_behind(void) {
  for (;;)
    worker_suspend(worker_here(), DEPARTURE_BLOCKED);
}

/* ---- scheduling points ------------------------------------------------------------------------------------------ */

static void list_queue(struct candidate *candidates) {
  for (const struct task *task = worker_here()->run.head; task != NULL; task = task->next)
    *candidates++ = (struct candidate){.key = task->number, .pending = task->pending};
  if (may_fire())
    *candidates = (struct candidate){0};
}

static void list_all(struct candidate *candidates) {
  const struct task *current = worker_here()->current;
  candidates[0] = (struct candidate){.key = current->number, .pending = current->pending};
  list_queue(candidates + 1);
}

/* Who goes on: the current task, one of those in the queue, time. */
static uint32_t choose_task(void) {
  sim.free_choices = 1;
  sim.yields = false;
  sim.candidates = list_all;
  return simulation_decide(WEIR_CHOICE_TASK, 1 + worker_here()->run.count + may_fire());
}

/* Who goes on: one of those in the queue, time. */
static uint32_t choose_other(bool yields) {
  sim.free_choices = worker_here()->run.count;
  sim.yields = yields;
  sim.candidates = list_queue;
  return simulation_decide(WEIR_CHOICE_TASK, worker_here()->run.count + may_fire());
}

static void step(const struct port_operation *operation) {
  struct worker *worker = worker_here();
  if (worker->current == NULL || weir_scheduler.ending)
    return;
  simulation_trace_operation(operation);
  if (!simulation_count_step())
    stay_behind();
  pipes_serve();
  if (sim.round_robin)
    take_turns();
  struct task *current = worker->current;
  current->pending = operation;
  uint32_t others = worker->run.count;
  uint32_t choice = sim.round_robin ? others != 0 : choose_task();
  if (sim.stop)
    stay_behind();
  if (choice > others)
    fire_earliest();
  else if (choice != 0)
    hand_over(take(choice - 1));
  current->pending = NULL;
}

static void yield(void) {
  struct worker *worker = worker_here();
  simulation_trace("yield", NULL);
  if (!simulation_count_step())
    stay_behind();
  pipes_serve();
  if (sim.round_robin)
    take_turns();
  else if (worker->run.count == 0 && choose_task() == 1)
    fire_earliest();
  if (worker->run.count == 0)
    return;
  uint32_t choice = choose_other(true);
  if (choice == worker->run.count) {
    fire_earliest();
    choice = 0;
  }
  hand_over(take(choice));
}

bool simulation_may_wait(int64_t earliest) {
  if (sim.quiet_since < 0)
    sim.quiet_since = sim.now;
  if (scheduler_watched() == 0 && weir_counts().timers_abandoned == 0)
    return false;
  int64_t horizon = sim.config->horizon != 0 ? sim.config->horizon : INT64_C(3600) * WEIR_SECOND;
  int64_t limit;
  if (__builtin_add_overflow(sim.main_ended >= 0 ? sim.main_ended : sim.quiet_since, horizon, &limit))
    limit = INT64_MAX;
  /* A tick is rounded up: what is due within the horizon still counts. */
  return earliest - (1 << WHEEL_TICK_BITS) < limit;
}

/* Nothing can run: lets time pass. False when nothing that is pending matters any more, or only beyond the horizon. */
static bool let_time_pass(void) {
  if (!simulation_may_wait(wheel_earliest(&worker_here()->wheel)))
    return false;
  fire_earliest();
  return worker_here()->run.count == 0 || simulation_count_step();
}

static struct task *next_task(void) {
  struct worker *worker = worker_here();
  struct task *chosen = worker->chosen;
  worker->chosen = NULL;
  if (chosen != NULL)
    return chosen;
  uint32_t choice = choose_other(false);
  if (choice < worker->run.count)
    return take(choice);
  if (simulation_count_step())
    fire_earliest();
  return NULL;
}

bool simulation_only_daemons(void) {
  size_t tasks = books_live(BOOK_TASK);
  return sim.main_ended >= 0 && tasks > 0 && tasks == scheduler_daemons() && weir_counts().timers_pending == 0;
}

static void loop(void) {
  struct worker *worker = worker_here();
  while (!sim.stop) {
    if (worker->chosen == NULL)
      pipes_serve();
    if (worker->chosen == NULL && worker->run.count == 0) {
      if (worker->wheel.due != NULL)
        fire_earliest();
      else if (wait_wake_first(&weir_scheduler.settlers))
        worker->chosen = take(0); /* before anything else happens */
      else if (simulation_only_daemons() || !let_time_pass())
        return;
      continue;
    }
    struct task *task = next_task();
    if (task == NULL || sim.stop)
      continue;
    sim.quiet_since = -1;
    worker_dispatch(worker, task);
    check_abandoned();
    if (weir_scheduler.main_done && sim.main_ended < 0) {
      sim.main_ended = sim.now;
      weir_scheduler.main = NULL;
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
    .choose = simulation_decide,
    .fires = simulation_trace_fires,
    .gone = simulation_gone,
    .leave = stay_behind,
};

static void keep_log(void *context, const char *line) {
  text_append(context, "%s\n", line);
}

static int check(const struct weir_sim *config) {
  return config == NULL || config->chooser == NULL || config->workers > WORKERS_VIRTUAL_MOST || config->horizon < 0
             ? -EINVAL
             : 0;
}

static struct stack_pool stacks; /* of every virtual worker */
static struct worker workers[WORKERS_VIRTUAL_MOST];

static uint32_t worker_count(const struct weir_sim *config) {
  return config->workers != 0 ? config->workers : 1;
}

static void prepare(const struct weir_sim *config) {
  memset(&sim, 0, sizeof sim);
  sim.before = weir_counts();
  sim.config = config;
  sim.chooser = config->chooser;
  sim.now = SIMULATION_START;
  sim.quiet_since = sim.main_ended = -1;
  sim.step_limit = config->step_limit != 0 ? config->step_limit : 1000000;
  sim.early_left = config->early_fire_max != 0 ? config->early_fire_max : 64;
  for (uint32_t i = 0; i < worker_count(config); i++) {
    /* Its wheel is empty, its ring and its looks are reset with the rest: large, and mostly untouched. */
    memset(&workers[i], 0, offsetof(struct worker, wheel));
    memset(&workers[i].parker, 0, offsetof(struct worker, looks) - offsetof(struct worker, parker));
    workers[i].number = (uint8_t)(WORKER_VIRTUAL + i);
    workers[i].stacks = &stacks;
    wheel_restart(&workers[i].wheel, sim.now);
    weir_workers[WORKER_VIRTUAL + i] = &workers[i];
  }
  chans_restart();
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
  bool failed = report->schedule == NULL || report->text == NULL || report->graph == NULL ||
                report->signature == NULL || (sim.config->trace && report->trace == NULL);
  if (divergence != NULL) {
    struct text text = {0};
    text_append(&text, "%s", divergence);
    report->divergence = text_take(&text);
    failed |= report->divergence == NULL;
  }
  schedule_free(&sim.schedule);
  objects_free(&sim.objects);
  text_free(&sim.failure);
  if (!failed)
    return divergence != NULL ? -EILSEQ : 0;
  weir_sim_report_free(report);
  return -ENOMEM;
}

/* False when there was no memory to begin. */
static bool run_tasks(uint32_t count) {
  if (!run_start_main(&sim.main))
    return false;
  if (count == 1) {
    loop();
    return true;
  }
  if (!virtual_begin(count))
    return false;
  virtual_loop();
  virtual_end();
  return true;
}

int weir_simulate(const struct weir_sim *config, int (*main)(void *), void *arg, struct weir_sim_report *report) {
  int error = check(config);
  if (error == 0 && weir_run_active())
    error = -EBUSY;
  if (error != 0)
    return error;
  memset(report, 0, sizeof *report);
  prepare(config);
  weir_port_simulation = worker_count(config) == 1 ? &hooks : &virtual_hooks;
  weir_port_mode = PORT_SIMULATED;
  error = run_begin(WORKER_VIRTUAL, worker_count(config),
                    &(struct weir_config){.timer_mode = config->timer_mode,
                                          .stack_size = config->stack_size,
                                          .log = keep_log,
                                          .log_context = &sim.log});
  if (error == 0) {
    sim.main = (struct main_call){.fn = main, .arg = arg};
    error = run_tasks(worker_count(config)) ? finish(report) : -ENOMEM;
    run_finish();
  }
  text_free(&sim.log);
  weir_port_mode = PORT_ONE;
  return error;
}

bool weir_sim_active(void) {
  return port_simulated();
}

void weir_sim_report_free(struct weir_sim_report *report) {
  port_release(report->schedule);
  port_release(report->trace);
  port_release(report->text);
  port_release(report->graph);
  port_release(report->signature);
  port_release(report->divergence);
  memset(report, 0, sizeof *report);
}
