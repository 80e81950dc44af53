/* context.c — see context.h. */
#include "context.h"

#include "allocation.h"

#include <stdlib.h>
#include <string.h>

static const struct {
  const char *key, *note;
} expected[] = {
    {"command", NULL},
    {"date", NULL},
    {"weir_version", NULL},
    {"weir_git", NULL},
    {"weir_build", NULL},
    {"weir_build_flags", NULL},
    {"compiler", NULL},
    {"allocator", NULL},
    {"seed", NULL},
    {"timeout_ms", "of every send in the family broadcast"},
    {"cpu_model", NULL},
    {"cores", NULL},
    {"smt", NULL},
    {"governor", NULL},
    {"aslr", NULL},
    {"kernel", NULL},
    {"cgroup_cpu", NULL},
    {"cgroup_memory", NULL},
    {"load_before", NULL},
    {"load_after", NULL},
    {"steal_before", NULL},
    {"steal_after", NULL},
    {"libbenchmark", NULL},
    {"library_build_type",
     "the label of the Google Benchmark library itself (Debian’s says debug); Weir’s own is weir_build"},
    {"weir_schema", NULL},
};

static void add(struct context_fields *fields, const char *key, const char *note) {
  for (size_t i = 0; i < fields->count; i++)
    if (strcmp(fields->fields[i].key, key) == 0)
      return;
  fields->fields = allocation_append(fields->fields, fields->count, sizeof *fields->fields);
  fields->fields[fields->count++] = (struct context_field){.key = key, .note = note};
}

char *context_value(const struct source *source, const char *key) {
  json_t *value = json_object_get(source->context, key);
  if (value == NULL)
    return allocation_string("not recorded");
  if (json_is_string(value))
    return allocation_string(json_string_value(value));
  char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
  char *text = allocation_string(dumped == NULL ? "not readable" : dumped);
  free(dumped);
  return text;
}

struct context_fields context_fields_of(const struct results *results) {
  struct context_fields fields = {0};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
    add(&fields, expected[i].key, expected[i].note);
  for (size_t s = 0; s < results->source_count; s++) {
    const char *key;
    json_t *value;
    json_object_foreach(results->sources[s].context, key, value) {
      add(&fields, key, NULL);
    }
  }
  for (size_t i = 0; i < fields.count; i++)
    for (size_t s = 1; s < results->source_count; s++) {
      char *first = context_value(&results->sources[0], fields.fields[i].key);
      char *here = context_value(&results->sources[s], fields.fields[i].key);
      fields.fields[i].differs = fields.fields[i].differs || strcmp(first, here) != 0;
      free(first);
      free(here);
    }
  return fields;
}

void context_fields_free(struct context_fields *fields) {
  free(fields->fields);
  *fields = (struct context_fields){0};
}

const char *context_peer(const struct results *results, const char *peer) {
  const char *found = NULL;
  char *key = allocation_format(CONTEXT_PEER_PREFIX "%s", peer);
  for (size_t s = 0; s < results->source_count && found == NULL; s++)
    found = json_string_value(json_object_get(results->sources[s].context, key));
  free(key);
  return found;
}
