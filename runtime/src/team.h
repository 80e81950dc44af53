/* team.h — the threads of several workers: made when a run begins, gone when it ends.
 *
 * Worker 0 is the thread that called weir_run; it alone makes the others, takes the run down after they have ended, and
 * frees them. Signals sent to the process are left to the program's own threads: the others take only those of their
 * own faults.
 */
#ifndef WEIR_SRC_TEAM_H
#define WEIR_SRC_TEAM_H

#include <stdbool.h>
#include <stdint.h>

/* How many processors the calling thread may run on; at most WORKERS_MOST. */
uint32_t team_processors(void);

/* Makes workers 1 … count - 1; false without memory. The mode becomes that of several workers. team_free undoes it. */
bool team_make(uint32_t count);
void team_free(uint32_t count);

/* Runs tasks on every worker until main is done (0) or nothing can run any more (-EDEADLK); -ENOMEM when the system
 * gives no thread. Afterwards the calling thread is alone, and the mode that of one worker. */
int team_run(void);

#endif
