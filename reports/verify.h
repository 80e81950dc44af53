/* verify.h — a published site against its own raw data. */
#ifndef REPORTS_VERIFY_H
#define REPORTS_VERIFY_H

#include "problem.h"

#include <stddef.h>
#include <stdio.h>

enum verify_outcome { VERIFY_DONE, VERIFY_UNREADABLE, VERIFY_MACHINE };

/* Writes a line to `out` for every place that differs, up to ten a file, and counts all of them. VERIFY_UNREADABLE: no
 * site of this weir-report, or wrong raw data; VERIFY_MACHINE: it could not be computed here; both with `problem`
 * filled. The site is not touched. */
enum verify_outcome verify_site(const char *directory, FILE *out, size_t *differences, struct problem *problem);

#endif
