/* serving_2137.c — knative/serving#2137 (issue 1984): a test of the breaker that counts on the order of its requests.
 *
 * The breaker admits a request to its queue, or turns it down when that is full, and lets one of those inside work at a
 * time. The test starts its requests one by one, holds each one's work up with a lock, and then lets go of the first
 * and waits for it, then of the second. But that a request's task has begun does not mean that it has reached the
 * breaker: if the second is let in before the first, the second waits for its lock, the first for its turn, and the
 * test for the first. The repair: starting a request returns only when it works, is queued, or has been turned down. */
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
}

static bool finishes(struct request *request) {
  bool accepted;
  weir_mutex_unlock(&request->held_up);
  weir_chan_recv(request->accepted, &accepted);
  weir_chan_unref(request->accepted);
  return accepted;
}

WEIR_SCENARIO(serving_2137, "a test releases its requests in the order in which it has started them") {
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
