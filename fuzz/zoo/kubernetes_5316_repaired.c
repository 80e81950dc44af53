/* kubernetes_5316_repaired.c — the twin of kubernetes_5316.c: both channels have room for the one answer, so that
 * the storage call returns whoever waits for it. */
#include <weir/scenario.h>

enum { REQUESTS = 3 };

static struct request { weir_chan *result, *failure; } requests[REQUESTS];

static void ask_storage(void *arg) {
  const struct request *request = arg;
  weir_sleep(10 * WEIR_MILLISECOND);
  const bool failed = weir_draw(4) == 3;
  weir_chan_send(failed ? request->failure : request->result, NULL);
  weir_chan_unref(request->failure);
  weir_chan_unref(request->result);
}

static void finish_request(struct request *request) {
  request->result = weir_chan_new(sizeof(int), 1);
  request->failure = weir_chan_new(sizeof(int), 1);
  weir_chan *result = weir_chan_ref(request->result), *failure = weir_chan_ref(request->failure);
  weir_chan *timeout = weir_after(60 * WEIR_SECOND);
  weir_go(ask_storage, request);
  struct weir_case first[] = {WEIR_RECV(result, NULL), WEIR_RECV(failure, NULL), WEIR_RECV(timeout, NULL)};
  weir_select(first, 3, WEIR_FOREVER);
  weir_chan_unref(timeout);
  weir_chan_unref(failure);
  weir_chan_unref(result);
}

WEIR_SCENARIO(kubernetes_5316_repaired, "an answer that nobody waits for has a place to go") {
  for (int i = 0; i < REQUESTS; i++)
    finish_request(&requests[i]);
  return 0;
}
