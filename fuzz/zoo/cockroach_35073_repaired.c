/* cockroach_35073_repaired.c — the twin of cockroach_35073.c: the outbox arranges its cleanup before it tries to
 * connect. */
#include <weir/scenario.h>

enum { PROCESSORS = 2, ROWS = 4, FITTING = 3 };

static weir_chan *rows;
static weir_waitgroup processors;

static void processor(void *arg) {
  for (int row = 0; row < ROWS; row++)
    if (weir_chan_send(rows, &row) != 0)
      break; /* nobody wants more */
  weir_waitgroup_done(arg);
}

static bool connect_to_node(void) {
  weir_sleep(WEIR_MILLISECOND);
  return weir_draw(16) != 15;
}

static void close_rows(void *arg) {
  weir_chan_close(arg);
  weir_chan_unref(arg);
}

static void outbox(void *arg) {
  struct weir_defer at_return;
  weir_defer(&at_return, close_rows, arg);
  if (!connect_to_node())
    return;
  for (int sent = 0; sent < PROCESSORS * ROWS; sent++)
    weir_chan_recv(arg, NULL);
}

WEIR_SCENARIO(cockroach_35073_repaired, "an outbox that could not connect tells its processors") {
  rows = weir_chan_new(sizeof(int), FITTING);
  processors = (weir_waitgroup){0};
  weir_waitgroup_add(&processors, PROCESSORS);
  weir_go(outbox, weir_chan_ref(rows));
  for (int i = 0; i < PROCESSORS; i++)
    weir_go(processor, &processors);
  weir_waitgroup_wait(&processors);
  weir_chan_unref(rows);
  return 0;
}
