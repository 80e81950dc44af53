/* minimise.h — a schedule with as few switches as can be that ends in the same finding.
 *
 * Delta debugging over decisions (Zeller, Hildebrandt, "Simplifying and isolating failure-inducing input", TSE 2002):
 * the end is cut, groups of choices become 0 ("stay", "do not fire", "first case"), choices become smaller, groups are
 * taken out. A step is kept only when the finding has the same signature and is not longer: fewer switches count
 * before smaller data, and that before fewer decisions.
 */
#ifndef WEIR_FUZZ_MINIMISE_H
#define WEIR_FUZZ_MINIMISE_H

#include "attempt.h"

/* best holds a finding; at the end one that is as short as was found within that many attempts. Returns how many were
 * made, or a negative errno. */
int minimise(const struct weir_sim *sim, struct outcome *best, int attempts);

#endif
