/* document.c — see document.h. */
#include "document.h"

#include "allocation.h"
#include "file.h"
#include "json_line.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool document_take(struct document *document, const char *path, char *content, size_t size, struct problem *problem) {
  json_error_t error;
  json_t *root = json_loadb(content, size, JSON_REJECT_DUPLICATES, &error);
  if (root == NULL) {
    free(content);
    return problem_set(problem, "%s:%d:%d: %s", path, error.line, error.column, error.text);
  }
  *document = (struct document){.path = allocation_string(path), .content = content, .size = size, .root = root};
  return true;
}

bool document_read(struct document *document, const char *path, size_t limit, struct problem *problem) {
  char *content = NULL;
  size_t size = 0;
  return file_read(path, limit, &content, &size, problem) && document_take(document, path, content, size, problem);
}

void document_free(struct document *document) {
  json_decref(document->root);
  free(document->content);
  free(document->path);
  *document = (struct document){0};
}

bool document_refuse(const struct document *document, const char *place, const char *field, const char *why,
                     struct problem *problem) {
  char *whole =
      allocation_format("%s%s%s", place, *place == '\0' || field == NULL ? "" : ".", field == NULL ? "" : field);
  problem_set(problem, "%s:%zu: %s%s%s", document->path, json_line_place(document->content, whole), whole,
              *whole == '\0' ? "" : ": ", why);
  free(whole);
  return false;
}

bool document_number(const struct document *document, const json_t *object, const char *place, const char *field,
                     double least, double greatest, double *number, struct problem *problem) {
  const json_t *value = json_object_get(object, field);
  if (value == NULL)
    return document_refuse(document, place, field, "is missing", problem);
  if (!json_is_number(value))
    return document_refuse(document, place, field, "is not a number", problem);
  *number = json_number_value(value);
  if (*number >= least && *number <= greatest)
    return true;
  char *why = allocation_format("is %.9g, not a number from %.9g to %.9g", *number, least, greatest);
  document_refuse(document, place, field, why, problem);
  free(why);
  return false;
}

bool document_count(const struct document *document, const json_t *object, const char *place, const char *field,
                    double *number, struct problem *problem) {
  if (!document_number(document, object, place, field, 0, 1e15, number, problem))
    return false;
  return *number == floor(*number) || document_refuse(document, place, field, "is not a whole number", problem);
}

bool document_text(const struct document *document, const json_t *object, const char *place, const char *field,
                   const char **text, struct problem *problem) {
  *text = json_string_value(json_object_get(object, field));
  if (*text == NULL)
    return document_refuse(document, place, field, "is missing or not a string", problem);
  return strlen(*text) <= DOCUMENT_TEXT_LIMIT ||
         document_refuse(document, place, field, "is longer than 2000 bytes", problem);
}

bool document_word(const struct document *document, const json_t *object, const char *place, const char *field,
                   const char *const *words, size_t count, int *word, struct problem *problem) {
  const char *text;
  if (!document_text(document, object, place, field, &text, problem))
    return false;
  for (size_t i = 0; i < count; i++)
    if (strcmp(words[i], text) == 0) {
      *word = (int)i;
      return true;
    }
  char *why = allocation_format("is \"%.40s\", not one of", text);
  for (size_t i = 0; i < count; i++) {
    char *longer = allocation_format("%s%s %s", why, i == 0 ? "" : ",", words[i]);
    free(why);
    why = longer;
  }
  document_refuse(document, place, field, why, problem);
  free(why);
  return false;
}

bool document_boolean(const struct document *document, const json_t *object, const char *place, const char *field,
                      bool *value, struct problem *problem) {
  const json_t *given = json_object_get(object, field);
  *value = json_is_true(given);
  return json_is_boolean(given) || document_refuse(document, place, field, "is neither true nor false", problem);
}

struct place_text document_place(const char *outer, const char *name, size_t position) {
  struct place_text place;
  snprintf(place.characters, sizeof place.characters, "%.100s%s%.60s[%zu]", outer, *outer == '\0' ? "" : ".", name,
           position);
  return place;
}

bool document_array(const struct document *document, json_t *object, const char *place, const char *field, size_t limit,
                    json_t **array, struct problem *problem) {
  *array = json_object_get(object, field);
  if (!json_is_array(*array))
    return document_refuse(document, place, field, "is missing or not an array", problem);
  if (json_array_size(*array) > limit) {
    char *why = allocation_format("holds %zu, more than the limit of %zu", json_array_size(*array), limit);
    document_refuse(document, place, field, why, problem);
    free(why);
    return false;
  }
  size_t position;
  json_t *element;
  json_array_foreach(*array, position, element) {
    if (!json_is_object(element))
      return document_refuse(document, document_place(place, field, position).characters, NULL, "is not an object",
                             problem);
  }
  return true;
}

bool document_schema(const struct document *document, const char *schema, const char *writer, struct problem *problem) {
  const char *given = json_string_value(json_object_get(document->root, "schema"));
  if (given != NULL && strcmp(given, schema) == 0)
    return true;
  char *why = given == NULL ? allocation_format("is missing or not a string; was the file written by %s?", writer)
                            : allocation_format("is \"%.40s\", but this weir-report reads \"%s\", which %s writes",
                                                given, schema, writer);
  if (json_is_object(document->root))
    document_refuse(document, "", "schema", why, problem);
  else
    problem_set(problem, "%s:1: is not a JSON object; was the file written by %s?", document->path, writer);
  free(why);
  return false;
}
