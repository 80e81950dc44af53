/* pipes.h — the pipes and socket pairs of a simulation: the only descriptors that a simulated weir_poll accepts.
 *
 * They are real ones, deterministic because nobody else holds them. Whenever the engine is about to choose who runs,
 * it looks at the descriptors somebody waits for, in the order of waiting, and wakes the tasks of the ready ones.
 *
 * Invariants: an end is known by its number and its inode, so that a number the scenario has closed and got again
 * is not mistaken. One queue holds every waiter, oldest first; its lock is held
 * from a look at a waiter until it is woken, as that of the poller's records.
 */
#ifndef WEIR_SRC_PIPES_H
#define WEIR_SRC_PIPES_H

#include "text.h"

#include <stdint.h>

/* weir_poll and weir_poll_forget in a simulation. */
int pipes_poll(int fd, int events, int64_t deadline);
void pipes_forget(int fd);

/* Wakes the tasks whose pipes are ready; how many. Cheap when nobody waits. */
unsigned pipes_serve(void);

/* Where the pipe or socket pair with this end was made, and which of them it is; 0 when it is none. */
uint32_t pipes_site(int fd, const char **what);

/* The simulation's end: names and closes the ends that are still open, and frees the register. Returns how many
 * were left. */
uint32_t pipes_end(struct text *text);

#endif
