/* site.c — see site.h. */
#include "site.h"

#include "allocation.h"
#include "file.h"
#include "summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The files under way; each is PATH.new until all are there. */
struct site {
  const char *directory;
  const struct report *report;
  struct problem *problem;
  char **paths;
  size_t count;
};

static bool make_directory(const char *directory) {
  char *path = allocation_string(directory);
  for (char *at = path + 1; *at != '\0'; at++) {
    if (*at != '/')
      continue;
    *at = '\0';
    mkdir(path, 0777);
    *at = '/';
  }
  mkdir(path, 0777);
  struct stat status;
  bool good = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
  if (good)
    errno = 0;
  else if (errno == 0 || errno == EEXIST)
    errno = ENOTDIR;
  free(path);
  return good;
}

/* Opens PATH.new for a file of the site and remembers it. */
static FILE *begin_file(struct site *site, const char *name) {
  char *path = allocation_format("%s/%s", site->directory, name), *fresh = allocation_format("%s.new", path);
  FILE *out = fopen(fresh, "w");
  if (out == NULL) {
    problem_set(site->problem, "%s: %s", fresh, strerror(errno));
    free(path);
  } else {
    site->paths = allocation_append(site->paths, site->count, sizeof *site->paths);
    site->paths[site->count++] = path;
  }
  free(fresh);
  return out;
}

static bool end_file(struct site *site, FILE *out) {
  bool written = ferror(out) == 0;
  written = fclose(out) == 0 && written;
  return written ||
         problem_set(site->problem, "%s: cannot be written: %s", site->paths[site->count - 1], strerror(errno));
}

static bool write_page(struct site *site, enum page_kind kind) {
  FILE *out = begin_file(site, page_file(kind));
  if (out == NULL)
    return false;
  bool good = page_write(out, site->report, kind, site->problem);
  if (!good) /* what went wrong first is what is told */
    fclose(out);
  return good && end_file(site, out);
}

static bool write_summary(struct site *site) {
  FILE *out = begin_file(site, "summary.md");
  if (out == NULL)
    return false;
  summary_write(out, site->report);
  return end_file(site, out);
}

static bool write_data(struct site *site, const struct raw *raw) {
  FILE *out = begin_file(site, raw->name);
  if (out == NULL)
    return false;
  fwrite(raw->content, 1, raw->size, out);
  return end_file(site, out);
}

/* What a second weir-report needs beside the raw data to write the same site. A path that no page shows stays at home. */
static bool write_manifest(struct site *site) {
  const struct report *report = site->report;
  json_t *files = json_array();
  for (size_t i = 0; i < report->raw_count; i++) {
    const struct raw *raw = &report->raws[i];
    const char *shown = report->objection != NULL ? raw->path : file_name(raw->path);
    json_t *name = json_string(shown); /* NULL when it is not UTF-8 */
    name = name == NULL ? json_string("unknown") : name;
    json_array_append_new(files, json_pack("{s:s, s:o}", "file", raw->name, "read_as", name));
  }
  json_t *manifest = json_pack("{s:s, s:s, s:b, s:o}", "schema", SITE_SCHEMA, "version", report->version, "forced",
                               report->objection != NULL, "files", files);
  FILE *out = begin_file(site, SITE_MANIFEST);
  bool good = out != NULL;
  if (good) {
    good = manifest != NULL && json_dumpf(manifest, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;
    good = end_file(site, out) && (good || problem_set(site->problem, "%s: cannot be written", SITE_MANIFEST));
  }
  json_decref(manifest);
  return good;
}

/* Whether the file is a page of ours: what else bears the name of one is not touched. */
static bool is_ours(const char *path) {
  char beginning[512] = "";
  FILE *file = fopen(path, "r");
  if (file == NULL)
    return false;
  size_t size = fread(beginning, 1, sizeof beginning - 1, file);
  fclose(file);
  beginning[size] = '\0';
  return strstr(beginning, PAGE_GENERATOR) != NULL;
}

static bool is_written(const struct site *site, const char *path) {
  for (size_t i = 0; i < site->count; i++)
    if (strcmp(site->paths[i], path) == 0)
      return true;
  return false;
}

/* What an earlier page of ours links to below data/, and is not there any more. */
static void remove_stale_data(const struct site *site) {
  static const char link[] = "href=\"data/";
  struct problem problem;
  char *path = allocation_format("%s/%s", site->directory, page_file(PAGE_DATA)), *text;
  size_t size;
  bool read = is_ours(path) && file_read(path, DOCUMENT_SIZE_LIMIT, &text, &size, &problem);
  free(path);
  if (!read)
    return;
  for (const char *at = text; (at = strstr(at, link)) != NULL; at++) {
    const char *name = at + sizeof link - 1;
    int length = (int)strcspn(name, "/\"");
    path = allocation_format("%s/data/%.*s", site->directory, length, name);
    if (name[length] == '"' && !is_written(site, path))
      unlink(path);
    free(path);
  }
  free(text);
}

static void remove_stale(const struct site *site) {
  for (int kind = 0; kind < PAGE_KIND_COUNT; kind++) {
    char *path = allocation_format("%s/%s", site->directory, page_file((enum page_kind)kind));
    if (!page_has(site->report, (enum page_kind)kind) && is_ours(path))
      unlink(path);
    free(path);
  }
}

static bool write_all(struct site *site) {
  char *data = allocation_format("%s/data", site->directory);
  bool good = make_directory(data) || problem_set(site->problem, "%s: %s", site->directory, strerror(errno));
  free(data);
  for (int kind = 0; kind < PAGE_KIND_COUNT && good; kind++)
    good = !page_has(site->report, (enum page_kind)kind) || write_page(site, (enum page_kind)kind);
  good = good && write_summary(site);
  for (size_t i = 0; i < site->report->raw_count && good; i++)
    good = write_data(site, &site->report->raws[i]);
  return good && write_manifest(site);
}

bool site_write(const char *directory, const struct report *report, struct problem *problem) {
  struct site site = {.directory = directory, .report = report, .problem = problem};
  bool good = write_all(&site);
  if (good)
    remove_stale_data(&site); /* while the old page still stands */
  for (size_t i = 0; i < site.count; i++) {
    char *fresh = allocation_format("%s.new", site.paths[i]);
    if (good && rename(fresh, site.paths[i]) != 0)
      good = problem_set(problem, "%s: cannot be written: %s", site.paths[i], strerror(errno));
    if (!good)
      unlink(fresh);
    free(fresh);
  }
  if (good)
    remove_stale(&site);
  for (size_t i = 0; i < site.count; i++)
    free(site.paths[i]);
  free(site.paths);
  return good;
}
