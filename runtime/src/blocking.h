/* blocking.h — weir_blocking: calls that block their thread, on helper threads, while the task waits.
 *
 *   job: in the pool's queue → run by a helper → its node in the inbox → delivered: the task is claimed and woken
 *
 * Invariants: a job lies on the waiting task's stack and nothing is allocated for it. That is safe because a run ends
 * only when no helper is left (blocking_end before any stack is freed), and because a helper's last touch of a job is
 * the push of its node. Helpers are made on demand, LIMIT at most, and stay until the run ends. A job waits in the
 * queue only while at least one helper exists. `jobs` counts from the submission to the delivery, on workers alone:
 * while it is not zero the run is no deadlock.
 *
 * LIMIT is 64: enough to fill a disk's command queue (32 deep with SATA) and to look up names meanwhile; a chosen
 * number, not a measured optimum.
 *
 * Rejected: leaving a job that is under way behind at the run's end (it would use the freed stack of its task, where
 * its argument naturally lies); a helper that waits for a while and ends (a timed wait and a second state for a thread
 * that costs next to nothing).
 */
#ifndef WEIR_SRC_BLOCKING_H
#define WEIR_SRC_BLOCKING_H

#include <stddef.h>

/* Jobs submitted and not yet delivered. */
size_t blocking_under_way(void);

/* The run ends: jobs that have not begun are dropped, the others are waited for, the helpers end. Before inbox_end. */
void blocking_end(void);

#endif
