/* cancel.h — what channels, workers and verdicts need to know of contexts; the design is in cancel.c. (context.h is the
 * stack switch.)
 */
#ifndef WEIR_SRC_CANCEL_H
#define WEIR_SRC_CANCEL_H

#include <weir/context.h>

#include "chan.h"
#include "worker.h"

/* The last reference to a context's channel is gone: frees it, and those above that nobody else holds. */
void context_dropped(weir_chan *c);

/* A context's deadline came due in this worker's wheel, whose lock is held: it is released meanwhile. */
void context_expired(struct worker *worker, struct wheel_node *node);

/* The bytes of each, and of this one beyond those. */
extern WEIR_INTERNAL const size_t weir_context_bytes;
size_t context_more(const weir_context *x);

/* It, or one above it, will be done some time. */
bool context_has_deadline(const weir_chan *c);

/* The end of a simulation frees what is left in any order: takes the context out of its parent, and lets that go. */
void context_orphan(weir_chan *c);

#endif
