/* cockroach_13197_repaired.c — the twin of cockroach_13197.c: the transaction begins under the client's context, and
 * so ends with it. */
#include <weir/scenario.h>

enum { STATEMENTS = 3 };

static weir_context *server;

static void await_done(void *arg) {
  weir_chan_recv(weir_context_done(arg), NULL);
  weir_context_unref(arg); /* the transaction is over: give back its connection */
}

static weir_context *begin(weir_context *parent) {
  weir_context *transaction = weir_context_with_cancel(parent);
  weir_go(await_done, weir_context_ref(transaction));
  return transaction;
}

static int run_session(weir_context *client) {
  int error = 0;
  weir_context *transaction = begin(client);
  for (int i = 0; i < STATEMENTS && error == 0; i++) {
    weir_sleep(WEIR_MILLISECOND * (1 + weir_draw(3)));
    error = weir_context_error(client);
  }
  if (error == 0)
    weir_context_cancel(transaction); /* commit */
  weir_context_unref(transaction);
  return error;
}

WEIR_SCENARIO(cockroach_13197_repaired, "a transaction ends with its client") {
  server = weir_context_background();
  weir_context *client = weir_context_with_deadline(server, weir_now() + WEIR_SECOND);
  run_session(client);
  weir_context_unref(client);
  weir_context_unref(server);
  return 0;
}
