/* weir/timer.h — timers, after, tickers.
 *
 *     weir_timer *t = weir_timer_new(5 * WEIR_MILLISECOND);
 *     int64_t fired; weir_chan_recv(weir_timer_chan(t), &fired);
 *     weir_timer_free(t);
 *
 * What differs between the two timer modes (struct weir_config):
 *
 *                                   | classic (Go <= 1.22)              | prompt (Go >= 1.23), the default
 *     stop, fired and unread        | false; the tick is in the channel | true; the tick is discarded
 *     reset, fired and unread       | false; a stale tick waits         | true; no stale tick
 *     len, cap of the channel       | 0 or 1, 1                         | 0, 0
 *     weir_after, dropped early     | kept until due: "abandoned"       | freed at once
 *
 * Starting, stopping and resetting are O(1) at any number of timers and none of them blocks. A timer never fires early;
 * the wheel's tick is 32.768 microseconds. Different ticks fire in due order.
 */
#ifndef WEIR_TIMER_H
#define WEIR_TIMER_H

#include <weir/base.h>

WEIR_BEGIN

/* A timer that is due delay nanoseconds from now (at once when delay is zero or less). Owned by the caller, freed with
 * weir_timer_free; NULL when there is no memory. Any context. */
#define weir_timer_new(delay) weir_timer_new_at((delay), __FILE__, __LINE__)

/* The channel its tick arrives on: one int64_t, the time at which it fired. Borrowed: valid until weir_timer_free,
 * longer with a reference of one's own. NULL for a timer made by weir_timer_func. */
WEIR_API weir_chan *weir_timer_chan(weir_timer *t);

/* Stop, and re-arm for delay nanoseconds from now. True = this call kept a tick from being received (for a function
 * timer: kept its task from being made). See the table for what becomes of an unread tick. */
WEIR_API bool weir_timer_stop(weir_timer *t);
WEIR_API bool weir_timer_reset(weir_timer *t, int64_t delay);

/* Stops and gives up the timer; NULL is allowed. Never waits, and is legal while it fires. */
WEIR_API void weir_timer_free(weir_timer *t);

/* The channel of a timer nobody else holds: the caller's, to give back with weir_chan_unref. Doing so before it is due
 * abandons the timer (see the table). NULL when there is no memory. */
#define weir_after(delay) weir_after_at((delay), __FILE__, __LINE__)

/* A timer that runs fn(arg) in a task of its own when it is due, as Go's AfterFunc. */
#define weir_timer_func(delay, fn, arg) weir_timer_func_at((delay), (fn), (arg), __FILE__, __LINE__)

/* A ticker: a tick every period nanoseconds (> 0, else NULL), dropped while the last one is unread; after a long stop
 * of the process one tick, not a burst. */
#define weir_ticker_new(period) weir_ticker_new_at((period), __FILE__, __LINE__)
WEIR_API weir_chan *weir_ticker_chan(weir_ticker *t);
WEIR_API void weir_ticker_reset(weir_ticker *t, int64_t period); /* period <= 0 stops it */
WEIR_API void weir_ticker_stop(weir_ticker *t);
WEIR_API void weir_ticker_free(weir_ticker *t);

WEIR_API weir_timer *weir_timer_new_at(int64_t delay, const char *file, int line);
WEIR_API weir_chan *weir_after_at(int64_t delay, const char *file, int line);
WEIR_API weir_timer *weir_timer_func_at(int64_t delay, void (*fn)(void *arg), void *arg, const char *file, int line);
WEIR_API weir_ticker *weir_ticker_new_at(int64_t period, const char *file, int line);

WEIR_END

#endif
