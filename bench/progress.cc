// bench/progress.cc — see progress.h. The time left is what was thought for the steps to come, corrected by how wrong
// the thought has been so far.
#include "progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace bench {
namespace {

size_t terminal_width() {
  struct winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

} // namespace

std::string duration_text(double seconds) {
  auto whole = (long)std::lround(seconds);
  if (whole < 60) {
    return std::to_string(whole) + " s";
  }
  if (whole < 3600) {
    return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  }
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

Progress::Progress() : terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::begin(const std::string &phase, size_t steps, double seconds) {
  phase_ = phase;
  steps_ = steps;
  thought_total_ = seconds;
  done_ = tenth_ = 0;
  thought_done_ = 0;
  begun_ = told_ = std::chrono::steady_clock::now();
}

std::string Progress::estimate() const {
  double spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  double left = thought_total_;
  if (thought_total_ > 0 && thought_done_ > 0) {
    left = (thought_total_ - thought_done_) * spent / thought_done_;
  } else if (thought_total_ == 0 && done_ > 0) {
    left = spent / (double)done_ * (double)(steps_ - done_);
  }
  return left > 0 ? ", about " + duration_text(left) + " left" : "";
}

void Progress::draw(const std::string &what) {
  constexpr size_t width = 20;
  size_t filled = steps_ == 0 ? 0 : width * done_ / steps_;
  std::string line = phase_ + " [" + std::string(filled, '#') + std::string(width - filled, '.') + "] " +
                     std::to_string(done_) + "/" + std::to_string(steps_) + estimate() + "  " + what;
  fprintf(stderr, "\r\033[K%s", line.substr(0, terminal_width() - 1).c_str());
  fflush(stderr);
  drawn_ = true;
}

void Progress::step_begins(const std::string &what) {
  if (terminal_) {
    draw(what);
  }
}

void Progress::step_ended(double seconds) {
  done_ = std::min(done_ + 1, steps_);
  thought_done_ += seconds;
  size_t tenth = steps_ == 0 ? 0 : 10 * done_ / steps_;
  auto now = std::chrono::steady_clock::now();
  if (!terminal_ && tenth > tenth_ && now - told_ > std::chrono::seconds(2)) {
    told_ = now;
    fprintf(stderr, "weir-bench: %s %zu of %zu%s\n", phase_.c_str(), done_, steps_,
            done_ < steps_ ? estimate().c_str() : "");
  }
  tenth_ = tenth;
}

void Progress::clear() {
  if (drawn_) {
    fputs("\r\033[K", stderr);
    fflush(stderr);
    drawn_ = false;
  }
}

} // namespace bench
