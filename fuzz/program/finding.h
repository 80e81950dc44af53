/* finding.h — what a person, or a program, is told about a finding. */
#ifndef WEIR_FUZZ_FINDING_H
#define WEIR_FUZZ_FINDING_H

#include "hunt.h"

struct finding {
  const struct outcome *outcome; /* minimised */
  const struct quarry *quarry;   /* NULL: a replay */
  const char *schedule;          /* NULL: the replay of one that did not fit */
  const char *command;           /* that replays it */
  uint32_t switches_found;       /* before it was minimised */
  uint32_t decisions_found;
  bool repeatable; /* it happened again, twice, with the same trace */
};

void finding_print(FILE *stream, const struct finding *finding);
void finding_print_json(FILE *stream, const struct finding *finding);

/* Nothing was found. */
void nothing_print(FILE *stream, const struct hunt *hunt, const struct quarry *quarry);
void nothing_print_json(FILE *stream, const struct hunt *hunt, const struct quarry *quarry);

#endif
