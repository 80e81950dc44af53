/* input.c — see input.h. */
#include "input.h"

#include "allocation.h"
#include "site.h"

#include <stdlib.h>

bool input_read(struct input *input, const struct input_files *files, struct problem *problem) {
  for (size_t i = 0; i < files->result_count; i++)
    if (!results_read(&input->results, files->results[i], RESULTS_SIZE_LIMIT, problem))
      return false;
  if (files->baseline != NULL && !results_read(&input->baseline, files->baseline, RESULTS_SIZE_LIMIT, problem))
    return false;
  if (files->growth != NULL && !growth_read(&input->growth, files->growth, problem))
    return false;
  if (files->zoo != NULL && !zoo_read(&input->zoo, files->zoo, problem))
    return false;
  if (files->hostile != NULL && !hostile_read(&input->hostile, files->hostile, problem))
    return false;
  results_finish(&input->results);
  if (files->baseline != NULL)
    results_finish(&input->baseline);
  return true;
}

void input_free(struct input *input) {
  results_free(&input->results);
  results_free(&input->baseline);
  growth_free(&input->growth);
  zoo_free(&input->zoo);
  hostile_free(&input->hostile);
}

/* ---- raw data ---------------------------------------------------------------------------------------------------- */

static void add_raw(struct raw **raws, size_t *count, char *name, const char *what, const char *path,
                    const char *content, size_t size) {
  *raws = allocation_append(*raws, *count, sizeof **raws);
  (*raws)[(*count)++] = (struct raw){.name = name, .what = what, .path = path, .content = content, .size = size};
}

static void add_results(struct raw **raws, size_t *count, const char *stem, const char *what,
                        const struct results *results) {
  for (size_t i = 0; i < results->source_count; i++) {
    const struct source *source = &results->sources[i];
    char *name = i == 0 ? allocation_format("data/%s.json", stem) : allocation_format("data/%s-%zu.json", stem, i + 1);
    add_raw(raws, count, name, what, source->path, source->content, source->size);
  }
}

static void add_document(struct raw **raws, size_t *count, const char *name, const char *what,
                         const struct document *document) {
  if (document->path != NULL)
    add_raw(raws, count, allocation_string(name), what, document->path, document->content, document->size);
}

struct raw *input_raws(const struct input *input, size_t *count) {
  struct raw *raws = NULL;
  *count = 0;
  add_results(&raws, count, "results", "results of weir-bench", &input->results);
  add_results(&raws, count, "baseline", "the baseline", &input->baseline);
  add_document(&raws, count, "data/growth.json", "live bytes over messages, and verdicts", &input->growth.document);
  add_document(&raws, count, "data/zoo.json", "trials of every strategy at every entry", &input->zoo.document);
  add_document(&raws, count, "data/hostile.json", "the hostile servers", &input->hostile.document);
  return raws;
}

void input_raws_free(struct raw *raws, size_t count) {
  for (size_t i = 0; i < count; i++)
    free((char *)raws[i].name);
  free(raws);
}

static void rename_one(char **path, const char *const **names) {
  if (*path == NULL)
    return;
  free(*path);
  *path = allocation_string(*(*names)++);
}

void input_rename(struct input *input, const char *const *names) {
  for (size_t i = 0; i < input->results.source_count; i++)
    rename_one(&input->results.sources[i].path, &names);
  for (size_t i = 0; i < input->baseline.source_count; i++)
    rename_one(&input->baseline.sources[i].path, &names);
  rename_one(&input->growth.document.path, &names);
  rename_one(&input->zoo.document.path, &names);
  rename_one(&input->hostile.document.path, &names);
}

/* ---- the site ---------------------------------------------------------------------------------------------------- */

bool input_publish(const struct input *input, const struct changes *changes, const char *objection,
                   const char *directory, struct problem *problem) {
  const struct results *results = &input->results;
  struct steady steady = steady_of(results);
  struct sweep sweep = sweep_of(results);
  struct comparison comparison = comparison_of(results);
  struct story story = story_of(&steady);
  struct report report = {.results = results,
                          .steady = &steady,
                          .sweep = &sweep,
                          .comparison = &comparison,
                          .story = &story,
                          .version = WEIR_REPORT_VERSION,
                          .changes = changes,
                          .objection = objection,
                          .growth = input->growth.document.path == NULL ? NULL : &input->growth,
                          .zoo = input->zoo.document.path == NULL ? NULL : &input->zoo,
                          .hostile = input->hostile.document.path == NULL ? NULL : &input->hostile};
  struct raw *raws = input_raws(input, &report.raw_count);
  report.raws = raws;
  bool good = site_write(directory, &report, problem);
  input_raws_free(raws, report.raw_count);
  story_free(&story);
  comparison_free(&comparison);
  sweep_free(&sweep);
  steady_free(&steady);
  return good;
}
