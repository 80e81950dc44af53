// Which benchmarks Boost.Fiber can hold. It has no select, so no select rows, no exit channel and no timer policies; no
// timers of its own; and its scheduler without other threads is what workers:1 means. The timer mode plays no part in a
// send with a deadline, so those rows stand beside both.
#include "row.hpp"

#include <optional>

namespace peer {

const std::vector<row> &rows() {
  static const std::vector<row> table = [] {
    std::vector<row> all = {
        {"spawn/join/batch:1000/workers:1", spawn_join},
        {"yield/pair/workers:1", yield_pair},
        {"channel/ping_pong/capacity:0/workers:1", ping_pong},
        {"channel/spsc/capacity:128/workers:1", single_producer},
        {"channel/mpmc/producers:4/consumers:4/capacity:128/workers:1", many_producers},
        {"channel/element:64/workers:1", element_64},
        {"channel/element:4096/workers:1", element_4096},
        {"try/recv_empty/workers:1", try_receive},
        {"steal/skewed/workers:1", steal_skewed},
        {"mutex/contended/workers:1", mutex_contended},
        {"wake/latency/workers:1", wake_latency},
    };
    for (const std::string mode : {"classic", "prompt"}) {
      const std::string plane = "/mode:" + mode + "/load:ready/subscribers:*/concurrency:*/workers:1";
      all.push_back({"broadcast/policy:deadline" + plane, broadcast_deadline});
      all.push_back({"broadcast/policy:none" + plane, broadcast_none});
    }
    return all;
  }();
  return table;
}

namespace {

constexpr std::int64_t number_most = 10'000'000;

// Reads the digits at the position and moves it behind them.
std::optional<std::int64_t> number_at(const std::string &name, std::size_t &position) {
  std::int64_t number = 0;
  for (; position < name.size() && name[position] >= '0' && name[position] <= '9'; ++position) {
    number = number * 10 + (name[position] - '0');
    if (number > number_most)
      return std::nullopt;
  }
  if (number == 0)
    return std::nullopt;
  return number;
}

bool fits(const std::string &pattern, const std::string &name, numbers &found) {
  found.clear();
  std::size_t position = 0;
  for (const char expected : pattern) {
    if (expected == '*') {
      const auto number = number_at(name, position);
      if (!number)
        return false;
      found.push_back(*number);
    } else if (position == name.size() || name[position++] != expected) {
      return false;
    }
  }
  return position == name.size();
}

} // namespace

const row *find(const std::string &name, numbers &found) {
  for (const row &candidate : rows())
    if (fits(candidate.pattern, name, found))
      return &candidate;
  return nullptr;
}

} // namespace peer
