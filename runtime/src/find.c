/* find.c — see find.h. */
#include "find.h"

#include "inbox.h"

enum {
  LOOK_NS = 4 * 1000,    /* between two looks at the others' rings */
  LATE_NS = 1000 * 1000, /* a timer so late waits for a task that does not yield; also between two looks at them */
  GLOBAL_BATCH = 32,
};

void find_set_global_count(void) {
  __atomic_store_n(&weir_scheduler.global_count, weir_scheduler.global.count, __ATOMIC_SEQ_CST); /* see find_in_sight */
}

struct task *find_own(struct worker *worker) {
  struct task *task;
  worker->pinned_turn = !worker->pinned_turn; /* not by the budget: it is always 1 when rounds are short */
  if (worker->run.head != NULL && worker->pinned_turn)
    return task_queue_pop(&worker->run);
  if (ring_take(&worker->ring, &task, 1) != 0)
    return task;
  return worker->run.head != NULL ? task_queue_pop(&worker->run) : NULL;
}

void find_mail(struct worker *worker) {
  if (__atomic_load_n(&worker->mail, __ATOMIC_SEQ_CST) == NULL) /* pairs with the exchange in send_home */
    return;
  port_turn("open mail");
  struct task *newest = __atomic_exchange_n(&worker->mail, NULL, __ATOMIC_ACQUIRE); /* as above */
  struct task *oldest = NULL;
  while (newest != NULL) {
    struct task *next = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != NULL) {
    struct task *next = oldest->next;
    task_queue_push(&worker->run, oldest);
    oldest = next;
  }
}

struct task *find_global(struct worker *worker) {
  if (peek(&weir_scheduler.global_count) == 0)
    return NULL;
  port_lock(&weir_scheduler.lock);
  struct task *first = weir_scheduler.global.head;
  if (first != NULL)
    task_queue_pop(&weir_scheduler.global);
  for (uint32_t i = 1; i < GLOBAL_BATCH && weir_scheduler.global.head != NULL; i++) {
    struct task *task = weir_scheduler.global.head;
    struct task *next = task->next;
    if (!ring_push(&worker->ring, task, true))
      break;
    weir_scheduler.global.head = next;
    weir_scheduler.global.count--;
  }
  find_set_global_count();
  port_unlock(&weir_scheduler.lock);
  return first;
}

/* Whether a victim's tasks would wait for long: by how far its head has moved since it was last seen to move. */
static bool worth_stealing(struct worker *worker, uint32_t victim) {
  const struct ring *ring = &weir_scheduler.workers[victim]->ring;
  struct look *last = &worker->looks[victim];
  uint32_t head = peek(&ring->head);
  uint32_t length = ring_length(ring);
  uint32_t moved = head - last->head;
  int64_t elapsed = worker->round_time - last->time;
  if (moved != 0 || length == 0)
    *last = (struct look){.time = worker->round_time, .head = head};
  if (length == 0 || port_simulated())
    return length != 0;
  if (moved == 0)
    return elapsed >= (length > 1 ? LOOK_NS : BACKLOG_NS);
  return elapsed >= LOOK_NS && length * elapsed > (int64_t)BACKLOG_NS * moved;
}

int64_t find_next_timer(struct worker *worker) {
  if (__atomic_load_n(&worker->wheel.count, __ATOMIC_RELAXED) == 0 && worker == worker_here())
    return WEIR_FOREVER; /* nobody else adds */
  port_lock(&worker->wheel_lock);
  int64_t next = wheel_next(&worker->wheel);
  port_unlock(&worker->wheel_lock);
  return next;
}

static bool late(struct worker *other, int64_t now) {
  return find_next_timer(other) <= (port_simulated() ? now : now - LATE_NS); /* time says nothing there */
}

/* Expires what the others do not come to, now and then: whom that wakes goes on here. */
static struct task *serve_late_timers(struct worker *worker) {
  if (worker->round_time - worker->served_late < LATE_NS && !port_simulated())
    return NULL;
  worker->served_late = worker->round_time;
  for (uint32_t i = 0; i < weir_scheduler.count; i++) {
    struct worker *other = weir_scheduler.workers[i];
    if (other != worker && late(other, worker->round_time))
      worker_expire_other(other, worker->round_time);
  }
  return find_own(worker);
}

/* A look at every other worker's ring, from a random one on. */
static struct task *steal(struct worker *worker) {
  if (worker->round_time - worker->looked < LOOK_NS && !port_simulated())
    return NULL;
  worker->looked = worker->round_time;
  /* Relaxed: a hint; pairs with balance_is_due. */
  bool balance =
      peek(&weir_scheduler.balance) != 0 && __atomic_exchange_n(&weir_scheduler.balance, 0, __ATOMIC_RELAXED);
  uint32_t count = weir_scheduler.count;
  uint32_t victim = worker_random(worker, count);
  for (uint32_t i = 0; i < count; i++, victim = victim + 1 == count ? 0 : victim + 1) {
    struct worker *other = weir_scheduler.workers[victim];
    if (other == worker || !(worth_stealing(worker, victim) || (balance && ring_length(&other->ring) > 1)))
      continue;
    struct task *task = ring_steal(&other->ring, &worker->ring);
    if (task == NULL)
      continue;
    worker->stole_at = worker->round_time;
    return task;
  }
  return NULL;
}

bool find_stuck(struct worker *worker) {
  bool stuck = false;
  for (uint32_t i = 0; i < weir_scheduler.count; i++) {
    struct worker *other = weir_scheduler.workers[i];
    if (other != worker) {
      stuck |= worth_stealing(worker, i); /* also when the answer is known: it remembers what it saw */
      stuck |= late(other, worker->round_time);
    }
  }
  return stuck;
}

struct task *find_any(struct worker *worker) {
  find_mail(worker);
  struct task *task = find_own(worker);
  if (task != NULL)
    return task;
  task = find_global(worker);
  if (task == NULL)
    task = serve_late_timers(worker);
  return task != NULL ? task : steal(worker);
}

bool find_in_sight(struct worker *worker) {
  if (__atomic_load_n(&worker->mail, __ATOMIC_SEQ_CST) != NULL) /* pairs with the exchange in send_home */
    return true;
  if (__atomic_load_n(&weir_scheduler.global_count, __ATOMIC_SEQ_CST) != 0) /* pairs with find_set_global_count */
    return true;
  if (inbox_pending() && !worker->waits_for_memory)
    return true;
  for (uint32_t i = 0; i < weir_scheduler.count && port_simulated(); i++)
    if (ring_length(&weir_scheduler.workers[i]->ring) != 0)
      return true;
  return port_simulated() && worker->run.head != NULL; /* the engine, too, makes tasks ready: see virtual.c */
}
