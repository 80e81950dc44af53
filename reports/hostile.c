/* hostile.c — see hostile.h. */
#include "hostile.h"

#include "allocation.h"

#include <stdlib.h>
#include <string.h>

static bool read_row(const struct document *document, const json_t *object, const char *place, struct hostile_row *row,
                     struct problem *problem) {
  const struct {
    const char *field, **text;
  } texts[] = {{"name", &row->name}, {"server", &row->server}, {"expected", &row->expected},
               {"got", &row->got},   {"stage", &row->stage},   {"why", &row->why}};
  const struct {
    const char *field;
    double *count;
  } counts[] = {{"number", &row->number},
                {"bytes_sent", &row->sent},
                {"fds_before", &row->descriptors_before},
                {"fds_after", &row->descriptors_after}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (!document_text(document, object, place, texts[i].field, texts[i].text, problem))
      return false;
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    if (!document_count(document, object, place, counts[i].field, counts[i].count, problem))
      return false;
  if (!document_number(document, object, place, "bytes_held", -1e15, 1e15, &row->bytes_held, problem) ||
      !document_number(document, object, place, "bytes_peak", -1e15, 1e15, &row->bytes_peak, problem) ||
      !document_boolean(document, object, place, "ok", &row->ok, problem))
    return false;
  return row->ok == (*row->why == '\0') ||
         document_refuse(document, place, "ok", "and \"why\" say different things", problem);
}

static bool read_hostile(struct hostile *hostile, struct problem *problem) {
  const struct document *document = &hostile->document;
  json_t *rows, *row;
  size_t position;
  if (!document_schema(document, "weir-hostile/1", "the test http_hostile", problem) ||
      !document_text(document, document->root, "", "libcurl", &hostile->libcurl, problem) ||
      !document_count(document, document->root, "", "workers", &hostile->workers, problem) ||
      !document_array(document, document->root, "", "rows", HOSTILE_ROW_LIMIT, &rows, problem))
    return false;
  if (json_array_size(rows) == 0)
    return document_refuse(document, "", "rows", "is empty", problem);
  hostile->rows = allocation_array(json_array_size(rows), sizeof *hostile->rows);
  json_array_foreach(rows, position, row) if (!read_row(document, row, document_place("", "rows", position).characters,
                                                        &hostile->rows[hostile->count++], problem)) return false;
  return true;
}

bool hostile_take(struct hostile *hostile, const char *path, char *content, size_t size, struct problem *problem) {
  *hostile = (struct hostile){0};
  return document_take(&hostile->document, path, content, size, problem) && read_hostile(hostile, problem);
}

bool hostile_read(struct hostile *hostile, const char *path, struct problem *problem) {
  *hostile = (struct hostile){0};
  return document_read(&hostile->document, path, DOCUMENT_SIZE_LIMIT, problem) && read_hostile(hostile, problem);
}

void hostile_free(struct hostile *hostile) {
  free(hostile->rows);
  document_free(&hostile->document);
  *hostile = (struct hostile){0};
}

size_t hostile_failed(const struct hostile *hostile) {
  size_t failed = 0;
  for (size_t i = 0; i < hostile->count; i++)
    failed += !hostile->rows[i].ok;
  return failed;
}
