/* bench/tests/fake_peer.c — a peer that does no work and answers as it was built to:
 *   good         as the protocol says
 *   plain        good, but lists names one a line, without /workers:
 *   array        good, but lists a bare JSON array with a pattern
 *   wrong_count  says that it did one operation less
 *   says_error   answers every run with an error
 *   garbage      answers every run with no JSON
 *   dies         ends by a signal when asked to run
 *   leaves       ends with exit status 7 when asked to run
 *   no_list      answers list with garbage
 *   hangs        answers nothing when asked to run yield/pair, nor anything after that
 */
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char behaviour[] = FAKE_PEER_BEHAVIOUR;

static int is(const char *name) {
  return strcmp(behaviour, name) == 0;
}

static void list(void) {
  if (is("plain")) {
    puts("yield/pair\ntry/recv_empty\n");
  } else if (is("array")) {
    puts("[\"broadcast/policy:after/mode:classic/load:ready/subscribers:*/concurrency:*/workers:1\"]");
  } else if (is("no_list")) {
    puts("good morning");
  } else {
    puts("{\"benchmarks\": [\"yield/pair/workers:1\", \"try/recv_empty/workers:1\"], \"version\": \"fake 1\"}");
  }
}

/* Returns the exit status with which the program ends now, or -1 to go on. */
static int run(const char *name, int64_t n) {
  if (is("dies")) {
    raise(SIGTERM);
  }
  while (is("hangs") && strncmp(name, "yield/", strlen("yield/")) == 0) {
    pause();
  }
  if (is("leaves")) {
    return 7;
  }
  if (is("garbage")) {
    puts("Segmentation fault?");
  } else if (is("says_error")) {
    printf("{\"error\": \"%s is beyond me\"}\n", name);
  } else {
    printf("{\"name\": \"%s\", \"ns\": %" PRId64 ", \"count\": %" PRId64 ", \"version\": \"fake 1\", \"extra\": 2.5}\n",
           name, 100 * n, is("wrong_count") ? n - 1 : n);
  }
  return -1;
}

int main(void) {
  char line[512], name[256];
  while (fgets(line, sizeof(line), stdin) != NULL) {
    int64_t n;
    int status = -1;
    if (strcmp(line, "list\n") == 0) {
      list();
    } else if (sscanf(line, "run %255s %" SCNd64, name, &n) == 2) {
      status = run(name, n);
    } else {
      puts("{\"error\": \"no such request\"}");
    }
    if (status >= 0) {
      return status;
    }
    fflush(stdout);
  }
  return 0;
}
