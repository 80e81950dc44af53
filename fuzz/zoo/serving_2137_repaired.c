/* serving_2137_repaired.c — the twin of serving_2137.c: a request has been let in, queued or turned down before the
 * next one is started. */
#include <weir/scenario.h>

enum { REQUESTS = 3 };

struct breaker {
  weir_chan *queued, *active; /* a place in each for every request inside */
};

struct request {
  struct breaker *breaker;
  weir_waitgroup begun;
  weir_mutex held_up;
  weir_chan *accepted;
};

static bool breaker_admits(struct breaker *breaker, struct request *request) {
  if (weir_chan_try_send(breaker->queued, NULL) != 0)
    return false;
  weir_chan_send(breaker->active, NULL);
  weir_mutex_lock(&request->held_up); /* the work */
  weir_mutex_unlock(&request->held_up);
  weir_chan_recv(breaker->active, NULL);
  weir_chan_recv(breaker->queued, NULL);
  return true;
}

static void requests(void *arg) {
  struct request *request = arg;
  weir_waitgroup_done(&request->begun);
  bool accepted = breaker_admits(request->breaker, request);
  weir_chan_send(request->accepted, &accepted);
}

static void starts_request(struct breaker *breaker, struct request *request) {
  *request = (struct request){.breaker = breaker, .accepted = weir_chan_new(sizeof(bool), 1)};
  weir_waitgroup_add(&request->begun, 1);
  weir_mutex_lock(&request->held_up);
  weir_go(requests, request);
  weir_waitgroup_wait(&request->begun);
  weir_settle(WEIR_FOREVER); /* the request can go no further */
}

static bool finishes(struct request *request) {
  bool accepted;
  weir_mutex_unlock(&request->held_up);
  weir_chan_recv(request->accepted, &accepted);
  weir_chan_unref(request->accepted);
  return accepted;
}

WEIR_SCENARIO(serving_2137_repaired, "a test starts a request only when the one before has found its place") {
  struct breaker breaker = {.queued = weir_chan_new(0, REQUESTS - 1), .active = weir_chan_new(0, 1)};
  struct request request[REQUESTS];
  for (int i = 0; i < REQUESTS; i++)
    starts_request(&breaker, &request[i]);
  for (int i = 0; i < REQUESTS; i++)
    weir_assert(finishes(&request[i]) == (i < REQUESTS - 1));
  weir_chan_unref(breaker.queued);
  weir_chan_unref(breaker.active);
  return 0;
}
