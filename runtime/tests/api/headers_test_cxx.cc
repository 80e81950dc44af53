// headers_test_cxx.cc — the public API used from C++17. Each body returns 0, or the line of what was wrong.
#include <weir.h>
#include <weir/sim.h>

#include <cerrno>

extern "C" int cxx_select_body(void *arg);
extern "C" int cxx_broadcast_body(void *arg);

#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      return __LINE__;                                                                                                 \
  } while (false)

extern "C" int cxx_select_body(void *) {
  const int sent = 12;
  int received = 0;
  weir_chan *c = weir_chan_new(sizeof(int), 1);
  weir_case send = WEIR_SEND(c, &sent);
  weir_case receive WEIR_RECV(c, &received);
  weir_case both[] = {WEIR_RECV(nullptr, nullptr), WEIR_SEND(nullptr, nullptr)};
  EXPECT(weir_select(&send, 1, WEIR_POLL) == 0);
  EXPECT(weir_select(&receive, 1, WEIR_POLL) == 0);
  EXPECT(received == 12);
  EXPECT(weir_select(both, 2, WEIR_POLL) == -ETIMEDOUT);
  weir_chan_unref(c);
  return 0;
}

namespace {

void receives(void *arg) {
  weir_chan_recv(static_cast<weir_chan *>(arg), nullptr);
}

} // namespace

extern "C" int cxx_broadcast_body(void *) {
  weir_chan *subscribers[] = {weir_chan_new(sizeof(int), 0), weir_chan_new(sizeof(int), 0)};
  for (weir_chan *subscriber : subscribers)
    EXPECT(weir_go(receives, subscriber) == 0);
  weir_broadcast_options options = {};
  options.concurrency = 2;
  options.policy = WEIR_TIMEOUT_NONE;
  weir_broadcast_result result;
  const int message = 5;
  EXPECT(weir_broadcast(subscribers, 2, &message, &options, &result) == 0);
  EXPECT(result.delivered == 2);
  weir_timer *timer = weir_timer_new(0);
  EXPECT(weir_chan_recv(weir_timer_chan(timer), nullptr) == 0);
  weir_timer_free(timer);
  weir_waitgroup group = {};
  EXPECT(weir_waitgroup_wait(&group) == 0);
  EXPECT(weir_settle(WEIR_FOREVER) == 0);
  for (weir_chan *subscriber : subscribers)
    weir_chan_unref(subscriber);
  return 0;
}
