/* bench/peers/tests/protocol_check.c — starts a peer and holds it to the protocol of ../README.md.
 *
 *     protocol_check PROGRAM [ARGUMENT…]      exit 0 kept, 1 broken (and says where), 2 usage
 *
 * Every benchmark the peer lists is run with few operations, a pattern once with small numbers for its stars; the answer
 * must name it, count what was asked for and hold the fields of its family. What the peer cannot do or understand must be
 * answered by an error that a person can read, with the peer alive behind it. The first fault ends the check. */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPERATIONS = 30, NAME_SIZE = 256, LONG_LINE = 100000 };

struct peer {
  pid_t pid;
  FILE *requests;
  FILE *answers;
};

/* What stands for a star behind each key. Small, but with several publishers and a subscriber that never receives. */
static const struct {
  const char *key;
  const char *number;
} stars[] = {
    {"subscribers:", "20"}, {"concurrency:", "3"}, {"capacity:", "2"}, {"timeout_ms:", "5"}, {"pace_ms:", "10"}};

/* The fields a family must have beside ns and count. */
static const struct {
  const char *begins;
  const char *contains;
  const char *fields[8];
} families[] = {
    {"broadcast/", "/load:slow/", {"timeouts", "ns_per_timeout", "round_p99_ns"}},
    {"broadcast/", "/load:exit/", {"timeouts", "exits"}},
    {"steady/",
     "",
     {"rate", "timers_pending", "timers_abandoned", "live_bytes", "bytes_per_timer", "timeout_ns", "seconds",
      "steady"}},
    {"growth/",
     "",
     {"messages@40", "seconds@40", "live_bytes@40", "before_collection@40", "pending@40", "abandoned@40"}},
    {"timer/bytes/", "", {"bytes_per_timer"}},
    {"wake/latency", "", {"p50_ns", "p99_ns", "p999_ns"}},
    {"parked/", "", {"bytes_per_task", "cold_make_ns", "cold_wake_ns"}},
    {"scaling/", "", {"overlap"}},
    {"http/open_loop/", "", {"p50_ns", "p99_ns", "p999_ns"}},
    {"http/", "", {"cpu_ns"}},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

__attribute__((format(printf, 1, 2), noreturn)) static void broken(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("protocol_check: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

static struct peer start(char **command) {
  int requests[2], answers[2];
  if (pipe(requests) != 0 || pipe(answers) != 0) {
    broken("cannot make a pipe: %s", strerror(errno));
  }
  pid_t pid = fork();
  if (pid < 0) {
    broken("cannot start a process: %s", strerror(errno));
  }
  if (pid == 0) {
    dup2(requests[0], STDIN_FILENO);
    dup2(answers[1], STDOUT_FILENO);
    close(requests[0]);
    close(requests[1]);
    close(answers[0]);
    close(answers[1]);
    execv(command[0], command);
    fprintf(stderr, "protocol_check: cannot run %s: %s\n", command[0], strerror(errno));
    _exit(127);
  }
  close(requests[0]);
  close(answers[1]);
  return (struct peer){pid, fdopen(requests[1], "w"), fdopen(answers[0], "r")};
}

/* One line there, one JSON object back. */
static json_t *ask(struct peer *peer, const char *request) {
  if (fprintf(peer->requests, "%s\n", request) < 0 || fflush(peer->requests) != 0) {
    broken("the peer was gone when asked: %.80s", request);
  }
  char *line = NULL;
  size_t size = 0;
  ssize_t length = getline(&line, &size, peer->answers);
  if (length <= 0) {
    broken("no answer to: %.80s", request);
  }
  json_error_t error;
  json_t *answer = json_loadb(line, (size_t)length, 0, &error);
  if (!json_is_object(answer) || line[length - 1] != '\n') {
    broken("the answer to '%.80s' is not one line with a JSON object: %.200s", request, line);
  }
  free(line);
  return answer;
}

static const char *text_in(const json_t *answer, const char *field, const char *request) {
  const char *text = json_string_value(json_object_get(answer, field));
  if (text == NULL || *text == '\0') {
    broken("the answer to '%.80s' has no text in its field %s", request, field);
  }
  return text;
}

static void expect_error(struct peer *peer, const char *request, const char *named) {
  json_t *answer = ask(peer, request);
  const char *message = text_in(answer, "error", request);
  if (strstr(message, named) == NULL) {
    broken("the error for '%.80s' does not name '%s': %.200s", request, named, message);
  }
  json_decref(answer);
}

/* Writes the pattern with a number for each star. */
static void make_name(const char *pattern, char name[NAME_SIZE]) {
  size_t length = 0;
  for (const char *from = pattern; *from != '\0'; from++) {
    const char *piece = NULL;
    for (size_t i = 0; *from == '*' && i < COUNT_OF(stars); i++) {
      size_t key = strlen(stars[i].key);
      if ((size_t)(from - pattern) >= key && strncmp(from - key, stars[i].key, key) == 0) {
        piece = stars[i].number;
      }
    }
    if (*from == '*' && piece == NULL) {
      broken("the pattern %s has a star behind no known key", pattern);
    }
    int written = piece != NULL ? snprintf(name + length, NAME_SIZE - length, "%s", piece)
                                : snprintf(name + length, NAME_SIZE - length, "%c", *from);
    length += (size_t)written;
    if (length >= NAME_SIZE) {
      broken("the name %s is longer than %d characters", pattern, NAME_SIZE - 1);
    }
  }
}

static bool begins(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

static void check_fields(const json_t *answer, const char *name) {
  for (size_t i = 0; i < COUNT_OF(families); i++) {
    if (!begins(name, families[i].begins) || strstr(name, families[i].contains) == NULL) {
      continue;
    }
    for (size_t j = 0; j < COUNT_OF(families[i].fields) && families[i].fields[j] != NULL; j++) {
      if (!json_is_number(json_object_get(answer, families[i].fields[j]))) {
        broken("%s: the answer has no number in its field %s", name, families[i].fields[j]);
      }
    }
  }
}

static void check_benchmark(struct peer *peer, const char *pattern, const char *version) {
  char name[NAME_SIZE], request[NAME_SIZE + 32];
  make_name(pattern, name);
  snprintf(request, sizeof(request), "run %s %d", name, OPERATIONS);
  json_t *answer = ask(peer, request);
  const json_t *error = json_object_get(answer, "error");
  if (error != NULL) {
    broken("%s is listed but fails: %s", name, json_string_value(error));
  }
  if (strcmp(text_in(answer, "name", request), name) != 0) {
    broken("%s: the answer is for %s", name, json_string_value(json_object_get(answer, "name")));
  }
  if (strcmp(text_in(answer, "version", request), version) != 0) {
    broken("%s: the version is no longer %s", name, version);
  }
  const json_t *ns = json_object_get(answer, "ns"), *count = json_object_get(answer, "count");
  if (!json_is_integer(ns) || json_integer_value(ns) <= 0) {
    broken("%s: ns is not a positive integer", name);
  }
  bool rounds =
      begins(name, "broadcast/") || begins(name, "steady/") || begins(name, "growth/") || begins(name, "scaling/");
  json_int_t counted = json_is_integer(count) ? json_integer_value(count) : -1;
  if (rounds ? counted < OPERATIONS : counted != OPERATIONS) {
    broken("%s: count is %lld, expected %s%d", name, (long long)counted, rounds ? "at least " : "", OPERATIONS);
  }
  check_fields(answer, name);
  json_decref(answer);
}

static void check_errors(struct peer *peer, const char *listed) {
  char request[NAME_SIZE + 32];
  static const char *const words[] = {"", " ", "run", "list list", "frobnicate", "\"quoted\\", "\xff\x01"};
  expect_error(peer, "run no/such/benchmark/workers:1 5", "no/such/benchmark");
  snprintf(request, sizeof(request), "run %s", listed);
  expect_error(peer, request, "");
  static const char *const numbers[] = {"0", "-1", "1x", "99999999999999999999", "5 5"};
  for (size_t i = 0; i < COUNT_OF(numbers); i++) {
    snprintf(request, sizeof(request), "run %s %s", listed, numbers[i]);
    expect_error(peer, request, numbers[i]);
  }
  for (size_t i = 0; i < COUNT_OF(words); i++) {
    expect_error(peer, words[i], "");
  }
  char *endless = malloc(LONG_LINE + 1);
  if (endless == NULL) {
    broken("no memory for a line of %d characters", LONG_LINE);
  }
  memset(endless, 'x', LONG_LINE);
  endless[LONG_LINE] = '\0';
  expect_error(peer, endless, "");
  free(endless);
}

static void check_end(struct peer *peer) {
  fclose(peer->requests);
  if (fgetc(peer->answers) != EOF) {
    broken("the peer wrote something that nobody asked for");
  }
  fclose(peer->answers);
  int status;
  if (waitpid(peer->pid, &status, 0) != peer->pid) {
    broken("cannot wait for the peer: %s", strerror(errno));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    broken("at the end of input the peer %s %d, expected exit status 0",
           WIFEXITED(status) ? "exited with status" : "ended by signal",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  }
}

int main(int count, char **arguments) {
  if (count < 2) {
    fprintf(stderr, "usage: %s PROGRAM [ARGUMENT…]\n", arguments[0]);
    return 2;
  }
  struct peer peer = start(arguments + 1);
  json_t *list = ask(&peer, "list");
  const char *version = text_in(list, "version", "list");
  const json_t *names = json_object_get(list, "benchmarks");
  if (json_array_size(names) == 0) {
    broken("the list names no benchmark");
  }
  size_t index;
  json_t *name;
  json_array_foreach(names, index, name) {
    if (!json_is_string(name)) {
      broken("element %zu of the list is not a text", index);
    }
    check_benchmark(&peer, json_string_value(name), version);
  }
  check_errors(&peer, json_string_value(json_array_get(names, 0)));
  json_t *again = ask(&peer, "list");
  if (!json_equal(list, again)) {
    broken("the list changed");
  }
  check_end(&peer);
  printf("%s: %zu benchmarks keep the protocol\n", version, json_array_size(names));
  json_decref(again);
  json_decref(list);
  return 0;
}
