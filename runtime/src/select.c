/* select.c — one of several channel operations.
 *
 * Two passes over the cases when something is ready: count the ready ones, draw one, perform it. Otherwise enlist in
 * every channel, commit, and withdraw the losers. The waker has completed the operation (chan.c), so that a select that
 * was woken never tries again. The draw is one decision, which a simulation makes.
 *
 * With several workers the first look takes no lock; what it found may be gone when the lock is held, and then it looks
 * again. Before it enlists, a select holds the locks of all its channels, in one order for all: nothing is
 * ready then (who waits there was claimed elsewhere, which is final), and nobody can meet half a select. The order is a
 * list sorted through the waiters themselves, so that nothing is allocated.
 *
 * Rejected: shuffling the order of cases first (a random number a case, as Go does); starting at a random case and
 * taking the first that is ready (not uniform: of {0, 1} in eight, case 0 would win seven times in eight); enlisting
 * case by case with a claim of oneself and then of the other (two selects that meet must back off, and try again).
 */
#include <weir/sim.h>

#include "chan.h"
#include "worker.h"

#include <errno.h>

_Static_assert(sizeof(struct waiter) == sizeof(((struct weir_case *)0)->reserved), "a waiter lives in its case");

/* Would not block; or, of a hint, perhaps would not. */
static inline __attribute__((always_inline)) bool case_ready(const struct weir_case *one, bool hint) {
  weir_chan *c = one->chan;
  if (c == NULL)
    return false;
  if (hint)
    return one->op == WEIR_OPERATION_SEND ? chan_may_send(c) : chan_may_recv(c);
  return one->op == WEIR_OPERATION_SEND ? chan_can_send(c) : chan_can_recv(c);
}

/* The lock is held. */
static void perform(struct weir_case *one) {
  one->status =
      one->op == WEIR_OPERATION_SEND ? chan_send_now(one->chan, one->value) : chan_recv_now(one->chan, one->value);
}

/* What a look at every case finds. */
struct survey {
  uint32_t ready;
  size_t first; /* the first ready case */
  bool invalid; /* an op that is neither send nor receive, or a send to a timer */
  bool timer;   /* a timer's channel is among them */
};

static inline __attribute__((always_inline)) struct survey survey_cases(const struct weir_case *cases, size_t count,
                                                                        bool hint) {
  struct survey survey = {0};
  for (size_t i = count; i-- > 0;) {
    const struct weir_case *one = &cases[i];
    const weir_chan *c = one->chan;
    if (unlikely(one->op != WEIR_OPERATION_SEND && one->op != WEIR_OPERATION_RECV))
      survey.invalid = true;
    else if (c != NULL && unlikely(c->role != CHAN_PLAIN)) {
      survey.timer |= !c->untimed;
      survey.invalid |= one->op == WEIR_OPERATION_SEND;
    }
    if (case_ready(one, hint)) {
      survey.ready++;
      survey.first = i;
    }
  }
  return survey;
}

/* One of the ready cases; count when, seen by a hint, there are fewer now. */
static inline __attribute__((always_inline)) size_t draw_one(const struct weir_case *cases, size_t count,
                                                             const struct survey *survey, bool hint) {
  size_t chosen = survey->first;
  if (survey->ready > 1)
    for (uint32_t skip = worker_draw(WEIR_CHOICE_SELECT, survey->ready); skip > 0; skip--)
      do
        chosen++;
      while (chosen < count && !case_ready(&cases[chosen], hint));
  return chosen < count ? chosen : count;
}

static int wait_for_one(struct weir_case *cases, size_t count, struct wait *wait, int64_t deadline) {
  struct waiter *winner = wait_commit(wait, deadline, NULL);
  struct waiter *unused = NULL; /* of channels that nobody has any more */
  for (size_t i = 0; i < count; i++)
    if (cases[i].chan != NULL && waiter_of(&cases[i]) != winner && unlikely(chan_leave(&cases[i]))) {
      waiter_of(&cases[i])->next = unused;
      unused = waiter_of(&cases[i]);
    }
  for (struct waiter *next; unlikely(unused != NULL); unused = next) {
    next = unused->next;
    chan_free(case_of(unused)->chan);
  }
  return winner == NULL ? -ETIMEDOUT : (int)(case_of(winner) - cases);
}

static int select_blocking(struct weir_case *cases, size_t count, int64_t deadline) {
  struct wait *wait = wait_open(WAIT_FOR_CASES, count == 0 ? NULL : waiter_of(cases), count, sizeof *cases);
  for (size_t i = 0; i < count; i++) {
    waiter_of(&cases[i])->queue = NULL;
    if (cases[i].chan != NULL)
      chan_enlist(&cases[i], wait);
  }
  return wait_for_one(cases, count, wait, deadline);
}

/* ---- several workers ------------------------------------------------------------------------------------------------
 * */

/* Merges two lists of cases in the order of their channels. */
static struct waiter *merge(struct waiter *left, struct waiter *right) {
  struct waiter *head = NULL, **tail = &head;
  while (left != NULL && right != NULL) {
    struct waiter **first = chan_goes_before(case_of(right)->chan, case_of(left)->chan) ? &right : &left;
    *tail = *first;
    tail = &(*first)->next;
    *first = (*first)->next;
  }
  *tail = left != NULL ? left : right;
  return head;
}

/* The cases that have a channel, in the order in which channels are locked: a merge sort from the bottom up, in which runs[i] holds
 * 2^i. */
static struct waiter *sort_cases(struct weir_case *cases, size_t count) {
  struct waiter *runs[64] = {NULL};
  unsigned highest = 0;
  for (size_t i = 0; i < count; i++) {
    if (cases[i].chan == NULL)
      continue;
    struct waiter *run = waiter_of(&cases[i]);
    run->next = NULL;
    unsigned level = 0;
    for (; runs[level] != NULL; level++) {
      run = merge(runs[level], run);
      runs[level] = NULL;
    }
    runs[level] = run;
    highest = level > highest ? level : highest;
  }
  struct waiter *all = NULL;
  for (unsigned level = 0; level <= highest; level++)
    all = merge(runs[level], all);
  return all;
}

static inline weir_chan *chan_of(struct waiter *waiter) {
  return waiter != NULL ? case_of(waiter)->chan : NULL;
}

static void lock_all(struct waiter *sorted) {
  for (weir_chan *before = NULL; sorted != NULL; before = chan_of(sorted), sorted = sorted->next)
    if (chan_of(sorted) != before)
      port_lock(&chan_of(sorted)->lock);
}

static void unlock_all(struct waiter *sorted) {
  for (; sorted != NULL; sorted = sorted->next)
    if (chan_of(sorted) != chan_of(sorted->next))
      port_unlock(&chan_of(sorted)->lock);
}

/* Nothing is ready and all locks are held. A channel is unlocked as soon as its cases are in its queue: somebody may
 * claim the wait then, and what is enlisted after that only has to be withdrawn. */
static void enlist_and_unlock(struct waiter *sorted, struct wait *wait) {
  while (sorted != NULL) {
    struct waiter *next = sorted->next;
    weir_chan *c = chan_of(sorted);
    chan_enlist(case_of(sorted), wait);
    if (c != chan_of(next))
      port_unlock(&c->lock);
    sorted = next;
  }
}

static int select_under_locks(struct weir_case *cases, size_t count, int64_t deadline) {
  for (size_t i = 0; i < count; i++)
    waiter_of(&cases[i])->queue = NULL;
  struct waiter *sorted = sort_cases(cases, count);
  lock_all(sorted);
  for (;;) {
    struct survey survey = survey_cases(cases, count, false);
    if (survey.ready == 0)
      break;
    /* A waiting select may be claimed meanwhile through a channel that is not ours. */
    size_t chosen = draw_one(cases, count, &survey, false);
    if (chosen == count)
      continue;
    perform(&cases[chosen]);
    if (cases[chosen].status == -EAGAIN)
      continue;
    unlock_all(sorted);
    return (int)chosen;
  }
  if (deadline == WEIR_POLL || !wait_allowed()) {
    unlock_all(sorted);
    return deadline == WEIR_POLL ? -ETIMEDOUT : -EPERM;
  }
  struct wait *wait = wait_open(WAIT_FOR_CASES, count == 0 ? NULL : waiter_of(cases), count, sizeof *cases);
  enlist_and_unlock(sorted, wait);
  return wait_for_one(cases, count, wait, deadline);
}

static __attribute__((noinline)) int select_several(struct weir_case *cases, size_t count, int64_t deadline) {
  bool served = false;
  for (;;) {
    struct survey survey = survey_cases(cases, count, true);
    if (unlikely(survey.invalid))
      return -EINVAL;
    if (survey.timer && !served && (survey.ready != 0 || deadline == WEIR_POLL)) {
      served = true; /* a task that never blocks must still see its timer */
      worker_serve_timers(worker_here());
      continue;
    }
    if (survey.ready == 0)
      break;
    size_t chosen = draw_one(cases, count, &survey, true);
    if (chosen == count)
      continue;
    port_lock(&cases[chosen].chan->lock);
    perform(&cases[chosen]);
    port_unlock(&cases[chosen].chan->lock);
    if (cases[chosen].status != -EAGAIN)
      return (int)chosen;
  }
  /* Looks at several cases are no look at all of them at one moment: of {receive, send} on one channel one is always ready. */
  if (deadline == WEIR_POLL && count <= 1)
    return -ETIMEDOUT;
  return select_under_locks(cases, count, deadline);
}

int weir_select(struct weir_case *cases, size_t count, int64_t deadline) {
  port_step_select(cases, (uint32_t)count);
  if (port_several())
    return select_several(cases, count, deadline);
  struct survey survey = survey_cases(cases, count, false);
  if (unlikely(survey.invalid))
    return -EINVAL;
  if (survey.timer && (survey.ready != 0 || deadline == WEIR_POLL)) {
    /* A task that never blocks must still see its timer. */
    if (survey.ready != 0)
      worker_spend(worker_here());
    else
      worker_serve_timers(worker_here());
    survey = survey_cases(cases, count, false);
  }
  if (survey.ready != 0) {
    size_t chosen = draw_one(cases, count, &survey, false);
    perform(&cases[chosen]);
    return (int)chosen;
  }
  if (deadline == WEIR_POLL)
    return -ETIMEDOUT;
  return wait_allowed() ? select_blocking(cases, count, deadline) : -EPERM;
}
