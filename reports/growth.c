/* growth.c — see growth.h: a file, checked field by field, into curves and verdicts. */
#include "growth.h"

#include "allocation.h"
#include "results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA         "weir-growth-1"
#define WRITER         "weir-curves or weir-growth"
#define BYTES_GREATEST 1e18

static const char *const words[GROWTH_WORD_COUNT] = {"flat", "grows", "unsure"};

const char *growth_word_name(enum growth_word word) {
  return words[word];
}

static bool read_bytes(const struct document *document, const json_t *object, const char *place, const char *field,
                       double *bytes, struct problem *problem) {
  return document_number(document, object, place, field, -BYTES_GREATEST, BYTES_GREATEST, bytes, problem);
}

static bool read_point(const struct document *document, const json_t *object, const char *place,
                       struct growth_point *point, struct problem *problem) {
  const json_t *before = json_object_get(object, "before_collection");
  point->before_collection = NAN;
  return document_count(document, object, place, "messages", &point->messages, problem) &&
         document_number(document, object, place, "seconds", 0, 1e9, &point->seconds, problem) &&
         read_bytes(document, object, place, "live_bytes", &point->live_bytes, problem) &&
         (before == NULL || json_is_null(before) ||
          read_bytes(document, object, place, "before_collection", &point->before_collection, problem)) &&
         document_number(document, object, place, "pending", -1e15, 1e15, &point->pending, problem) &&
         document_number(document, object, place, "abandoned", -1e15, 1e15, &point->abandoned, problem);
}

static bool read_points(const struct document *document, json_t *object, const char *place, struct growth_curve *curve,
                        struct problem *problem) {
  json_t *array, *element;
  size_t position;
  if (!document_array(document, object, place, "points", GROWTH_POINT_LIMIT, &array, problem))
    return false;
  curve->points = allocation_array(json_array_size(array) + 1, sizeof *curve->points);
  json_array_foreach(array, position, element) {
    struct place_text at = document_place(place, "points", position);
    struct growth_point *point = &curve->points[curve->count];
    if (!read_point(document, element, at.characters, point, problem))
      return false;
    if (curve->count > 0 && !(point->messages > point[-1].messages))
      return document_refuse(document, at.characters, "messages", "is no more than at the point before", problem);
    curve->count++;
  }
  return curve->count > 0 || curve->failure != NULL ||
         document_refuse(document, place, "points", "is empty, and the curve does not say by \"failure\" why", problem);
}

static bool read_key(const struct document *document, const json_t *object, const char *place, enum policy *policy,
                     enum mode *mode, double *timeout_ns, struct problem *problem) {
  const char *policies[POLICY_COUNT], *modes[MODE_COUNT];
  int word = 0;
  for (int i = 0; i < POLICY_COUNT; i++)
    policies[i] = point_policy_name((enum policy)i);
  for (int i = 0; i < MODE_COUNT; i++)
    modes[i] = point_mode_name((enum mode)i);
  if (!document_word(document, object, place, "policy", policies, POLICY_COUNT, &word, problem))
    return false;
  *policy = (enum policy)word;
  if (!document_word(document, object, place, "mode", modes, MODE_COUNT, &word, problem))
    return false;
  *mode = (enum mode)word;
  return document_number(document, object, place, "timeout_ns", 1, 1e18, timeout_ns, problem);
}

/* All curves share one load, and no two are the same. */
static bool fits(const struct growth *growth, const struct growth_curve *curve, double subscribers, double concurrency,
                 const char *place, struct problem *problem) {
  const struct document *document = &growth->document;
  if (growth->curve_count == 1)
    return true;
  if (subscribers != growth->subscribers)
    return document_refuse(document, place, "subscribers", "differs from curves[0]: a file holds one load", problem);
  if (concurrency != growth->concurrency)
    return document_refuse(document, place, "concurrency", "differs from curves[0]: a file holds one load", problem);
  for (size_t i = 0; i + 1 < growth->curve_count; i++) {
    const struct growth_curve *other = &growth->curves[i];
    bool same_peer =
        other->peer == NULL || curve->peer == NULL ? other->peer == curve->peer : strcmp(other->peer, curve->peer) == 0;
    if (same_peer && other->policy == curve->policy && other->mode == curve->mode &&
        other->timeout_ns == curve->timeout_ns) {
      char why[96];
      snprintf(why, sizeof why, "has the policy, mode and timeout of this system's curves[%zu]", i);
      return document_refuse(document, place, "system", why, problem);
    }
  }
  return true;
}

static bool read_curve(struct growth *growth, json_t *object, const char *place, struct problem *problem) {
  const struct document *document = &growth->document;
  struct growth_curve *curve = &growth->curves[growth->curve_count++];
  double subscribers, concurrency;
  if (!document_text(document, object, place, "system", &curve->peer, problem) ||
      !document_text(document, object, place, "version", &curve->version, problem) ||
      !read_key(document, object, place, &curve->policy, &curve->mode, &curve->timeout_ns, problem) ||
      !document_count(document, object, place, "subscribers", &subscribers, problem) ||
      !document_count(document, object, place, "concurrency", &concurrency, problem))
    return false;
  if (*curve->peer == '\0')
    return document_refuse(document, place, "system", "is empty", problem);
  if (strcmp(curve->peer, "weir") == 0)
    curve->peer = NULL;
  if (json_object_get(object, "failure") != NULL &&
      !document_text(document, object, place, "failure", &curve->failure, problem))
    return false;
  if (growth->curve_count == 1) {
    growth->subscribers = subscribers;
    growth->concurrency = concurrency;
  }
  return read_points(document, object, place, curve, problem) &&
         fits(growth, curve, subscribers, concurrency, place, problem);
}

static bool read_slope(const struct document *document, const json_t *object, const char *place,
                       struct growth_slope *slope, struct problem *problem) {
  if (!read_bytes(document, object, place, "bytes_per_operation", &slope->middle, problem) ||
      !read_bytes(document, object, place, "low", &slope->low, problem) ||
      !read_bytes(document, object, place, "high", &slope->high, problem))
    return false;
  return slope->low <= slope->high || document_refuse(document, place, "low", "is more than \"high\"", problem);
}

static bool read_word(const struct document *document, const json_t *object, const char *place, enum growth_word *word,
                      struct problem *problem) {
  int value = 0;
  bool good = document_word(document, object, place, "verdict", words, GROWTH_WORD_COUNT, &value, problem);
  *word = (enum growth_word)value;
  return good;
}

static bool read_line(const struct document *document, const json_t *object, const char *place,
                      struct growth_line *line, struct problem *problem) {
  return document_text(document, object, place, "kind", &line->kind, problem) &&
         document_text(document, object, place, "file", &line->file, problem) &&
         document_count(document, object, place, "line", &line->line, problem) &&
         document_text(document, object, place, "reason", &line->reason, problem) &&
         read_word(document, object, place, &line->word, problem) &&
         read_slope(document, object, place, &line->slope, problem) &&
         document_count(document, object, place, "first_live", &line->first_live, problem) &&
         document_count(document, object, place, "last_live", &line->last_live, problem) &&
         document_count(document, object, place, "first_bytes", &line->first_bytes, problem) &&
         document_count(document, object, place, "last_bytes", &line->last_bytes, problem);
}

static bool read_verdict(struct growth *growth, json_t *object, const char *place, struct problem *problem) {
  const struct document *document = &growth->document;
  struct growth_verdict *verdict = &growth->verdicts[growth->verdict_count++];
  json_t *array, *element;
  size_t position;
  if (!document_text(document, object, place, "name", &verdict->name, problem) ||
      !document_text(document, object, place, "reason", &verdict->reason, problem) ||
      !read_word(document, object, place, &verdict->word, problem) ||
      !document_count(document, object, place, "rounds", &verdict->rounds, problem) ||
      !document_count(document, object, place, "operations", &verdict->operations, problem) ||
      !document_number(document, object, place, "seconds", 0, 1e9, &verdict->seconds, problem) ||
      !document_boolean(document, object, place, "settled", &verdict->settled, problem) ||
      !read_slope(document, object, place, &verdict->slope, problem) ||
      !document_array(document, object, place, "lines", GROWTH_LINE_LIMIT, &array, problem))
    return false;
  verdict->lines = allocation_array(json_array_size(array) + 1, sizeof *verdict->lines);
  json_array_foreach(array, position, element) {
    struct place_text at = document_place(place, "lines", position);
    if (!read_line(document, element, at.characters, &verdict->lines[verdict->line_count++], problem))
      return false;
  }
  return true;
}

typedef bool element_reader(struct growth *growth, json_t *object, const char *place, struct problem *problem);

static bool read_each(struct growth *growth, json_t *array, const char *name, element_reader *read,
                      struct problem *problem) {
  size_t position;
  json_t *element;
  json_array_foreach(array, position, element) {
    if (!read(growth, element, document_place("", name, position).characters, problem))
      return false;
  }
  return true;
}

static int compare_timeouts(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return difference < 0 ? -1 : difference > 0;
}

static int compare_peers(const void *left, const void *right) {
  return results_compare_peers(*(const char *const *)left, *(const char *const *)right);
}

/* What becomes the panels and the lines of a picture must be few enough for one. */
static bool gather_axes(struct growth *growth, struct problem *problem) {
  for (size_t i = 0; i < growth->curve_count; i++) {
    const struct growth_curve *curve = &growth->curves[i];
    struct place_text place = document_place("", "curves", i);
    size_t known = 0;
    while (known < growth->timeout_count && growth->timeouts[known] != curve->timeout_ns)
      known++;
    if (known == GROWTH_AXIS_LIMIT)
      return document_refuse(&growth->document, place.characters, "timeout_ns", "is one more than 8 timeouts", problem);
    if (known == growth->timeout_count)
      growth->timeouts[growth->timeout_count++] = curve->timeout_ns;
    if (curve->peer == NULL || growth_peer_position(growth, curve->peer) >= 0)
      continue;
    if (growth->peer_count == GROWTH_AXIS_LIMIT)
      return document_refuse(&growth->document, place.characters, "system", "is one more than 8 peers", problem);
    growth->peers[growth->peer_count++] = curve->peer;
  }
  qsort(growth->timeouts, growth->timeout_count, sizeof *growth->timeouts, compare_timeouts);
  qsort(growth->peers, growth->peer_count, sizeof *growth->peers, compare_peers);
  return true;
}

static bool read_growth(struct growth *growth, struct problem *problem) {
  const struct document *document = &growth->document;
  json_t *curves = NULL, *verdicts;
  if (!document_schema(document, SCHEMA, WRITER, problem))
    return false;
  if (json_object_get(document->root, "curves") != NULL &&
      !document_array(document, document->root, "", "curves", GROWTH_CURVE_LIMIT, &curves, problem))
    return false;
  if (!document_array(document, document->root, "", "verdicts", GROWTH_VERDICT_LIMIT, &verdicts, problem))
    return false;
  if (json_array_size(curves) + json_array_size(verdicts) == 0)
    return document_refuse(document, "", "verdicts", "is empty, and there are no curves", problem);
  growth->curves = allocation_array(json_array_size(curves) + 1, sizeof *growth->curves);
  growth->verdicts = allocation_array(json_array_size(verdicts) + 1, sizeof *growth->verdicts);
  return read_each(growth, curves, "curves", read_curve, problem) &&
         read_each(growth, verdicts, "verdicts", read_verdict, problem) && gather_axes(growth, problem);
}

bool growth_take(struct growth *growth, const char *path, char *content, size_t size, struct problem *problem) {
  *growth = (struct growth){0};
  return document_take(&growth->document, path, content, size, problem) && read_growth(growth, problem);
}

bool growth_read(struct growth *growth, const char *path, struct problem *problem) {
  *growth = (struct growth){0};
  return document_read(&growth->document, path, DOCUMENT_SIZE_LIMIT, problem) && read_growth(growth, problem);
}

void growth_free(struct growth *growth) {
  for (size_t i = 0; i < growth->curve_count; i++)
    free(growth->curves[i].points);
  for (size_t i = 0; i < growth->verdict_count; i++)
    free(growth->verdicts[i].lines);
  free(growth->curves);
  free(growth->verdicts);
  document_free(&growth->document);
  *growth = (struct growth){0};
}

long growth_peer_position(const struct growth *growth, const char *peer) {
  for (size_t i = 0; peer != NULL && i < growth->peer_count; i++)
    if (strcmp(growth->peers[i], peer) == 0)
      return (long)i;
  return -1;
}

const struct growth_curve *growth_curve_of(const struct growth *growth, const char *peer, enum policy policy,
                                           enum mode mode, double timeout_ns) {
  for (size_t i = 0; i < growth->curve_count; i++) {
    const struct growth_curve *curve = &growth->curves[i];
    if (curve->count > 0 && curve->policy == policy && curve->mode == mode && curve->timeout_ns == timeout_ns &&
        (curve->peer == NULL || peer == NULL ? curve->peer == peer : strcmp(curve->peer, peer) == 0))
      return curve;
  }
  return NULL;
}

double growth_late_slope(const struct growth_curve *curve) {
  if (curve->count < 3)
    return NAN;
  const struct growth_point *last = &curve->points[curve->count - 1], *half = &curve->points[(curve->count - 1) / 2];
  return (last->live_bytes - half->live_bytes) / (last->messages - half->messages);
}
