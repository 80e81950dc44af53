/* history.h — what tasks asked of channels and got, when, and whether one order of effects explains it.
 *
 * An operation is known from its call to its return; where in between it took effect is not. A history is linearizable
 * when there is an order of effects, each within its own operation, that naive channels agree with. It is looked for by
 * trying all of them: so there are few operations.
 *
 *   send           effect: pushed, when there is room            closed: -EPIPE
 *   receive        effect: popped, when there is an element      closed and empty: -EPIPE
 *   a pair         of a send and a receive of different operations, at once, on a channel without a buffer
 *   none           (deadline, try) effect: nothing, at a moment when no case was ready by buffer or close. Who waits on
 * the
 *                  other side is not known, so that a party that was there all the time and was missed is not found
 * here:
 *                  it stays blocked, and the simulation's verdict tells.
 *   close, len     as they say
 *
 * A select is one operation whose effect is that of the case that went through.
 */
#ifndef UNIT_HISTORY_H
#define UNIT_HISTORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { HISTORY_OPERATIONS = 24, HISTORY_CASES = 3, HISTORY_CHANNELS = 2, HISTORY_BUFFER = 4, HISTORY_NONE = -1 };

enum history_kind { HISTORY_SELECT, HISTORY_CLOSE, HISTORY_LENGTH };

struct history_case {
  int channel;
  int op;        /* enum weir_operation */
  int64_t value; /* to send */
};

struct history_operation {
  enum history_kind kind;
  struct history_case cases[HISTORY_CASES]; /* of close and len: the first one's channel */
  int count;
  int chosen;                /* or HISTORY_NONE */
  int status;                /* of the chosen case, of close; len: the length */
  int64_t value;             /* received */
  uint32_t called, returned; /* in the order of these numbers */
};

struct history {
  uint32_t capacity[HISTORY_CHANNELS];
  struct history_operation operations[HISTORY_OPERATIONS];
  uint32_t count;
  uint32_t clock;
};

/* A new operation, called now; any task, on any thread. NULL when there is no room. */
struct history_operation *history_call(struct history *history, const struct history_operation *operation);
/* It has returned now; its outcome is filled in. */
void history_return(struct history *history, struct history_operation *operation);

/* Every operation has returned. */
bool history_linearizable(const struct history *history);

void history_print(const struct history *history, FILE *file);

#endif
