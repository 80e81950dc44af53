/* timer.h — what channels and runs need to know of timers; the design is in timer.c. */
#ifndef WEIR_SRC_TIMER_H
#define WEIR_SRC_TIMER_H

#include <weir/timer.h>

#include "worker.h"

extern WEIR_INTERNAL const size_t weir_timer_bytes; /* of each */

bool timer_armed(const weir_chan *c);

/* The last reference to a timer's channel is gone. */
void timer_dropped(weir_chan *c);

/* A receiver is about to wait on a timer's channel (true), or has just left it (false). */
void timer_watched(weir_chan *c, bool arriving);

/* Of a function timer: its tasks are daemons. Before it is armed again. */
void timer_set_daemon(weir_timer *t);

/* The end of a run: disarms every timer; abandoned ones are freed. Deadlines of contexts go to the wheel that the next
 * run begins with. */
void timers_end(void);

#endif
