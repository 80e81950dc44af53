// Channels: unbuffered_channel for the ping-pong, buffered_channel for the rest.
//
// A buffered_channel wants a power of two and keeps one slot free: the one of capacity 128 holds 127 elements.
#include "fibers.hpp"
#include "row.hpp"

#include <array>
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/unbuffered_channel.hpp>

namespace peer {

using boost::fibers::channel_op_status;

namespace {

constexpr std::size_t capacity = 128;

template <typename element> outcome pass(std::int64_t producers, std::int64_t consumers, std::int64_t n) {
  boost::fibers::buffered_channel<element> channel(capacity);
  std::vector<std::int64_t> received(static_cast<std::size_t>(consumers));
  wait_group sending, receiving;
  const auto begin = std::chrono::steady_clock::now();
  sending.add(producers);
  receiving.add(consumers);
  for (std::int64_t i = 0; i < producers; ++i)
    start([&, share = (n + i) / producers] {
      const element value{};
      for (std::int64_t sent = 0; sent < share; ++sent)
        channel.push(value);
      sending.done();
    });
  for (std::int64_t &mine : received)
    start([&] {
      element value;
      while (channel.pop(value) == channel_op_status::success)
        ++mine;
      receiving.done();
    });
  sending.wait();
  channel.close();
  receiving.wait();
  outcome result;
  result.elapsed = std::chrono::steady_clock::now() - begin;
  for (const std::int64_t mine : received)
    result.count += mine;
  return result;
}

} // namespace

outcome ping_pong(const numbers &, std::int64_t n) {
  boost::fibers::unbuffered_channel<std::int64_t> ping, pong;
  outcome result;
  wait_group both;
  const auto begin = std::chrono::steady_clock::now();
  both.add(2);
  start([&] {
    for (std::int64_t i = 0; i < n; ++i) {
      std::int64_t back = -1;
      ping.push(i);
      pong.pop(back);
      result.count += back == i;
    }
    ping.close();
    both.done();
  });
  start([&] {
    std::int64_t value;
    while (ping.pop(value) == channel_op_status::success)
      pong.push(value);
    both.done();
  });
  both.wait();
  result.elapsed = std::chrono::steady_clock::now() - begin;
  return result;
}

outcome single_producer(const numbers &, std::int64_t n) {
  return pass<std::int64_t>(1, 1, n);
}

outcome many_producers(const numbers &, std::int64_t n) {
  return pass<std::int64_t>(4, 4, n);
}

outcome element_64(const numbers &, std::int64_t n) {
  return pass<std::array<unsigned char, 64>>(1, 1, n);
}

outcome element_4096(const numbers &, std::int64_t n) {
  return pass<std::array<unsigned char, 4096>>(1, 1, n);
}

outcome try_receive(const numbers &, std::int64_t n) {
  boost::fibers::buffered_channel<std::int64_t> channel(capacity);
  outcome result;
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t value;
    result.count += channel.try_pop(value) == channel_op_status::empty;
  }
  result.elapsed = std::chrono::steady_clock::now() - begin;
  return result;
}

} // namespace peer
