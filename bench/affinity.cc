// bench/affinity.cc — see affinity.h.
#include "affinity.h"

#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>

namespace bench {
namespace {

// Of a process that has ended: none.
std::set<pid_t> threads_of(pid_t process) {
  std::set<pid_t> threads;
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/" + std::to_string(process) + "/task", error), end;
  while (!error && entry != end) {
    threads.insert((pid_t)std::stol(entry->path().filename()));
    entry.increment(error);
  }
  return threads;
}

} // namespace

KeptOn::KeptOn(pid_t process, int cpu) : process_(process == 0 ? getpid() : process), moved_(false) {
  if (cpu < 0 || sched_getaffinity(process_, sizeof(before_), &before_) != 0) {
    return;
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET((size_t)cpu, &one);
  move(one);
  moved_ = true;
}

KeptOn::~KeptOn() {
  if (moved_) {
    move(before_);
  }
}

// Until none is there that was not before: a thread may have started another one just before it was moved.
void KeptOn::move(const cpu_set_t &to) const {
  std::set<pid_t> done;
  for (bool more = true; more;) {
    more = false;
    for (pid_t thread : threads_of(process_)) {
      if (done.insert(thread).second) {
        sched_setaffinity(thread, sizeof(to), &to);
        more = true;
      }
    }
  }
}

} // namespace bench
