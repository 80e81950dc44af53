/* kubernetes_25331.c — kubernetes/kubernetes#25331: a watch of etcd3 whose error nobody takes.
 *
 * A watch has a goroutine that reads from etcd, one that turns what it read into results, and one that waits for an
 * error or the end. An error is a last result, sent through the same channel as the others. The reflector reads
 * results and may stop the watch, by cancelling its context, without having read them all. Then the error waits for
 * room that nobody will make, and cancelling does not help: its send does not look at the context.
 * The interleaving: the reflector lags until the results are full and the error waits, then reads its last and stops.
 * The repair: send the error, or give up when the context is done. */
#include <weir/scenario.h>

enum { COMPACTED = -1, BUFFER = 5, EVENTS = 10, WANTED = 3 };

static weir_context *watching;
static weir_chan *incoming, *results, *errors;
static weir_waitgroup watchers;

/* False when the watch has ended meanwhile. */
static bool send_unless_done(weir_chan *c, const int *value) {
  struct weir_case first[] = {WEIR_SEND(c, value), WEIR_RECV(weir_context_done(watching), NULL)};
  return weir_select(first, 2, WEIR_FOREVER) == 0;
}

static void read_etcd(void *group) {
  bool goes_on = true;
  for (int event = 1; event <= EVENTS && goes_on; event++) {
    const bool fails = weir_draw(8) == 7;
    goes_on = send_unless_done(fails ? errors : incoming, fails ? &(int){COMPACTED} : &event);
  }
  weir_waitgroup_done(group);
}

static void turn_into_results(void *group) {
  int event;
  struct weir_case first[] = {WEIR_RECV(incoming, &event), WEIR_RECV(weir_context_done(watching), NULL)};
  while (weir_select(first, 2, WEIR_FOREVER) == 0 && send_unless_done(results, &event))
    continue;
  weir_waitgroup_done(group);
}

static void await_end(void *group) {
  int error;
  struct weir_case first[] = {WEIR_RECV(errors, &error), WEIR_RECV(weir_context_done(watching), NULL)};
  if (weir_select(first, 2, WEIR_FOREVER) == 0)
    weir_chan_send(results, &error);
  weir_context_cancel(watching);
  weir_waitgroup_done(group);
}

WEIR_SCENARIO(kubernetes_25331, "a watch was stopped and still wants to deliver its error") {
  watching = weir_context_background();
  incoming = weir_chan_new(sizeof(int), BUFFER);
  results = weir_chan_new(sizeof(int), BUFFER);
  errors = weir_chan_new(sizeof(int), 1);
  watchers = (weir_waitgroup){0};
  weir_waitgroup_add(&watchers, 3);
  weir_go(read_etcd, &watchers);
  weir_go(turn_into_results, &watchers);
  weir_go(await_end, &watchers);
  for (int result = 0; result >= 0 && result < WANTED;)
    weir_chan_recv(results, &result);
  weir_context_cancel(watching);
  weir_waitgroup_wait(&watchers);
  weir_chan_unref(errors);
  weir_chan_unref(results);
  weir_chan_unref(incoming);
  weir_context_unref(watching);
  return 0;
}
