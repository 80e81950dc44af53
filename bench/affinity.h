// bench/affinity.h — a process is kept on one processor for the time of a run.
//
// From outside, so that a peer need not know how: all its threads are moved, and a thread that one of them starts stays
// where that one is.
#ifndef BENCH_AFFINITY_H
#define BENCH_AFFINITY_H

#include <sched.h>
#include <sys/types.h>

namespace bench {

class KeptOn {
public:
  // process: 0 is this one. cpu: negative does nothing.
  KeptOn(pid_t process, int cpu);
  ~KeptOn();
  KeptOn(const KeptOn &) = delete;
  KeptOn &operator=(const KeptOn &) = delete;

private:
  void move(const cpu_set_t &to) const;

  pid_t process_;
  bool moved_;
  cpu_set_t before_;
};

} // namespace bench

#endif
