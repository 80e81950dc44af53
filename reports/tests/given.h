/* given.h — result files made on the spot, for tests that check what becomes of them. */
#ifndef REPORTS_TESTS_GIVEN_H
#define REPORTS_TESTS_GIVEN_H

#include "results.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GIVEN_CONTEXT "{\"context\": {\"weir_schema\": \"1\"}, \"benchmarks\": ["
#define GIVEN_END     "]}"

/* One good repetition; `more` is "" or further fields, each with a comma before it. */
#define GIVEN_ROW(name, time, more)                                                                                    \
  "{\"name\": \"" name "\", \"run_type\": \"iteration\", \"time_unit\": \"ns\", \"real_time\": " time more "}"

/* Reads `content` as a file; what a refusal says about the file's name is replaced by FILE. */
static inline bool given_read(struct results *results, const char *content, size_t limit, struct problem *problem) {
  char path[] = "test-results-XXXXXX";
  int descriptor = mkstemp(path);
  if (descriptor < 0 || write(descriptor, content, strlen(content)) != (ssize_t)strlen(content)) {
    perror(path);
    exit(1);
  }
  close(descriptor);
  bool good = results_read(results, path, limit, problem);
  unlink(path);
  if (!good && strncmp(problem->text, path, strlen(path)) == 0) {
    char rest[sizeof problem->text];
    snprintf(rest, sizeof rest, "FILE%s", problem->text + strlen(path));
    memcpy(problem->text, rest, sizeof rest);
  }
  return good;
}

/* A file of good rows, made row by row. */
struct given {
  FILE *stream;
  char *text;
  size_t size;
  bool any;
};

static inline void given_begin(struct given *given) {
  *given = (struct given){0};
  given->stream = open_memstream(&given->text, &given->size);
  fputs(GIVEN_CONTEXT, given->stream);
}

/* `more` is "" or further fields, each with a comma before it. */
static inline void given_rows(struct given *given, int repetitions, const char *name, double time, const char *more) {
  for (int i = 0; i < repetitions; i++) {
    fprintf(given->stream,
            "%s{\"name\": \"%s\", \"run_type\": \"iteration\", \"time_unit\": \"ns\", \"real_time\": %.17g%s}",
            given->any ? ", " : "", name, time, more);
    given->any = true;
  }
}

static inline void given_row(struct given *given, const char *name, double time, const char *more) {
  given_rows(given, 1, name, time, more);
}

static inline void given_failed(struct given *given, const char *name, const char *message) {
  fprintf(given->stream,
          "%s{\"name\": \"%s\", \"run_type\": \"iteration\", \"error_occurred\": true, \"error_message\": \"%s\", "
          "\"real_time\": 0.0}",
          given->any ? ", " : "", name, message);
  given->any = true;
}

static inline struct results given_end(struct given *given) {
  struct results results = {0};
  struct problem problem;
  fputs(GIVEN_END, given->stream);
  fclose(given->stream);
  if (!given_read(&results, given->text, RESULTS_SIZE_LIMIT, &problem)) {
    fprintf(stderr, "the test's own results are refused: %s\n", problem.text);
    exit(1);
  }
  results_finish(&results);
  free(given->text);
  return results;
}

#endif
