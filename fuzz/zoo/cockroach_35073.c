/* cockroach_35073.c — cockroachdb/cockroach#35073: an outbox that fails while it starts up.
 *
 * Processors of a distributed query push rows into a channel with room for a few; the outbox connects to another node
 * and sends them there. Its cleanup, which closes the channel and so tells the processors to stop, was arranged only
 * once the connection stood. When the connection fails, who has more rows than fit pushes for ever.
 * The interleaving: none is needed, but the failure is, and more rows than fit.
 * The repair: arrange the cleanup first. */
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
  if (!connect_to_node())
    return;
  weir_defer(&at_return, close_rows, arg);
  for (int sent = 0; sent < PROCESSORS * ROWS; sent++)
    weir_chan_recv(arg, NULL);
}

WEIR_SCENARIO(cockroach_35073, "an outbox that could not connect leaves its processors in their push") {
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
