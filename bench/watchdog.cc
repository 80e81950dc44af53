// bench/watchdog.cc — see watchdog.h.
#include "watchdog.h"

#include <csignal>
#include <cstdio>
#include <unistd.h>

namespace bench {
namespace {

char message[512];

void bark(int) {
  size_t length = 0;
  while (length < sizeof(message) && message[length] != '\0') {
    length++;
  }
  ssize_t written = write(STDERR_FILENO, message, length);
  (void)written;
  _exit(1);
}

} // namespace

Watchdog::Watchdog(const std::string &what, int seconds) {
  snprintf(message, sizeof(message),
           "\nweir-bench: %.300s has not ended within %d s (--peer-timeout): Weir hangs there, the sweep ends\n",
           what.c_str(), seconds);
  struct sigaction action = {};
  action.sa_handler = bark;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  alarm((unsigned)seconds);
}

Watchdog::~Watchdog() {
  alarm(0);
}

} // namespace bench
