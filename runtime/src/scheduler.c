/* scheduler.c — see scheduler.h. */
#include "scheduler.h"

#include "find.h"
#include "inbox.h"
#include "pipes.h"
#include "poller.h"

#include <errno.h>
#include <string.h>

enum {
  SPIN_NS = 50 * 1000,
  SPIN_PAUSES = 8,
  USEFUL_NS = 50 * 1000,     /* a worker that was woken and has worked for so long was of use */
  BALANCE_LEAST_NS = 250000, /* between two that are woken although no task waits for long */
  BALANCE_MOST_NS = 16000000,
  STARTS_A_READING = 16, /* of the clock, by a worker that starts tasks while others are idle */
};
#define NAP_NS  (10 * WEIR_MILLISECOND)
#define REST_NS WEIR_SECOND

struct scheduler weir_scheduler = {.count = 1, .workers = weir_workers};

void scheduler_reset(uint32_t first, uint32_t count) {
  memset(&weir_scheduler, 0, sizeof weir_scheduler);
  weir_scheduler.count = count;
  weir_scheduler.workers = &weir_workers[first];
  weir_scheduler.active_at = port_clock();
  weir_scheduler.balance_interval = BALANCE_LEAST_NS;
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
  /* Sequentially consistent, before the look at the mail: pairs with the load in send_home. */
  __atomic_store_n(&worker->idle, 1, __ATOMIC_SEQ_CST);
  /* Sequentially consistent, before find_in_sight: see notify. */
  __atomic_store_n(&weir_scheduler.idle, weir_scheduler.idle + 1, __ATOMIC_SEQ_CST);
}

static bool leave_idle_list(struct worker *worker) {
  struct worker **at = &weir_scheduler.idlers;
  while (*at != NULL && *at != worker)
    at = &(*at)->next_idle;
  if (*at == NULL)
    return false;
  *at = worker->next_idle;
  weir_scheduler.deep -= worker->deep;
  worker->deep = false;
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

/* After a worker has left the list: when nobody on it naps, one of them is to, so that somebody sees what gets stuck.
 * Releases the lock. */
static void unlock_idle_list(void) {
  struct worker *watch = weir_scheduler.deep == weir_scheduler.idle ? weir_scheduler.idlers : NULL;
  if (watch != NULL) {
    watch->deep = false;
    weir_scheduler.deep--;
  }
  port_unlock(&weir_scheduler.lock);
  if (watch != NULL)
    unpark(watch);
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
  unlock_idle_list();
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

/* A worker may be woken to share the load although no task waits for long: seldom, and more seldom when it was of no use. */
static bool balance_is_due(int64_t now) {
  if (port_simulated())
    return true;
  int64_t since = now - __atomic_load_n(&weir_scheduler.balanced_at, __ATOMIC_RELAXED); /* a hint, as all three */
  if (since < __atomic_load_n(&weir_scheduler.balance_interval, __ATOMIC_RELAXED))
    return false;
  if (peek(&weir_scheduler.idle) == 0 || peek(&weir_scheduler.spinning) != 0)
    return false;
  __atomic_store_n(&weir_scheduler.balanced_at, now, __ATOMIC_RELAXED);
  __atomic_store_n(&weir_scheduler.balance, 1, __ATOMIC_RELAXED); /* pairs with the exchange in steal */
  return true;
}

void scheduler_offer(struct worker *worker, int32_t used, int64_t took) {
  uint32_t waiting = worker->ring.tail - peek(&worker->ring.head);
  if (likely(peek(&weir_scheduler.idle) == 0 || waiting < 2))
    return;
  if ((used > 0 && waiting * took > (int64_t)BACKLOG_NS * used) || balance_is_due(worker->round_time))
    notify();
}

/* ---- ready ----------------------------------------------------------------------------------------------------------
 * */

/* The ring is full: its older half, and the task, go to the global queue. */
static __attribute__((noinline)) void overflow(struct worker *worker, struct task *task) {
  struct task *older[RING_SIZE / 2];
  uint32_t count = ring_take(&worker->ring, older, RING_SIZE / 2);
  port_lock(&weir_scheduler.lock);
  for (uint32_t i = 0; i < count; i++)
    task_queue_push(&weir_scheduler.global, older[i]);
  task_queue_push(&weir_scheduler.global, task);
  find_set_global_count();
  port_unlock(&weir_scheduler.lock);
}

static void send_home(struct task *task) {
  struct worker *home = weir_workers[task->home];
  struct task *newest = __atomic_load_n(&home->mail, __ATOMIC_RELAXED); /* the exchange decides */
  do {
    task->next = newest;
    port_turn("mail");
  } while (!__atomic_compare_exchange_n(&home->mail, &newest, task, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
  if (__atomic_load_n(&home->idle, __ATOMIC_SEQ_CST) != 0) /* or it is about to look: see find_in_sight */
    wake(home);
}

/* A task that goes on starting others sees time pass: the round's time stands still while it runs. */
static int64_t time_of_start(struct worker *worker) {
  if (++worker->starts % STARTS_A_READING != 0 || peek(&weir_scheduler.idle) == 0)
    return worker->round_time;
  return port_clock();
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
  /* Virtual workers may be woken for anything: time says nothing there. */
  bool announced = new || port_simulated();
  bool full = !ring_push(&worker->ring, task, announced);
  if (unlikely(full))
    overflow(worker, task);
  if (full || (announced && balance_is_due(new ? time_of_start(worker) : worker->round_time)))
    notify();
}

void task_ready_several(struct task *task) {
  make_ready(task, false);
}

void task_start_several(struct task *task) {
  make_ready(task, true);
}

struct task *scheduler_next(struct worker *worker) {
  if (--worker->budget <= 0 || stopped())
    return NULL;
  return find_own(worker);
}

bool scheduler_alone(const struct worker *worker) {
  return worker->run.head == NULL && worker->ring.tail == peek(&worker->ring.head) &&
         peek(&weir_scheduler.global_count) == 0 && __atomic_load_n(&worker->mail, __ATOMIC_RELAXED) == NULL;
}

bool scheduler_others_rest(const struct worker *worker) {
  return port_several() && peek(&weir_scheduler.idle) + 1 == weir_scheduler.count && scheduler_alone(worker);
}

/* ---- out of work ----------------------------------------------------------------------------------------------------
 * */

/* Somebody else runs tasks or looks for some. */
static bool others_active(void) {
  return peek(&weir_scheduler.idle) + 1 < weir_scheduler.count;
}

/* Enough look already. Two at least may: of two that talk across workers each begins to look before the other has found. */
static bool enough_spin(void) {
  uint32_t most = weir_scheduler.count / 2 < 2 ? 2 : weir_scheduler.count / 2;
  return peek(&weir_scheduler.spinning) >= most;
}

static void stop_spinning(struct worker *worker) {
  worker->spinning = false;
  __atomic_fetch_sub(&weir_scheduler.spinning, 1, __ATOMIC_SEQ_CST);
}

/* Looks for work while somebody else may make some. */
static struct task *spin(struct worker *worker) {
  struct task *task = find_any(worker);
  if (!worker->spinning) {
    if (task != NULL || enough_spin() || !others_active())
      return task;
    worker->spinning = true;
    __atomic_fetch_add(&weir_scheduler.spinning, 1, __ATOMIC_SEQ_CST);
  }
  int64_t begin = port_clock();
  worker_see_time(worker, begin);
  int64_t end = begin + SPIN_NS;
  int64_t timer = find_next_timer(worker);
  while (task == NULL && !port_simulated() && !stopped() && others_active() && worker->round_time < end &&
         worker->round_time < timer) {
    for (unsigned pause = 0; pause < SPIN_PAUSES && !has_mail(worker); pause++)
      port_relax();
    worker_see_time(worker, port_clock());
    task = find_any(worker);
  }
  stop_spinning(worker);
  return task;
}

/* The lock is held; releases it. */
static void leave_idleness(struct worker *worker) {
  leave_idle_list(worker);
  weir_scheduler.active_at = worker->round_time;
  unlock_idle_list();
}

static void end_idleness(struct worker *worker) {
  port_lock(&weir_scheduler.lock);
  leave_idleness(worker);
}

/* Every worker is idle and nothing is in flight: the lock is held. True when it woke a task of this worker, or stopped
 * the run, and released the lock. */
static bool decide_at_rest(struct worker *worker, int64_t now) {
  if (inbox_pending())
    return false; /* the poller is interrupted, or there will be memory for it */
  for (uint32_t i = 0; i < weir_scheduler.count; i++) {
    struct worker *other = weir_scheduler.workers[i];
    bool mail = __atomic_load_n(&other->mail, __ATOMIC_SEQ_CST) != NULL; /* pairs with send_home */
    if (mail || find_next_timer(other) <= now)
      return false; /* it is about to see that */
  }
  struct wait *wait = NULL;
  while (wait == NULL && !wait_queue_empty(&weir_scheduler.settlers)) {
    struct waiter *waiter = weir_scheduler.settlers.head;
    wait = wait_claim(waiter) ? waiter->wait : NULL;
  }
  bool deadlock = wait == NULL && !port_simulated() && scheduler_watched() == 0 && !poller_hoped() &&
                  !foreign_expected() && inbox_close_if_empty();
  if (wait == NULL && !deadlock)
    return false;
  leave_idleness(worker);
  if (wait != NULL)
    wait_wake(wait);
  else
    scheduler_stop(-EDEADLK);
  return true;
}

/* When an idle worker has something of its own to do. */
static int64_t sleep_end(struct worker *worker, int64_t now) {
  int64_t end = find_next_timer(worker);
  return worker->waits_for_memory && now + WORKER_RETRY_NS < end ? now + WORKER_RETRY_NS : end;
}

/* It wakes by itself at that time at the latest: it naps, unless all rest and have for long. The lock is held. */
static int64_t nap_end(struct worker *worker, int64_t end) {
  int64_t now = worker->round_time;
  bool deep = weir_scheduler.idle == weir_scheduler.count && now - weir_scheduler.active_at > REST_NS;
  weir_scheduler.deep += deep;
  weir_scheduler.deep -= worker->deep;
  worker->deep = deep;
  int64_t nap = now + NAP_NS * weir_scheduler.idle;
  return deep || nap > end ? end : nap;
}

/* Sleeps in the poller if nobody else does. True when that ended for a reason of its own: descriptors, or an interruption. */
static bool doze(struct worker *worker, int64_t end) {
  if (port_simulated()) {
    port_park(&worker->parker, end);
    return false;
  }
  port_lock(&weir_scheduler.lock);
  end = nap_end(worker, end);
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
  bool interrupted = !woken && poller_sleep(end);
  if (interrupted)
    worker->polled = 0; /* the next round serves what is ready */
  port_lock(&weir_scheduler.lock);
  __atomic_store_n(&weir_scheduler.poller, NULL, __ATOMIC_SEQ_CST);
  port_unlock(&weir_scheduler.lock);
  return interrupted;
}

/* Until work is in sight, a timer of its own is due, or somebody woke it. */
static void sleep_until_woken(struct worker *worker) {
  for (;;) {
    int64_t now = worker->round_time;
    int64_t end = sleep_end(worker, now);
    bool interrupted = end > now && doze(worker, end);
    worker_see_time(worker, port_clock());
    if (__atomic_load_n(&worker->idle, __ATOMIC_ACQUIRE) == 0) /* pairs with leave_idle_list, by whoever woke it */
      return;
    if (interrupted || stopped() || worker->waits_for_memory || find_next_timer(worker) <= worker->round_time ||
        find_in_sight(worker))
      break;
    if (!port_simulated() && find_stuck(worker))
      break;
  }
  end_idleness(worker);
}

/* What a worker was woken for, or stole, has kept it busy for a while, or not. */
static void judge_balance(struct worker *worker) {
  if (worker->stole_at == 0)
    return;
  int64_t interval = 2 * __atomic_load_n(&weir_scheduler.balance_interval, __ATOMIC_RELAXED); /* a hint */
  if (worker->round_time - worker->stole_at >= USEFUL_NS)
    interval = BALANCE_LEAST_NS;
  else if (interval > BALANCE_MOST_NS)
    interval = BALANCE_MOST_NS;
  __atomic_store_n(&weir_scheduler.balance_interval, interval, __ATOMIC_RELAXED);
  worker->stole_at = 0;
}

/* Wakes the tasks whose descriptors are ready; how many. */
static unsigned serve_descriptors(void) {
  if (port_simulated())
    return pipes_serve();
  return poller_waiting() != 0 ? poller_serve(WEIR_POLL) : 0;
}

static void go_idle(struct worker *worker) {
  worker_see_time(worker, port_clock());
  judge_balance(worker);
  if (wait_queue_hint(&weir_scheduler.settlers) && serve_descriptors() != 0)
    return; /* settled is only who has had what is ready */
  port_lock(&weir_scheduler.lock);
  enter_idle_list(worker);
  port_unlock(&weir_scheduler.lock);
  if (find_in_sight(worker)) {
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
    find_mail(worker);
    /* Every other round begins with the global queue, whether the ring has room or not: neither starves the other. */
    worker->global_turn = !worker->global_turn;
    struct task *task = worker->global_turn ? find_global(worker) : NULL;
    if (task == NULL)
      task = find_own(worker);
    if (task == NULL)
      task = spin(worker);
    port_turn("dispatch");
    if (stopped())
      return; /* a task that it took is left over */
    if (worker->spinning)
      stop_spinning(worker); /* it was woken to look around, and has found something at once */
    if (task != NULL)
      worker_dispatch(worker, task);
    else
      go_idle(worker);
  }
}
