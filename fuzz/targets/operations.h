/* operations.h — small programs over channels, drawn from the input, whose histories must have an explanation.
 *
 * The whole program is drawn before the first task starts, so that its operations are the same under every schedule.
 * Tasks perform their lists of operations; main lets time pass, looks, and closes the channels in the end.
 *
 * Model: there is an order of effects with which naive channels agree (history.h of the unit tests). When everybody is
 * blocked nobody waits who could go on, and nobody has been served before one who had waited longer. What failed left
 * its value alone; nothing timed out early; elements come whole; those sent are received, or dropped with their channel.
 */
#ifndef FUZZ_OPERATIONS_H
#define FUZZ_OPERATIONS_H

struct operations_terms {
  unsigned channels; /* at most */
  unsigned cases;    /* of one operation, at most: with 1 all are sends and receives */
};

/* The body of a scenario's main task. */
int operations_run(const struct operations_terms *terms);

#endif
