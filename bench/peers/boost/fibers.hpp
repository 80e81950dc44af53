// How the benchmarks start fibers and wait for them, chosen to be the fastest that Boost.Fiber offers a program on Debian:
//
// * stacks of the default size from a pool: with a plain fixedsize_stack a batch of fibers takes tens of times as long;
// * launch policy post, the default: against dispatch a spawned fiber takes 134 ns for 165, the rest is equal, and only a
//   broadcast to one subscriber loses a little (327 for 301);
// * BOOST_FIBERS_NO_ATOMICS would drop the locks that one thread does not need, but it must be chosen when the library
//   itself is built, and Debian's is not.
#pragma once

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/pooled_fixedsize_stack.hpp>
#include <memory>
#include <mutex>
#include <utility>

namespace peer {

template <typename function> void start(function &&body) {
  static boost::fibers::pooled_fixedsize_stack stacks;
  boost::fibers::fiber(boost::fibers::launch::post, std::allocator_arg, stacks, std::forward<function>(body)).detach();
}

// Counts fibers under way; one fiber waits for the last. All on one thread, so the mutex is never contended.
class wait_group {
public:
  void add(std::int64_t count) {
    open_ += count;
  }

  void done() {
    if (--open_ == 0)
      none_.notify_one();
  }

  void wait() {
    std::unique_lock<boost::fibers::mutex> lock(mutex_);
    none_.wait(lock, [this] { return open_ == 0; });
  }

private:
  std::int64_t open_ = 0;
  boost::fibers::mutex mutex_;
  boost::fibers::condition_variable none_;
};

} // namespace peer
