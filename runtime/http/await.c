/* await.c — a calling task waits for what happens on its client's worker. */
#include "client.h"

#include <weir/chan.h>
#include <weir/select.h>

#include <errno.h>

int await(struct await *await, int64_t deadline, weir_context *context) {
  if (context == NULL)
    return host_wait(&await->queue, deadline);
  if (await->signal == NULL && (await->signal = weir_chan_new(0, 1)) == NULL)
    return -ENOMEM;
  struct weir_case cases[] = {WEIR_RECV(weir_context_done(context), NULL), WEIR_RECV(await->signal, NULL)};
  int chosen = weir_select(cases, 2, deadline);
  return chosen == 0 ? weir_context_error(context) : chosen == 1 ? 0 : chosen;
}

void await_wake(struct await *await) {
  wait_wake_first(&await->queue);
  if (await->signal != NULL)
    weir_chan_try_send(await->signal, NULL);
}

void await_end(struct await *await) {
  weir_chan_unref(await->signal);
  await->signal = NULL;
}
