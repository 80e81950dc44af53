/* verify.c — see verify.h: the site is made once more from its raw data, in a folder of its own, and the files are
 * compared line by line.
 *
 * Rejected: reading the numbers out of the pages and computing each again (a second writer of every page, and what it
 * does not know is not verified); hashes in the manifest (who changes a page changes them too). */
#include "verify.h"

#include "allocation.h"
#include "file.h"
#include "input.h"
#include "likeness.h"
#include "site.h"

#include <ctype.h>
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN_MOST = 10, FILES_MOST = 1000, BEFORE = 24, EXCERPT = 72 };

/* ---- the manifest ------------------------------------------------------------------------------------------------ */

struct manifest {
  struct document document;
  struct input_files files; /* in the site */
  const char *names[FILES_MOST];
  size_t count;
  bool forced;
};

/* A name of ours, which leads out of no folder. */
static bool is_data(const char *file) {
  static const char folder[] = "data/";
  if (strncmp(file, folder, sizeof folder - 1) != 0)
    return false;
  const char *name = file + sizeof folder - 1;
  return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '.' && strcmp(strchr(name, '.'), ".json") == 0;
}

static bool begins(const char *file, const char *stem) {
  return strncmp(file + strlen("data/"), stem, strlen(stem)) == 0;
}

/* Puts the path where its kind says; false when there is no such kind, or it is there already. */
static bool place_file(struct input_files *files, const char *file, char *path) {
  if (begins(file, "results")) {
    files->results = allocation_append(files->results, files->result_count, sizeof *files->results);
    files->results[files->result_count++] = path;
    return true;
  }
  const char **places[] = {&files->baseline, &files->growth, &files->zoo, &files->hostile};
  static const char *const stems[] = {"baseline.", "growth.", "zoo.", "hostile."};
  for (size_t i = 0; i < sizeof stems / sizeof stems[0]; i++)
    if (begins(file, stems[i]) && *places[i] == NULL) {
      *places[i] = path;
      return true;
    }
  free(path);
  return false;
}

static bool read_files(struct manifest *manifest, const char *directory, struct problem *problem) {
  const struct document *document = &manifest->document;
  json_t *files;
  if (!document_array(document, document->root, "", "files", FILES_MOST, &files, problem))
    return false;
  for (; manifest->count < json_array_size(files); manifest->count++) {
    const struct place_text place = document_place("", "files", manifest->count);
    const json_t *one = json_array_get(files, manifest->count);
    const char *file;
    if (!document_text(document, one, place.characters, "file", &file, problem) ||
        !document_text(document, one, place.characters, "read_as", &manifest->names[manifest->count], problem))
      return false;
    if (!is_data(file) || !place_file(&manifest->files, file, allocation_format("%s/%s", directory, file)))
      return document_refuse(document, place.characters, "file", "is none of a site's raw data", problem);
  }
  return manifest->files.result_count > 0 || document_refuse(document, "", "files", "holds no results", problem);
}

static bool read_manifest(struct manifest *manifest, const char *directory, struct problem *problem) {
  const struct document *document = &manifest->document;
  char *path = allocation_format("%s/%s", directory, SITE_MANIFEST);
  bool good = document_read(&manifest->document, path, DOCUMENT_SIZE_LIMIT, problem);
  free(path);
  const char *version;
  if (!good || !document_schema(document, SITE_SCHEMA, "weir-report", problem) ||
      !document_text(document, document->root, "", "version", &version, problem) ||
      !document_boolean(document, document->root, "", "forced", &manifest->forced, problem))
    return false;
  if (strcmp(version, WEIR_REPORT_VERSION) != 0)
    return problem_set(problem,
                       "%s: made by weir-report %.100s; this is " WEIR_REPORT_VERSION ", whose pages are others",
                       document->path, version);
  return read_files(manifest, directory, problem);
}

static void manifest_free(struct manifest *manifest) {
  for (size_t i = 0; i < manifest->files.result_count; i++)
    free(manifest->files.results[i]);
  free(manifest->files.results);
  free((char *)manifest->files.baseline);
  free((char *)manifest->files.growth);
  free((char *)manifest->files.zoo);
  free((char *)manifest->files.hostile);
  document_free(&manifest->document);
}

/* ---- comparison -------------------------------------------------------------------------------------------------- */

/* What a terminal would obey is not shown. */
static void write_excerpt(FILE *out, const char *line, size_t length, size_t from) {
  from = from > BEFORE ? from - BEFORE : 0;
  for (size_t i = from; i < length && i < from + EXCERPT; i++)
    fputc(iscntrl((unsigned char)line[i]) ? '?' : line[i], out);
  if (length > from + EXCERPT)
    fputs("…", out);
}

static void write_difference(FILE *out, const char *name, size_t number, const char *stands, size_t stands_length,
                             const char *given, size_t given_length) {
  size_t same = 0;
  while (same < stands_length && same < given_length && stands[same] == given[same])
    same++;
  fprintf(out, "%s:%zu: it says:        ", name, number);
  write_excerpt(out, stands, stands_length, same);
  fprintf(out, "\n%s:%zu: the data give:  ", name, number);
  write_excerpt(out, given, given_length, same);
  fputc('\n', out);
}

static size_t compare_lines(FILE *out, const char *name, const char *stands, const char *given) {
  size_t differences = 0;
  for (size_t number = 1; *stands != '\0' || *given != '\0'; number++) {
    size_t stands_length = strcspn(stands, "\n"), given_length = strcspn(given, "\n");
    if ((stands_length != given_length || memcmp(stands, given, given_length) != 0) && ++differences <= SHOWN_MOST)
      write_difference(out, name, number, stands, stands_length, given, given_length);
    stands += stands_length + (stands[stands_length] == '\n');
    given += given_length + (given[given_length] == '\n');
  }
  if (differences > SHOWN_MOST)
    fprintf(out, "%s: and %zu lines more\n", name, differences - SHOWN_MOST);
  return differences;
}

static bool read_named(const char *directory, const char *name, char **content, size_t *size, struct problem *problem) {
  char *path = allocation_format("%s/%s", directory, name);
  bool there = access(path, F_OK) == 0;
  *content = NULL;
  *size = 0;
  bool good = !there || file_read(path, RESULTS_SIZE_LIMIT, content, size, problem);
  free(path);
  return good;
}

static bool compare_file(const char *directory, const char *made, const char *name, FILE *out, size_t *differences,
                         struct problem *problem) {
  char *stands, *given = NULL;
  size_t stands_size, given_size;
  bool good = read_named(directory, name, &stands, &stands_size, problem) &&
              read_named(made, name, &given, &given_size, problem);
  if (good && (stands == NULL) != (given == NULL)) {
    fprintf(out, "%s: %s\n", name, stands == NULL ? "is missing" : "the data give no such page");
    ++*differences;
  } else if (good && stands != NULL) {
    size_t before = *differences;
    *differences += compare_lines(out, name, stands, given);
    if (*differences == before && (stands_size != given_size || memcmp(stands, given, given_size) != 0)) {
      fprintf(out, "%s: differs behind a byte that is 0, or in its last line's end\n", name);
      ++*differences;
    }
  }
  free(stands);
  free(given);
  return good;
}

static bool compare_all(const char *directory, const char *made, FILE *out, size_t *differences,
                        struct problem *problem) {
  for (int kind = 0; kind < PAGE_KIND_COUNT; kind++)
    if (!compare_file(directory, made, page_file((enum page_kind)kind), out, differences, problem))
      return false;
  return compare_file(directory, made, "summary.md", out, differences, problem);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)status, (void)type, (void)place;
  return remove(path);
}

static enum verify_outcome make_and_compare(const struct input *input, const struct changes *changes,
                                            const char *objection, const char *directory, FILE *out,
                                            size_t *differences, struct problem *problem) {
  const char *temporary = getenv("TMPDIR");
  char *made = allocation_format("%s/weir-report-XXXXXX", temporary == NULL || *temporary == '\0' ? "/tmp" : temporary);
  enum verify_outcome outcome = VERIFY_MACHINE;
  if (mkdtemp(made) == NULL)
    problem_set(problem, "%s: %s", made, strerror(errno));
  else if (input_publish(input, changes, objection, made, problem) &&
           compare_all(directory, made, out, differences, problem))
    outcome = VERIFY_DONE;
  nftw(made, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  free(made);
  return outcome;
}

enum verify_outcome verify_site(const char *directory, FILE *out, size_t *differences, struct problem *problem) {
  struct manifest *manifest = allocation_array(1, sizeof *manifest);
  struct input input = {0};
  enum verify_outcome outcome = VERIFY_UNREADABLE;
  *differences = 0;
  if (read_manifest(manifest, directory, problem) && input_read(&input, &manifest->files, problem)) {
    input_rename(&input, manifest->names);
    bool compares = input.baseline.source_count > 0;
    char *objection = compares ? likeness_objection(&input.baseline, &input.results) : NULL;
    if (objection != NULL && !manifest->forced) {
      problem_set(problem, "%s: the site does not say that it compares unlike things: %.700s", directory, objection);
    } else {
      struct changes changes = {0};
      if (compares)
        changes = changes_of(&input.baseline, &input.results);
      outcome = make_and_compare(&input, compares ? &changes : NULL, objection, directory, out, differences, problem);
      if (compares)
        changes_free(&changes);
    }
    free(objection);
  }
  input_free(&input);
  manifest_free(manifest);
  free(manifest);
  return outcome;
}
