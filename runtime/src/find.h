/* find.h — where a worker with nothing to run looks for a task: its mail, its own queues, the global queue, timers that
 * their worker does not come to, the rings of the others. Why in this way: scheduler.h.
 */
#ifndef WEIR_SRC_FIND_H
#define WEIR_SRC_FIND_H

#include "scheduler.h"

enum { BACKLOG_NS = 20 * 1000 }; /* what would wait so long is worth moving */

/* Of a word that others write: pairs with their relaxed or stronger stores, and decides nothing by itself. */
static inline uint32_t peek(const uint32_t *word) {
  return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline bool has_mail(const struct worker *worker) {
  return __atomic_load_n(&worker->mail, __ATOMIC_RELAXED) != NULL; /* find_mail looks again */
}

/* Pinned tasks that others made ready, in the order in which they did, go to the own queue. */
void find_mail(struct worker *worker);

/* The next of the own queues; NULL. */
struct task *find_own(struct worker *worker);

/* A batch of the global queue: its head is the caller's to run, the others go to the own ring as far as it has room. */
struct task *find_global(struct worker *worker);
/* After a change of the global queue, under the lock. */
void find_set_global_count(void);

/* All of it, in that order; NULL. */
struct task *find_any(struct worker *worker);

/* When the first timer of a worker is due. */
int64_t find_next_timer(struct worker *worker);

/* After the announcement of idleness: what find_any would find. */
bool find_in_sight(struct worker *worker);

/* Between two naps: a task or a timer waits behind a task that does not yield. It is not taken yet: who holds a task is
 * not idle. */
bool find_stuck(struct worker *worker);

#endif
