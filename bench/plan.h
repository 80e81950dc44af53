// bench/plan.h — what a sweep consists of: its rows, whose peers stand beside each, and how many operations a run has.
//
// Each row is there once for each number of workers. A cell is one of those on one system. All cells of a row have the
// same number of operations, found on Weir's own row: as many as take the target time, or fewer when a peer would take
// too long. Every cell is run once while that is found out, which is also its warm-up and gives the estimate of the
// whole.
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "memory.h"
#include "options.h"
#include "peer.h"
#include "progress.h"

#include <memory>
#include <string>
#include <vector>

namespace bench {

// Of each send in the broadcast rows.
constexpr int64_t broadcast_timeout_ms = 5;

struct Cell {
  std::string name; // with /workers: and, of a peer, /peer:
  const row *work;
  Peer *peer;   // nullptr: Weir itself
  int patience; // seconds that a row of Weir's own may take: watchdog.h
  int64_t n = 0;
  double seconds = 0;                                 // what one run is thought to take, preparations included
  std::vector<std::pair<std::string, double>> memory; // of Weir's own: counters that stand in each of its runs

  Outcome run() const {
    return run(n);
  }
  Outcome run(int64_t operations) const;
  std::string benchmark() const; // the name without /peer:
};

// The numbers of workers that are asked for; by default 1 and, where there are two processors, 2.
std::vector<size_t> workers_of(const Options &options);

class Plan {
public:
  // The rows the options select, beside the peers that hold them. Throws UsageError for a filter that is no expression.
  Plan(const Options &options, const std::vector<std::unique_ptr<Peer>> &peers);
  ~Plan();
  Plan(const Plan &) = delete;
  Plan &operator=(const Plan &) = delete;

  // Sets n and seconds of every cell, and what its memory is.
  void calibrate(double target_seconds, Memory &memory, Progress &progress);

  const std::vector<Cell> &cells() const {
    return cells_;
  }
  double seconds() const; // one run of every cell
  bool asks_server() const;

private:
  struct Group {
    Cell weir; // calibrated even when the filter leaves it out
    std::vector<size_t> cells;
  };
  void calibrate(const Group &group, double target_ns, Memory &memory);

  row_list rows_ = {}; // with their workers
  std::vector<Cell> cells_;
  std::vector<Group> groups_;
};

} // namespace bench

#endif
