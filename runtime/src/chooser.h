/* chooser.h — what a simulation asks of a replaying chooser. */
#ifndef WEIR_SRC_CHOOSER_H
#define WEIR_SRC_CHOOSER_H

#include <weir/sim.h>

/* Where a replay left its schedule, or NULL: it has not, or it is no replay. */
const char *chooser_divergence(const weir_chooser *chooser);

/* The run is over: choices that were never asked for are a divergence too. */
void chooser_finish(weir_chooser *chooser);

/* Back to the beginning, so that a chooser serves one simulation after another alike. */
void chooser_restart(weir_chooser *chooser);

#endif
