/* broadcast.c — the seed's loop: publisher i of c offers the message to subscribers i, i + c, i + 2c, …
 *
 * The caller is the first publisher, so that a broadcast with concurrency 1 starts no task and needs no join. All tasks
 * are made before the first is let run: no memory means that nothing was sent. What an exit or a lack of memory leaves
 * out is counted as skipped, so that the four numbers always add up.
 *
 * The deadline policy reads the clock only when the send has to wait: an operation that can complete at once needs no
 * deadline.
 */
#include <weir/broadcast.h>
#include <weir/select.h>
#include <weir/sync.h>
#include <weir/task.h>
#include <weir/timer.h>

#include "books.h"
#include "chan.h"
#include "worker.h"

#include <errno.h>

struct broadcast {
  weir_chan *const *subscribers;
  size_t count;
  const void *message;
  struct weir_broadcast_options options;
  struct weir_broadcast_result result;
  weir_waitgroup publishers;
  struct port_lock lock; /* of the result, the error and the number of publishers that have begun */
  size_t started;
  int error;
  const char *file;
  int line;
};

enum { OFFER_SEND, OFFER_EXIT, OFFER_TIMER, OFFER_CASES };

static int offer_after(struct broadcast *broadcast, struct weir_case *cases) {
  weir_chan *after = weir_after_at(broadcast->options.timeout, broadcast->file, broadcast->line);
  if (after == NULL)
    return -ENOMEM;
  cases[OFFER_TIMER] = (struct weir_case)WEIR_RECV(after, NULL);
  int chosen = weir_select(cases, OFFER_CASES, WEIR_FOREVER);
  weir_chan_unref(after);
  return chosen;
}

/* The post's cure: stop, drain without blocking, reset. */
static int offer_timer(struct broadcast *broadcast, struct weir_case *cases, weir_timer **timer) {
  if (*timer == NULL) {
    *timer = weir_timer_new_at(broadcast->options.timeout, broadcast->file, broadcast->line);
    if (*timer == NULL)
      return -ENOMEM;
  } else {
    if (!weir_timer_stop(*timer))
      weir_chan_try_recv(weir_timer_chan(*timer), NULL);
    weir_timer_reset(*timer, broadcast->options.timeout);
  }
  cases[OFFER_TIMER] = (struct weir_case)WEIR_RECV(weir_timer_chan(*timer), NULL);
  return weir_select(cases, OFFER_CASES, WEIR_FOREVER);
}

static int offer_deadline(struct broadcast *broadcast, struct weir_case *cases) {
  int chosen = weir_select(cases, OFFER_TIMER, WEIR_POLL);
  if (chosen != -ETIMEDOUT)
    return chosen;
  return weir_select(cases, OFFER_TIMER, port_deadline(broadcast->options.timeout));
}

static int offer(struct broadcast *broadcast, struct weir_case *cases, weir_timer **timer) {
  switch (broadcast->options.policy) {
  case WEIR_TIMEOUT_AFTER:
    return offer_after(broadcast, cases);
  case WEIR_TIMEOUT_TIMER:
    return offer_timer(broadcast, cases, timer);
  case WEIR_TIMEOUT_DEADLINE:
    return offer_deadline(broadcast, cases);
  case WEIR_TIMEOUT_NONE:
    break;
  }
  return weir_select(cases, OFFER_TIMER, WEIR_FOREVER);
}

/* How many of the subscribers from j on, in steps, there are. */
static size_t remaining(const struct broadcast *broadcast, size_t j) {
  size_t step = broadcast->options.concurrency;
  return j >= broadcast->count ? 0 : (broadcast->count - j + step - 1) / step;
}

/* A publisher's number, from 0. */
static size_t begin_publishing(struct broadcast *broadcast) {
  port_lock(&broadcast->lock);
  size_t number = broadcast->started++;
  port_unlock(&broadcast->lock);
  return number;
}

static void end_publishing(struct broadcast *broadcast, const struct weir_broadcast_result *result, int error) {
  port_lock(&broadcast->lock);
  broadcast->result.delivered += result->delivered;
  broadcast->result.timed_out += result->timed_out;
  broadcast->result.skipped += result->skipped;
  broadcast->result.closed += result->closed;
  if (error != 0)
    broadcast->error = error;
  port_unlock(&broadcast->lock);
  weir_waitgroup_done(&broadcast->publishers);
}

static void publish(void *arg) {
  struct broadcast *broadcast = arg;
  struct weir_broadcast_result result = {0};
  int error = 0;
  struct weir_case cases[OFFER_CASES] = {
      [OFFER_SEND] = WEIR_SEND(NULL, broadcast->message),
      [OFFER_EXIT] = WEIR_RECV(broadcast->options.exit, NULL),
  };
  weir_timer *timer = NULL;
  size_t j = begin_publishing(broadcast);
  for (; j < broadcast->count; j += broadcast->options.concurrency) {
    cases[OFFER_SEND].chan = broadcast->subscribers[j];
    int chosen = offer(broadcast, cases, &timer);
    if (chosen == OFFER_SEND)
      ++*(cases[OFFER_SEND].status == 0 ? &result.delivered : &result.closed);
    else if (chosen == OFFER_TIMER || chosen == -ETIMEDOUT)
      result.timed_out++;
    else {
      error = chosen == OFFER_EXIT ? 0 : chosen;
      break;
    }
  }
  result.skipped = remaining(broadcast, j);
  weir_timer_free(timer);
  end_publishing(broadcast, &result, error);
}

/* Makes the publishers beside the caller, and only then lets them run. */
static int start_publishers(struct broadcast *broadcast) {
  struct task *made = NULL;
  uint32_t site = site_of(broadcast->file, broadcast->line);
  for (size_t i = 1; i < broadcast->options.concurrency; i++) {
    struct task *task = task_new(NULL, publish, broadcast, site);
    if (task == NULL) {
      for (; made != NULL; made = task) {
        task = made->next;
        task_free(made);
      }
      return -ENOMEM;
    }
    task->next = made;
    made = task;
  }
  for (struct task *next; made != NULL; made = next) {
    next = made->next;
    task_start(made);
  }
  return 0;
}

int weir_broadcast_at(weir_chan *const *subscribers, size_t count, const void *message,
                      const struct weir_broadcast_options *options, struct weir_broadcast_result *result,
                      const char *file, int line) {
  port_step("broadcast", NULL);
  struct broadcast broadcast = {
      .subscribers = subscribers, .count = count, .message = message, .file = file, .line = line};
  if (options != NULL)
    broadcast.options = *options;
  unsigned *concurrency = &broadcast.options.concurrency;
  if (*concurrency == 0)
    *concurrency = 1;
  if (*concurrency > count && count != 0)
    *concurrency = (unsigned)count;
  int error = 0;
  if ((unsigned)broadcast.options.policy > WEIR_TIMEOUT_NONE)
    error = -EINVAL;
  else if (!wait_allowed())
    error = -EPERM;
  else if (count != 0) {
    weir_waitgroup_add(&broadcast.publishers, *concurrency);
    error = start_publishers(&broadcast);
    if (error == 0) {
      publish(&broadcast);
      weir_waitgroup_wait(&broadcast.publishers);
      error = broadcast.error;
    }
  }
  const struct weir_broadcast_result *sums = &broadcast.result;
  if (sums->delivered + sums->timed_out + sums->skipped + sums->closed == 0)
    broadcast.result.skipped = count;
  if (result != NULL)
    *result = broadcast.result;
  return error;
}
