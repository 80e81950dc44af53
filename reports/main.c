/* main.c — weir-report: result files in, a site and a summary out.
 *
 * Exit status: 0 the site stands; 2 bad usage or bad input, and nothing has been written; 1 the machine's fault (no
 * gnuplot, no space); against a baseline also 3 when a row is slower, and with --strict 4 when of some row nobody can
 * tell, both with the report written. */
#include "allocation.h"
#include "likeness.h"
#include "site.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

enum exit_status { EXIT_DONE = 0, EXIT_MACHINE = 1, EXIT_INPUT = 2, EXIT_SLOWER = 3, EXIT_UNSURE = 4 };

/* Those without a letter. */
enum option_key { OPTION_GROWTH = 256, OPTION_FUZZ, OPTION_HOSTILE };

struct options {
  const char *directory;
  const char *baseline;
  const char *growth, *zoo, *hostile;
  bool strict, force;
  char **files;
  size_t file_count;
};

const char *argp_program_version = "weir-report " WEIR_REPORT_VERSION;

static const struct argp_option option_table[] = {
    {"output", 'o', "DIR", 0,
     "Write the site into DIR: index.html, the other pages, summary.md, data/; DIR is made if need be", 0},
    {"baseline", 'b', "FILE", 0, "Say of each row whether it has changed since FILE", 0},
    {"growth", OPTION_GROWTH, "FILE", 0, "What stays alive over messages: a file of weir-curves or weir-growth", 0},
    {"fuzz", OPTION_FUZZ, "FILE", 0, "What finds which mistake of the zoo: a file of the target zoo-table", 0},
    {"hostile", OPTION_HOSTILE, "FILE", 0, "What hostile HTTP servers achieved: a file of the test http_hostile", 0},
    {"strict", 's', NULL, 0, "With a baseline: exit status 4 when of some row nobody can tell", 0},
    {"force", 'f', NULL, 0, "Compare with a baseline of another machine, build or library all the same, and mark it",
     0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state) {
  struct options *options = state->input;
  switch (key) {
  case 'o':
    options->directory = argument;
    return 0;
  case 'b':
    options->baseline = argument;
    return 0;
  case OPTION_GROWTH:
    options->growth = argument;
    return 0;
  case OPTION_FUZZ:
    options->zoo = argument;
    return 0;
  case OPTION_HOSTILE:
    options->hostile = argument;
    return 0;
  case 's':
    options->strict = true;
    return 0;
  case 'f':
    options->force = true;
    return 0;
  case ARGP_KEY_ARG:
    options->files = allocation_append(options->files, options->file_count, sizeof *options->files);
    options->files[options->file_count++] = argument;
    return 0;
  case ARGP_KEY_END:
    if (options->file_count == 0)
      argp_error(state, "no result file given: weir-report results.json -o DIR");
    if (options->directory == NULL || *options->directory == '\0')
      argp_error(state, "no folder given for the report: add -o DIR");
    if (options->baseline == NULL && (options->strict || options->force))
      argp_error(state, "--strict and --force speak of a baseline: add --baseline=FILE");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp argp = {option_table,
                                 parse_option,
                                 "results.json…",
                                 "Makes a report from the results of weir-bench.\vThe report is a folder of HTML "
                                 "pages that need no network and no script, the data they were made from, and a "
                                 "Markdown summary. Several files are taken as several runs of the same sweep: "
                                 "repetitions of one row are put together. With a baseline every row is "
                                 "called changed, not changed or cannot tell; both files should come from weir-bench "
                                 "--processes=N with N of 10 or more.\n\n"
                                 "Exit status: 0 done, 1 the report could not be made here, 2 bad usage or bad input, "
                                 "3 a row is slower than in the baseline, 4 nobody can tell of some row (--strict).",
                                 NULL,
                                 NULL,
                                 NULL};

static int complain(enum exit_status status, const char *text) {
  fprintf(stderr, "weir-report: %s\n", text);
  return status;
}

/* What the files hold. */
struct input {
  struct results results, baseline;
  struct growth growth;
  struct zoo zoo;
  struct hostile hostile;
};

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
  add_raw(raws, count, allocation_string(name), what, document->path, document->content, document->size);
}

/* Every file that was read, under a name of ours; free it with raws_free. */
static struct raw *raws_of(const struct input *input, const struct options *options, size_t *count) {
  struct raw *raws = NULL;
  *count = 0;
  add_results(&raws, count, "results", "results of weir-bench", &input->results);
  add_results(&raws, count, "baseline", "the baseline", &input->baseline);
  if (options->growth != NULL)
    add_document(&raws, count, "data/growth.json", "live bytes over messages, and verdicts", &input->growth.document);
  if (options->zoo != NULL)
    add_document(&raws, count, "data/zoo.json", "trials of every strategy at every entry", &input->zoo.document);
  if (options->hostile != NULL)
    add_document(&raws, count, "data/hostile.json", "the hostile servers", &input->hostile.document);
  return raws;
}

static void raws_free(struct raw *raws, size_t count) {
  for (size_t i = 0; i < count; i++)
    free((char *)raws[i].name);
  free(raws);
}

static int make_report(const struct input *input, const struct changes *changes, const char *objection,
                       const struct options *options) {
  const struct results *results = &input->results;
  struct problem problem;
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
                          .growth = options->growth == NULL ? NULL : &input->growth,
                          .zoo = options->zoo == NULL ? NULL : &input->zoo,
                          .hostile = options->hostile == NULL ? NULL : &input->hostile};
  struct raw *raws = raws_of(input, options, &report.raw_count);
  report.raws = raws;
  bool good = site_write(options->directory, &report, &problem);
  raws_free(raws, report.raw_count);
  story_free(&story);
  comparison_free(&comparison);
  sweep_free(&sweep);
  steady_free(&steady);
  return good ? EXIT_DONE : complain(EXIT_MACHINE, problem.text);
}

/* The report, the verdicts in it, and the exit status they make. */
static int compare_and_report(const struct input *input, const struct options *options) {
  const struct results *results = &input->results, *baseline = &input->baseline;
  if (baseline->source_count == 0)
    return make_report(input, NULL, NULL, options);
  char *objection = likeness_objection(baseline, results);
  if (objection != NULL && !options->force) {
    struct problem problem;
    problem_set(&problem, "unlike things are not compared: %.900s (--force does, and marks it)", objection);
    free(objection);
    return complain(EXIT_INPUT, problem.text);
  }
  struct changes changes = changes_of(baseline, results);
  int status = make_report(input, &changes, objection, options);
  if (status == EXIT_DONE) {
    printf("weir-report: %zu rows slower than in the baseline, %zu faster, %zu not changed, %zu cannot tell\n",
           changes.slower, changes.faster, changes.words[CHANGE_NOT_CHANGED], changes.words[CHANGE_CANNOT_TELL]);
    if (changes.slower > 0)
      status = EXIT_SLOWER;
    else if (options->strict && (changes.words[CHANGE_CANNOT_TELL] > 0 || changes.count == 0 || changes.gone > 0))
      status = EXIT_UNSURE;
  }
  changes_free(&changes);
  free(objection);
  return status;
}

static void announce(const struct results *results, const char *directory) {
  size_t failed = 0;
  for (size_t i = 0; i < results->count; i++)
    failed += results->cells[i].failures > 0;
  printf("weir-report: %s/index.html and summary.md from %zu rows", directory, results->count);
  if (failed > 0)
    printf(", %zu of which failed at least once", failed);
  putchar('\n');
}

static bool read_input(struct input *input, const struct options *options, struct problem *problem) {
  for (size_t i = 0; i < options->file_count; i++)
    if (!results_read(&input->results, options->files[i], RESULTS_SIZE_LIMIT, problem))
      return false;
  if (options->baseline != NULL && !results_read(&input->baseline, options->baseline, RESULTS_SIZE_LIMIT, problem))
    return false;
  if (options->growth != NULL && !growth_read(&input->growth, options->growth, problem))
    return false;
  if (options->zoo != NULL && !zoo_read(&input->zoo, options->zoo, problem))
    return false;
  if (options->hostile != NULL && !hostile_read(&input->hostile, options->hostile, problem))
    return false;
  results_finish(&input->results);
  if (options->baseline != NULL)
    results_finish(&input->baseline);
  return true;
}

int main(int argc, char **argv) {
  struct options options = {0};
  struct input input = {0};
  struct problem problem;
  argp_err_exit_status = EXIT_INPUT;
  argp_parse(&argp, argc, argv, 0, NULL, &options);
  int status = read_input(&input, &options, &problem) ? compare_and_report(&input, &options)
                                                      : complain(EXIT_INPUT, problem.text);
  if (status == EXIT_DONE || status > EXIT_INPUT)
    announce(&input.results, options.directory);
  results_free(&input.results);
  results_free(&input.baseline);
  growth_free(&input.growth);
  zoo_free(&input.zoo);
  hostile_free(&input.hostile);
  free(options.files);
  return status;
}
