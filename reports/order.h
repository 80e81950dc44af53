/* order.h — in which order the samples were taken, and how many there are: whether drift of the machine can pass for a
 * difference between rows. One or two plain sentences, for the page and the summary. */
#ifndef REPORTS_ORDER_H
#define REPORTS_ORDER_H

#include "results.h"

/* From so many repetitions on an order-statistic interval can hold the median with 95 %. */
#define ORDER_ENOUGH 6

/* Of the row with the fewest good ones, 0 when none has any. */
size_t order_least_repetitions(const struct results *results);

/* The caller frees both. */
char *order_note(const struct results *results);
char *order_repetitions(const struct results *results);

#endif
