// bench/reporter.cc — see reporter.h.
#include "reporter.h"

#include <weir.h>

#include <cmath>
#include <ostream>

namespace bench {

ExactReporter::ExactReporter(benchmark::BenchmarkReporter &inner, Progress &progress, size_t name_width, bool brief)
    : inner_(inner), progress_(progress), name_width_(name_width), brief_(brief) {}

bool ExactReporter::ReportContext(const Context &context) {
  progress_.clear();
  // Google Benchmark sets the streams of the reporter it knows.
  inner_.SetOutputStream(&GetOutputStream());
  inner_.SetErrorStream(&GetErrorStream());
  Context exact = context;
  exact.name_field_width = name_width_;
  bool go_on = inner_.ReportContext(exact);
  if (brief_) {
    GetErrorStream() << "(That warning is about Google Benchmark's own library, as Debian builds it. Weir here is a "
                     << weir_build() << " build.)\n";
  }
  return go_on;
}

void ExactReporter::ReportRuns(const std::vector<Run> &runs) {
  progress_.clear();
  std::vector<Run> exact;
  for (const Run &run : runs) {
    if (!brief_ || run.run_type == Run::RT_Iteration || run.aggregate_name == "median" || run.aggregate_name == "cv") {
      exact.push_back(run);
    }
  }
  for (Run &run : exact) {
    run.run_name.iterations.clear();
    run.run_name.repetitions.clear();
    run.run_name.time_type.clear();
    for (auto counter = run.counters.begin(); counter != run.counters.end();) {
      const std::string &name = counter->first;
      bool of_one_run = name == "sequence" || name == "at_seconds";
      bool left_out = !std::isfinite(counter->second.value) || (of_one_run && run.run_type == Run::RT_Aggregate) ||
                      (brief_ && (of_one_run || name == "count"));
      counter = left_out ? run.counters.erase(counter) : std::next(counter);
    }
    for (double *time : {&run.real_accumulated_time, &run.cpu_accumulated_time}) {
      *time = std::isfinite(*time) ? *time : 0;
    }
  }
  inner_.ReportRuns(exact);
}

void ExactReporter::Finalize() {
  inner_.Finalize();
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" // CSVReporter: still a format of --benchmark_out_format
std::unique_ptr<benchmark::BenchmarkReporter> file_reporter(const std::string &format) {
  if (format == "csv") {
    return std::make_unique<benchmark::CSVReporter>();
  }
  if (format == "console") {
    return std::make_unique<benchmark::ConsoleReporter>(benchmark::ConsoleReporter::OO_None);
  }
  return std::make_unique<benchmark::JSONReporter>();
}
#pragma GCC diagnostic pop

} // namespace bench
