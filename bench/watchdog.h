// bench/watchdog.h — a row of Weir's own that does not end is named, and ends the sweep.
//
// Such a row cannot be left: its tasks and threads are this process. Rejected: every row in a child process (the peers'
// rows are not started anew for each run either, and a runtime that hangs is a finding, not a row to be skipped).
#ifndef BENCH_WATCHDOG_H
#define BENCH_WATCHDOG_H

#include <string>

namespace bench {

// While it lives, the process is given so many seconds; then it says on standard error what hung, and exits with 1.
class Watchdog {
public:
  Watchdog(const std::string &what, int seconds);
  ~Watchdog();
  Watchdog(const Watchdog &) = delete;
  Watchdog &operator=(const Watchdog &) = delete;
};

} // namespace bench

#endif
