/* Nothing to find: two tasks and a channel. */
#include <weir/scenario.h>

static void sends(void *chan) {
  weir_chan_send(chan, NULL);
}

WEIR_SCENARIO(clean, "one sends, one receives") {
  weir_chan *chan = weir_chan_new(0, 0);
  weir_go(sends, chan);
  weir_go(sends, chan);
  weir_chan_recv(chan, NULL);
  weir_chan_recv(chan, NULL);
  weir_chan_unref(chan);
  return 0;
}
