// bench/reporter.h — Google Benchmark's reporters, given the names that weir-bench promises.
//
// Google Benchmark 1.7.1 adds /iterations:N/repeats:N/manual_time to a name, and writes NaN (which is no JSON) for the
// variation of a counter that is always zero. This reporter hands everything on to one of Google Benchmark's own with
// both removed.
#ifndef BENCH_REPORTER_H
#define BENCH_REPORTER_H

#include "progress.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

namespace bench {

class ExactReporter : public benchmark::BenchmarkReporter {
public:
  // inner prints; name_width is that of the longest name; brief is for a person: of the aggregates only
  // median and variation, and no counters that only matter in a file.
  ExactReporter(benchmark::BenchmarkReporter &inner, Progress &progress, size_t name_width, bool brief);

  bool ReportContext(const Context &context) override;
  void ReportRuns(const std::vector<Run> &runs) override;
  void Finalize() override;

private:
  benchmark::BenchmarkReporter &inner_;
  Progress &progress_;
  size_t name_width_;
  bool brief_;
};

// One of Google Benchmark's by the name of its format: console, json or csv.
std::unique_ptr<benchmark::BenchmarkReporter> file_reporter(const std::string &format);

} // namespace bench

#endif
