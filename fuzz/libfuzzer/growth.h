/* growth.h — memory that an input leaves behind, in the build with jemalloc.
 *
 * A simulation gives back all that the runtime made; what is left is the scenario's own, or a mistake of the runtime that
 * no book knows. jemalloc counts the bytes that a thread has allocated and freed, exactly, for two reads of a word. An
 * input that leaves some runs again: caches and tables fill once, a leak takes as much each time. Then it runs once more
 * under jemalloc's hooks, which tell who allocated what is left.
 *
 * Without jemalloc (and under a sanitizer, which replaces it) there are no such counts, and nothing is looked for.
 *
 * Rejected: the resident size (pages of others); jemalloc's heap profiles (a file that needs another program to be read).
 */
#ifndef WEIR_FUZZ_GROWTH_H
#define WEIR_FUZZ_GROWTH_H

#include <stdbool.h>
#include <stddef.h>

/* Whether there are counts: jemalloc is there, and a block of 1 MiB moved them. Call once, first. */
bool growth_ready(void);

/* Bytes that this thread has allocated and not freed, less what others freed of them; only differences mean something. */
long growth_bytes(void);

/* Between these two the blocks that are allocated and not freed are kept in mind, with their callers. */
void growth_watch(void);
void growth_unwatch(void);

/* Prints those, the most bytes first, with the line of each caller where a symbolizer is found. */
void growth_print(void);

#endif
