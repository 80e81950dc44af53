/* hostile_test.c — plays every row of FACTS.md's table of hostile servers, and more, each in a process of its own.
 *
 *   http_hostile [--json=FILE] [--fault=NAME] [ROW]
 *
 * Prints the table as it was computed. Exit code 0 when all rows are as expected, 1 when one is not or a number of the
 * table has no row, 2 for wrong usage. With a fault (a canary: the harness does or expects something wrong) the code is 1
 * when every row came to its end and noticed, and 0 for anything else: the test of a canary is one that will fail.
 */
#include "check.h"
#include "report.h"
#include "row.h"
#include "workers.h"

#include <sys/mman.h>

static const char *const fault_names[FAULTS] = {
    [FAULT_NONE] = "none",         [FAULT_ERROR] = "error",     [FAULT_STAGE] = "stage",
    [FAULT_STATUS] = "status",     [FAULT_BODY] = "body",       [FAULT_KEPT] = "kept",
    [FAULT_REQUESTS] = "requests", [FAULT_POISON] = "poison",   [FAULT_DESCRIPTOR] = "descriptor",
    [FAULT_RESPONSE] = "response", [FAULT_TASK] = "task",       [FAULT_MEMORY] = "memory",
    [FAULT_UNSEEN] = "unseen",     [FAULT_SWALLOW] = "swallow",
};

static bool canary;

struct options {
  const char *json;
  const char *row;
};

static int usage(const char *program) {
  fprintf(stderr, "usage: %s [--json=FILE] [--fault=NAME] [ROW]\nfaults:", program);
  for (int i = 0; i < FAULTS; i++)
    fprintf(stderr, " %s", fault_names[i]);
  fputs("\n", stderr);
  return canary ? 0 : 2;
}

static bool take_fault(const char *name) {
  for (int i = 0; i < FAULTS; i++)
    if (strcmp(name, fault_names[i]) == 0) {
      planted = (enum fault)i;
      return true;
    }
  return false;
}

static bool take_options(struct options *options, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    canary |= strncmp(argv[i], "--fault=", 8) == 0;
    if (strncmp(argv[i], "--json=", 7) == 0)
      options->json = argv[i] + 7;
    else if (strncmp(argv[i], "--fault=", 8) == 0 ? !take_fault(argv[i] + 8) : argv[i][0] == '-')
      return false;
    else if (argv[i][0] != '-')
      options->row = argv[i];
  }
  return true;
}

static size_t gather(const struct row *all[ROWS_MOST], const char *name) {
  const struct rows groups[] = {framing_rows(),  head_rows(),    reuse_rows(),  time_rows(),
                                redirect_rows(), content_rows(), upload_rows(), tls_rows()};
  size_t count = 0;
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
    for (size_t k = 0; k < groups[i].count; k++)
      if (name == NULL || strcmp(name, groups[i].rows[k].name) == 0) {
        CHECK(count < ROWS_MOST);
        all[count++] = &groups[i].rows[k];
      }
  return count;
}

/* A row in a process of its own; a crash there is a row that did not come to its end. */
static void play_apart(const struct row *row, struct outcome *outcome) {
  int status;
  fflush(NULL);
  const pid_t process = fork();
  CHECK(process >= 0);
  if (process == 0) {
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    play_row(row, outcome, test_workers());
    exit(0);
  }
  CHECK(waitpid(process, &status, 0) == process);
  if (!canary && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
    outcome->finished = false; /* a leak is found at the very end, too */
}

static bool complete(const struct row *const *rows, size_t count) {
  bool all = true;
  for (int number = 1; number <= NUMBERS; number++) {
    bool found = false;
    for (size_t i = 0; i < count; i++)
      found |= rows[i]->number == number;
    if (!found)
      printf("number %d has no row\n", number);
    all &= found;
  }
  return all;
}

int main(int argc, char **argv) {
  struct options options = {0};
  const struct row *rows[ROWS_MOST];
  if (!take_options(&options, argc, argv))
    return usage(argv[0]);
  size_t count = gather(rows, options.row);
  if (count == 0)
    return usage(argv[0]);
  struct outcome *outcomes =
      mmap(NULL, count * sizeof *outcomes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(outcomes != MAP_FAILED);
  size_t failed = 0;
  for (size_t i = 0; i < count; i++) {
    char why[1024];
    play_apart(rows[i], &outcomes[i]);
    bool ok = judge(rows[i], &outcomes[i], why, sizeof why);
    failed += !ok && (!canary || outcomes[i].finished);
    report_line(rows[i], &outcomes[i]);
  }
  printf("%zu rows, %zu failed\n", count, failed);
  if (options.json != NULL)
    report_json(options.json, rows, outcomes, count, test_workers());
  if (canary)
    return failed == count;
  return failed != 0 || (options.row == NULL && !complete(rows, count));
}
