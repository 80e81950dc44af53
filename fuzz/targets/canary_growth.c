/* canary_growth.c — fuzz target with two planted leaks that no verdict shows; both must be found.
 *
 * A publisher copies each message into a block of its own for the subscriber to free. When the subscriber has left, the
 * publisher gives up, and forgets the block: no object of the runtime is left, but the bytes are. With WEIR_CANARY=object
 * in the environment a channel is left instead, made before the simulation, which therefore does not free it.
 */
#include <stdlib.h>
#include <string.h>
#include <weir/scenario.h>

enum { MESSAGE = 1000 };

static void subscribe(void *chan) {
  char *message;
  if (weir_chan_recv(chan, &message) == 0)
    free(message);
  weir_chan_close(chan);
}

__attribute__((constructor)) static void leave_a_channel(void) {
  const char *canary = getenv("WEIR_CANARY");
  if (canary != NULL && strcmp(canary, "object") == 0)
    weir_chan_new(sizeof(int), 1);
}

WEIR_SCENARIO(canary_growth, "a publisher gives up, and forgets its message") {
  weir_chan *chan = weir_chan_new(sizeof(char *), 0);
  weir_go(subscribe, chan);
  for (uint32_t i = 0; i < 2; i++) {
    char *message = malloc(MESSAGE);
    if (message == NULL)
      break;
    memset(message, 'x', MESSAGE);
    const int error = weir_chan_send(chan, &message);
    if (error != 0 && weir_draw(8) == 0) /* in one of eight cases it remembers */
      free(message);
  }
  weir_chan_unref(chan);
  return 0;
}
