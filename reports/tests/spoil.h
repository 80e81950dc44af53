/* spoil.h — a good text broken in every place: each cut, and each byte replaced by what JSON or a terminal minds. */
#ifndef REPORTS_TESTS_SPOIL_H
#define REPORTS_TESTS_SPOIL_H

#include "check.h"
#include "problem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

/* Takes `content`, of `size` bytes and a NUL behind them, which it frees; on false says in `problem` what is wrong with
 * FILE. */
typedef bool spoil_taker(char *content, size_t size, struct problem *problem);

static inline bool spoil_one(const char *text, size_t size, size_t at, char byte, spoil_taker *take) {
  struct problem problem = {"nothing"};
  char *content = malloc(size + 1);
  if (content == NULL)
    abort();
  memcpy(content, text, size);
  content[size] = '\0';
  if (at < size)
    content[at] = byte;
  bool good = take(content, size, &problem);
  bool named = strncmp(problem.text, "FILE:", 5) == 0 && isdigit((unsigned char)problem.text[5]);
  for (const char *letter = problem.text; *letter != '\0'; letter++)
    named = named && (unsigned char)*letter >= 0x20 && *letter != 0x7f;
  CHECK(good || named);
  return good;
}

/* Each is taken, or refused with a line of the file and nothing that a terminal would obey. Returns how many were
 * taken; a cut one never may be. */
static inline size_t spoil(const char *text, spoil_taker *take) {
  static const char bytes[] = "\"{}[],:0-9.e\\\n\x1b\x7f\xff";
  size_t size = strlen(text), taken = 0;
  for (size_t length = 0; length < size; length++)
    CHECK(!spoil_one(text, length, size, ' ', take));
  for (size_t at = 0; at < size; at++)
    for (const char *byte = bytes; *byte != '\0'; byte++)
      taken += spoil_one(text, size, at, *byte, take);
  return taken;
}

#endif
