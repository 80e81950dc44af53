/* weir/context.h — cancellation that reaches everything below it.
 *
 *     weir_context *background = weir_context_background();
 *     weir_context *request = weir_context_with_deadline(background, weir_now() + WEIR_SECOND);
 *     weir_context_unref(background);                        // request holds it
 *     struct weir_case cases[] = {WEIR_RECV(replies, &reply), WEIR_RECV(weir_context_done(request), NULL)};
 *     if (weir_select(cases, 2, WEIR_FOREVER) == 1)
 *       error = weir_context_error(request);                 // -ECANCELED or -ETIMEDOUT
 *     weir_context_unref(request);
 *
 * A context is done once it or any context above it was cancelled or has passed its deadline. The first reason stays.
 * A child holds its parent: each context lives until its own references and those of its children are gone.
 */
#ifndef WEIR_CONTEXT_H
#define WEIR_CONTEXT_H

#include <weir/base.h>

WEIR_BEGIN

typedef struct weir_context weir_context;

/* A context without a parent, which is done only if somebody cancels it. A fresh one with each call. Returned with one
 * reference, owned by the caller; NULL when there is no memory. Any context. Does not block. */
#define weir_context_background() weir_context_background_at(__FILE__, __LINE__)

/* A child of parent, which may be done already: then the child is born done, for the same reason. Returned with one
 * reference, owned by the caller; NULL when there is no memory or parent is NULL. Any context. Does not block. */
#define weir_context_with_cancel(parent) weir_context_with_cancel_at((parent), __FILE__, __LINE__)

/* The same, done at the deadline (-ETIMEDOUT) if not before; born done if that has passed. A deadline later than one
 * above it changes nothing. Deadlines pass during a run only, whichever it is. */
#define weir_context_with_deadline(parent, deadline)                                                                   \
  weir_context_with_deadline_at((parent), (deadline), __FILE__, __LINE__)

/* Cancels the context and everything below it (-ECANCELED); nothing when it is done already, or NULL. The cost is that
 * of the contexts below; it allocates nothing. With several workers a call that finds another one at work returns at
 * once: weir_context_error says already what is coming, the channels below are closed a moment later. Any context. Does
 * not block. */
WEIR_API void weir_context_cancel(weir_context *x);

/* The channel that is closed when the context is done: receive from it, alone or in a select, to wait; -EPIPE then
 * means done. Borrowed: valid as long as the context; with weir_chan_ref on it the whole context stays. Receive-only:
 * send and close are -EINVAL. NULL for NULL. */
WEIR_API weir_chan *weir_context_done(weir_context *x);

/* 0 while it is not done, then -ECANCELED or -ETIMEDOUT, for ever; 0 for NULL. Any context. Does not block. */
WEIR_API int weir_context_error(weir_context *x);

/* Takes, or drops, a reference; both accept NULL. ref returns x. Dropping the last one, while no child lives, frees the
 * context, also when its deadline is still to come, without cancelling anything; doing so while a task waits on its
 * channel aborts the program as for any channel. Any context. Does not block. */
WEIR_API weir_context *weir_context_ref(weir_context *x);
WEIR_API void weir_context_unref(weir_context *x);

WEIR_API weir_context *weir_context_background_at(const char *file, int line);
WEIR_API weir_context *weir_context_with_cancel_at(weir_context *parent, const char *file, int line);
WEIR_API weir_context *weir_context_with_deadline_at(weir_context *parent, int64_t deadline, const char *file,
                                                     int line);

WEIR_END

#endif
