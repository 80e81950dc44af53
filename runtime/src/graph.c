/* graph.c — the wait-for graph.
 *
 *   main (task 1) --receive--> channel made at a.c:10, last sent to by task 2
 *   task 2 started at a.c:12 --lock--> mutex held by main (task 1)
 *   circle: main (task 1) -> task 2 -> main (task 1)
 *
 * A mutex, a reader-writer mutex and a once know who holds them. A channel knows nobody: the edge leads to who was last
 * at its other end, by its ledger, which is a hint for a reader and no proof.
 */
#include "graph.h"

#include "books.h"
#include "ledger.h"
#include "report.h"
#include "scheduler.h"
#include "signature.h"
#include "sync.h"

#include <stdio.h>
#include <string.h>

static const char *verb_of(const struct wait *wait) {
  switch ((enum wait_kind)wait->kind) {
  case WAIT_FOR_TIME:
    return "sleep";
  case WAIT_FOR_CASES:
    return wait->count == 0 ? "select of no cases" : wait->count == 1 ? "" : "select";
  case WAIT_FOR_GROUP:
    return "wait for a wait group";
  case WAIT_FOR_SETTLE:
    return "settle";
  case WAIT_FOR_MUTEX:
    return "lock a mutex";
  case WAIT_FOR_READ:
    return "lock a reader-writer mutex to read";
  case WAIT_FOR_WRITE:
    return "lock a reader-writer mutex to write";
  case WAIT_FOR_COND:
    return "wait for a condition";
  case WAIT_FOR_ONCE:
    return "wait for a once";
  case WAIT_FOR_BROKER:
    return "wait for the publishers of a broker";
  case WAIT_FOR_DESCRIPTOR:
    return "wait for a descriptor";
  case WAIT_FOR_JOB:
    return "wait for a blocking job";
  case WAIT_FOR_RESPONSE:
    return "wait for an HTTP server";
  case WAIT_FOR_REQUEST:
    return "wait for an HTTP request";
  }
  return "wait";
}

static const struct weir_case *case_at(const struct wait *wait, uint32_t place) {
  const char *first = (const char *)wait->first - offsetof(struct weir_case, reserved);
  return (const struct weir_case *)(first + (size_t)place * wait->stride);
}

/* ---- the edges -------------------------------------------------------------------------------------------------- */

struct sought {
  uint32_t number;
  struct task *task;
};

static void seek(struct task *task, void *context) {
  struct sought *sought = context;
  if (holder_of(task) == sought->number)
    sought->task = task;
}

static struct task *task_of(uint32_t number) {
  struct sought sought = {.number = number};
  if (number != 0 && number != HOLDER_OUTSIDE)
    tasks_each(seek, &sought);
  return sought.task;
}

/* Who was last at the other end of a case's channel; 0: nobody. */
static uint32_t other_end(const struct weir_case *one) {
  const struct ledger *ledger = one->chan != NULL ? ledger_of(one->chan) : NULL;
  if (ledger == NULL)
    return 0;
  return one->op == WEIR_OPERATION_SEND ? ledger->last_receiver : ledger->last_sender;
}

static uint32_t holder_for(const struct wait *wait) {
  if (wait->first->queue == NULL)
    return 0;
  switch ((enum wait_kind)wait->kind) {
  case WAIT_FOR_MUTEX:
    return mutex_holder(wait->first);
  case WAIT_FOR_READ:
  case WAIT_FOR_WRITE:
    return rwmutex_holder(wait->first);
  case WAIT_FOR_ONCE:
    return once_holder(wait->first);
  default:
    return 0;
  }
}

/* Whom it waits for, as far as known; 0: nobody in particular. */
static uint32_t awaited(const struct task *task) {
  const struct wait *wait = &task->wait;
  if (!wait_is_open(wait))
    return 0;
  if (wait->kind != WAIT_FOR_CASES)
    return wait->count != 0 ? holder_for(wait) : 0;
  for (uint32_t i = 0; i < wait->count; i++)
    if (other_end(case_at(wait, i)) != 0)
      return other_end(case_at(wait, i));
  return 0;
}

static void write_name(struct text *text, uint32_t number) {
  const struct task *task = task_of(number);
  if (task == NULL) {
    text_append(text, number == HOLDER_OUTSIDE ? "nobody in this run" : "task %u, which has ended", number);
    return;
  }
  char name[REPORT_LINE];
  report_task_name(task, name, sizeof name);
  text_append(text, "%s", name);
}

static void write_case(struct text *text, const char *name, const struct weir_case *one) {
  bool sends = one->op == WEIR_OPERATION_SEND;
  text_append(text, "%s --%s--> ", name, sends ? "send" : "receive");
  const weir_chan *c = one->chan;
  if (c == NULL) {
    text_append(text, "a NULL channel, for ever\n");
    return;
  }
  text_append(text, "%s made at %s:%d", chan_noun(c), site_file(c->site), site_line(c->site));
  if (c->role == CHAN_PLAIN) {
    text_append(text, " (%u of %u), last %s by ", c->length, c->capacity, sends ? "received from" : "sent to");
    if (other_end(one) != 0)
      write_name(text, other_end(one));
    else
      text_append(text, "nobody");
  }
  text_append(text, "\n");
}

static void write_edges(struct task *task, void *context) {
  struct text *text = context;
  const struct wait *wait = &task->wait;
  if (!wait_is_open(wait))
    return;
  char name[REPORT_LINE];
  report_task_name(task, name, sizeof name);
  if (wait->kind == WAIT_FOR_CASES && wait->count != 0) {
    for (uint32_t i = 0; i < wait->count; i++)
      write_case(text, name, case_at(wait, i));
    return;
  }
  text_append(text, "%s --%s-->", name, verb_of(wait));
  uint32_t holder = wait->count != 0 ? holder_for(wait) : 0;
  if (holder != 0) {
    text_append(text, " held by ");
    write_name(text, holder);
  }
  text_append(text, "\n");
}

/* ---- circles ---------------------------------------------------------------------------------------------------- */

enum { CIRCLE_MOST = 64 };

/* Writes the circle that leads back to this task, from its member of the lowest number only. */
static void write_circle(struct task *task, void *context) {
  struct text *text = context;
  uint32_t path[CIRCLE_MOST];
  unsigned length = 0;
  const struct task *at = task;
  do {
    path[length++] = at->number;
    at = task_of(awaited(at));
  } while (at != NULL && at != task && at->number > task->number && length < CIRCLE_MOST);
  if (at != task)
    return;
  text_append(text, "circle: ");
  for (unsigned i = 0; i < length; i++) {
    write_name(text, path[i]);
    text_append(text, " -> ");
  }
  write_name(text, path[0]);
  text_append(text, "\n");
}

void graph_write(struct text *text) {
  tasks_each(write_edges, text);
  tasks_each(write_circle, text);
}

/* ---- signatures ------------------------------------------------------------------------------------------------- */

void graph_describe(const struct task *task, char *entry, size_t size) {
  const struct wait *wait = &task->wait;
  int length;
  if (task->site == 0)
    length = snprintf(entry, size, "main");
  else
    length = snprintf(entry, size, "task %s:%d", signature_file(site_file(task->site)), site_line(task->site));
  size_t used = length > 0 && (size_t)length < size ? (size_t)length : size - 1;
  if (!wait_is_open(wait)) {
    snprintf(entry + used, size - used, " could run");
    return;
  }
  const char *verb = verb_of(wait);
  length = snprintf(entry + used, size - used, "%s%s", *verb == '\0' ? "" : " ", verb);
  used += length > 0 && (size_t)length < size - used ? (size_t)length : 0;
  for (uint32_t i = 0; wait->kind == WAIT_FOR_CASES && i < wait->count && i < 4; i++) {
    const struct weir_case *one = case_at(wait, i);
    const char *does = one->op == WEIR_OPERATION_SEND ? "send" : "receive";
    if (one->chan == NULL)
      length = snprintf(entry + used, size - used, " %s NULL", does);
    else
      length = snprintf(entry + used, size - used, " %s %s %s:%d", does, chan_noun(one->chan),
                        signature_file(site_file(one->chan->site)), site_line(one->chan->site));
    used += length > 0 && (size_t)length < size - used ? (size_t)length : 0;
  }
}
