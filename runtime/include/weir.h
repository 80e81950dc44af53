/* weir.h — the core of Weir: tasks, channels, select, timers, broadcast. Tools have headers of their own (weir/sim.h).
 */
#ifndef WEIR_H
#define WEIR_H

#include <weir/base.h>
#include <weir/broadcast.h>
#include <weir/broker.h>
#include <weir/census.h>
#include <weir/chan.h>
#include <weir/context.h>
#include <weir/growth.h>
#include <weir/heap.h>
#include <weir/poll.h>
#include <weir/select.h>
#include <weir/sync.h>
#include <weir/task.h>
#include <weir/timer.h>
#include <weir/version.h>

#endif
