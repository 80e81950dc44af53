// bench/memory.h — what the rows' operations allocate, counted in a second process: see heap.h.
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include "peer.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bench {

class Memory {
public:
  // The command line is this program's: the other process is to hold the same rows.
  Memory(int argc, char **argv, int patience_seconds);

  // False: nothing is counted, and why() says why.
  bool open();
  const std::string &why() const {
    return why_;
  }

  // Runs the row of that name, at most so many operations, a multiple of step; the counters, none when it failed or the
  // process is not open.
  std::vector<std::pair<std::string, double>> count(const std::string &benchmark, int64_t most, int64_t step);

private:
  std::string library_, why_;
  std::unique_ptr<Peer> process_;
  bool open_ = false;
};

} // namespace bench

#endif
