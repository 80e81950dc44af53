/* ledger.h — the books of one channel in a simulation: what goes in comes out, once, in order, and nothing after close.
 *
 *   sent = received + buffered (+ dropped, when the channel is freed)
 *
 * An independent account of what chan.c does: it counts elements and remembers a hash of each that is under way, by its
 * number, not by its place in the buffer. What does not agree is verdict model. The ledger lies behind the buffer of a
 * channel that was made in the simulation; others, and those of timers, have none.
 */
#ifndef WEIR_SRC_LEDGER_H
#define WEIR_SRC_LEDGER_H

#include "chan.h"

struct task;

struct ledger {
  uint32_t sent;
  uint32_t received;
  uint32_t last_sender; /* task numbers; 0: nobody yet */
  uint32_t last_receiver;
  uint32_t hashes[]; /* of element n at n modulo capacity + 1 */
};

/* What a ledger takes behind a buffer that ends at that many bytes. */
size_t ledger_size(size_t bytes, size_t capacity);

void ledger_open(weir_chan *c);

/* NULL: it has none. */
struct ledger *ledger_of(const weir_chan *c);

/* An element enters the buffer; leaves it; goes by the buffer. The channel's lock is held. */
void ledger_push(weir_chan *c, const void *value, const struct task *sender);
void ledger_pop(weir_chan *c, const void *value, const struct task *receiver);
void ledger_pass(weir_chan *c, const void *value, const struct task *sender, const struct task *receiver);

/* The account at rest: when the channel is freed, or the simulation is over. */
void ledger_check(weir_chan *c);

#endif
