// A row is one benchmark of ../README.md, or with * in its pattern (a positive number) a whole plane of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace peer {

// What was really done: count comes from counters the fibers kept.
struct outcome {
  std::int64_t count = 0;
  std::chrono::nanoseconds elapsed{};
  std::vector<std::pair<std::string, std::int64_t>> fields;
};

using numbers = std::vector<std::int64_t>;

struct row {
  std::string pattern;
  outcome (*run)(const numbers &, std::int64_t n);
};

const std::vector<row> &rows();

// The row that holds the name, with the numbers that stand where its pattern has stars; nullptr if none does.
const row *find(const std::string &name, numbers &found);

outcome spawn_join(const numbers &, std::int64_t n);
outcome yield_pair(const numbers &, std::int64_t n);
outcome ping_pong(const numbers &, std::int64_t n);
outcome single_producer(const numbers &, std::int64_t n);
outcome many_producers(const numbers &, std::int64_t n);
outcome element_64(const numbers &, std::int64_t n);
outcome element_4096(const numbers &, std::int64_t n);
outcome try_receive(const numbers &, std::int64_t n);
outcome steal_skewed(const numbers &, std::int64_t n);
outcome mutex_contended(const numbers &, std::int64_t n);
outcome wake_latency(const numbers &, std::int64_t n);
outcome broadcast_deadline(const numbers &, std::int64_t n);
outcome broadcast_none(const numbers &, std::int64_t n);

} // namespace peer
