/* weir-growth — does the memory of scenario programs grow, and where? Runs each with --growth, in a process of its own,
 * and gives one answer.
 *
 * A program is believed only when its output says whose verdict it is and its exit status is the verdict's: /bin/true is
 * not flat. What a program prints is kept until it has ended, so that nothing of one that fails is taken for an answer.
 *
 * Rejected: loading the scenario into this process (its crash would be the tool's); a protocol of readings, judged here
 * (the verdict is a library call, the same for all).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_FLAT = 0, EXIT_GROWS = 1, EXIT_BAD = 2, EXIT_UNSURE = 4, FORWARDED_MOST = 16, VERDICT_SIZE = 16 };

static const char help[] =
    "usage: weir-growth [options] PROGRAM…\n"
    "PROGRAM is one that weir_add_scenario has made. Its scenario runs again and again in real time; after each round "
    "the\n"
    "program settles, and what is alive is compared with the rounds before, by kind and line.\n"
    "  --rounds=R        rounds (default: 1000, at least 8)\n"
    "  --operations=N    times the scenario runs in a round (default: 1)\n"
    "  --soak=SECONDS    instead of --rounds: for so long, and read while the load runs\n"
    "  --budget=BYTES    an operation, that are not called growth (default: 0)\n"
    "  --mode=MODE       timers: classic or prompt (default: what the scenario asks for)\n"
    "  --workers=N       1 to 8 (default: 1)\n"
    "  --json[=FILE]     one JSON object with all verdicts, on standard output or in FILE\n"
    "exit status: 0 flat, 1 one grows, 4 none grows and one is unsure, 2 bad input, or a program failed\n";

struct options {
  char *forwarded[FORWARDED_MOST + 4]; /* for exec: the program, --growth, …, NULL */
  int forwarded_count;
  bool json;
  const char *file;
  char **programs;
  int program_count;
};

struct answer {
  char *text;
  size_t length;
  int status; /* EXIT_… */
};

static _Noreturn void refuse(const char *what, const char *why) {
  fprintf(stderr, "weir-growth: %s: %s\n", what, why);
  exit(EXIT_BAD);
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

static bool is_forwarded(const char *argument) {
  static const char *const names[] = {"--rounds=", "--operations=", "--soak=", "--budget=", "--mode=", "--workers="};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strncmp(argument, names[i], strlen(names[i])) == 0)
      return true;
  return false;
}

static void take_option(struct options *options, char *argument) {
  if (strcmp(argument, "--help") == 0) {
    fputs(help, stdout);
    exit(EXIT_FLAT);
  } else if (strcmp(argument, "--json") == 0) {
    options->json = true;
  } else if (strncmp(argument, "--json=", strlen("--json=")) == 0) {
    options->json = true;
    options->file = argument + strlen("--json=");
  } else if (!is_forwarded(argument)) {
    refuse(argument, "no such option, or its value is missing; --help lists them");
  } else if (options->forwarded_count == FORWARDED_MOST) {
    refuse(argument, "too many options; each one once is enough");
  } else {
    options->forwarded[options->forwarded_count++] = argument;
  }
}

static void parse(struct options *options, int count, char **arguments) {
  *options = (struct options){.forwarded = {NULL, "--growth"}, .forwarded_count = 2};
  int i = 1;
  for (; i < count && strncmp(arguments[i], "--", 2) == 0; i++)
    take_option(options, arguments[i]);
  options->programs = arguments + i;
  options->program_count = count - i;
  if (options->program_count == 0)
    refuse("no program", "name one that weir_add_scenario has made; --help says more");
  for (; i < count; i++)
    if (strncmp(arguments[i], "--", 2) == 0)
      refuse(arguments[i], "options stand before the programs");
  if (options->json)
    options->forwarded[options->forwarded_count++] = "--json";
}

/* ---- one program ------------------------------------------------------------------------------------------------- */

static void read_all(int end, struct answer *answer) {
  FILE *stream = open_memstream(&answer->text, &answer->length);
  if (stream == NULL)
    refuse("memory", strerror(errno));
  char buffer[4096];
  for (ssize_t got; (got = read(end, buffer, sizeof buffer)) != 0;)
    if (got > 0)
      fwrite(buffer, 1, (size_t)got, stream);
    else if (errno != EINTR)
      break;
  if (fclose(stream) != 0)
    refuse("memory", strerror(errno));
}

static _Noreturn void become(struct options *options, char *program, int output) {
  dup2(output, STDOUT_FILENO);
  options->forwarded[0] = program;
  execvp(program, options->forwarded);
  fprintf(stderr, "weir-growth: %s: %s\n", program, strerror(errno));
  _exit(EXIT_BAD);
}

static bool begins(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

static void judge(const struct options *options, const char *program, int status, struct answer *answer) {
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_BAD;
  bool verdict = code == EXIT_FLAT || code == EXIT_GROWS || code == EXIT_UNSURE;
  answer->status = EXIT_BAD;
  if (WIFSIGNALED(status))
    fprintf(stderr, "weir-growth: %s: ended by signal %d (%s): no verdict\n", program, WTERMSIG(status),
            strsignal(WTERMSIG(status)));
  else if (verdict && begins(answer->text, options->json ? "{\"name\":" : "growth of "))
    answer->status = code;
  else if (code != EXIT_BAD || answer->length > 0)
    fprintf(stderr,
            "weir-growth: %s: no verdict (exit status %d): is it a program that weir_add_scenario has made, with this "
            "version of Weir?\n",
            program, code);
}

static struct answer ask(struct options *options, char *program) {
  struct answer answer = {0};
  int ends[2], status = 0;
  fflush(NULL);
  if (pipe(ends) != 0)
    refuse("pipe", strerror(errno));
  pid_t child = fork();
  if (child < 0)
    refuse("fork", strerror(errno));
  if (child == 0) {
    close(ends[0]);
    become(options, program, ends[1]);
  }
  close(ends[1]);
  read_all(ends[0], &answer);
  close(ends[0]);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  judge(options, program, status, &answer);
  return answer;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static const char *status_name(int status) {
  return status == EXIT_FLAT ? "flat" : status == EXIT_GROWS ? "grows" : status == EXIT_UNSURE ? "unsure" : "failed";
}

/* What is worse decides: failed, grows, unsure, flat. */
static int worse(int one, int other) {
  static const int order[] = {EXIT_BAD, EXIT_GROWS, EXIT_UNSURE};
  for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
    if (one == order[i] || other == order[i])
      return order[i];
  return EXIT_FLAT;
}

int main(int count, char **arguments) {
  struct options options;
  parse(&options, count, arguments);
  FILE *stream = options.file == NULL ? stdout : fopen(options.file, "w");
  if (stream == NULL)
    refuse(options.file, strerror(errno));
  int *statuses = calloc((size_t)options.program_count, sizeof *statuses), all = EXIT_FLAT;
  if (statuses == NULL)
    refuse("memory", strerror(errno));
  const char *separator = "";
  if (options.json)
    fputs("{\"schema\":\"weir-growth-1\",\"verdicts\":[", stream);
  for (int i = 0; i < options.program_count; i++) {
    struct answer answer = ask(&options, options.programs[i]);
    if (answer.status != EXIT_BAD) {
      fprintf(stream, "%s%s", separator, answer.text);
      separator = options.json ? "," : "\n";
    }
    statuses[i] = answer.status;
    all = worse(all, answer.status);
    free(answer.text);
  }
  if (options.json)
    fputs("]}\n", stream);
  if (options.file != NULL || (!options.json && options.program_count > 1))
    for (int i = 0; i < options.program_count; i++)
      printf("%s%-7s %s\n", i == 0 && options.file == NULL ? "\n" : "", status_name(statuses[i]), options.programs[i]);
  free(statuses);
  if (ferror(stream) || fclose(stream) != 0)
    refuse(options.file == NULL ? "standard output" : options.file, "the verdicts could not be written");
  return all;
}
