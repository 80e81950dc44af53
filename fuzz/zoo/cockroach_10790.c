/* cockroach_10790.c — cockroachdb/cockroach#10790: leaked goroutines of Replica.beginCmds (issue #10781).
 *
 * A command waits in the replica's queue for those before it, each of which closes a channel when it leaves. If its
 * context is cancelled meanwhile, a goroutine stays behind to wait in its stead, so that the commands after it still
 * come in order. But at shutdown a command that is being applied gives up without leaving the queue, and who waits
 * for it in somebody's stead waits for ever.
 * The interleaving: shutdown comes while a command is being applied and the next one waits for it.
 * The repair: the one who stays behind also looks at the shutdown. */
#include <weir/scenario.h>

enum { COMMANDS = 3 };

static weir_chan *left[COMMANDS], *shutdown;
static weir_context *request;
static weir_waitgroup commands;

static void wait_instead(void *arg) {
  const size_t number = (size_t)arg;
  weir_chan_recv(left[number - 1], NULL);
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

WEIR_SCENARIO(cockroach_10790, "at shutdown somebody waits for a command that will never leave the queue") {
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
