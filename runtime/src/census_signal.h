/* census_signal.h — a run prints a census when a signal comes. */
#ifndef WEIR_SRC_CENSUS_SIGNAL_H
#define WEIR_SRC_CENSUS_SIGNAL_H

#include <stdbool.h>

/* It can be caught. */
bool census_signal_possible(int number);

/* Between inbox_open and inbox_end. 0: no signal; else a possible one. */
void census_signal_begin(int number);
void census_signal_end(void);

#endif
