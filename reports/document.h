/* document.h — a JSON file whose fields are asked for one by one, each refusal with the file, the line and the place.
 *
 * A place is what a refusal names and json_line_place finds: "curves[3].points[7].messages". The functions that ask are
 * given the place of the object and the name of its field. Text that comes out belongs to the document. */
#ifndef REPORTS_DOCUMENT_H
#define REPORTS_DOCUMENT_H

#include "problem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define DOCUMENT_SIZE_LIMIT ((size_t)64 << 20) /* bytes a file: no input but the results comes near */
#define DOCUMENT_TEXT_LIMIT 2000               /* bytes a text */

struct document {
  char *path, *content; /* as it was read, for the reader to have */
  size_t size;
  json_t *root;
};

bool document_read(struct document *document, const char *path, size_t limit, struct problem *problem);

/* The same for a text of `size` bytes and a NUL behind them, from malloc; it belongs to the document from here on. */
bool document_take(struct document *document, const char *path, char *content, size_t size, struct problem *problem);

void document_free(struct document *document);

/* "PATH:LINE: PLACE.FIELD: WHY", or without ".FIELD" where `field` is NULL; returns false. */
bool document_refuse(const struct document *document, const char *place, const char *field, const char *why,
                     struct problem *problem);

/* What the field must be; each returns false with `problem` filled when it is not. */
bool document_number(const struct document *document, const json_t *object, const char *place, const char *field,
                     double least, double greatest, double *number, struct problem *problem);
bool document_count(const struct document *document, const json_t *object, const char *place, const char *field,
                    double *number, struct problem *problem); /* whole, 0 … 1e15 */
bool document_text(const struct document *document, const json_t *object, const char *place, const char *field,
                   const char **text, struct problem *problem);
bool document_word(const struct document *document, const json_t *object, const char *place, const char *field,
                   const char *const *words, size_t count, int *word, struct problem *problem);
bool document_boolean(const struct document *document, const json_t *object, const char *place, const char *field,
                      bool *value, struct problem *problem);

/* "OUTER.NAME[POSITION]", by value so that a call can be an argument. */
struct place_text {
  char characters[192];
};
struct place_text document_place(const char *outer, const char *name, size_t position);

/* An array of at most `limit` objects. */
bool document_array(const struct document *document, json_t *object, const char *place, const char *field, size_t limit,
                    json_t **array, struct problem *problem);

/* An object with "schema": `schema`. */
bool document_schema(const struct document *document, const char *schema, const char *writer, struct problem *problem);

#endif
