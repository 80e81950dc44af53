/* cancel.c — contexts: a tree through which cancellation flows down, and by which each is held up.
 *
 * A context begins with its done channel; the channel's references are the context's: handles, users of the channel,
 * and one of each child. The tree down is weak: a parent has its children on a list without holding them, and a child
 * takes itself off before it is freed.
 *
 *   field                      guarded by
 *   error, closed, children    the context's own lock (closed is also read without it, and then error)
 *   next, link                 the parent's lock: its list of children
 *   parent, deadline           constant
 *
 * Invariants, where the locks are free: a done context has no children on its list; a context that is not done has a
 * parent that is not done, or a cancellation under way above it that will reach it. So a child is added under the
 * parent's lock after a look at its error. Lock order: none, one lock at a time.
 *
 * Cancelling takes children off the list one by one. One whose count is zero is about to free itself and only finds
 * itself off the list; any other is held from then on, and goes on a work list through the same link, which belongs to
 * whoever took it off. So it needs no memory, no recursion, and no lock for longer than one child.
 *
 * A deadline is a node in the wheel of the worker that made the context (node.owner, as for timers), under the wheel's
 * lock; when a run ends before it, the next one begins with it. Expiry cancels on the worker's own stack. A context
 * that is being freed takes its node out first, under the wheel's lock: an expiry that comes before it finds no
 * reference left.
 *
 * Rejected: a function timer a deadline (a task, a second object, and a free that must wait for a task made already);
 * children that their parent holds (a cycle); one lock for a whole tree (every request would share the server's).
 */
#include "cancel.h"

#include "books.h"
#include "run.h"

#include <errno.h>

struct weir_context {
  struct weir_chan chan;
  weir_context *parent;
  weir_context *children;
  weir_context *next;
  weir_context **link; /* what points at this one among its siblings; NULL when on no list */
  int64_t deadline;    /* the earliest of its own and those above */
  int32_t error;
  bool timed; /* it has a node */
};

struct timed_context {
  weir_context context;
  struct wheel_node node;
};

static weir_context *context_of(weir_chan *c) {
  return container_of(c, weir_context, chan);
}

static struct wheel_node *node_of(weir_context *x) {
  return &container_of(x, struct timed_context, context)->node;
}

const size_t weir_context_bytes = sizeof(struct weir_context);

size_t context_more(const weir_context *x) {
  return x->timed ? sizeof(struct timed_context) - sizeof *x : 0;
}

/* 0 until it is done, which it is as soon as its channel is closed; the error is written before that, and stays. */
static inline int error_of(const weir_context *x) {
  return chan_closed_hint(&x->chan) ? x->error : 0;
}

/* ---- the deadline ----------------------------------------------------------------------------------------------- */

/* Whose sum of what can wake a task counts it: as for timers. */
static void count_watched(weir_context *x, size_t delta) {
  port_tally(&(weir_port_mode == PORT_SEVERAL ? worker_here() : worker_of(node_of(x)))->watched, delta);
}

static void arm(weir_context *x) {
  *node_of(x) = (struct wheel_node){.kind = NODE_CONTEXT, .owner = WORKER_NONE};
  worker_wheel_add(worker_here(), node_of(x), x->deadline);
  count_watched(x, 1);
}

/* Before the memory goes, or when it is done for another reason. */
static void disarm(weir_context *x) {
  if (worker_wheel_remove(node_of(x)))
    count_watched(x, (size_t)-1);
}

/* ---- the tree --------------------------------------------------------------------------------------------------- */

/* The lock of the list is held. */
static void link_before(weir_context *x, weir_context **list) {
  x->next = *list;
  x->link = list;
  if (x->next != NULL)
    x->next->link = &x->next;
  *list = x;
}

static void take_off(weir_context *x) {
  assert(x->link != NULL);
  *x->link = x->next;
  if (x->next != NULL)
    x->next->link = x->link;
  x->link = NULL;
}

static void leave_parent(weir_context *x) {
  port_lock(&x->parent->chan.lock);
  if (x->link != NULL)
    take_off(x);
  port_unlock(&x->parent->chan.lock);
}

/* Frees it; whom it held is returned. */
static weir_context *destroy(weir_context *x) {
  weir_context *parent = x->parent;
  if (parent != NULL)
    leave_parent(x);
  if (x->timed) {
    disarm(x);
    worker_wheel_forget(node_of(x));
    book_more(x->chan.book_home, BOOK_CONTEXT, x->chan.book, -context_more(x));
  }
  chan_exit(&x->chan, BOOK_CONTEXT, 0);
  port_release(x);
  return parent;
}

/* Drops a reference, and upwards, level by level, those that nobody else holds. */
static void release(weir_context *x) {
  while (x != NULL && port_release_count(&x->chan.references) && chan_unused(&x->chan))
    x = destroy(x);
}

void context_dropped(weir_chan *c) {
  release(destroy(context_of(c)));
}

bool context_has_deadline(const weir_chan *c) {
  return container_of(c, const weir_context, chan)->deadline != WEIR_FOREVER;
}

void context_orphan(weir_chan *c) {
  weir_context *x = context_of(c);
  weir_context *parent = x->parent;
  if (parent == NULL)
    return;
  leave_parent(x);
  x->parent = NULL;
  release(parent);
}

/* ---- cancelling ------------------------------------------------------------------------------------------------- */

/* Makes it done, for this reason if it is the first. True when it has children: there will be no new ones. The caller
 * holds it. */
static bool finish(weir_context *x, int error) {
  port_lock(&x->chan.lock);
  if (x->error == 0) {
    x->error = error;
    port_turn("done");
    chan_close_now(&x->chan);
  }
  bool children = x->children != NULL;
  port_unlock(&x->chan.lock);
  if (x->timed)
    disarm(x);
  return children;
}

/* Takes a child that lives off the list, and holds it; NULL when there is none left. */
static weir_context *take_child(weir_context *x) {
  weir_context *child;
  port_lock(&x->chan.lock);
  while ((child = x->children) != NULL) {
    take_off(child);
    if (port_retain_living(&child->chan.references)) /* else its parent's lock, ours, keeps it from being freed */
      break;
  }
  port_unlock(&x->chan.lock);
  return child;
}

/* Makes everything below a done context done. The caller holds it. */
static void finish_below(weir_context *x, int error) {
  weir_context *work = NULL; /* done, held, children perhaps left */
  for (weir_context *parent = x; parent != NULL;) {
    weir_context *child = take_child(parent);
    if (child != NULL) {
      if (finish(child, error)) {
        child->next = work;
        work = child;
      } else {
        release(child);
      }
      continue;
    }
    if (parent != x)
      release(parent);
    parent = work;
    work = work != NULL ? work->next : NULL;
  }
}

static void cancel(weir_context *x, int error) {
  if (finish(x, error))
    finish_below(x, error_of(x));
}

void context_expired(struct worker *worker, struct wheel_node *node) {
  weir_context *x = &container_of(node, struct timed_context, node)->context;
  count_watched(x, (size_t)-1);
  if (!port_retain_living(&x->chan.references))
    return; /* it is about to take its node out of the wheel, whose lock we hold */
  port_unlock(&worker->wheel_lock);
  port_fires(&x->chan, NULL);
  cancel(x, -ETIMEDOUT);
  release(x);
  port_lock(&worker->wheel_lock);
}

void weir_context_cancel(weir_context *x) {
  if (x == NULL)
    return;
  port_step("context cancel", &x->chan);
  if (error_of(x) == 0)
    cancel(x, -ECANCELED);
}

/* ---- making, holding, asking ------------------------------------------------------------------------------------ */

static weir_context *context_new(bool timed, uint32_t site) {
  size_t bytes = timed ? sizeof(struct timed_context) : sizeof(weir_context);
  weir_context *x = port_allocate(MEMORY_CONTEXT, bytes);
  if (x == NULL)
    return NULL;
  chan_init(&x->chan, 0, 0, site);
  x->chan.role = CHAN_CONTEXT;
  x->parent = x->children = x->next = NULL;
  x->link = NULL;
  x->deadline = WEIR_FOREVER;
  x->error = 0;
  x->timed = timed;
  x->chan.untimed = true;
  if (!chan_enter(&x->chan, BOOK_CONTEXT, 0)) {
    port_release(x);
    return NULL;
  }
  if (timed)
    book_more(x->chan.book_home, BOOK_CONTEXT, x->chan.book, context_more(x));
  return x;
}

/* Makes x, which nobody else knows, a child; born done if its parent is. */
static void enter_parent(weir_context *x, weir_context *parent) {
  port_retain(&parent->chan.references);
  x->parent = parent;
  port_lock(&parent->chan.lock);
  int error = parent->error;
  if (error == 0)
    link_before(x, &parent->children);
  port_unlock(&parent->chan.lock);
  if (error == 0)
    return;
  x->error = error;
  x->chan.closed = true;
}

weir_context *weir_context_background_at(const char *file, int line) {
  port_step("context background", NULL);
  return context_new(false, site_of(file, line));
}

weir_context *weir_context_with_deadline_at(weir_context *parent, int64_t deadline, const char *file, int line) {
  if (parent == NULL)
    return NULL;
  port_step("context new", &parent->chan);
  bool earlier = deadline < parent->deadline;
  bool passed = deadline != WEIR_FOREVER && deadline <= port_clock();
  bool timed = earlier && !passed && error_of(parent) == 0;
  weir_context *x = context_new(timed, site_of(file, line));
  if (x == NULL)
    return NULL;
  x->deadline = earlier ? deadline : parent->deadline;
  x->chan.untimed = x->deadline == WEIR_FOREVER;
  if (timed)
    arm(x);
  enter_parent(x, parent);
  if (passed || (timed && error_of(x) != 0))
    cancel(x, -ETIMEDOUT);
  return x;
}

weir_context *weir_context_with_cancel_at(weir_context *parent, const char *file, int line) {
  return weir_context_with_deadline_at(parent, WEIR_FOREVER, file, line);
}

weir_chan *weir_context_done(weir_context *x) {
  return x == NULL ? NULL : &x->chan;
}

/* Two that cancel from above share the work: the second may return while the first is still on its way down. Who asks
 * must not see that: it does here what is coming anyway. */
static void catch_up(weir_context *x) {
  for (const weir_context *above = x->parent; above != NULL && error_of(x) == 0; above = above->parent)
    if (error_of(above) != 0)
      cancel(x, error_of(above));
}

int weir_context_error(weir_context *x) {
  if (x == NULL)
    return 0;
  port_step("context error", &x->chan);
  if (port_several() && error_of(x) == 0)
    catch_up(x);
  if (error_of(x) == 0 && x->deadline != WEIR_FOREVER)
    worker_spend(worker_here()); /* a task that never blocks must still see its deadline */
  return error_of(x);
}

weir_context *weir_context_ref(weir_context *x) {
  if (x != NULL)
    weir_chan_ref(&x->chan);
  return x;
}

void weir_context_unref(weir_context *x) {
  if (x != NULL)
    weir_chan_unref(&x->chan);
}
