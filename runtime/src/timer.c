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
 * The channel's lock guards all but the node; armed says that a tick or a call is still to come, and the channel's
 * operations see only that. The node is under its wheel's lock, which is taken after the channel's. An expiry has left
 * the wheel when it takes the channel's lock: it does nothing when the timer is no longer armed, or is pending anew. It
 * holds a reference meanwhile; a timer with none is either abandoned (a mark set under the wheel's lock) and the
 * expiry's to free, or is being freed by the one who dropped the last.
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
#include "scheduler.h"

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
_Static_assert(sizeof(struct weir_timer) <= 120, "a timer with its channel stays within 128 bytes, allocator included");

const size_t weir_timer_bytes = sizeof(struct weir_timer);

static weir_timer *timer_of(weir_chan *c) {
  return container_of(c, struct weir_timer, chan);
}

enum { ABANDONED = UINT32_MAX }; /* in place of the references */

static bool can_wake(const weir_timer *t) {
  return t->chan.role == CHAN_FUNCTION || !wait_queue_empty(&t->chan.receivers);
}

/* Whose sums count an armed timer: that of the wheel, as long as one thread writes them all. */
static struct worker *counted_by(const weir_timer *t) {
  return weir_port_mode == PORT_SEVERAL ? worker_here() : worker_of(&t->node);
}

/* The lock is held here and in disarm. */
static void arm(weir_timer *t, int64_t due) {
  struct worker *worker = worker_here();
  t->chan.armed = true;
  port_tally(&worker->timers_pending, 1);
  if (can_wake(t))
    port_tally(&worker->watched, 1);
  worker_wheel_add(worker, &t->node, due);
}

/* No tick is to come any more: it came, or was kept from coming. */
static void disarmed(weir_timer *t) {
  struct worker *worker = counted_by(t);
  t->chan.armed = false;
  port_tally(&worker->timers_pending, (size_t)-1);
  if (can_wake(t))
    port_tally(&worker->watched, (size_t)-1);
}

static void disarm(weir_timer *t) {
  worker_wheel_remove(&t->node);
  disarmed(t);
}

bool timer_armed(const weir_chan *c) {
  return c->armed;
}

void timer_watched(weir_chan *c, bool arriving) {
  if (c->armed && c->role != CHAN_FUNCTION && wait_queue_empty(&c->receivers))
    port_tally(&counted_by(timer_of(c))->watched, arriving ? 1 : (size_t)-1);
}

static void timer_release(weir_timer *t) {
  chan_exit(&t->chan, BOOK_TIMER, 0);
  port_release(t);
}

/* Nobody else has the timer, but its expiry may be under way until the wheel's lock is held. True when it is abandoned:
 * to be freed when it is due. */
static bool leave_wheel(weir_timer *t) {
  struct worker *home = worker_of(&t->node);
  if (home == NULL)
    return false;
  port_lock(&home->wheel_lock);
  bool abandoned = t->chan.role == CHAN_TIMER && !t->chan.prompt && wheel_pending(&t->node);
  if (abandoned)
    t->chan.references = ABANDONED;
  else
    wheel_forget(&home->wheel, &t->node);
  port_unlock(&home->wheel_lock);
  return abandoned;
}

void timer_dropped(weir_chan *c) {
  weir_timer *t = timer_of(c);
  if (leave_wheel(t)) {
    port_tally(&counted_by(t)->timers_abandoned, 1);
    return;
  }
  if (c->armed)
    disarmed(t);
  timer_release(t);
}

static void end_timer(struct worker *worker, weir_timer *t) {
  disarmed(t);
  if (t->chan.references == ABANDONED) {
    port_tally(&worker->timers_abandoned, (size_t)-1);
    timer_release(t);
  }
}

/* Empties a wheel. The deadlines of contexts are put on a list: they are the next run's. */
static void end_timers_of(struct worker *worker, struct wheel_node **deadlines) {
  for (struct wheel_node *node; (node = wheel_any(&worker->wheel)) != NULL;) {
    bool pending = wheel_pending(node);
    wheel_forget(&worker->wheel, node);
    if (!pending)
      continue;
    if (node->kind == NODE_TIMER) {
      end_timer(worker, container_of(node, struct weir_timer, node));
    } else if (node->kind == NODE_CONTEXT) {
      node->next = *deadlines;
      *deadlines = node;
    }
  }
}

void timers_end(void) {
  struct wheel_node *deadlines = NULL;
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    end_timers_of(weir_scheduler.workers[i], &deadlines);
  if (port_simulated())
    return; /* virtual time ends here, and so do they */
  for (struct wheel_node *node; (node = deadlines) != NULL;) {
    deadlines = node->next;
    worker_wheel_add(&weir_worker_one, node, node->due);
  }
}

/* ---- expiry -------------------------------------------------------------------------------------------------------
 */

void timer_set_daemon(weir_timer *t) {
  t->chan.daemon = 1;
}

static void run_function(weir_timer *t, int64_t now) {
  struct weir_task_options options = {.daemon = t->chan.daemon};
  struct task *task = task_new(&options, t->fn, t->arg, t->chan.site);
  if (task != NULL)
    task_start(task);
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

static void expire_abandoned(weir_timer *t) {
  port_tally(&counted_by(t)->timers_abandoned, (size_t)-1);
  disarmed(t);
  timer_release(t);
}

/* It was armed again after its node left the wheel: pending, or due later and in the hands of another expiry. */
static bool armed_anew(weir_timer *t, int64_t now) {
  struct worker *home = worker_of(&t->node);
  port_lock(&home->wheel_lock);
  bool anew = wheel_pending(&t->node) || t->node.due > now;
  port_unlock(&home->wheel_lock);
  return anew;
}

/* The expiry of a timer that is not abandoned; it has left the wheel, whose lock is not held. */
static void expire(weir_timer *t, int64_t now) {
  port_lock(&t->chan.lock);
  if (likely(t->chan.armed && (!port_several() || !armed_anew(t, now)))) {
    disarmed(t);
    if (t->chan.role == CHAN_FUNCTION)
      run_function(t, now);
    else
      tick(t, now);
  }
  port_unlock(&t->chan.lock);
}

void timer_expired(struct worker *worker, struct wheel_node *node, int64_t now) {
  weir_timer *t = container_of(node, struct weir_timer, node);
  bool abandoned = __atomic_load_n(&t->chan.references, __ATOMIC_RELAXED) == ABANDONED; /* set under the wheel's lock */
  if (!abandoned && port_several() && !port_retain_living(&t->chan.references))
    return; /* whoever dropped the last reference waits for the wheel's lock, and frees it */
  port_unlock(&worker->wheel_lock);
  port_fires(&t->chan, NULL);
  if (abandoned)
    expire_abandoned(t);
  else
    expire(t, now);
  if (!abandoned && port_several())
    weir_chan_unref(&t->chan);
  port_lock(&worker->wheel_lock);
}

/* ---- the public functions -------------------------------------------------------------------------------------------
 */

static int64_t due_after(int64_t delay) {
  return port_deadline(delay > 0 ? delay : 0);
}

static weir_timer *timer_make(enum chan_role role, uint32_t site) {
  weir_timer *t = port_allocate(MEMORY_TIMER, sizeof *t);
  if (t == NULL)
    return NULL;
  chan_init(&t->chan, sizeof(int64_t), 1, site);
  t->chan.role = (uint8_t)role;
  t->chan.prompt = worker_here()->timer_mode == WEIR_TIMERS_PROMPT;
  t->node = (struct wheel_node){.kind = NODE_TIMER, .owner = WORKER_NONE};
  if (!chan_enter(&t->chan, BOOK_TIMER, 0)) {
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

/* What stop and reset have in common: true when this call kept a tick from being received. The lock is held. */
static bool keep_from_firing(weir_timer *t) {
  bool kept = t->chan.armed;
  if (kept)
    disarm(t);
  if (t->chan.prompt && t->chan.length != 0) {
    chan_set_length(&t->chan, 0);
    kept = true;
  }
  return kept;
}

static inline bool stop(weir_timer *t) {
  port_lock(&t->chan.lock);
  bool kept = keep_from_firing(t);
  port_unlock(&t->chan.lock);
  return kept;
}

bool weir_timer_stop(weir_timer *t) {
  port_step("timer stop", &t->chan);
  return stop(t);
}

bool weir_timer_reset(weir_timer *t, int64_t delay) {
  port_step("timer reset", &t->chan);
  int64_t due = due_after(delay);
  port_lock(&t->chan.lock);
  bool kept = keep_from_firing(t);
  arm(t, due);
  port_unlock(&t->chan.lock);
  return kept;
}

void weir_timer_free(weir_timer *t) {
  if (t == NULL)
    return;
  port_step("timer free", &t->chan);
  stop(t);
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
  int64_t due = due_after(period);
  port_lock(&t->chan.lock);
  keep_from_firing(t);
  if (period > 0) {
    t->period = period;
    arm(t, due);
  }
  port_unlock(&t->chan.lock);
}

void weir_ticker_stop(weir_ticker *t) {
  port_step("ticker stop", &t->chan);
  stop(t);
}

void weir_ticker_free(weir_ticker *t) {
  weir_timer_free(t);
}
