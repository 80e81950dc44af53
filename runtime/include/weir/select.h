/* weir/select.h — wait for the first of several channel operations.
 *
 *     struct weir_case cases[] = {WEIR_SEND(subscriber, &message), WEIR_RECV(exit, NULL)};
 *     switch (weir_select(cases, 2, weir_now() + 5 * WEIR_MILLISECOND)) {
 *       case 0: ...            // sent, or cases[0].status == -EPIPE: closed
 *       case 1: ...            // exit was closed or signalled
 *       case -ETIMEDOUT: ...
 *     }
 */
#ifndef WEIR_SELECT_H
#define WEIR_SELECT_H

#include <weir/base.h>

WEIR_BEGIN

enum weir_operation { WEIR_OPERATION_SEND = 1, WEIR_OPERATION_RECV = 2 };

/* One case: caller storage. Its place in the channel's queue lives in it, so that a select allocates nothing. */
struct weir_case {
  weir_chan *chan;   /* NULL: never ready */
  int op;            /* enum weir_operation */
  void *value;       /* what to send, or where to receive; may be NULL */
  int status;        /* out: 0 or -EPIPE, in the case that went through */
  void *reserved[4]; /* the runtime's */
};

/* Brace initialisers of a struct weir_case. */
#define WEIR_SEND(chan, value)                                                                                         \
  {                                                                                                                    \
    (chan), WEIR_OPERATION_SEND, (void *)(value), 0, {                                                                 \
      NULL, NULL, NULL, NULL                                                                                           \
    }                                                                                                                  \
  }
#define WEIR_RECV(chan, value)                                                                                         \
  {                                                                                                                    \
    (chan), WEIR_OPERATION_RECV, (void *)(value), 0, {                                                                 \
      NULL, NULL, NULL, NULL                                                                                           \
    }                                                                                                                  \
  }

/* Performs exactly one of the cases; chosen uniformly at random when several are ready.
 * Returns the index of the case that went through (its status says 0 or -EPIPE), or
 *   -ETIMEDOUT  none was ready before deadline; WEIR_POLL is Go's default branch
 *   -EINVAL     a case has an op that is neither send nor receive, or would send to a timer's channel
 *   -EPERM      it would have to block outside a task or inside a deferred function
 * A channel may stand in several cases; a select never pairs with itself. (NULL, 0, WEIR_FOREVER) blocks for ever. */
WEIR_API int weir_select(struct weir_case *cases, size_t count, int64_t deadline);

WEIR_END

#endif
