/* bench/broadcast_load.h — subscribers, their receiver tasks, and rounds of a broadcast: what the broadcast rows, the
 * steady rows and the scaling rows share.
 *
 * A message is the number of its round. The exit channel stands in every round, as in the seed; with load exit it is
 * made anew for each, and the receiver of the middle subscriber closes it when it gets that round's message (a message
 * of an earlier round, received late, closes nothing). That receiver may run on another thread than the publishers and
 * be late: the round's number and its exit channel change together, under exit_busy.
 *
 * Two books: what the broadcasts say was delivered, and what each receiver counted, which is known once it has ended.
 * broadcast_load_close compares them over the whole life of the load, warm-up included.
 */
#ifndef BENCH_BROADCAST_LOAD_H
#define BENCH_BROADCAST_LOAD_H

#include "row.h"

#include <stdatomic.h>

struct broadcast_load;

struct receiver {
  struct broadcast_load *load;
  weir_chan *chan;
  int64_t count; /* once it has ended */
  bool closes_exit;
};

struct broadcast_load {
  const struct row *row;
  weir_chan **channels;
  struct receiver *receivers;
  weir_chan *exit;              /* this round's */
  int64_t round;                /* this round's message */
  int64_t exits;                /* rounds whose exit was closed in time, warm-up included */
  atomic_flag exit_busy;        /* guards the two against the receiver that closes the exit */
  int64_t delivered, timed_out; /* summed from the broadcasts' results since the warm-up */
  int64_t warm_up;              /* delivered before that */
  size_t bytes_before;          /* what the books held before the first broadcast */
  weir_waitgroup receiving;
};

/* Makes channels and receivers, and runs rounds until nothing is new any more. 0, or -ENOMEM. */
int broadcast_load_open(struct broadcast_load *load, const struct row *row);
/* One weir_broadcast to all. */
int broadcast_load_round(struct broadcast_load *load);
/* Forgets what has been delivered so far: it belongs to the warm-up. */
void broadcast_load_warm(struct broadcast_load *load);
/* Closes the subscribers' channels and waits for the receivers; also after an open that failed. The run's failure is
 * set when they did not get what was delivered; all of it must have been taken out before (weir_settle). */
void broadcast_load_close(struct broadcast_load *load, struct row_result *result);

#endif
