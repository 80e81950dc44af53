// Fibers started and joined, fibers that only yield.
#include "fibers.hpp"
#include "row.hpp"

#include <algorithm>
#include <boost/fiber/operations.hpp>

namespace peer {

outcome spawn_join(const numbers &, std::int64_t n) {
  constexpr std::int64_t batch = 1000;
  outcome result;
  wait_group fibers;
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t begun = 0; begun < n;) {
    const std::int64_t size = std::min(batch, n - begun);
    fibers.add(size);
    for (std::int64_t i = 0; i < size; ++i)
      start([&] {
        ++result.count;
        fibers.done();
      });
    fibers.wait();
    begun += size;
  }
  result.elapsed = std::chrono::steady_clock::now() - begin;
  return result;
}

outcome yield_pair(const numbers &, std::int64_t n) {
  std::int64_t yields = 0;
  wait_group pair;
  const auto begin = std::chrono::steady_clock::now();
  pair.add(2);
  for (int i = 0; i < 2; ++i)
    start([&] {
      for (std::int64_t mine = 0; mine < n; ++mine) {
        boost::this_fiber::yield();
        ++yields;
      }
      pair.done();
    });
  pair.wait();
  return {yields / 2, std::chrono::steady_clock::now() - begin, {}};
}

} // namespace peer
