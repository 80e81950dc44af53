/* census_signal.c — see census_signal.h.
 *
 * The handler hands one node to the run, as a foreign thread would (inbox.h): it interrupts the poller, and a worker that
 * comes to its loop delivers it. So a sleeping run wakes, nothing is looked at on the way of a task, and what the census
 * takes is done where it may be. With several workers one is enough, whatever the others are at; alone, a worker must be
 * given up by its task first.
 *
 * asked is set from the signal to its delivery: further signals meanwhile are that one's. It is cleared by whoever has the
 * node, nobody else: a handler on a foreign thread that is late may push it into the next run, but not twice.
 *
 * Rejected: a thread of its own (a census of one worker's run takes no locks); a flag that every round looks at.
 */
#include "census_signal.h"

#include "inbox.h"
#include "run.h"
#include "worker.h"

#include <weir/census.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
  int number;
  uint32_t asked;
  struct sigaction before;
  struct inbox_node node;
} requests;

static void log_lines(char *text) {
  for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    run_log("  %s", line);
  }
}

static bool print_to_log(const struct weir_census *census) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  bool printed = stream != NULL && weir_census_print(census, stream) == 0;
  printed = stream != NULL && fclose(stream) == 0 && printed;
  if (printed)
    log_lines(text);
  free(text);
  return printed;
}

static void print(void *arg) {
  (void)arg;
  struct weir_census census;
  run_log("weir: the census, on signal %d (%s):", requests.number, strsignal(requests.number));
  int error = weir_census_take(&census);
  if (error == 0 && !print_to_log(&census))
    error = -ENOMEM;
  if (error == -ENOTSUP)
    run_log("  none: the library was built without books (WEIR_BOOKS=OFF)");
  else if (error != 0)
    run_log("  none: %s", strerror(-error));
  weir_census_free(&census);
}

/* A task that settles delivers, too: its stack may be small. */
static void deliver(struct inbox_node *node) {
  (void)node;
  __atomic_store_n(&requests.asked, 0, __ATOMIC_RELEASE); /* pairs with the exchange in handle: the node is free */
  if (worker_here()->current != NULL)
    worker_errand(worker_here(), print, NULL);
  else
    print(NULL);
}

static void handle(int number) {
  (void)number;
  int before = errno;
  if (__atomic_exchange_n(&requests.asked, 1, __ATOMIC_ACQUIRE) == 0 && !inbox_push(&requests.node))
    __atomic_store_n(&requests.asked, 0, __ATOMIC_RELEASE);
  errno = before;
}

bool census_signal_possible(int number) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL}; /* would come again for ever */
  bool fault = false;
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
    fault |= number == faults[i];
  return !fault && number != SIGKILL && number != SIGSTOP &&
         sigaction(number, NULL, &(struct sigaction){.sa_flags = 0}) == 0;
}

void census_signal_begin(int number) {
  requests.number = number;
  if (requests.node.deliver == NULL) { /* the first run; or the last one ended before it was delivered */
    requests.node.deliver = deliver;
    __atomic_store_n(&requests.asked, 0, __ATOMIC_RELEASE);
  }
  if (number == 0)
    return;
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, &requests.before);
}

void census_signal_end(void) {
  if (requests.number != 0)
    sigaction(requests.number, &requests.before, NULL);
}
