/* verdict.c — what a simulation found: who is blocked for ever, what was left and where it was made.
 *
 * Order: tasks are judged while their waits still stand; then everything is taken down as at the end of a run (deferred
 * functions run and may release things); what is alive after that and was made inside is a leak, and is freed here.
 */
#include "books.h"
#include "broker.h"
#include "cancel.h"
#include "chan.h"
#include "graph.h"
#include "host.h"
#include "ledger.h"
#include "pipes.h"
#include "report.h"
#include "run.h"
#include "simulation.h"
#include "timer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *weir_verdict_name(enum weir_verdict verdict) {
  static const char *const names[] = {"ok", "crash", "assert", "model", "deadlock", "leak", "livelock"};
  return (unsigned)verdict <= WEIR_VERDICT_LIVELOCK ? names[verdict] : "unknown";
}

struct findings {
  struct simulation *simulation;
  uint32_t owed;       /* tasks that wait for what is there */
  uint32_t deadlocked; /* tasks blocked with nothing that could wake them */
  uint32_t late;       /* tasks whose only hope is a timer beyond the horizon */
  uint32_t objects;    /* channels, timers, contexts, brokers, pipes, a library's; afters still pending included */
  bool main_blocked;
  struct text text;
};

static bool has_hope(const struct wait *wait) {
  if (wait->deadline != WEIR_FOREVER)
    return true;
  const char *waiter = (const char *)wait->first;
  for (uint32_t i = 0; wait->kind == WAIT_FOR_CASES && i < wait->count; i++, waiter += wait->stride) {
    const weir_chan *chan = container_of(waiter, const struct weir_case, reserved)->chan;
    if (chan == NULL || chan->role == CHAN_PLAIN)
      continue;
    if (chan->role == CHAN_CONTEXT ? context_has_deadline(chan) : chan_has_timer(chan) && timer_armed(chan))
      return true;
  }
  return false;
}

/* Somebody else waits in the queue: a select is never paired with itself. */
static bool others_wait(const struct wait_queue *queue, const struct wait *wait) {
  const struct waiter *waiter = queue->head;
  if (waiter == NULL)
    return false;
  do {
    if (waiter->wait != wait && wait_is_open(waiter->wait))
      return true;
    waiter = waiter->next;
  } while (waiter != queue->head);
  return false;
}

/* An operation that could go through: whoever made that so has not woken the task. Channels only: they are alive while
 * a task waits on them, which cannot be said of the caller's storage. */
static bool is_owed(const struct wait *wait) {
  const char *waiter = (const char *)wait->first;
  for (uint32_t i = 0; wait->kind == WAIT_FOR_CASES && i < wait->count; i++, waiter += wait->stride) {
    const struct weir_case *one = container_of(waiter, const struct weir_case, reserved);
    const weir_chan *c = one->chan;
    if (c == NULL)
      continue;
    if (c->closed || (one->op == WEIR_OPERATION_SEND ? c->length < c->capacity || others_wait(&c->receivers, wait)
                                                     : c->length != 0 || others_wait(&c->senders, wait)))
      return true;
  }
  return false;
}

static void judge_task(struct task *task, void *context) {
  struct findings *findings = context;
  const struct simulation *simulation = findings->simulation;
  bool hope = simulation->stop || !wait_is_open(&task->wait) || has_hope(&task->wait);
  if (task->daemon)
    text_append(&findings->text, "daemon, exempt: ");
  else if (hope)
    findings->late++;
  else
    findings->deadlocked++;
  findings->main_blocked |= !task->daemon && !hope && task == weir_scheduler.main;
  char line[REPORT_LINE];
  report_task(task, line, sizeof line);
  text_append(&findings->text, "%s\n", line);
  if (!simulation->stop && wait_is_open(&task->wait) && is_owed(&task->wait)) {
    findings->owed++;
    text_append(&findings->text, "  it was not woken, although it can go on: the runtime owes a wake-up\n");
  }
  if (task->daemon || simulation->failed != WEIR_VERDICT_OK)
    return;
  char entry[SIGNATURE_ENTRY];
  graph_describe(task, entry, sizeof entry);
  signature_add(&findings->simulation->signature, entry);
}

/* Counts of what the simulation made. */
static struct weir_counts census_since(const struct weir_counts *before) {
  struct weir_counts now = weir_counts();
  now.timers -= before->timers;
  now.channels -= before->channels;
  now.contexts -= before->contexts;
  now.brokers -= before->brokers;
  now.responses -= before->responses;
  now.connections -= before->connections;
  now.bytes -= before->bytes;
  return now;
}

/* Calls visit for each object of a kind that this simulation made. */
static void for_each_left(enum book_kind kind, void (*visit)(weir_chan *chan, struct findings *findings),
                          struct findings *findings) {
  const struct book *book = &weir_books[0].kinds[kind];
  for (uint32_t slot = 0; book->live != 0 && slot < book->count; slot++) {
    weir_chan *chan = book_at(book, slot); /* timers and contexts begin with their channel */
    if (chan != NULL && chan_of_simulation(chan))
      visit(chan, findings);
  }
}

static void count_left(struct findings *findings, const char *noun, uint32_t site) {
  findings->objects++;
  char entry[SIGNATURE_ENTRY];
  snprintf(entry, sizeof entry, "left %s %s:%d", noun, signature_file(site_file(site)), site_line(site));
  if (findings->simulation->failed == WEIR_VERDICT_OK && findings->deadlocked == 0)
    signature_add(&findings->simulation->signature, entry);
}

static void report_left_elsewhere(void *context, const char *noun, uint32_t site) {
  struct findings *findings = context;
  count_left(findings, noun, site);
  text_append(&findings->text, "left: the %s made at %s:%d\n", noun, site_file(site), site_line(site));
}

static void report_left(weir_chan *chan, struct findings *findings) {
  count_left(findings, chan_noun(chan), chan->site);
  ledger_check(chan);
  text_append(&findings->text, "left: the %s made at %s:%d (references: %u, elements: %u)\n", chan_noun(chan),
              site_file(chan->site), site_line(chan->site), chan->references, chan->length);
}

static void free_left(weir_chan *chan, struct findings *findings) {
  (void)findings;
  chan->references = 1;
  chan->drop = NULL; /* what it held belongs to a program that is over */
  weir_chan_unref(chan);
}

/* A parent may stand in the book before its children: all are taken apart first. */
static void orphan_left(weir_chan *chan, struct findings *findings) {
  (void)findings;
  context_orphan(chan);
}

static void free_left_broker(weir_chan *chan, struct findings *findings) {
  (void)findings;
  broker_abandon(chan);
}

static enum weir_verdict verdict_of(const struct simulation *simulation, const struct findings *findings) {
  if (simulation->failed == WEIR_VERDICT_ASSERT || simulation->main.result != 0)
    return WEIR_VERDICT_ASSERT;
  if (simulation->failed == WEIR_VERDICT_MODEL || findings->owed != 0)
    return WEIR_VERDICT_MODEL;
  if (findings->deadlocked != 0)
    return WEIR_VERDICT_DEADLOCK;
  if (simulation->abandoned_too_many || (!simulation->livelock && findings->late + findings->objects != 0))
    return WEIR_VERDICT_LEAK;
  return simulation->livelock ? WEIR_VERDICT_LIVELOCK : WEIR_VERDICT_OK;
}

/* False: there is none, yet. */
static bool tell_failure(const struct simulation *simulation, struct text *text) {
  if (simulation->failed != WEIR_VERDICT_OK && simulation->failure.characters != NULL)
    text_append(text, "%s\n", simulation->failure.characters);
  return simulation->failed != WEIR_VERDICT_OK;
}

void simulation_judge(struct simulation *simulation, struct weir_sim_report *report) {
  struct findings findings = {.simulation = simulation};
  struct text graph = {0};
  report->census = census_since(&simulation->before);
  bool told = tell_failure(simulation, &findings.text);
  tasks_each(judge_task, &findings);
  graph_write(&graph);
  report->graph = text_take(&graph);
  if (simulation->main.result != 0)
    text_append(&findings.text, "main returned %d\n", simulation->main.result);
  if (simulation->livelock)
    text_append(&findings.text, "no end after %" PRIu64 " steps, the second half of them in turns\n",
                simulation->steps);
  if (simulation->abandoned_too_many) {
    signature_add(&simulation->signature, "abandoned timers");
    text_append(&findings.text, "%zu abandoned timers are pending, more than the %zu allowed\n",
                weir_counts().timers_abandoned, simulation->config->abandoned_max);
  }
  size_t abandoned = weir_counts().timers_abandoned;
  if (abandoned != 0)
    text_append(&findings.text, "left: %zu abandoned timers, still pending\n", abandoned);
  run_take_down();
  findings.objects += (uint32_t)abandoned;
  host_libraries_end(report_left_elsewhere, &findings);
  for_each_left(BOOK_CHANNEL, report_left, &findings);
  for_each_left(BOOK_TIMER, report_left, &findings);
  for_each_left(BOOK_CONTEXT, report_left, &findings);
  for_each_left(BOOK_BROKER, report_left, &findings);
  findings.objects += pipes_end(&findings.text);
  for_each_left(BOOK_BROKER, free_left_broker, &findings);
  for_each_left(BOOK_CHANNEL, free_left, &findings);
  for_each_left(BOOK_TIMER, free_left, &findings);
  for_each_left(BOOK_CONTEXT, orphan_left, &findings);
  for_each_left(BOOK_CONTEXT, free_left, &findings);
  if (!told)
    tell_failure(simulation, &findings.text);
  report->verdict = verdict_of(simulation, &findings);
  report->signature = signature_print(&simulation->signature, report->verdict);
  report->global = report->verdict == WEIR_VERDICT_DEADLOCK && findings.main_blocked;
  if (simulation->log.length != 0)
    text_append(&findings.text, "%s", simulation->log.characters);
  report->text = text_take(&findings.text);
}
