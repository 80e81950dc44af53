/* likeness.h — whether two sessions may be compared: one machine, one way of building, the same libraries. What is meant
 * to differ, Weir's version and revision, is not asked. */
#ifndef REPORTS_LIKENESS_H
#define REPORTS_LIKENESS_H

#include "results.h"

/* What forbids it, field by field with both values ("compiler is “gcc 12” in old.json and “gcc 13” in new.json; …"), also
 * that a build is not a release; NULL when nothing does. The caller frees. */
char *likeness_objection(const struct results *before, const struct results *after);

#endif
