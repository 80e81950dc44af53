/* zoo.c — see zoo.h. */
#include "zoo.h"

#include "allocation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where `name` stands in a list, appended if need be; -1: the list is full. */
static long position_of(const char **names, size_t *count, size_t limit, const char *name) {
  for (size_t i = 0; i < *count; i++)
    if (strcmp(names[i], name) == 0)
      return (long)i;
  if (*count == limit)
    return -1;
  names[*count] = name;
  return (long)(*count)++;
}

static bool read_schedules(const struct document *document, const json_t *object, const char *place,
                           struct zoo_cell *cell, struct problem *problem) {
  const json_t *array = json_object_get(object, "schedules"), *given = json_object_get(object, "median");
  if (!json_is_array(array))
    return document_refuse(document, place, "schedules", "is missing or not an array", problem);
  if ((double)json_array_size(array) != cell->found)
    return document_refuse(document, place, "schedules", "does not hold as many as \"found\" says", problem);
  double last = 0;
  size_t middle = (size_t)((cell->trials - 1) / 2), position;
  const json_t *element;
  json_array_foreach(array, position, element) {
    double value = json_number_value(element);
    if (!json_is_number(element) || !(value >= 1) || value > 1e15 || value < last)
      return document_refuse(document, document_place(place, "schedules", position).characters, NULL,
                             "is not a number of schedules, or less than the one before it", problem);
    last = value;
    if (position == 0)
      cell->least = value;
    if (position == middle)
      cell->median = value;
    cell->most = value;
  }
  bool same =
      isnan(cell->median) ? json_is_null(given) : json_is_number(given) && json_number_value(given) == cell->median;
  return same ||
         document_refuse(document, place, "median", "is not the median of \"schedules\" among the trials", problem);
}

static bool read_cell(struct zoo *zoo, const json_t *object, const char *place, struct problem *problem) {
  const struct document *document = &zoo->document;
  const char *entry, *strategy;
  struct zoo_cell cell = {.present = true, .least = NAN, .median = NAN, .most = NAN, .switches = NAN};
  if (!document_text(document, object, place, "entry", &entry, problem) ||
      !document_text(document, object, place, "strategy", &strategy, problem) ||
      !document_count(document, object, place, "trials", &cell.trials, problem) ||
      !document_count(document, object, place, "found", &cell.found, problem) ||
      !document_count(document, object, place, "limit", &cell.limit, problem))
    return false;
  if (cell.trials < 1 || cell.trials > ZOO_TRIAL_LIMIT)
    return document_refuse(document, place, "trials", "is not from 1 to 10000", problem);
  if (cell.found > cell.trials)
    return document_refuse(document, place, "found", "is more than \"trials\"", problem);
  if (!read_schedules(document, object, place, &cell, problem) ||
      (!json_is_null(json_object_get(object, "switches")) &&
       !document_count(document, object, place, "switches", &cell.switches, problem)))
    return false;
  long row = position_of(zoo->entries, &zoo->entry_count, ZOO_ENTRY_LIMIT, entry);
  long column = position_of(zoo->strategies, &zoo->strategy_count, ZOO_STRATEGY_LIMIT, strategy);
  if (row < 0)
    return document_refuse(document, place, "entry", "is one more than 500 entries", problem);
  if (column < 0)
    return document_refuse(document, place, "strategy", "is one more than 12 strategies", problem);
  struct zoo_cell *into = &zoo->cells[row * ZOO_STRATEGY_LIMIT + column];
  if (into->present)
    return document_refuse(document, place, "strategy", "stands there for the second time for this entry", problem);
  *into = cell;
  return true;
}

static bool read_zoo(struct zoo *zoo, struct problem *problem) {
  const struct document *document = &zoo->document;
  size_t position;
  json_t *element;
  if (!json_is_array(document->root) || json_array_size(document->root) == 0)
    return problem_set(problem, "%s:1: is not a JSON array of trials; was the file written by the target zoo-table?",
                       document->path);
  zoo->cells = allocation_array((size_t)ZOO_ENTRY_LIMIT * ZOO_STRATEGY_LIMIT, sizeof *zoo->cells);
  json_array_foreach(document->root, position, element) {
    struct place_text place = document_place("", "", position);
    if (!json_is_object(element))
      return document_refuse(document, place.characters, NULL, "is not an object", problem);
    if (!read_cell(zoo, element, place.characters, problem))
      return false;
  }
  return true;
}

bool zoo_take(struct zoo *zoo, const char *path, char *content, size_t size, struct problem *problem) {
  *zoo = (struct zoo){0};
  return document_take(&zoo->document, path, content, size, problem) && read_zoo(zoo, problem);
}

bool zoo_read(struct zoo *zoo, const char *path, struct problem *problem) {
  *zoo = (struct zoo){0};
  return document_read(&zoo->document, path, DOCUMENT_SIZE_LIMIT, problem) && read_zoo(zoo, problem);
}

void zoo_free(struct zoo *zoo) {
  free(zoo->cells);
  document_free(&zoo->document);
  *zoo = (struct zoo){0};
}

const struct zoo_cell *zoo_cell(const struct zoo *zoo, size_t entry, size_t strategy) {
  return &zoo->cells[entry * ZOO_STRATEGY_LIMIT + strategy];
}

double zoo_best(const struct zoo *zoo, size_t entry) {
  double best = NAN;
  for (size_t s = 0; s < zoo->strategy_count; s++)
    if (zoo_cell(zoo, entry, s)->present)
      best = fmin(best, zoo_cell(zoo, entry, s)->median); /* NaN is passed over */
  return best;
}

double zoo_switches(const struct zoo *zoo, size_t entry) {
  double fewest = NAN;
  for (size_t s = 0; s < zoo->strategy_count; s++)
    if (zoo_cell(zoo, entry, s)->present)
      fewest = fmin(fewest, zoo_cell(zoo, entry, s)->switches);
  return fewest;
}

const char *zoo_strategy_name(const char *strategy) {
  static const char *const names[][2] = {{"random", "random"}, {"pct", "PCT"},
                                         {"pos", "POS"},       {"dfs", "DFS"},
                                         {"bytes", "bytes"},   {"coverage", "bytes + schedule coverage"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i][0], strategy) == 0)
      return names[i][1];
  return strategy;
}
