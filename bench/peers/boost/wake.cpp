// Work for many fibers started by one, a mutex that many want, and how soon a blocked fiber runs again. All on the one
// thread of the default scheduler: nobody steals, and nobody else runs while the mutex is held.
#include "fibers.hpp"
#include "row.hpp"

#include <algorithm>
#include <array>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/unbuffered_channel.hpp>

namespace peer {

namespace {

constexpr std::int64_t batch = 1000;
constexpr int steps = 1000; // of four cycles each: about a microsecond
constexpr std::int64_t lockers = 8;

std::uint64_t work(std::uint64_t x) {
  for (int i = 0; i < steps; ++i)
    x = x * 6364136223846793005u + 1442695040888963407u;
  return x;
}

} // namespace

outcome steal_skewed(const numbers &, std::int64_t n) {
  static const std::array<std::uint64_t, batch> expected = [] {
    std::array<std::uint64_t, batch> all;
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = work(i);
    return all;
  }();
  std::array<std::uint64_t, batch> results;
  outcome result;
  wait_group fibers;
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t begun = 0; begun < n;) {
    const std::int64_t size = std::min(batch, n - begun);
    results.fill(0);
    fibers.add(size);
    for (std::int64_t i = 0; i < size; ++i)
      start([&results, &fibers, i] {
        results[static_cast<std::size_t>(i)] = work(static_cast<std::uint64_t>(i));
        fibers.done();
      });
    fibers.wait();
    for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i)
      result.count += results[i] == expected[i];
    begun += size;
  }
  result.elapsed = std::chrono::steady_clock::now() - begin;
  return result;
}

outcome mutex_contended(const numbers &, std::int64_t n) {
  boost::fibers::mutex mutex;
  outcome result;
  wait_group all;
  const auto begin = std::chrono::steady_clock::now();
  all.add(lockers);
  for (std::int64_t i = 0; i < lockers; ++i)
    start([&, share = (n + i) / lockers] {
      for (std::int64_t mine = 0; mine < share; ++mine) {
        mutex.lock();
        ++result.count;
        mutex.unlock();
      }
      all.done();
    });
  all.wait();
  result.elapsed = std::chrono::steady_clock::now() - begin;
  return result;
}

outcome wake_latency(const numbers &, std::int64_t n) {
  using clock = std::chrono::steady_clock;
  boost::fibers::unbuffered_channel<clock::time_point> sends;
  std::vector<std::int64_t> latencies;
  latencies.reserve(static_cast<std::size_t>(n));
  wait_group sleeper;
  sleeper.add(1);
  start([&] {
    clock::time_point sent;
    while (sends.pop(sent) == boost::fibers::channel_op_status::success)
      latencies.push_back((clock::now() - sent).count());
    sleeper.done();
  });
  boost::this_fiber::yield();
  outcome result;
  const auto begin = clock::now();
  for (std::int64_t i = 0; i < n; ++i) {
    sends.push(clock::now());
    boost::this_fiber::yield();
  }
  result.elapsed = clock::now() - begin;
  sends.close();
  sleeper.wait();
  std::sort(latencies.begin(), latencies.end());
  const auto in_thousand = [&](std::size_t share) { return latencies[(latencies.size() * share + 999) / 1000 - 1]; };
  result.count = static_cast<std::int64_t>(latencies.size());
  result.fields = {{"p50_ns", in_thousand(500)}, {"p99_ns", in_thousand(990)}, {"p999_ns", in_thousand(999)}};
  return result;
}

} // namespace peer
