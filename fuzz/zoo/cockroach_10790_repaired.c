/* cockroach_10790_repaired.c — the twin of cockroach_10790.c: who stays behind waits for the command before or for
 * the shutdown. */
#include <weir/scenario.h>

enum { COMMANDS = 3 };

static weir_chan *left[COMMANDS], *shutdown;
static weir_context *request;
static weir_waitgroup commands;

static void wait_instead(void *arg) {
  const size_t number = (size_t)arg;
  struct weir_case wait[] = {WEIR_RECV(left[number - 1], NULL), WEIR_RECV(shutdown, NULL)};
  weir_select(wait, 2, WEIR_FOREVER);
  weir_chan_close(left[number]);
  weir_waitgroup_done(&commands);
}

static bool may_begin(size_t number) {
  if (number == 0)
    return true;
  struct weir_case wait[] = {WEIR_RECV(left[number - 1], NULL), WEIR_RECV(weir_context_done(request), NULL)};
  if (weir_select(wait, 2, WEIR_FOREVER) == 0)
    return true;
  weir_waitgroup_add(&commands, 1);
  weir_go(wait_instead, (void *)number);
  return false;
}

static void command(void *arg) {
  const size_t number = (size_t)arg;
  if (may_begin(number)) {
    weir_chan *applied = weir_after(10 * WEIR_MILLISECOND);
    struct weir_case wait[] = {WEIR_RECV(applied, NULL), WEIR_RECV(shutdown, NULL)};
    if (weir_select(wait, 2, WEIR_FOREVER) == 0)
      weir_chan_close(left[number]);
    weir_chan_unref(applied);
  }
  weir_waitgroup_done(&commands);
}

WEIR_SCENARIO(cockroach_10790_repaired, "who waits in somebody's stead also looks at the shutdown") {
  weir_context *background = weir_context_background();
  request = weir_context_with_cancel(background);
  shutdown = weir_chan_new(0, 0);
  commands = (weir_waitgroup){0};
  weir_waitgroup_add(&commands, COMMANDS);
  for (size_t i = 0; i < COMMANDS; i++)
    left[i] = weir_chan_new(0, 0);
  for (size_t i = 0; i < COMMANDS; i++)
    weir_go(command, (void *)i);
  weir_sleep(WEIR_SECOND);
  weir_context_cancel(request);
  weir_chan_close(shutdown);
  weir_waitgroup_wait(&commands);
  for (size_t i = 0; i < COMMANDS; i++)
    weir_chan_unref(left[i]);
  weir_chan_unref(shutdown);
  weir_context_unref(request);
  weir_context_unref(background);
  return 0;
}
