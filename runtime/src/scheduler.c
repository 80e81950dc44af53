/* scheduler.c — see scheduler.h. */
#include "scheduler.h"

#include "inbox.h"
#include "poller.h"

#include <errno.h>
#include <string.h>

enum { SPIN_NS = 50 * 1000, STUCK_NS = 20 * 1000, SPIN_PAUSES = 16, GLOBAL_BATCH = 32 };
#define NAP_NS  (10 * WEIR_MILLISECOND)
#define REST_NS WEIR_SECOND

struct scheduler weir_scheduler = {.count = 1, .workers = weir_workers};

void scheduler_reset(uint32_t first, uint32_t count) {
  memset(&weir_scheduler, 0, sizeof weir_scheduler);
  weir_scheduler.count = count;
  weir_scheduler.workers = &weir_workers[first];
  weir_scheduler.active_at = port_clock();
}

/* Of a word that others write: pairs with their relaxed or stronger stores, and decides nothing by itself. */
static inline uint32_t peek(const uint32_t *word) {
  return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline bool stopped(void) {
  return __atomic_load_n(&weir_scheduler.stop, __ATOMIC_ACQUIRE) != 0; /* pairs with scheduler_stop */
}

size_t scheduler_watched(void) {
  size_t watched = 0;
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    watched += __atomic_load_n(&weir_scheduler.workers[i]->watched, __ATOMIC_RELAXED); /* they rest: see go_idle */
  return watched;
}

size_t scheduler_daemons(void) {
  size_t daemons = 0;
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    daemons += weir_scheduler.workers[i]->daemons;
  return daemons;
}

/* ---- the idle list; the lock is held ------------------------------------------------------------------------------
 * */

static void enter_idle_list(struct worker *worker) {
  worker->next_idle = weir_scheduler.idlers;
  weir_scheduler.idlers = worker;
  __atomic_store_n(&worker->idle, 1, __ATOMIC_RELAXED); /* pairs with the peek in sleep_until_woken */
  /* Sequentially consistent, before the look at the rings: see notify. */
  __atomic_store_n(&weir_scheduler.idle, weir_scheduler.idle + 1, __ATOMIC_SEQ_CST);
}

static bool leave_idle_list(struct worker *worker) {
  struct worker **at = &weir_scheduler.idlers;
  while (*at != NULL && *at != worker)
    at = &(*at)->next_idle;
  if (*at == NULL)
    return false;
  *at = worker->next_idle;
  __atomic_store_n(&worker->idle, 0, __ATOMIC_SEQ_CST); /* pairs with the loads in sleep_until_woken and doze */
  __atomic_store_n(&weir_scheduler.idle, weir_scheduler.idle - 1, __ATOMIC_SEQ_CST);
  return true;
}

/* It sleeps in the poller, in its parker, or is about to look whether it may. */
static void unpark(struct worker *worker) {
  port_unpark(&worker->parker, worker->number);
  if (!port_simulated() && __atomic_load_n(&weir_scheduler.poller, __ATOMIC_SEQ_CST) == worker) /* pairs with doze */
    poller_interrupt();
}

/* Wakes a worker if it is idle; any when it is NULL, to look for work. */
static void wake(struct worker *worker) {
  port_lock(&weir_scheduler.lock);
  if (worker == NULL) {
    worker = weir_scheduler.idlers;
    if (worker != NULL) {
      worker->spinning = true; /* before it is seen to be no longer idle */
      __atomic_fetch_add(&weir_scheduler.spinning, 1, __ATOMIC_SEQ_CST);
    }
  }
  bool woken = worker != NULL && leave_idle_list(worker);
  port_unlock(&weir_scheduler.lock);
  if (woken)
    unpark(worker);
}

/* There is more to do than its worker does next. Call after an announced push: a worker that goes idle either is seen
 * here or sees the push. */
static void notify(void) {
  port_turn("notify");
  if (__atomic_load_n(&weir_scheduler.idle, __ATOMIC_SEQ_CST) != 0 &&
      __atomic_load_n(&weir_scheduler.spinning, __ATOMIC_SEQ_CST) == 0)
    wake(NULL);
}

void scheduler_stop(int error) {
  port_lock(&weir_scheduler.lock);
  if (weir_scheduler.stop == 0)
    weir_scheduler.error = error;
  __atomic_store_n(&weir_scheduler.stop, 1, __ATOMIC_RELEASE); /* pairs with stopped */
  port_unlock(&weir_scheduler.lock);
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    unpark(weir_scheduler.workers[i]);
}

/* ---- ready ----------------------------------------------------------------------------------------------------------
 * */

static void set_global_count(void) {
  __atomic_store_n(&weir_scheduler.global_count, weir_scheduler.global.count, __ATOMIC_SEQ_CST); /* see work_in_sight */
}

/* The ring is full: its older half, and the task, go to the global queue. */
static __attribute__((noinline)) void overflow(struct worker *worker, struct task *task) {
  struct task *older[RING_SIZE / 2];
  uint32_t count = ring_take(&worker->ring, older, RING_SIZE / 2);
  port_lock(&weir_scheduler.lock);
  for (uint32_t i = 0; i < count; i++)
    task_queue_push(&weir_scheduler.global, older[i]);
  task_queue_push(&weir_scheduler.global, task);
  set_global_count();
  port_unlock(&weir_scheduler.lock);
}

static void send_home(struct task *task) {
  struct worker *home = weir_workers[task->home];
  struct task *newest = __atomic_load_n(&home->mail, __ATOMIC_RELAXED); /* the exchange decides */
  do {
    task->next = newest;
    port_turn("mail");
  } while (!__atomic_compare_exchange_n(&home->mail, &newest, task, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
  if (__atomic_load_n(&home->idle, __ATOMIC_SEQ_CST) != 0) /* or it is about to look: see work_in_sight */
    wake(home);
}

static void make_ready(struct task *task, bool new) {
  struct worker *worker = worker_here();
  if (unlikely(task->pinned)) {
    if (task->home == worker->number)
      task_queue_push(&worker->run, task);
    else
      send_home(task);
    return;
  }
  bool announced = new || worker->ring.tail - peek(&worker->ring.head) != 0;
  if (unlikely(!ring_push(&worker->ring, task, announced)))
    overflow(worker, task);
  if (announced)
    notify();
}

void task_ready_several(struct task *task) {
  make_ready(task, false);
}

void task_start_several(struct task *task) {
  make_ready(task, true);
}

/* ---- finding work ---------------------------------------------------------------------------------------------------
 * */

static struct task *take_own(struct worker *worker) {
  struct task *task;
  bool pinned_turn = (worker->budget & 1) != 0;
  if (worker->run.head != NULL && pinned_turn)
    return task_queue_pop(&worker->run);
  if (ring_take(&worker->ring, &task, 1) != 0)
    return task;
  return worker->run.head != NULL ? task_queue_pop(&worker->run) : NULL;
}

struct task *scheduler_next(struct worker *worker) {
  if (--worker->budget <= 0 || stopped())
    return NULL;
  return take_own(worker);
}

bool scheduler_alone(const struct worker *worker) {
  return worker->run.head == NULL && worker->ring.tail == peek(&worker->ring.head) &&
         peek(&weir_scheduler.global_count) == 0 && __atomic_load_n(&worker->mail, __ATOMIC_RELAXED) == NULL;
}

bool scheduler_others_rest(const struct worker *worker) {
  return port_several() && peek(&weir_scheduler.idle) + 1 == weir_scheduler.count && scheduler_alone(worker);
}

/* Pinned tasks that others made ready, in the order in which they did. */
static void open_mail(struct worker *worker) {
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

/* A batch of the global queue goes to the own ring, as far as it has room. */
static void take_from_global(struct worker *worker) {
  if (peek(&weir_scheduler.global_count) == 0)
    return;
  port_lock(&weir_scheduler.lock);
  for (uint32_t i = 0; i < GLOBAL_BATCH && weir_scheduler.global.head != NULL; i++) {
    struct task *task = weir_scheduler.global.head;
    struct task *next = task->next;
    if (!ring_push(&worker->ring, task, true))
      break;
    weir_scheduler.global.head = next;
    weir_scheduler.global.count--;
  }
  set_global_count();
  port_unlock(&weir_scheduler.lock);
}

/* A victim's ring is worth a look: it holds more than its worker is about to run, or something that does not move. */
static bool worth_stealing(struct worker *worker, uint32_t victim, bool fresh_look) {
  const struct ring *ring = &weir_scheduler.workers[victim]->ring;
  uint32_t head = peek(&ring->head);
  uint32_t length = ring_length(ring);
  if (length != 1 || port_simulated())
    return length != 0;
  bool stuck = fresh_look && worker->seen[victim] == head;
  if (fresh_look)
    worker->seen[victim] = head;
  return stuck;
}

/* A look at every other worker's ring, from a random one on. */
static struct task *steal(struct worker *worker) {
  uint32_t count = weir_scheduler.count;
  bool fresh_look = worker->round_time - worker->seen_at >= STUCK_NS;
  if (fresh_look)
    worker->seen_at = worker->round_time;
  uint32_t victim = worker_random(worker, count);
  for (uint32_t i = 0; i < count; i++, victim = victim + 1 == count ? 0 : victim + 1) {
    if (weir_scheduler.workers[victim] == worker || !worth_stealing(worker, victim, fresh_look))
      continue;
    struct task *task = ring_steal(&weir_scheduler.workers[victim]->ring, &worker->ring);
    if (task != NULL)
      return task;
  }
  return NULL;
}

static struct task *find(struct worker *worker) {
  open_mail(worker);
  struct task *task = take_own(worker);
  if (task != NULL)
    return task;
  take_from_global(worker);
  task = take_own(worker);
  return task != NULL ? task : steal(worker);
}

/* After the announcement of idleness: what find would find. */
static bool work_in_sight(struct worker *worker) {
  if (__atomic_load_n(&worker->mail, __ATOMIC_SEQ_CST) != NULL) /* pairs with the exchange in send_home */
    return true;
  if (__atomic_load_n(&weir_scheduler.global_count, __ATOMIC_SEQ_CST) != 0) /* pairs with set_global_count */
    return true;
  if (inbox_pending() && !worker->waits_for_memory)
    return true;
  for (uint32_t i = 0; i < weir_scheduler.count; i++)
    if (weir_scheduler.workers[i] != worker && worth_stealing(worker, i, false))
      return true;
  return false;
}

/* ---- out of work ----------------------------------------------------------------------------------------------------
 * */

static bool others_active(const struct worker *worker) {
  uint32_t resting = peek(&weir_scheduler.idle) + peek(&weir_scheduler.spinning) - worker->spinning;
  return resting + 1 < weir_scheduler.count;
}

static int64_t next_timer(struct worker *worker) {
  port_lock(&worker->wheel_lock);
  int64_t next = wheel_next(&worker->wheel);
  port_unlock(&worker->wheel_lock);
  return next;
}

static void stop_spinning(struct worker *worker) {
  worker->spinning = false;
  __atomic_fetch_sub(&weir_scheduler.spinning, 1, __ATOMIC_SEQ_CST);
}

/* Looks for work while somebody else may make some. */
static struct task *spin(struct worker *worker) {
  if (!worker->spinning) {
    if (peek(&weir_scheduler.spinning) != 0 || !others_active(worker))
      return find(worker);
    worker->spinning = true;
    __atomic_fetch_add(&weir_scheduler.spinning, 1, __ATOMIC_SEQ_CST);
  }
  int64_t end = port_clock() + SPIN_NS;
  int64_t timer = next_timer(worker);
  struct task *task;
  while ((task = find(worker)) == NULL && !port_simulated() && !stopped()) {
    for (unsigned pause = 0; pause < SPIN_PAUSES; pause++)
      port_relax();
    worker->round_time = port_clock();
    if (worker->round_time >= end || worker->round_time >= timer || !others_active(worker))
      break;
  }
  stop_spinning(worker);
  if (task != NULL && work_in_sight(worker))
    notify();
  return task;
}

/* Every worker is idle and nothing is in flight: the lock is held. True when it woke a task of this worker, or stopped
 * the run, and released the lock. */
static bool decide_at_rest(struct worker *worker, int64_t now) {
  for (uint32_t i = 0; i < weir_scheduler.count; i++) {
    struct worker *other = weir_scheduler.workers[i];
    bool mail = __atomic_load_n(&other->mail, __ATOMIC_SEQ_CST) != NULL; /* pairs with send_home */
    if (mail || next_timer(other) <= now)
      return false; /* it is about to see that */
  }
  struct wait *wait = NULL;
  while (wait == NULL && !wait_queue_empty(&weir_scheduler.settlers)) {
    struct waiter *waiter = weir_scheduler.settlers.head;
    wait = wait_claim(waiter) ? waiter->wait : NULL;
  }
  bool deadlock = wait == NULL && !port_simulated() && scheduler_watched() == 0 && poller_waiting() == 0 &&
                  !foreign_expected() && inbox_close_if_empty();
  if (wait == NULL && !deadlock)
    return false;
  leave_idle_list(worker);
  port_unlock(&weir_scheduler.lock);
  if (wait != NULL)
    wait_wake(wait);
  else
    scheduler_stop(-EDEADLK);
  return true;
}

/* When an idle worker wakes by itself at the latest. */
static int64_t sleep_end(struct worker *worker, int64_t now) {
  int64_t end = next_timer(worker);
  if (port_simulated())
    return end;
  if (worker->waits_for_memory && now + WORKER_RETRY_NS < end)
    end = now + WORKER_RETRY_NS;
  if (peek(&weir_scheduler.idle) == weir_scheduler.count) {
    port_lock(&weir_scheduler.lock);
    bool rest = now - weir_scheduler.active_at > REST_NS;
    if (rest)
      __atomic_store_n(&weir_scheduler.deep, 1, __ATOMIC_RELAXED); /* pairs with the exchange in end_idleness */
    port_unlock(&weir_scheduler.lock);
    if (rest)
      return end;
  }
  int64_t nap = now + NAP_NS * peek(&weir_scheduler.idle);
  return nap < end ? nap : end;
}

static void end_idleness(struct worker *worker) {
  port_lock(&weir_scheduler.lock);
  leave_idle_list(worker);
  weir_scheduler.active_at = worker->round_time;
  bool deep = weir_scheduler.deep != 0;
  __atomic_store_n(&weir_scheduler.deep, 0, __ATOMIC_RELAXED); /* pairs with sleep_end, both under the lock */
  port_unlock(&weir_scheduler.lock);
  if (deep)
    wake(NULL); /* somebody naps again, and sees when this worker does not yield */
}

/* Sleeps in the poller if nobody else does. True when that ended for a reason of its own: descriptors, or an interruption. */
static bool doze(struct worker *worker, int64_t end) {
  if (port_simulated()) {
    port_park(&worker->parker, end);
    return false;
  }
  port_lock(&weir_scheduler.lock);
  bool polls = weir_scheduler.poller == NULL;
  if (polls)
    __atomic_store_n(&weir_scheduler.poller, worker,
                     __ATOMIC_SEQ_CST); /* pairs with unpark, which has cleared idle before */
  port_unlock(&weir_scheduler.lock);
  if (!polls) {
    port_park(&worker->parker, end);
    return false;
  }
  bool woken = __atomic_load_n(&worker->idle, __ATOMIC_SEQ_CST) == 0 || stopped();
  if (!woken)
    poller_serve(end);
  port_lock(&weir_scheduler.lock);
  __atomic_store_n(&weir_scheduler.poller, NULL, __ATOMIC_SEQ_CST);
  port_unlock(&weir_scheduler.lock);
  return !woken && port_clock() < end;
}

/* Until work is in sight, a timer of its own is due, or somebody woke it. */
static void sleep_until_woken(struct worker *worker) {
  for (;;) {
    int64_t now = worker->round_time;
    int64_t end = sleep_end(worker, now);
    bool interrupted = end > now && doze(worker, end);
    worker->round_time = port_clock();
    if (__atomic_load_n(&worker->idle, __ATOMIC_ACQUIRE) == 0) /* pairs with leave_idle_list, by whoever woke it */
      return;
    if (interrupted || stopped() || worker->waits_for_memory || next_timer(worker) <= worker->round_time ||
        work_in_sight(worker))
      break;
    uint32_t victim = 0;
    while (victim < weir_scheduler.count &&
           (weir_scheduler.workers[victim] == worker || !worth_stealing(worker, victim, true)))
      victim++;
    if (victim < weir_scheduler.count)
      break;
  }
  end_idleness(worker);
}

static void go_idle(struct worker *worker) {
  worker->round_time = port_clock();
  if (poller_waiting() != 0 && wait_queue_hint(&weir_scheduler.settlers) && poller_serve(WEIR_POLL) != 0)
    return; /* settled is only who has had what is ready */
  port_lock(&weir_scheduler.lock);
  enter_idle_list(worker);
  port_unlock(&weir_scheduler.lock);
  if (work_in_sight(worker)) {
    end_idleness(worker);
    return;
  }
  port_lock(&weir_scheduler.lock);
  bool rest = weir_scheduler.idle == weir_scheduler.count && weir_scheduler.global.count == 0 && worker->idle != 0;
  if (rest && decide_at_rest(worker, worker->round_time))
    return;
  port_unlock(&weir_scheduler.lock);
  sleep_until_woken(worker);
}

void scheduler_loop(struct worker *worker) {
  while (!stopped()) {
    worker_begin_round(worker);
    worker->waits_for_memory = !port_simulated() && worker_serve_outside(worker);
    open_mail(worker);
    take_from_global(worker);
    struct task *task = take_own(worker);
    if (task == NULL)
      task = spin(worker);
    port_turn("dispatch");
    if (task != NULL)
      worker_dispatch(worker, task);
    else if (!stopped())
      go_idle(worker);
  }
}
