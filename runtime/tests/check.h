/* check.h — the test harness: checks, a table of named cases, and one child process a case.
 *
 *     static void adds(void) { CHECK_EQ_INT(1 + 1, 2); }
 *     static const struct check_case cases[] = {CHECK_CASE(adds)};
 *     CHECK_MAIN(cases)
 *
 * PROGRAM runs every case, PROGRAM NAME runs one. The exit code is 0 when all passed, 1 when one failed, 2 for a name
 * that is not in the table.
 *
 * Invariants
 *   - Each case runs in a forked child, forked before any run starts, so that a crash hides no other case and no case
 *     sees what another left behind.
 *   - A failed CHECK prints file, line, expression and values, and ends its process at once by _Exit(1). Nothing is
 *     unwound, so it may stand in a task, in a deferred function and in a signal's aftermath. It needs about 4 KiB of
 * stack.
 *   - A case that returns ends by exit(), so that LeakSanitizer still looks at the child.
 *   - A case that returns leaves no object of the library behind: the census must be the one that it began with, else
 *     the case fails and the lines that made them are printed, unless it has said plants_leak(). needs_books() skips a
 *     case, visibly, where the library was built without.
 *
 * Rejected: leaving a failed case by longjmp (undefined across task stacks); counting failures and going on (the first
 * one is the cause, the rest are noise, and a task that goes on after a failed check may block for ever).
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/census.h>

/* ---- checks ---------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static inline _Noreturn void check_fail(const char *file, int line,
                                                                              const char *format, ...) {
  char text[2048];
  int length = snprintf(text, sizeof text, "%s:%d: CHECK failed: ", file, line);
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(text + length, sizeof text - (size_t)length, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof text - 2)
    length = (int)sizeof text - 2;
  text[length++] = '\n';
  fflush(stdout);
  if (write(STDERR_FILENO, text, (size_t)length) != length)
    _Exit(3);
  _Exit(1);
}

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      check_fail(__FILE__, __LINE__, "%s", #condition);                                                                \
  } while (0)

/* Compares integers of any type up to intmax_t: CHECK_INT(count, >=, 3). */
#define CHECK_INT(a, relation, b) CHECK_RELATION(a, relation, b, #a " " #relation " " #b)
#define CHECK_EQ_INT(a, b)        CHECK_RELATION(a, ==, b, #a " == " #b)
#define CHECK_RELATION(a, relation, b, text)                                                                           \
  do {                                                                                                                 \
    const intmax_t check_a = (intmax_t)(a), check_b = (intmax_t)(b);                                                   \
    if (!(check_a relation check_b))                                                                                   \
      check_fail(__FILE__, __LINE__, "%s: %jd, %jd", text, check_a, check_b);                                          \
  } while (0)

#define CHECK_STR(a, b)                                                                                                \
  do {                                                                                                                 \
    const char *const check_a = (a), *const check_b = (b);                                                             \
    if (!check_strings_equal(check_a, check_b))                                                                        \
      check_fail(__FILE__, __LINE__, "%s equals %s: \"%s\", \"%s\"", #a, #b, check_shown(check_a),                     \
                 check_shown(check_b));                                                                                \
  } while (0)

/* The text holds the part, or does not. */
#define CHECK_CONTAINS(text, part) CHECK_SEARCH(text, part, 1)
#define CHECK_LACKS(text, part)    CHECK_SEARCH(text, part, 0)
#define CHECK_SEARCH(text, part, expected)                                                                             \
  do {                                                                                                                 \
    const char *const check_text = (text), *const check_part = (part);                                                 \
    if ((strstr(check_text, check_part) != NULL) != (expected))                                                        \
      check_fail(__FILE__, __LINE__, "%s %s \"%s\", in:\n%s", #text, (expected) ? "contains" : "lacks", check_part,    \
                 check_text);                                                                                          \
  } while (0)

static inline int check_strings_equal(const char *a, const char *b) {
  return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static inline const char *check_shown(const char *text) {
  return text == NULL ? "(NULL)" : text;
}

/* ---- child processes ------------------------------------------------------------------------------------------- */

/* How a child ended, and what it wrote to standard output and standard error. */
struct check_child {
  int status; /* as from waitpid */
  size_t length;
  char output[16384];
};

static inline _Noreturn void check_child_main(void (*run)(void)) {
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  run();
  exit(0);
}

/* Runs run() in a child and waits for its end. Call it outside a run. Output beyond the buffer is read and dropped. */
static inline void check_child_run(struct check_child *child, void (*run)(void)) {
  int ends[2];
  fflush(NULL);
  CHECK(pipe(ends) == 0);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    check_child_main(run);
  }
  close(ends[1]);
  char rest[1024];
  child->length = 0;
  for (;;) {
    const size_t room = sizeof child->output - 1 - child->length;
    const ssize_t got = read(ends[0], room ? child->output + child->length : rest, room ? room : sizeof rest);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    child->length += room ? (size_t)got : 0;
  }
  child->output[child->length] = '\0';
  close(ends[0]);
  CHECK(waitpid(pid, &child->status, 0) == pid);
}

/* True when the child did not end well: by a signal or with a code other than 0. */
static inline int check_child_died(const struct check_child *child) {
  return !WIFEXITED(child->status) || WEXITSTATUS(child->status) != 0;
}

/* ---- cases ----------------------------------------------------------------------------------------------------- */

struct check_case {
  const char *name;
  void (*run)(void);
  void (*run_with)(int value); /* instead of run, for rows of a table */
  int value;
};

#define CHECK_CASE(function)                                                                                           \
  { #function, function, NULL, 0 }
#define CHECK_CASE_WITH(name, function, value)                                                                         \
  { name, NULL, function, value }

enum { CHECK_SKIPPED = 77 };

/* The case says something about the books, which the library may have been built without. */
static inline void needs_books(void) {
#ifdef WEIR_WITHOUT_BOOKS
  _Exit(CHECK_SKIPPED);
#endif
}

/* The case plants a leak: what it leaves is its point, or was held by tasks that a run ended under. */
static bool check_leak_planted;

static inline void plants_leak(void) {
  check_leak_planted = true;
}

/* Nothing of the library is left that was not there before. */
static inline void check_census_is(const struct weir_census *before) {
  struct weir_census after;
  CHECK_EQ_INT(weir_census_take(&after), 0);
  fflush(stdout);
  const int differs = weir_census_compare(before, &after, stderr);
  if (differs != 0)
    check_fail(__FILE__, __LINE__, "the case leaves what is alive as it found it");
  weir_census_free(&after);
}

static inline _Noreturn void check_case_main(const struct check_case *the_case) {
  struct weir_census before;
  const int taken = weir_census_take(&before);
  if (the_case->run != NULL)
    the_case->run();
  else
    the_case->run_with(the_case->value);
  if (taken == 0 && !check_leak_planted)
    check_census_is(&before);
  weir_census_free(&before);
  exit(0);
}

/* Runs one case in a child. True when it passed. */
static inline int check_case_run(const struct check_case *the_case) {
  int status;
  fflush(NULL);
  const pid_t pid = fork();
  if (pid == 0)
    check_case_main(the_case);
  if (pid < 0 || waitpid(pid, &status, 0) != pid) {
    printf("FAILED %s (no child: %s)\n", the_case->name, strerror(errno));
    return 0;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    printf("ok %s\n", the_case->name);
  else if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_SKIPPED)
    printf("skipped %s (the library was built without books)\n", the_case->name);
  else if (WIFSIGNALED(status))
    printf("FAILED %s (signal %d, %s)\n", the_case->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
  else
    printf("FAILED %s (exit status %d)\n", the_case->name, WEXITSTATUS(status));
  return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CHECK_SKIPPED);
}

static inline int check_main(const struct check_case *cases, size_t count, int argc, char **argv) {
  size_t ran = 0, failed = 0;
  for (size_t i = 0; i < count; i++) {
    if (argc > 1 && strcmp(argv[1], cases[i].name) != 0)
      continue;
    ran++;
    failed += !check_case_run(&cases[i]);
  }
  if (ran == 0) {
    fprintf(stderr, "%s: no case is named \"%s\"; without a name all %zu run\n", argv[0], argc > 1 ? argv[1] : "",
            count);
    return 2;
  }
  printf("%zu cases, %zu failed\n", ran, failed);
  return failed != 0;
}

#define CHECK_MAIN(cases)                                                                                              \
  int main(int argc, char **argv) {                                                                                    \
    return check_main((cases), sizeof(cases) / sizeof(cases)[0], argc, argv);                                          \
  }

#endif
