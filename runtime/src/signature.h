/* signature.h — what makes two findings the same: the verdict and the lines concerned, without a number that varies.
 *
 *   deadlock: main receives from channel broker.c:12 | task broker.c:20 locks a mutex
 *
 * Entries are sorted and each stands once, so that the order in which tasks were made, and how many did the same, do
 * not matter. Files are named without their folders.
 */
#ifndef WEIR_SRC_SIGNATURE_H
#define WEIR_SRC_SIGNATURE_H

#include "text.h"

#include <weir/sim.h>

enum { SIGNATURE_ENTRIES = 24, SIGNATURE_ENTRY = 200 };

struct signature {
  char entries[SIGNATURE_ENTRIES][SIGNATURE_ENTRY]; /* sorted; what does not fit is left out */
  unsigned count;
};

void signature_add(struct signature *signature, const char *entry);

/* The string; NULL without memory. */
char *signature_print(const struct signature *signature, enum weir_verdict verdict);

/* A file's name without its folder. */
const char *signature_file(const char *file);

#endif
