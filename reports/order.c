/* order.c — see order.h. */
#include "order.h"

#include "allocation.h"
#include "nested.h"
#include "number.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct taken {
  double sequence;
  size_t cell;
};

static int compare_taken(const void *left, const void *right) {
  double a = ((const struct taken *)left)->sequence, b = ((const struct taken *)right)->sequence;
  return (a > b) - (a < b);
}

static char *several_files(const struct results *results) {
  return allocation_format("The samples come from %zu files, each with an order of its own; see each file.",
                           results->source_count);
}

char *order_note(const struct results *results) {
  if (results->source_count > 1)
    return several_files(results);
  struct taken *taken = NULL;
  size_t count = 0, unknown = 0, repeated = 0;
  double last = 0;
  for (size_t i = 0; i < results->count; i++)
    for (size_t s = 0; s < results->cells[i].count; s++) {
      const double *counters = results->cells[i].samples[s].counters;
      if (isnan(counters[COUNTER_SEQUENCE])) {
        unknown++;
        continue;
      }
      taken = allocation_append(taken, count, sizeof *taken);
      taken[count++] = (struct taken){counters[COUNTER_SEQUENCE], i};
      last = fmax(last, counters[COUNTER_AT_SECONDS]);
    }
  if (count == 0 || unknown > 0) {
    free(taken);
    return allocation_string(
        "The file does not say in which order the samples were taken, so a drift of the machine cannot be told from a "
        "difference between rows.");
  }
  qsort(taken, count, sizeof *taken, compare_taken);
  for (size_t i = 1; i < count; i++)
    repeated += taken[i].cell == taken[i - 1].cell;
  free(taken);
  bool interleaved = count > 1 && (double)repeated < 0.5 * (double)(count - 1);
  char *span = last > 0 ? allocation_format(" over %s", number_duration(last * 1e9).characters) : allocation_string("");
  char *note =
      allocation_format("The %s samples were taken %s%s: in %s of %s steps the same row followed itself%s",
                        number_count((double)count).characters, interleaved ? "interleaved" : "row by row", span,
                        number_count((double)repeated).characters, number_count((double)count - 1).characters,
                        interleaved ? "." : ", so a drift of the machine can pass for a difference between rows.");
  free(span);
  return note;
}

size_t order_least_repetitions(const struct results *results) {
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < results->count; i++)
    if (results->cells[i].count > 0 && results->cells[i].count < least)
      least = results->cells[i].count;
  return least == SIZE_MAX ? 0 : least;
}

static size_t most_processes(const struct results *results) {
  size_t most = 0;
  for (size_t i = 0; i < results->count; i++) {
    struct nested nested = nested_of(&results->cells[i]);
    most = nested.processes > most ? nested.processes : most;
    nested_free(&nested);
  }
  return most;
}

char *order_repetitions(const struct results *results) {
  size_t least = order_least_repetitions(results), most = 0;
  for (size_t i = 0; i < results->count; i++)
    most = results->cells[i].count > most ? results->cells[i].count : most;
  if (most == 0)
    return allocation_string("No row has a single good repetition.");
  size_t processes = most_processes(results);
  char *range = least == most ? allocation_format("%zu", most) : allocation_format("%zu to %zu", least, most);
  if (processes >= NESTED_ENOUGH) {
    char *nested =
        allocation_format("%s repetitions a row, in up to %zu processes; intervals are 95 %%, drawn over the "
                          "processes and then over their repetitions (bootstrap, fixed seed).",
                          range, processes);
    free(range);
    return nested;
  }
  char *note =
      least >= ORDER_ENOUGH
          ? allocation_format(
                "%s repetitions a row; intervals are order statistics that hold the median with at least 95 %%.", range)
          : allocation_format(
                "%s repetition%s a row. Fewer than six cannot give a 95 %% interval for a median: there the range "
                "from least to greatest is shown, which holds the median with %s for %zu repetition%s.",
                range, most == 1 ? "" : "s", number_share(statistics_coverage(1, least)).characters, least,
                least == 1 ? "" : "s");
  free(range);
  return note;
}
