// The seed's broadcast without its exit channel (there is no select): each send is push_wait_for under the timeout (policy
// deadline) or push (policy none). A buffered_channel of two slots holds one message, the capacity asked for.
#include "fibers.hpp"
#include "row.hpp"

#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/operations.hpp>
#include <deque>
#include <stdexcept>

namespace peer {

namespace {

using boost::fibers::channel_op_status;
using channel = boost::fibers::buffered_channel<std::int64_t>;

constexpr auto timeout = std::chrono::milliseconds(5);

struct with_deadline {
  static bool send(channel &subscriber, std::int64_t message) {
    return subscriber.push_wait_for(message, timeout) == channel_op_status::success;
  }
};

struct without {
  static bool send(channel &subscriber, std::int64_t message) {
    return subscriber.push(message) == channel_op_status::success;
  }
};

template <typename policy> class broadcaster {
public:
  broadcaster(std::size_t subscribers, std::size_t concurrency) : concurrency_(concurrency) {
    receivers_.add(static_cast<std::int64_t>(subscribers));
    for (std::size_t i = 0; i < subscribers; ++i) {
      channel &subscriber = subscribers_.emplace_back(2);
      start([this, &subscriber] {
        std::int64_t message;
        while (subscriber.pop(message) == channel_op_status::success)
          ++received_;
        receivers_.done();
      });
    }
  }

  outcome rounds(std::int64_t n) {
    const std::int64_t delivered = delivered_, timed_out = timed_out_;
    const auto begin = std::chrono::steady_clock::now();
    while (delivered_ - delivered < n)
      broadcast();
    while (received_ < delivered_)
      boost::this_fiber::yield();
    const auto end = std::chrono::steady_clock::now();
    return {delivered_ - delivered, end - begin, {{"timeouts", timed_out_ - timed_out}}};
  }

  // Ends the receivers and compares their books with the publishers'.
  void finish() {
    for (channel &subscriber : subscribers_)
      subscriber.close();
    receivers_.wait();
    if (received_ != delivered_)
      throw std::runtime_error("the publishers delivered " + std::to_string(delivered_) +
                               " messages, the receivers got " + std::to_string(received_));
  }

private:
  void broadcast() {
    ++round_;
    publishers_.add(static_cast<std::int64_t>(concurrency_));
    for (std::size_t first = 0; first < concurrency_; ++first)
      start([this, first] {
        for (std::size_t i = first; i < subscribers_.size(); i += concurrency_)
          ++(policy::send(subscribers_[i], round_) ? delivered_ : timed_out_);
        publishers_.done();
      });
    publishers_.wait();
  }

  std::deque<channel> subscribers_; // a channel can be neither copied nor moved
  std::size_t concurrency_;
  wait_group receivers_, publishers_;
  std::int64_t round_ = 0, delivered_ = 0, timed_out_ = 0, received_ = 0;
};

template <typename policy> outcome broadcast(const numbers &plane, std::int64_t n) {
  broadcaster<policy> loop(static_cast<std::size_t>(plane[0]), static_cast<std::size_t>(plane[1]));
  loop.rounds(1);
  outcome result = loop.rounds(n);
  loop.finish();
  return result;
}

} // namespace

outcome broadcast_deadline(const numbers &plane, std::int64_t n) {
  return broadcast<with_deadline>(plane, n);
}

outcome broadcast_none(const numbers &plane, std::int64_t n) {
  return broadcast<without>(plane, n);
}

} // namespace peer
