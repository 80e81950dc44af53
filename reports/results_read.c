/* results_read.c — see results.h: a file, checked field by field, into cells.
 *
 * Each refusal names the file and the place: line and column where the text is no JSON, the row's position, its name
 * and the field where the JSON is no result. */
#include "results.h"

#include "allocation.h"
#include "file.h"
#include "json_line.h"
#include "row_name.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "1"

static const char *const counter_fields[COUNTER_COUNT] = {
    [COUNTER_TIME] = "real_time",
    [COUNTER_RATE] = "rate",
    [COUNTER_TIMERS_PENDING] = "timers_pending",
    [COUNTER_TIMERS_ABANDONED] = "timers_abandoned",
    [COUNTER_LIVE_BYTES] = "live_bytes",
    [COUNTER_BYTES_PER_TIMER] = "bytes_per_timer",
    [COUNTER_TIMEOUT_NS] = "timeout_ns",
    [COUNTER_SECONDS] = "seconds",
    [COUNTER_STEADY] = "steady",
    [COUNTER_TIMEOUTS] = "timeouts",
    [COUNTER_NS_PER_TIMEOUT] = "ns_per_timeout",
    [COUNTER_ROUND_P99_NS] = "round_p99_ns",
    [COUNTER_P50_NS] = "p50_ns",
    [COUNTER_P99_NS] = "p99_ns",
    [COUNTER_P999_NS] = "p999_ns",
    [COUNTER_FIRED] = "fired",
    [COUNTER_BYTES_PER_TASK] = "bytes_per_task",
    [COUNTER_COLD_MAKE_NS] = "cold_make_ns",
    [COUNTER_COLD_WAKE_NS] = "cold_wake_ns",
    [COUNTER_STOLEN] = "stolen",
    [COUNTER_OVERLAP] = "overlap",
    [COUNTER_EXITS] = "exits",
    [COUNTER_CPU_NS] = "cpu_ns",
    [COUNTER_BYTES_PER_OP] = "bytes_per_op",
    [COUNTER_BYTES_LIVE_AFTER] = "bytes_live_after",
    [COUNTER_BYTES_PEAK] = "bytes_peak",
    [COUNTER_SEQUENCE] = "sequence",
    [COUNTER_AT_SECONDS] = "at_seconds",
};

/* Timers are counted by those who can see them: Go's runtime does not show its heap of timers. */
static const enum counter steady_needs[] = {COUNTER_RATE, COUNTER_LIVE_BYTES, COUNTER_BYTES_PER_TIMER,
                                            COUNTER_TIMEOUT_NS, COUNTER_STEADY};

/* The place a refusal speaks of. */
struct place {
  const char *path;
  const char *content;
  size_t row;
  const char *name;
};

static bool refuse(struct problem *problem, const struct place *place, const char *field, const char *why) {
  size_t line = json_line(place->content, "benchmarks", place->row, field);
  return problem_set(problem, "%s:%zu: benchmarks[%zu].%s%s%s%s: %s", place->path, line, place->row, field,
                     place->name == NULL ? "" : " (", place->name == NULL ? "" : place->name,
                     place->name == NULL ? "" : ")", why);
}

static bool read_number(json_t *row, const char *field, double *number, const struct place *place,
                        struct problem *problem) {
  json_t *value = json_object_get(row, field);
  if (value == NULL)
    return refuse(problem, place, field, "is missing");
  if (!json_is_number(value))
    return refuse(problem, place, field, "is not a number");
  *number = json_number_value(value);
  if (*number < 0 || *number > RESULTS_GREATEST || (*number > 0 && *number < RESULTS_LEAST))
    return refuse(problem, place, field, "is neither 0 nor between 1e-9 and 1e18, so nothing of the kind was measured");
  return true;
}

static bool read_sample(json_t *row, const struct cell *cell, struct sample *sample, const struct place *place,
                        struct problem *problem) {
  json_t *unit = json_object_get(row, "time_unit");
  if (!json_is_string(unit) || strcmp(json_string_value(unit), "ns") != 0)
    return refuse(problem, place, "time_unit", "is not \"ns\"");
  if (!read_number(row, "real_time", &sample->ns, place, problem))
    return false;
  if (!(sample->ns > 0))
    return refuse(problem, place, "real_time", "is not positive, and the row does not say error_occurred");
  for (int i = 0; i < COUNTER_COUNT; i++) {
    sample->counters[i] = NAN;
    if (json_object_get(row, counter_fields[i]) != NULL &&
        !read_number(row, counter_fields[i], &sample->counters[i], place, problem))
      return false;
  }
  for (size_t i = 0; cell->point.family == FAMILY_STEADY && i < sizeof steady_needs / sizeof *steady_needs; i++)
    if (isnan(sample->counters[steady_needs[i]]))
      return refuse(problem, place, counter_fields[steady_needs[i]], "is missing");
  return true;
}

static struct cell *cell_of(struct results *results, struct row_name *name, const struct point *point) {
  char *full = allocation_format("%s/workers:%ld%s%s", name->benchmark, name->workers,
                                 name->peer == NULL ? "" : "/peer:", name->peer == NULL ? "" : name->peer);
  json_t *position = json_object_get(results->index, full);
  if (position != NULL) {
    free(full);
    free(name->benchmark);
    free(name->peer);
    return &results->cells[json_integer_value(position)];
  }
  json_object_set_new(results->index, full, json_integer((json_int_t)results->count));
  results->cells = allocation_append(results->cells, results->count, sizeof *results->cells);
  struct cell *cell = &results->cells[results->count++];
  *cell = (struct cell){
      .name = full, .benchmark = name->benchmark, .peer = name->peer, .workers = name->workers, .point = *point};
  return cell;
}

static bool read_row(struct results *results, json_t *row, struct place *place, struct problem *problem) {
  struct problem inner;
  struct row_name name;
  struct point point;
  if (!json_is_object(row))
    return problem_set(problem, "%s:%zu: benchmarks[%zu] is not an object", place->path,
                       json_line(place->content, "benchmarks", place->row, NULL), place->row);
  const char *text = json_string_value(json_object_get(row, "name"));
  if (text == NULL)
    return refuse(problem, place, "name", "is missing or not a string");
  if (strlen(text) > RESULTS_NAME_LIMIT)
    return refuse(problem, place, "name", "is longer than 400 bytes");
  place->name = text;
  const char *type = json_string_value(json_object_get(row, "run_type"));
  if (type == NULL)
    return refuse(problem, place, "run_type", "is missing or not a string");
  if (strcmp(type, "aggregate") == 0)
    return true;
  if (!row_name_parse(text, &name, &inner))
    return refuse(problem, place, "name", inner.text);
  bool good = point_parse(name.benchmark, name.workers, &point, &inner);
  if (!good) {
    free(name.benchmark);
    free(name.peer);
    return refuse(problem, place, "name", inner.text);
  }
  struct cell *cell = cell_of(results, &name, &point);
  double process = 1;
  if (json_object_get(row, "process") != NULL && !read_number(row, "process", &process, place, problem))
    return false;
  if (process < 1 || process > RESULTS_PROCESS_LIMIT || process != floor(process))
    return refuse(problem, place, "process", "is not a whole number from 1 to 1000");
  if (results->count > RESULTS_CELL_LIMIT)
    return refuse(problem, place, "name", "is one row too many: a report has at most 10000");
  json_t *failed = json_object_get(row, "error_occurred");
  if (failed != NULL && !json_is_boolean(failed))
    return refuse(problem, place, "error_occurred", "is neither true nor false");
  if (json_is_true(failed)) {
    const char *message = json_string_value(json_object_get(row, "error_message"));
    if (cell->failures++ == 0)
      cell->failure = allocation_string(message == NULL ? "no message" : message);
    return true;
  }
  if (cell->count == RESULTS_SAMPLE_LIMIT)
    return refuse(problem, place, "name", "has more than 10000 repetitions");
  cell->samples = allocation_append(cell->samples, cell->count, sizeof *cell->samples);
  struct sample *sample = &cell->samples[cell->count];
  if (!read_sample(row, cell, sample, place, problem))
    return false;
  sample->process = (unsigned)(results->source_count * RESULTS_PROCESS_LIMIT) + (unsigned)process;
  cell->count++;
  return true;
}

/* A refusal of something in the document that is not in a row. */
static bool refuse_member(struct problem *problem, const struct place *place, const char *member, const char *field,
                          const char *why) {
  size_t line = json_line(place->content, member, JSON_LINE_WHOLE, field);
  return problem_set(problem, "%s:%zu: %s%s%s: %s", place->path, line, member, field == NULL ? "" : ".",
                     field == NULL ? "" : field, why);
}

static bool check_document(json_t *document, const struct place *place, struct problem *problem) {
  if (!json_is_object(document))
    return problem_set(problem, "%s:1: is not a JSON object with \"context\" and \"benchmarks\"", place->path);
  json_t *context = json_object_get(document, "context");
  if (!json_is_object(context))
    return refuse_member(problem, place, "context", NULL, "is missing or not an object");
  json_t *schema = json_object_get(context, "weir_schema");
  if (!json_is_string(schema))
    return refuse_member(problem, place, "context", "weir_schema",
                         "is missing or not a string; was it written by weir-bench?");
  if (strcmp(json_string_value(schema), SCHEMA) != 0) {
    struct problem inner;
    problem_set(&inner, "is \"%.40s\", but this weir-report reads \"" SCHEMA "\"", json_string_value(schema));
    return refuse_member(problem, place, "context", "weir_schema", inner.text);
  }
  if (!json_is_array(json_object_get(document, "benchmarks")))
    return refuse_member(problem, place, "benchmarks", NULL, "is missing or not an array");
  return true;
}

static bool add_once(long *values, size_t *count, long value) {
  for (size_t i = 0; i < *count; i++)
    if (values[i] == value)
      return true;
  if (*count == RESULTS_AXIS_LIMIT)
    return false;
  values[(*count)++] = value;
  return true;
}

/* What would become the columns, the rows and the lines of a picture must be few enough for one. */
static bool check_axes(const struct results *results, const struct place *place, struct problem *problem) {
  long subscribers[RESULTS_AXIS_LIMIT], concurrency[RESULTS_AXIS_LIMIT], groups[RESULTS_AXIS_LIMIT];
  const char *peers[RESULTS_AXIS_LIMIT];
  size_t subscriber_count = 0, concurrency_count = 0, group_count = 0, peer_count = 0;
  for (size_t i = 0; i < results->count; i++) {
    const struct cell *cell = &results->cells[i];
    const struct point *point = &cell->point;
    if (point->family != FAMILY_OTHER &&
        (!add_once(subscribers, &subscriber_count, point->subscribers) ||
         !add_once(concurrency, &concurrency_count, point->concurrency) ||
         !add_once(groups, &group_count, point->workers ^ (point->capacity << 20) ^ (point->timeout_ms << 40))))
      return refuse_member(problem, place, "benchmarks", NULL,
                           "more than 64 different subscribers, concurrency, capacities, timeouts or workers");
    size_t known = 0;
    while (known < peer_count && cell->peer != NULL && strcmp(peers[known], cell->peer) != 0)
      known++;
    if (cell->peer == NULL || known < peer_count)
      continue;
    if (peer_count == RESULTS_AXIS_LIMIT)
      return refuse_member(problem, place, "benchmarks", NULL, "more than 64 different peers");
    peers[peer_count++] = cell->peer;
  }
  return true;
}

static bool read_document(struct results *results, const struct place *file, json_t *document,
                          struct problem *problem) {
  size_t position;
  json_t *row;
  if (!check_document(document, file, problem))
    return false;
  if (results->index == NULL)
    results->index = json_object();
  json_array_foreach(json_object_get(document, "benchmarks"), position, row) {
    struct place place = {.path = file->path, .content = file->content, .row = position};
    if (!read_row(results, row, &place, problem))
      return false;
  }
  if (results->count == 0)
    return refuse_member(problem, file, "benchmarks", NULL, "holds no row of weir-bench");
  return check_axes(results, file, problem);
}

bool results_take(struct results *results, const char *path, char *content, size_t size, struct problem *problem) {
  json_error_t error;
  json_t *document = json_loadb(content, size, JSON_REJECT_DUPLICATES, &error);
  if (document == NULL) {
    free(content);
    return problem_set(problem, "%s:%d:%d: %s", path, error.line, error.column, error.text);
  }
  struct place file = {.path = path, .content = content};
  bool good = read_document(results, &file, document, problem);
  if (good) {
    results->sources = allocation_append(results->sources, results->source_count, sizeof *results->sources);
    results->sources[results->source_count++] =
        (struct source){.path = allocation_string(path),
                        .content = content,
                        .size = size,
                        .context = json_incref(json_object_get(document, "context"))};
  } else {
    free(content);
  }
  json_decref(document);
  return good;
}

bool results_read(struct results *results, const char *path, size_t size_limit, struct problem *problem) {
  char *content = NULL;
  size_t size = 0;
  return file_read(path, size_limit, &content, &size, problem) && results_take(results, path, content, size, problem);
}
