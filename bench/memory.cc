// bench/memory.cc — see memory.h.
#include "memory.h"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace bench {
namespace {

constexpr int64_t enough = 10000; // operations: what happens once weighs a ten thousandth

bool is_counter(const std::string &name) {
  return name == "bytes_per_op" || name == "bytes_live_after" || name == "bytes_peak";
}

bool begins(const std::string &text, const char *with) {
  return text.rfind(with, 0) == 0;
}

} // namespace

Memory::Memory(int argc, char **argv, int patience_seconds) {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  std::string self(path, length > 0 ? (size_t)length : 0);
  library_ = self.substr(0, self.rfind('/')) + "/weir-bench-heap.so";
  const char *preloaded = std::getenv("LD_PRELOAD");
  bool other = preloaded != nullptr && *preloaded != '\0';
  std::vector<std::string> command = {"env", "LD_PRELOAD=" + library_ + (other ? std::string(":") + preloaded : ""),
                                      self, "--serve", "--no-peers"};
  for (int i = 1; i < argc; i++) {
    std::string argument = argv[i];
    if (!begins(argument, "--benchmark_out") && !begins(argument, "--peer=") && argument != "--no-peers") {
      command.push_back(argument);
    }
  }
  process_ = std::make_unique<Peer>("memory", command, patience_seconds);
}

bool Memory::open() {
  if (access(library_.c_str(), R_OK) != 0) {
    why_ = "there is no " + library_ + ": a build with WEIR_ARENAS has none";
    return false;
  }
  open_ = process_->open();
  why_ = process_->why();
  return open_;
}

std::vector<std::pair<std::string, double>> Memory::count(const std::string &benchmark, int64_t most, int64_t step) {
  if (!open_) {
    return {};
  }
  int64_t steps = std::max<int64_t>(1, std::min(most, enough + step - 1) / step);
  Outcome outcome = process_->run(benchmark, steps * step);
  auto &fields = outcome.fields;
  fields.erase(std::remove_if(fields.begin(), fields.end(), [](const auto &field) { return !is_counter(field.first); }),
               fields.end());
  return fields;
}

} // namespace bench
