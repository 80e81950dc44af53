/* cockroach_13197.c — cockroachdb/cockroach#13197, from #12917: goroutines leaked through database/sql in Go 1.8.
 *
 * Since Go 1.8 a transaction has a context and a goroutine that waits for its end. Begin takes the background
 * context, so that only Commit or Rollback end it; BeginTx takes the caller's. A session that loses its client returns
 * without either, which used to be harmless: now the goroutine waits for ever.
 * The interleaving: the client's deadline passes between two statements that have themselves come through in time.
 * The repair: begin under the client's context. */
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
  weir_context *transaction = begin(server);
  for (int i = 0; i < STATEMENTS && error == 0; i++) {
    weir_sleep(WEIR_MILLISECOND * (1 + weir_draw(3)));
    error = weir_context_error(client);
  }
  if (error == 0)
    weir_context_cancel(transaction); /* commit */
  weir_context_unref(transaction);
  return error;
}

WEIR_SCENARIO(cockroach_13197, "a transaction without an owner has a goroutine that waits for its end") {
  server = weir_context_background();
  weir_context *client = weir_context_with_deadline(server, weir_now() + WEIR_SECOND);
  run_session(client);
  weir_context_unref(client);
  weir_context_unref(server);
  return 0;
}
