/* weir/broadcast.h — one message offered to every subscriber by several publishers, each send bounded in time.
 *
 *     struct weir_broadcast_options options = {.concurrency = 2, .timeout = 5 * WEIR_MILLISECOND,
 *                                              .policy = WEIR_TIMEOUT_DEADLINE, .exit = quit};
 *     struct weir_broadcast_result result;
 *     weir_broadcast(subscribers, count, &message, &options, &result);
 */
#ifndef WEIR_BROADCAST_H
#define WEIR_BROADCAST_H

#include <weir/base.h>

WEIR_BEGIN

/* How a send is bounded. */
enum weir_timeout_policy {
  WEIR_TIMEOUT_AFTER = 0, /* a fresh weir_after a send: the leak, in classic mode */
  WEIR_TIMEOUT_TIMER,     /* one timer a publisher: stop, drain without blocking, reset */
  WEIR_TIMEOUT_DEADLINE,  /* no timer object at all */
  WEIR_TIMEOUT_NONE,      /* wait for ever */
};

struct weir_broadcast_options {
  unsigned concurrency;            /* publishers; publisher i serves subscribers i, i + concurrency, …; 0 = 1 */
  int64_t timeout;                 /* nanoseconds for each send; not used by WEIR_TIMEOUT_NONE */
  enum weir_timeout_policy policy; /* how each send is bounded */
  weir_chan *exit;                 /* closed or ready to receive: publishers stop; NULL = never */
};

struct weir_broadcast_result {
  size_t delivered; /* received or buffered by the subscriber's channel */
  size_t timed_out;
  size_t skipped; /* not offered, because exit came first (or memory failed) */
  size_t closed;  /* the subscriber's channel was closed */
};

/* Offers *message to each of count subscribers; returns when every publisher has ended. The caller's task is the first
 * publisher, each further one is a task of its own. options may be NULL (defaults); result may be NULL.
 * Returns 0; -ENOMEM (result says how far it came; the four numbers add up to count in every case); -EINVAL for a
 * policy that does not exist; -EPERM outside a task or inside a deferred function. */
#define weir_broadcast(subscribers, count, message, options, result)                                                   \
  weir_broadcast_at((subscribers), (count), (message), (options), (result), __FILE__, __LINE__)

WEIR_API int weir_broadcast_at(weir_chan *const *subscribers, size_t count, const void *message,
                               const struct weir_broadcast_options *options, struct weir_broadcast_result *result,
                               const char *file, int line);

WEIR_END

#endif
