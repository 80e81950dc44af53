/* timer.c — timers, afters, tickers, function timers: a channel with a wheel node beside it, in one block of memory.
 *
 *   state      node      tick in the buffer    who moves it
 *   idle       unlinked  no                    reset → armed
 *   armed      linked    classic: perhaps a    expiry → fired, or idle when a waiting receiver takes the tick;
 *                        stale one             stop → idle
 *   fired      unlinked  yes                   receive → idle; prompt: stop and reset discard the tick
 *   abandoned  linked    no                    (classic, references == 0) expiry, or the run's end, frees it
 *
 * A timer stays in the wheel of the worker that armed it (node.owner): made outside a run it belongs to the next run,
 * also while a simulation goes on. Timers fire only during a run.
 *
 * The block lives while it has a reference (the handle's, or those of its channel) or is abandoned. worker->watched
 * counts an armed timer that could wake a task: a function timer, or one with a waiting receiver; deadlock detection
 * needs no walk over what is pending.
 *
 * Rejected: taking an unwatched prompt timer out of the wheel as Go does (a select would pay for it twice; ours leaves
 * with its last reference anyway); allocating channel and timer apart (208 bytes in Go; here one block).
 */
#include "timer.h"

#include "books.h"
#include "chan.h"
#include "run.h"

#include <errno.h>

struct weir_timer {
  struct weir_chan chan;
  union {
    int64_t tick; /* the channel's buffer: it follows the channel */
    void (*fn)(void *arg);
  };
  struct wheel_node node;
  union {
    int64_t period;
    void *arg;
  };
};

_Static_assert(offsetof(struct weir_timer, tick) == sizeof(struct weir_chan), "the tick is the channel's buffer");
_Static_assert(sizeof(struct weir_timer) <= 112, "a timer with its channel stays within 128 bytes, allocator included");

static weir_timer *timer_of(weir_chan *c) {
  return container_of(c, struct weir_timer, chan);
}

static bool armed(const weir_timer *t) {
  return wheel_pending(&t->node);
}

static bool can_wake(const weir_timer *t) {
  return t->chan.role == CHAN_FUNCTION || !wait_queue_empty(&t->chan.receivers);
}

/* The worker in whose wheel an armed timer is. */
static struct worker *home_of(const weir_timer *t) {
  return weir_workers[t->node.owner];
}

static void arm(weir_timer *t, int64_t due) {
  struct worker *worker = worker_here();
  if (unlikely(t->node.owner != worker->number)) {
    wheel_forget(&home_of(t)->wheel, &t->node);
    t->node.owner = (uint8_t)worker->number;
  }
  wheel_add(&worker->wheel, &t->node, due);
  worker->timers_pending++;
  worker->watched += can_wake(t);
}

/* The node has left the wheel. */
static void disarmed(weir_timer *t) {
  home_of(t)->timers_pending--;
  home_of(t)->watched -= can_wake(t);
}

static void disarm(weir_timer *t) {
  wheel_remove(&home_of(t)->wheel, &t->node);
  disarmed(t);
}

bool timer_armed(const weir_chan *c) {
  return armed(container_of(c, const weir_timer, chan));
}

void timer_watched(weir_chan *c, bool arriving) {
  weir_timer *t = timer_of(c);
  if (armed(t) && c->role != CHAN_FUNCTION && wait_queue_empty(&c->receivers))
    home_of(t)->watched += arriving ? 1 : (size_t)-1;
}

static void timer_release(weir_timer *t) {
  wheel_forget(&home_of(t)->wheel, &t->node);
  book_leave(BOOK_TIMER, t->chan.book, sizeof *t);
  port_release(t);
}

void timer_dropped(weir_chan *c) {
  weir_timer *t = timer_of(c);
  if (armed(t)) {
    if (c->role == CHAN_TIMER && !c->prompt) {
      home_of(t)->timers_abandoned++;
      return;
    }
    disarm(t);
  }
  timer_release(t);
}

void timers_end(void) {
  struct worker *worker = worker_here();
  for (struct wheel_node *node; (node = wheel_any(&worker->wheel)) != NULL;) {
    if (node->kind == NODE_TIMER && wheel_pending(node)) {
      weir_timer *t = container_of(node, struct weir_timer, node);
      disarm(t);
      if (t->chan.references == 0) {
        worker->timers_abandoned--;
        timer_release(t);
        continue;
      }
    }
    wheel_forget(&worker->wheel, node);
  }
}

/* ---- expiry -------------------------------------------------------------------------------------------------------
 */

static void run_function(weir_timer *t, int64_t now) {
  struct task *task = task_new(NULL, t->fn, t->arg, t->chan.site);
  if (task != NULL)
    task_ready(task);
  else
    arm(t, now + WEIR_MILLISECOND); /* no memory for its task: late is better than lost */
}

static void tick(weir_timer *t, int64_t now) {
  chan_send_now(&t->chan, &now); /* -EAGAIN: the last tick is unread, this one is dropped */
  if (t->chan.role != CHAN_TICKER)
    return;
  int64_t due = t->node.due;
  int64_t periods = now < due ? 1 : (now - due) / t->period + 1;
  if (__builtin_mul_overflow(periods, t->period, &periods) || __builtin_add_overflow(due, periods, &due))
    due = INT64_MAX;
  arm(t, due);
}

void timer_expired(struct worker *worker, struct wheel_node *node, int64_t now) {
  weir_timer *t = container_of(node, struct weir_timer, node);
  disarmed(t);
  if (t->chan.references == 0) {
    worker->timers_abandoned--;
    timer_release(t);
  } else if (t->chan.role == CHAN_FUNCTION) {
    run_function(t, now);
  } else {
    tick(t, now);
  }
}

/* ---- the public functions -------------------------------------------------------------------------------------------
 */

static int64_t due_after(int64_t delay) {
  return port_deadline(delay > 0 ? delay : 0);
}

static weir_timer *timer_make(enum chan_role role, uint32_t site) {
  weir_timer *t = port_allocate(sizeof *t);
  if (t == NULL)
    return NULL;
  chan_init(&t->chan, sizeof(int64_t), 1, site);
  t->chan.role = (uint8_t)role;
  t->chan.prompt = worker_here()->timer_mode == WEIR_TIMERS_PROMPT;
  t->node = (struct wheel_node){.kind = NODE_TIMER, .owner = (uint8_t)worker_here()->number};
  t->chan.book = book_enter(BOOK_TIMER, t, sizeof *t);
  if (unlikely(t->chan.book == BOOK_NONE)) {
    port_release(t);
    return NULL;
  }
  return t;
}

weir_timer *weir_timer_new_at(int64_t delay, const char *file, int line) {
  port_step("timer new", NULL);
  weir_timer *t = timer_make(CHAN_TIMER, site_of(file, line));
  if (t != NULL)
    arm(t, due_after(delay));
  return t;
}

weir_chan *weir_after_at(int64_t delay, const char *file, int line) {
  weir_timer *t = weir_timer_new_at(delay, file, line);
  return t == NULL ? NULL : &t->chan;
}

weir_timer *weir_timer_func_at(int64_t delay, void (*fn)(void *), void *arg, const char *file, int line) {
  port_step("timer func", NULL);
  weir_timer *t = timer_make(CHAN_FUNCTION, site_of(file, line));
  if (t == NULL)
    return NULL;
  t->fn = fn;
  t->arg = arg;
  arm(t, due_after(delay));
  return t;
}

weir_chan *weir_timer_chan(weir_timer *t) {
  return t == NULL || t->chan.role == CHAN_FUNCTION ? NULL : &t->chan;
}

/* What stop and reset have in common: true when this call kept a tick from being received. */
static bool keep_from_firing(weir_timer *t) {
  bool kept = armed(t);
  if (kept)
    disarm(t);
  if (t->chan.prompt && t->chan.length != 0) {
    t->chan.length = 0;
    kept = true;
  }
  return kept;
}

bool weir_timer_stop(weir_timer *t) {
  port_step("timer stop", &t->chan);
  return keep_from_firing(t);
}

bool weir_timer_reset(weir_timer *t, int64_t delay) {
  port_step("timer reset", &t->chan);
  bool kept = keep_from_firing(t);
  arm(t, due_after(delay));
  return kept;
}

void weir_timer_free(weir_timer *t) {
  if (t == NULL)
    return;
  port_step("timer free", &t->chan);
  keep_from_firing(t);
  weir_chan_unref(&t->chan);
}

weir_ticker *weir_ticker_new_at(int64_t period, const char *file, int line) {
  port_step("ticker new", NULL);
  if (period <= 0)
    return NULL;
  weir_timer *t = timer_make(CHAN_TICKER, site_of(file, line));
  if (t == NULL)
    return NULL;
  t->period = period;
  arm(t, due_after(period));
  return t;
}

weir_chan *weir_ticker_chan(weir_ticker *t) {
  return weir_timer_chan(t);
}

void weir_ticker_reset(weir_ticker *t, int64_t period) {
  port_step("ticker reset", &t->chan);
  if (t->chan.role != CHAN_TICKER)
    return;
  keep_from_firing(t);
  if (period <= 0)
    return;
  t->period = period;
  arm(t, due_after(period));
}

void weir_ticker_stop(weir_ticker *t) {
  port_step("ticker stop", &t->chan);
  keep_from_firing(t);
}

void weir_ticker_free(weir_ticker *t) {
  weir_timer_free(t);
}
