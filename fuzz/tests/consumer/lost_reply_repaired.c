/* The twin of lost_reply.c: the channel has room for the reply, whoever waits for it. */
#include <weir/scenario.h>

static void serve(void *reply) {
  const int answer = 42;
  weir_sleep(weir_draw(3) * WEIR_SECOND); /* it takes 0, 1 or 2 seconds */
  weir_chan_send(reply, &answer);
  weir_chan_unref(reply);
}

WEIR_SCENARIO(lost_reply_repaired, "the client gives up, and the reply goes into the channel") {
  int answer;
  weir_chan *reply = weir_chan_new(sizeof answer, 1);
  weir_go(serve, weir_chan_ref(reply));
  struct weir_case wait[] = {WEIR_RECV(reply, &answer)};
  const int went = weir_select(wait, 1, weir_now() + WEIR_SECOND);
  weir_assert(went != 0 || answer == 42);
  weir_chan_unref(reply);
  return 0;
}
