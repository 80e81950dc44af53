// bench/options.h — the command line: which rows, which peers; Google Benchmark's own flags are kept for it.
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "row.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

// A command line that means nothing. what() names the option, the value and what would be allowed.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  // The broadcast's axes; one that is not given has the default sweep's values.
  std::optional<std::vector<size_t>> subscribers, concurrency;
  std::optional<std::vector<weir_timeout_policy>> policies;
  std::optional<std::vector<weir_timer_mode>> modes;
  std::optional<std::vector<row_load>> loads;
  std::vector<size_t> capacities = {1};
  int64_t steady_timeout_ms = 5;
  std::optional<std::vector<size_t>> workers;
  bool full = false;
  size_t processes = 1;

  std::vector<std::pair<std::string, std::string>> peers; // name, program
  bool no_peers = false;
  int patience_seconds = 0; // so long a request may take before the sweep goes on without an answer

  bool serve = false, serve_pair = false; // be a peer: serve.h
  bool help = false;
  bool self_test_wrong_count = false, self_test_hang = false;
  unsigned self_test_slower_percent = 0, self_test_work = 0;

  // Google Benchmark's: its own values where the sweep must know them, and all of them to hand on.
  double target_seconds = 0.02;
  std::optional<int> repetitions;
  bool list_tests = false;
  bool brief = true; // the console shows what a person wants to see while it runs
  std::string filter, out, out_format, format;
  std::vector<std::string> benchmark_flags;
};

Options parse_options(int argc, char **argv);

const char *help_text();

} // namespace bench

#endif
