/* select.c — one of several channel operations.
 *
 * Two passes over the cases when something is ready: count the ready ones, draw one, perform it. Otherwise enlist in
 * every channel, commit, and withdraw the losers. The waker has completed the operation (chan.c), so that a select that
 * was woken never tries again. The draw is one decision, which a simulation makes.
 *
 * Rejected: shuffling the order of cases first (a random number a case, as Go does); starting at a random case and
 * taking the first that is ready (not uniform: of {0, 1} in eight, case 0 would win seven times in eight); sorting the
 * channels to lock them all at once (O(n log n), and the claim word makes it needless).
 */
#include <weir/sim.h>

#include "chan.h"
#include "worker.h"

#include <errno.h>

_Static_assert(sizeof(struct waiter) == sizeof(((struct weir_case *)0)->reserved), "a waiter lives in its case");

static inline bool case_ready(const struct weir_case *one) {
  weir_chan *c = one->chan;
  if (c == NULL)
    return false;
  return one->op == WEIR_OPERATION_SEND ? chan_can_send(c) : chan_can_recv(c);
}

static void perform(struct weir_case *one) {
  port_lock(&one->chan->lock);
  one->status =
      one->op == WEIR_OPERATION_SEND ? chan_send_now(one->chan, one->value) : chan_recv_now(one->chan, one->value);
  port_unlock(&one->chan->lock);
}

/* What a look at every case finds. */
struct survey {
  uint32_t ready;
  size_t first; /* the first ready case */
  bool invalid; /* an op that is neither send nor receive, or a send to a timer */
  bool timer;   /* a timer's channel is among them */
};

static inline struct survey survey_cases(const struct weir_case *cases, size_t count) {
  struct survey survey = {0};
  for (size_t i = count; i-- > 0;) {
    const struct weir_case *one = &cases[i];
    const weir_chan *c = one->chan;
    if (unlikely(one->op != WEIR_OPERATION_SEND && one->op != WEIR_OPERATION_RECV))
      survey.invalid = true;
    else if (c != NULL && unlikely(c->role != CHAN_PLAIN)) {
      survey.timer = true;
      survey.invalid |= one->op == WEIR_OPERATION_SEND;
    }
    if (case_ready(one)) {
      survey.ready++;
      survey.first = i;
    }
  }
  return survey;
}

static int perform_one(struct weir_case *cases, const struct survey *survey) {
  size_t chosen = survey->first;
  if (survey->ready > 1)
    for (uint32_t skip = worker_draw(WEIR_CHOICE_SELECT, survey->ready); skip > 0; skip--)
      while (!case_ready(&cases[++chosen]))
        ;
  perform(&cases[chosen]);
  return (int)chosen;
}

static int select_blocking(struct weir_case *cases, size_t count, int64_t deadline) {
  struct wait *wait = wait_open(WAIT_FOR_CASES, count == 0 ? NULL : waiter_of(cases), count, sizeof *cases);
  for (size_t i = 0; i < count; i++) {
    waiter_of(&cases[i])->queue = NULL;
    if (cases[i].chan == NULL)
      continue;
    port_lock(&cases[i].chan->lock);
    chan_enlist(&cases[i], wait);
    port_unlock(&cases[i].chan->lock);
  }
  struct waiter *winner = wait_commit(wait, deadline, NULL);
  for (size_t i = 0; i < count; i++) {
    if (waiter_of(&cases[i])->queue == NULL)
      continue;
    port_lock(&cases[i].chan->lock);
    chan_withdraw(&cases[i]);
    port_unlock(&cases[i].chan->lock);
  }
  return winner == NULL ? -ETIMEDOUT : (int)(case_of(winner) - cases);
}

int weir_select(struct weir_case *cases, size_t count, int64_t deadline) {
  port_step("select", count == 0 ? NULL : cases[0].chan);
  struct survey survey = survey_cases(cases, count);
  if (unlikely(survey.invalid))
    return -EINVAL;
  if (survey.timer && (survey.ready != 0 || deadline == WEIR_POLL)) {
    /* A task that never blocks must still see its timer. */
    if (survey.ready != 0)
      worker_spend(worker_here());
    else
      worker_serve_timers(worker_here());
    survey = survey_cases(cases, count);
  }
  if (survey.ready != 0)
    return perform_one(cases, &survey);
  if (deadline == WEIR_POLL)
    return -ETIMEDOUT;
  return wait_allowed() ? select_blocking(cases, count, deadline) : -EPERM;
}
