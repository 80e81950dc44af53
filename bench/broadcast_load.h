/* bench/broadcast_load.h — subscribers, their receiver tasks, and rounds of a broadcast: what the broadcast rows and
 * the steady rows share.
 *
 * A message is the number of its round. The exit channel stands in every round, as in the seed; with load exit it is
 * made anew for each, and the receiver of the middle subscriber closes it when it gets that round's message (a message
 * of an earlier round, received late, closes nothing).
 */
#ifndef BENCH_BROADCAST_LOAD_H
#define BENCH_BROADCAST_LOAD_H

#include "row.h"

struct broadcast_load;

struct receiver {
  struct broadcast_load *load;
  weir_chan *chan;
  bool closes_exit;
};

struct broadcast_load {
  const struct row *row;
  weir_chan **channels;
  struct receiver *receivers;
  weir_chan *exit;              /* this round's */
  int64_t round;                /* this round's message */
  int64_t received;             /* counted by the receivers */
  int64_t delivered, timed_out; /* summed from the broadcasts' results */
  size_t bytes_before;          /* what the books held before the first broadcast */
  weir_waitgroup receiving;
};

/* Makes channels and receivers, and runs rounds until nothing is new any more. 0, or -ENOMEM. */
int broadcast_load_open(struct broadcast_load *load, const struct row *row);
/* One weir_broadcast to all. */
int broadcast_load_round(struct broadcast_load *load);
/* Closes the subscribers' channels and waits for the receivers; also after an open that failed. */
void broadcast_load_close(struct broadcast_load *load);

#endif
