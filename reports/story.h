/* story.h — the report in two to five sentences, each computed from the data: which policy keeps what, how well that
 * was foretold, what stays flat, and what the cheapest way costs. Plain text but for
 * `backquotes` around the words of code, which only story.c puts there; the page and the summary share it. */
#ifndef REPORTS_STORY_H
#define REPORTS_STORY_H

#include "steady.h"

#define STORY_LIMIT 5

struct story {
  char *sentences[STORY_LIMIT];
  size_t count;
};

struct story story_of(const struct steady *steady);
void story_free(struct story *story);

#endif
