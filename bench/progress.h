// bench/progress.h — how far the sweep is, on standard error: a bar with an estimate on a terminal, else a line each
// tenth.
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

#include <chrono>
#include <string>

namespace bench {

class Progress {
public:
  Progress();

  // A new phase of so many steps, thought to take that long; 0 = nobody knows, and no estimate is shown until there is
  // one.
  void begin(const std::string &phase, size_t steps, double seconds);
  void step_begins(const std::string &what);
  // The step is over; it was thought to take that long.
  void step_ended(double seconds);
  // Takes the bar away, so that something else can be printed.
  void clear();

private:
  void draw(const std::string &what);
  std::string estimate() const;

  bool terminal_;
  bool drawn_ = false;
  std::string phase_;
  size_t steps_ = 0, done_ = 0, tenth_ = 0;
  double thought_total_ = 0, thought_done_ = 0;
  std::chrono::steady_clock::time_point begun_, told_;
};

// "3 min 20 s"
std::string duration_text(double seconds);

} // namespace bench

#endif
