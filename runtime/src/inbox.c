/* inbox.c — see inbox.h. */
#include "inbox.h"

#include "blocking.h"
#include "books.h"
#include "poller.h"
#include "run.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

struct inbox weir_inbox = {.head = INBOX_CLOSED};

/* As many as tasks run in a round: a flood of posts waits as nodes, not as stacks, and what was ready before it does not
 * wait behind all of it. */
enum { BEGUN_AT_ONCE = 64 };

struct post {
  struct inbox_node node;
  void (*fn)(void *arg);
  void *arg;
  const char *file;
  int line;
};

/* ---- any thread ------------------------------------------------------------------------------------------------- */

static void enter(void) {
  __atomic_fetch_add(&weir_inbox.pushers, 1, __ATOMIC_SEQ_CST);
}

static void leave(void) {
  __atomic_fetch_sub(&weir_inbox.pushers, 1, __ATOMIC_RELEASE);
}

bool inbox_push(struct inbox_node *node) {
  enter();
  struct inbox_node *head = __atomic_load_n(&weir_inbox.head, __ATOMIC_SEQ_CST);
  do {
    if (head == INBOX_CLOSED) {
      leave();
      return false;
    }
    node->next = head;
  } while (!__atomic_compare_exchange_n(&weir_inbox.head, &head, node, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  if (head == NULL)
    poller_interrupt();
  leave();
  return true;
}

void inbox_interrupt(void) {
  enter();
  if (__atomic_load_n(&weir_inbox.head, __ATOMIC_SEQ_CST) != INBOX_CLOSED)
    poller_interrupt();
  leave();
}

static int post_from_worker(void (*fn)(void *), void *arg, const char *file, int line) {
  port_step("post", NULL);
  return weir_go_at(fn, arg, file, line);
}

int weir_post_at(void (*fn)(void *), void *arg, const char *file, int line) {
  if (worker_thread())
    return post_from_worker(fn, arg, file, line);
  struct post *post = port_allocate_foreign(sizeof *post);
  if (post == NULL)
    return -ENOMEM;
  *post = (struct post){.fn = fn, .arg = arg, .file = file, .line = line};
  if (inbox_push(&post->node))
    return 0;
  port_release(post);
  return -EPERM;
}

/* No other thread reaches a simulation, so that one has nobody to wait for. */
static bool in_simulation(void) {
  return worker_thread() && port_simulated();
}

void weir_external_begin(void) {
  if (!in_simulation())
    __atomic_fetch_add(&weir_inbox.externals, 1, __ATOMIC_SEQ_CST);
}

void weir_external_end(void) {
  if (in_simulation())
    return;
  size_t open = __atomic_load_n(&weir_inbox.externals, __ATOMIC_RELAXED);
  while (open != 0 &&
         !__atomic_compare_exchange_n(&weir_inbox.externals, &open, open - 1, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
    ;
  if (open == 1)
    inbox_interrupt();
}

/* ---- workers ---------------------------------------------------------------------------------------------------- */

bool foreign_expected(void) {
  return __atomic_load_n(&weir_inbox.externals, __ATOMIC_SEQ_CST) != 0 || blocking_under_way() != 0;
}

/* Takes what was pushed, the oldest first. No other worker drains or closes meanwhile. */
static struct inbox_node *take_pushed(void) {
  struct inbox_node *head = __atomic_load_n(&weir_inbox.head, __ATOMIC_RELAXED);
  if (head == NULL || head == INBOX_CLOSED)
    return NULL;
  head = __atomic_exchange_n(&weir_inbox.head, NULL, __ATOMIC_SEQ_CST);
  struct inbox_node *oldest = NULL;
  while (head != NULL) {
    struct inbox_node *next = head->next;
    head->next = oldest;
    oldest = head;
    head = next;
  }
  return oldest;
}

static void hold(struct inbox_node *post) {
  post->next = NULL;
  if (weir_inbox.held == NULL)
    __atomic_store_n(&weir_inbox.held, post, __ATOMIC_RELAXED);
  else
    weir_inbox.held_last->next = post;
  weir_inbox.held_last = post;
}

/* The oldest post becomes a task; false without memory. */
static bool begin_post(void) {
  struct post *post = container_of(weir_inbox.held, struct post, node);
  struct task *task = task_new(NULL, post->fn, post->arg, site_of(post->file, post->line));
  if (task == NULL)
    return false;
  __atomic_store_n(&weir_inbox.held, post->node.next, __ATOMIC_RELAXED);
  port_release(post);
  task_ready(task);
  return true;
}

/* How many posts may begin: none that this worker could not come to in a round, but one at least. */
static uint32_t beginners(void) {
  const struct worker *worker = worker_here();
  uint32_t waiting = worker->run.count;
  if (port_several())
    waiting +=
        ring_length(&worker->ring) + __atomic_load_n(&weir_scheduler.global_count, __ATOMIC_RELAXED); /* a hint */
  return waiting < BEGUN_AT_ONCE ? BEGUN_AT_ONCE - waiting : 1;
}

bool inbox_drain(void) {
  if (!port_claim(&weir_inbox.draining, 0, 1))
    return false;
  struct inbox_node *next;
  for (struct inbox_node *node = take_pushed(); node != NULL; node = next) {
    next = node->next;
    if (node->deliver != NULL)
      node->deliver(node);
    else
      hold(node);
  }
  bool memory = true;
  for (uint32_t left = beginners(); left != 0 && memory && weir_inbox.held != NULL; left--)
    memory = begin_post();
  port_claim(&weir_inbox.draining, 1, 0);
  return !memory;
}

bool inbox_close_if_empty(void) {
  if (!port_claim(&weir_inbox.draining, 0, 1))
    return false;
  struct inbox_node *empty = NULL;
  bool closed = weir_inbox.held == NULL && __atomic_compare_exchange_n(&weir_inbox.head, &empty, INBOX_CLOSED, false,
                                                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  port_claim(&weir_inbox.draining, 1, 0);
  return closed;
}

/* ---- begin and end ---------------------------------------------------------------------------------------------- */

/* In a forked child only the thread that forked goes on. */
static void forget_pushers(void) {
  weir_inbox.pushers = 0;
}

void inbox_open(void) {
  static bool prepared;
  if (!prepared)
    prepared = pthread_atfork(NULL, NULL, forget_pushers) == 0;
  __atomic_store_n(&weir_inbox.head, NULL, __ATOMIC_SEQ_CST);
}

/* Completions belong to tasks that are left over; whoever keeps such a node sees that it was dropped. */
static size_t drop_posts(struct inbox_node *node) {
  size_t dropped = 0;
  for (struct inbox_node *next; node != NULL; node = next) {
    next = node->next;
    if (node->deliver != NULL) {
      node->deliver = NULL;
      continue;
    }
    port_release(container_of(node, struct post, node));
    dropped++;
  }
  return dropped;
}

size_t inbox_end(void) {
  struct inbox_node *pushed = __atomic_exchange_n(&weir_inbox.head, INBOX_CLOSED, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&weir_inbox.pushers, __ATOMIC_SEQ_CST) != 0)
    sched_yield();
  struct inbox_node *held = weir_inbox.held;
  weir_inbox.held = NULL;
  return drop_posts(held) + drop_posts(pushed == INBOX_CLOSED ? NULL : pushed);
}
