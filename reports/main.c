/* main.c — weir-report: result files in, a site and a summary out.
 *
 * Exit status: 0 the site stands; 2 bad usage or bad input, and nothing has been written; 1 the machine's fault (no
 * gnuplot, no space); against a baseline also 3 when a row is slower, and with --strict 4 when of some row nobody can
 * tell, both with the report written. `weir-report verify` ends with 0 or 3, or as above. */
#include "allocation.h"
#include "input.h"
#include "likeness.h"
#include "verify.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum exit_status {
  EXIT_DONE = 0,
  EXIT_MACHINE = 1,
  EXIT_INPUT = 2,
  EXIT_SLOWER = 3,
  EXIT_DIFFERS = 3,
  EXIT_UNSURE = 4
};

/* Those without a letter. */
enum option_key { OPTION_GROWTH = 256, OPTION_FUZZ, OPTION_HOSTILE };

struct options {
  const char *directory;
  struct input_files files;
  bool strict, force;
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
    options->files.baseline = argument;
    return 0;
  case OPTION_GROWTH:
    options->files.growth = argument;
    return 0;
  case OPTION_FUZZ:
    options->files.zoo = argument;
    return 0;
  case OPTION_HOSTILE:
    options->files.hostile = argument;
    return 0;
  case 's':
    options->strict = true;
    return 0;
  case 'f':
    options->force = true;
    return 0;
  case ARGP_KEY_ARG:
    options->files.results =
        allocation_append(options->files.results, options->files.result_count, sizeof *options->files.results);
    options->files.results[options->files.result_count++] = argument;
    return 0;
  case ARGP_KEY_END:
    if (options->files.result_count == 0)
      argp_error(state, "no result file given: weir-report results.json -o DIR");
    if (options->directory == NULL || *options->directory == '\0')
      argp_error(state, "no folder given for the report: add -o DIR");
    if (options->files.baseline == NULL && (options->strict || options->force))
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
                                 "weir-report verify DIR computes a site once more from its raw data and says what "
                                 "differs; see weir-report verify --help.\n\n"
                                 "Exit status: 0 done, 1 the report could not be made here, 2 bad usage or bad input, "
                                 "3 a row is slower than in the baseline, 4 nobody can tell of some row (--strict).",
                                 NULL,
                                 NULL,
                                 NULL};

static int complain(enum exit_status status, const char *text) {
  fprintf(stderr, "weir-report: %s\n", text);
  return status;
}

static int make_report(const struct input *input, const struct changes *changes, const char *objection,
                       const struct options *options) {
  struct problem problem;
  return input_publish(input, changes, objection, options->directory, &problem) ? EXIT_DONE
                                                                                : complain(EXIT_MACHINE, problem.text);
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

/* weir-report verify SITE */
static error_t parse_verify(int key, char *argument, struct argp_state *state) {
  const char **directory = state->input;
  switch (key) {
  case ARGP_KEY_ARG:
    if (*directory != NULL)
      argp_error(state, "one site at a time: %s or %s", *directory, argument);
    *directory = argument;
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_error(state, "no site given: weir-report verify DIR");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp verify_argp = {
    NULL,
    parse_verify,
    "DIR",
    "Computes a site once more from the raw data in it, and says where its pages and its "
    "summary say something else.\v"
    "Exit status: 0 all is as the data give it, 1 it could not be computed here, "
    "2 bad usage, or no site of this weir-report, 3 something differs.",
    NULL,
    NULL,
    NULL};

static int verify(int argc, char **argv) {
  const char *directory = NULL;
  argp_parse(&verify_argp, argc, argv, 0, NULL, &directory);
  struct problem problem;
  size_t differences = 0;
  switch (verify_site(directory, stdout, &differences, &problem)) {
  case VERIFY_UNREADABLE:
    return complain(EXIT_INPUT, problem.text);
  case VERIFY_MACHINE:
    return complain(EXIT_MACHINE, problem.text);
  case VERIFY_DONE:
    break;
  }
  if (differences == 0)
    printf("weir-report: %s: every page and the summary are what the raw data give\n", directory);
  return differences == 0 ? EXIT_DONE : EXIT_DIFFERS;
}

int main(int argc, char **argv) {
  struct options options = {0};
  struct input input = {0};
  struct problem problem;
  argp_err_exit_status = EXIT_INPUT;
  if (argc > 1 && strcmp(argv[1], "verify") == 0) {
    argv[1] = allocation_format("%s verify", argv[0]); /* what its messages begin with */
    int verified = verify(argc - 1, argv + 1);
    free(argv[1]);
    return verified;
  }
  argp_parse(&argp, argc, argv, 0, NULL, &options);
  int status = input_read(&input, &options.files, &problem) ? compare_and_report(&input, &options)
                                                            : complain(EXIT_INPUT, problem.text);
  if (status == EXIT_DONE || status > EXIT_INPUT)
    announce(&input.results, options.directory);
  input_free(&input);
  free(options.files.results);
  return status;
}
