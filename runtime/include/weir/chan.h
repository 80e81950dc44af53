/* weir/chan.h — channels: typed by size, first in first out, as in Go.
 *
 *     weir_chan *c = weir_chan_new(sizeof(int), 0);
 *     weir_chan_send(c, &(int){42});            // in one task
 *     int got; weir_chan_recv(c, &got);         // in another
 *     weir_chan_unref(c);
 *
 * Common results of send and receive:
 *   0           done
 *   -EPIPE      the channel is closed (receive: and drained; *value is set to zeros)
 *   -ETIMEDOUT  the deadline passed first; *value is untouched
 *   -EAGAIN     a try_ form could not complete at once; *value is untouched
 *   -EPERM      the call would have to block outside a task or inside a deferred function
 * An operation that can complete at once does so even if its deadline has passed. Waiters are served in the order in
 * which they began to wait. value may be NULL: a receive discards the element, a send sends zeros. A NULL channel: send
 * and receive wait until their deadline (a try is -EAGAIN). A blocked operation allocates nothing. The channel
 * of a timer is receive-only: send and close return -EINVAL, on_drop does nothing.
 */
#ifndef WEIR_CHAN_H
#define WEIR_CHAN_H

#include <weir/base.h>

WEIR_BEGIN

/* A channel of capacity elements of element_size bytes each (either may be 0). Returns it with one reference, owned by
 * the caller, or NULL when there is no memory. Any context. Does not block. */
#define weir_chan_new(element_size, capacity) weir_chan_new_at((element_size), (capacity), __FILE__, __LINE__)

/* Takes, or drops, a reference; both accept NULL. ref returns c. Dropping the last one frees the channel: elements
 * still buffered go to the on_drop function. A waiting operation holds no reference: dropping the last one while a task
 * waits aborts the program and names the channel's line and its waiters. Any context. Does not block. */
WEIR_API weir_chan *weir_chan_ref(weir_chan *c);
WEIR_API void weir_chan_unref(weir_chan *c);

/* Calls drop(element) for each element that is still buffered when the channel is freed. drop must not block. */
WEIR_API void weir_chan_on_drop(weir_chan *c, void (*drop)(void *element));

/* Copies one element from *value into the channel. Results above. */
WEIR_API int weir_chan_send(weir_chan *c, const void *value);
WEIR_API int weir_chan_send_until(weir_chan *c, const void *value, int64_t deadline);
WEIR_API int weir_chan_try_send(weir_chan *c, const void *value);

/* Copies one element from the channel into *value. Results above. */
WEIR_API int weir_chan_recv(weir_chan *c, void *value);
WEIR_API int weir_chan_recv_until(weir_chan *c, void *value, int64_t deadline);
WEIR_API int weir_chan_try_recv(weir_chan *c, void *value);

/* Closes: every waiter and every later operation gets -EPIPE, receivers after they drained what is buffered.
 * Returns 0, -EALREADY when it was closed, -EINVAL for NULL. Does not block. */
WEIR_API int weir_chan_close(weir_chan *c);

/* Elements buffered now, and the capacity; 0 for NULL and, in prompt mode, for a timer's channel. */
WEIR_API size_t weir_chan_len(const weir_chan *c);
WEIR_API size_t weir_chan_cap(const weir_chan *c);

WEIR_API weir_chan *weir_chan_new_at(size_t element_size, size_t capacity, const char *file, int line);

WEIR_END

#endif
