/* chan.c — see chan.h for the invariants.
 *
 * An operation looks, in this order, at: a waiter on the other side, the buffer, closed, and only then waits. A
 * receiver that takes from a full buffer moves the first waiting sender's element into it, so that order is kept and
 * the sender wakes with its work done. The length does not move then: who looks without the lock must not see a buffer
 * that was never empty, or full, as if it were. A blocked operation is a select of one case on the stack: there is one way to
 * wait.
 *
 * Rejected: waking a waiter and letting it try again (it may lose the element to a third; two switches an element);
 * a lock-free ring (the waiters need the lock anyway, and with one worker there is none).
 */
#include "chan.h"

#include "books.h"
#include "cancel.h"
#include "ledger.h"
#include "report.h"
#include "run.h"
#include "timer.h"
#include "worker.h"

#include <weir/sim.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static inline __attribute__((always_inline)) void copy_element(void *to, const void *from, size_t size) {
  if (likely(size == 8)) {
    memcpy(to, from, 8);
    return;
  }
  if (size != 0)
    memcpy(to, from, size);
}

/* from == NULL: zeros; to == NULL: discard. */
static inline void move_element(void *to, const void *from, size_t size) {
  if (to == NULL)
    return;
  if (likely(from != NULL))
    copy_element(to, from, size);
  else
    memset(to, 0, size);
}

size_t chan_footprint(const weir_chan *c) {
  return sizeof *c + (size_t)c->capacity * c->element_size;
}

static uint16_t newest; /* order, in a simulation */

void chans_restart(void) {
  newest = 0;
}

void chan_init(weir_chan *c, size_t element_size, size_t capacity, uint32_t site) {
  *c = (struct weir_chan){
      .references = 1, .element_size = (uint32_t)element_size, .capacity = (uint32_t)capacity, .site = site};
  if (port_simulated())
    c->order = ++newest != 0 ? newest : ++newest;
}

weir_chan *weir_chan_new_at(size_t element_size, size_t capacity, const char *file, int line) {
  size_t bytes;
  if (element_size > UINT32_MAX || capacity >= UINT32_MAX || __builtin_mul_overflow(element_size, capacity, &bytes) ||
      __builtin_add_overflow(bytes, sizeof(struct weir_chan), &bytes))
    return NULL;
  weir_chan *c = port_allocate(MEMORY_CHANNEL, bytes + (port_simulated() ? ledger_size(bytes, capacity) : 0));
  if (c == NULL)
    return NULL;
  chan_init(c, element_size, capacity, site_of(file, line));
  if (port_simulated())
    ledger_open(c);
  if (!chan_enter(c, BOOK_CHANNEL, bytes - sizeof *c)) {
    port_release(c);
    return NULL;
  }
  return c;
}

weir_chan *weir_chan_ref(weir_chan *c) {
  if (c != NULL)
    port_retain(&c->references);
  return c;
}

const char *chan_noun(const weir_chan *c) {
  static const char *const nouns[] = {"channel", "timer", "ticker", "function timer", "context", "broker"};
  return nouns[c->role];
}

static void log_waiters(const struct wait_queue *queue) {
  const struct waiter *waiter = queue->head;
  do {
    char line[REPORT_LINE];
    report_task(container_of(waiter->wait, struct task, wait), line, sizeof line);
    run_log("  %s", line);
    waiter = waiter->next;
  } while (waiter != queue->head);
}

static _Noreturn void abort_in_use(const weir_chan *c) {
  run_log_last_words();
  run_log("weir: the last reference to the %s made at %s:%d was dropped while tasks wait on it:", chan_noun(c),
          site_file(c->site), site_line(c->site));
  if (!wait_queue_empty(&c->receivers))
    log_waiters(&c->receivers);
  if (!wait_queue_empty(&c->senders))
    log_waiters(&c->senders);
  abort();
}

void chan_free(weir_chan *c) {
  if (unlikely(c->role == CHAN_CONTEXT)) {
    context_dropped(c);
    return;
  }
  if (c->role != CHAN_PLAIN) {
    timer_dropped(c);
    return;
  }
  if (port_simulated())
    ledger_check(c);
  for (; c->drop != NULL && c->length != 0; c->length--) {
    c->drop(chan_slot(c, c->head));
    c->head = c->head + 1 == c->capacity ? 0 : c->head + 1;
  }
  chan_exit(c, BOOK_CHANNEL, chan_footprint(c) - sizeof *c);
  port_release(c);
}

void chans_unpin(const struct wait *wait) {
  char *waiter = (char *)wait->first;
  for (uint32_t i = 0; wait->kind == WAIT_FOR_CASES && i < wait->count; i++, waiter += wait->stride) {
    weir_chan *c = case_of((struct waiter *)waiter)->chan;
    bool pinned = c != NULL && (struct waiter *)waiter != wait->winner; /* who claimed it has taken its pin */
    if (pinned && --c->pins == 0 && c->dropped)
      chan_free(c);
  }
}

bool chan_unused(weir_chan *c) {
  port_lock(&c->lock);
  if (unlikely(chan_waited_on(&c->receivers) || chan_waited_on(&c->senders)))
    abort_in_use(c);
  bool pinned = c->pins != 0;
  c->dropped = pinned;
  port_unlock(&c->lock);
  return !pinned;
}

void weir_chan_unref(weir_chan *c) {
  port_step("unref", c);
  if (c != NULL && port_release_count(&c->references) && chan_unused(c))
    chan_free(c);
}

void weir_chan_on_drop(weir_chan *c, void (*drop)(void *element)) {
  if (c != NULL && c->role == CHAN_PLAIN)
    c->drop = drop;
}

/* Takes the first of a queue that nobody else has claimed; NULL when there is none. */
static inline struct weir_case *claim_first(struct wait_queue *queue) {
  while (!wait_queue_empty(queue)) {
    struct waiter *waiter = queue->head;
    if (likely(wait_claim(waiter))) {
      if (port_several())
        case_of(waiter)->chan->pins--;
      return case_of(waiter);
    }
  }
  return NULL;
}

static inline void complete(struct weir_case *other, int status) {
  other->status = status;
  wait_wake(waiter_of(other)->wait);
}

/* Nobody is a task outside of one. */
static struct task *task_here(void) {
  return worker_here()->current;
}

static struct task *task_of(struct weir_case *other) {
  return container_of(waiter_of(other)->wait, struct task, wait);
}

static inline void buffer_push(weir_chan *c, const void *value) {
  if (port_simulated())
    ledger_push(c, value, task_here());
  uint32_t room_behind = c->capacity - c->head;
  uint32_t tail = c->length >= room_behind ? c->length - room_behind : c->head + c->length;
  move_element(chan_slot(c, tail), value, c->element_size);
  chan_set_length(c, c->length + 1);
}

int chan_send_now(weir_chan *c, const void *value) {
  if (unlikely(c->closed))
    return -EPIPE;
  struct weir_case *receiver = claim_first(&c->receivers);
  if (receiver != NULL) {
    if (port_simulated())
      ledger_pass(c, value, task_here(), task_of(receiver));
    move_element(receiver->value, value, c->element_size);
    complete(receiver, 0);
    return 0;
  }
  if (c->length == c->capacity)
    return -EAGAIN;
  buffer_push(c, value);
  return 0;
}

static int recv_drained(weir_chan *c, void *value) {
  struct weir_case *sender = claim_first(&c->senders);
  if (sender != NULL) {
    if (port_simulated())
      ledger_pass(c, sender->value, task_of(sender), task_here());
    move_element(value, sender->value, c->element_size);
    complete(sender, 0);
    return 0;
  }
  if (!c->closed)
    return -EAGAIN;
  move_element(value, NULL, c->element_size);
  return -EPIPE;
}

int chan_recv_now(weir_chan *c, void *value) {
  if (c->length == 0)
    return recv_drained(c, value);
  char *oldest = chan_slot(c, c->head);
  if (port_simulated())
    ledger_pop(c, oldest, task_here());
  move_element(value, oldest, c->element_size);
  c->head = c->head + 1 == c->capacity ? 0 : c->head + 1;
  struct weir_case *sender = claim_first(&c->senders);
  if (sender == NULL) {
    chan_set_length(c, c->length - 1);
    return 0;
  }
  /* It was full and stays so: the place that the oldest leaves is the newest's. */
  if (port_simulated())
    ledger_push(c, sender->value, task_of(sender));
  move_element(oldest, sender->value, c->element_size);
  complete(sender, 0);
  return 0;
}

/* A select that stands in one queue several times must be met in any of these cases alike: the newest of k goes before
 * the others with probability 1 / k, which makes the foremost uniform. */
static __attribute__((noinline)) void shuffle_twin(struct waiter *waiter) {
  struct waiter *foremost = waiter;
  uint32_t twins = 1;
  while (foremost != waiter->queue->head && foremost->previous->wait == waiter->wait) {
    foremost = foremost->previous;
    twins++;
  }
  if (worker_draw(WEIR_CHOICE_SELECT, twins) != twins - 1)
    return;
  struct wait_queue *queue = waiter->queue;
  wait_queue_remove(waiter);
  wait_queue_insert(queue, waiter, foremost);
}

void chan_enlist(struct weir_case *one, struct wait *wait) {
  weir_chan *c = one->chan;
  struct wait_queue *queue = one->op == WEIR_OPERATION_SEND ? &c->senders : &c->receivers;
  if (unlikely(chan_has_timer(c)))
    timer_watched(c, true);
  if (port_several())
    c->pins++;
  bool twin = queue->head != NULL && queue->head->previous->wait == wait;
  wait_enlist(wait, waiter_of(one), queue);
  if (unlikely(twin))
    shuffle_twin(waiter_of(one));
}

static void withdraw(struct weir_case *one) {
  wait_queue_remove(waiter_of(one));
  if (unlikely(chan_has_timer(one->chan)))
    timer_watched(one->chan, false);
}

bool chan_leave(struct weir_case *one) {
  weir_chan *c = one->chan;
  if (!port_several() && waiter_of(one)->queue == NULL)
    return false; /* without a pin: whoever took it out may have freed the channel */
  port_lock(&c->lock);
  if (waiter_of(one)->queue != NULL)
    withdraw(one);
  bool last = port_several() && --c->pins == 0 && c->dropped;
  port_unlock(&c->lock);
  return last;
}

bool chan_purge(struct wait_queue *queue) {
  while (queue->head != NULL && !wait_is_open(queue->head->wait))
    withdraw(case_of(queue->head));
  return queue->head != NULL;
}

/* The slow half of a single operation. The lock is held. */
static __attribute__((noinline)) int block(weir_chan *c, int op, void *value, int64_t deadline) {
  if (deadline == WEIR_POLL || !wait_allowed()) {
    if (c != NULL)
      port_unlock(&c->lock);
    return deadline == WEIR_POLL ? -ETIMEDOUT : -EPERM;
  }
  struct weir_case one = {.chan = c, .op = op, .value = value};
  struct wait *wait = wait_open(WAIT_FOR_CASES, waiter_of(&one), 1, sizeof one);
  if (c != NULL)
    chan_enlist(&one, wait);
  else
    waiter_of(&one)->queue = NULL;
  if (wait_commit(wait, deadline, c != NULL ? &c->lock : NULL) != NULL)
    return one.status;
  if (c != NULL && unlikely(chan_leave(&one)))
    chan_free(c);
  return -ETIMEDOUT;
}

int weir_chan_send_until(weir_chan *c, const void *value, int64_t deadline) {
  port_step("send", c);
  if (unlikely(c == NULL))
    return block(NULL, WEIR_OPERATION_SEND, NULL, deadline);
  if (unlikely(c->role != CHAN_PLAIN))
    return -EINVAL;
  port_lock(&c->lock);
  int result = chan_send_now(c, value);
  if (unlikely(result == -EAGAIN))
    return block(c, WEIR_OPERATION_SEND, (void *)(uintptr_t)value, deadline);
  port_unlock(&c->lock);
  return result;
}

/* A task that never blocks must still see its timer. */
static inline void see_timer(const weir_chan *c) {
  if (unlikely(c->role != CHAN_PLAIN && chan_length_hint(c) == 0 && !c->untimed))
    worker_serve_timers(worker_here());
}

int weir_chan_recv_until(weir_chan *c, void *value, int64_t deadline) {
  port_step("receive", c);
  if (unlikely(c == NULL))
    return block(NULL, WEIR_OPERATION_RECV, NULL, deadline);
  if (deadline == WEIR_POLL)
    see_timer(c);
  port_lock(&c->lock);
  int result = chan_recv_now(c, value);
  if (unlikely(result == -EAGAIN))
    return block(c, WEIR_OPERATION_RECV, value, deadline);
  port_unlock(&c->lock);
  return result;
}

int weir_chan_send(weir_chan *c, const void *value) {
  return weir_chan_send_until(c, value, WEIR_FOREVER);
}

int weir_chan_recv(weir_chan *c, void *value) {
  return weir_chan_recv_until(c, value, WEIR_FOREVER);
}

int weir_chan_try_send(weir_chan *c, const void *value) {
  port_step("try send", c);
  if (unlikely(c == NULL))
    return -EAGAIN;
  if (unlikely(c->role != CHAN_PLAIN))
    return -EINVAL;
  if (port_several() && !chan_may_send(c))
    return -EAGAIN;
  port_lock(&c->lock);
  int result = chan_send_now(c, value);
  port_unlock(&c->lock);
  return result;
}

int weir_chan_try_recv(weir_chan *c, void *value) {
  port_step("try receive", c);
  if (unlikely(c == NULL))
    return -EAGAIN;
  see_timer(c);
  /* The length, the senders, then closed: it was empty, with no sender waiting, at a moment when it was open. */
  if (port_several() && !chan_may_recv(c))
    return -EAGAIN;
  port_lock(&c->lock);
  int result = chan_recv_now(c, value);
  port_unlock(&c->lock);
  return result;
}

static void end_waiters(struct wait_queue *queue) {
  struct weir_case *waiting;
  while ((waiting = claim_first(queue)) != NULL) {
    if (waiting->op == WEIR_OPERATION_RECV)
      move_element(waiting->value, NULL, waiting->chan->element_size);
    complete(waiting, -EPIPE);
  }
}

int chan_close_now(weir_chan *c) {
  if (c->closed)
    return -EALREADY;
  __atomic_store_n(&c->closed, true, __ATOMIC_RELEASE); /* pairs with chan_closed_hint */
  end_waiters(&c->receivers);
  end_waiters(&c->senders);
  return 0;
}

int weir_chan_close(weir_chan *c) {
  port_step("close", c);
  if (c == NULL || c->role != CHAN_PLAIN)
    return -EINVAL;
  port_lock(&c->lock);
  int result = chan_close_now(c);
  port_unlock(&c->lock);
  return result;
}

static bool hidden(const weir_chan *c) {
  return c == NULL || (c->role != CHAN_PLAIN && c->prompt);
}

size_t weir_chan_len(const weir_chan *c) {
  port_step("len", c);
  if (hidden(c))
    return 0;
  see_timer(c);
  return chan_length_hint(c);
}

size_t weir_chan_cap(const weir_chan *c) {
  return hidden(c) ? 0 : c->capacity;
}
