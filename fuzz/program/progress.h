/* progress.h — how far a hunt is: a bar with an estimate on a terminal, a plain line now and then otherwise. */
#ifndef WEIR_FUZZ_PROGRESS_H
#define WEIR_FUZZ_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Writes to standard error. fraction is of the work (0 when there is no end in sight); last: a terminal's line is
 * cleared. */
void progress_show(const char *name, uint64_t runs, double fraction, double elapsed, bool last);

#endif
