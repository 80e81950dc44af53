/* likeness.c — see likeness.h. */
#include "likeness.h"

#include "allocation.h"
#include "context.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const alike[] = {
    "cpu_model",     "cores",      "smt",      "governor",         "aslr",      "kernel",       "cgroup_cpu",
    "cgroup_memory", "weir_build", "compiler", "weir_build_flags", "allocator", "libbenchmark", "timeout_ms",
};

struct objections {
  FILE *out;
  size_t count;
};

static void object(struct objections *objections, const char *key, const struct source *left,
                   const struct source *right) {
  char *old = context_value(left, key), *new = context_value(right, key);
  if (strcmp(old, new) != 0)
    fprintf(objections->out, "%s%s is “%.100s” in %s and “%.100s” in %s", objections->count++ > 0 ? "; " : "", key, old,
            left->path, new, right->path);
  free(old);
  free(new);
}

/* A build that weir-bench itself would refuse. A file that does not say is let through: the fields are compared. */
static void object_to_build(struct objections *objections, const struct source *source) {
  const char *build = json_string_value(json_object_get(source->context, "weir_build"));
  if (build != NULL && strcmp(build, "release") != 0)
    fprintf(objections->out, "%sweir_build is “%.100s” in %s: no release", objections->count++ > 0 ? "; " : "", build,
            source->path);
}

char *likeness_objection(const struct results *before, const struct results *after) {
  char *text = NULL;
  size_t size = 0;
  struct objections objections = {.out = open_memstream(&text, &size)};
  if (objections.out == NULL)
    abort();
  const struct source *first = &before->sources[0];
  for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
    for (size_t s = 1; s < before->source_count; s++)
      object(&objections, alike[i], first, &before->sources[s]);
    for (size_t s = 0; s < after->source_count; s++)
      object(&objections, alike[i], first, &after->sources[s]);
  }
  for (size_t s = 0; s < before->source_count; s++)
    object_to_build(&objections, &before->sources[s]);
  for (size_t s = 0; s < after->source_count; s++)
    object_to_build(&objections, &after->sources[s]);
  fclose(objections.out);
  if (objections.count > 0)
    return text;
  free(text);
  return NULL;
}
