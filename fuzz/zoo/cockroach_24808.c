/* cockroach_24808.c — cockroachdb/cockroach#24808: a compactor that deadlocks when it is started.
 *
 * Whoever has a suggestion for the compactor notes it and pokes its loop through a channel with room for one, without
 * blocking. Start pokes too, for what was suggested in an earlier life, and then starts the loop. It takes for granted
 * that the channel is empty: if a replica has already made a suggestion, Start waits for the loop that it has not
 * started yet.
 * The interleaving: a suggestion before Start.
 * The repair: Start pokes without blocking, like everybody. */
#include <weir/scenario.h>

enum { REPLICAS = 2 };

static weir_chan *poke;
static weir_mutex lock;
static unsigned suggestions, compacted;
static weir_waitgroup replicas, loops;

static void suggest(void *arg) {
  weir_mutex_lock(&lock);
  suggestions++;
  weir_mutex_unlock(&lock);
  weir_chan_try_send(poke, NULL);
  weir_waitgroup_done(arg);
}

static void compact(void *stopped) {
  struct weir_case wait[] = {WEIR_RECV(poke, NULL), WEIR_RECV(stopped, NULL)};
  while (weir_select(wait, 2, WEIR_FOREVER) == 0) {
    weir_mutex_lock(&lock);
    compacted = suggestions;
    weir_mutex_unlock(&lock);
  }
  weir_waitgroup_done(&loops);
}

static void start(weir_chan *stopped) {
  weir_chan_send(poke, NULL);
  weir_go(compact, stopped);
}

WEIR_SCENARIO(cockroach_24808, "a compactor waits for its own loop before it has started it") {
  weir_chan *stopped = weir_chan_new(0, 0);
  poke = weir_chan_new(0, 1);
  lock = (weir_mutex){0};
  suggestions = compacted = 0;
  replicas = (weir_waitgroup){0};
  weir_waitgroup_add(&replicas, REPLICAS);
  loops = (weir_waitgroup){0};
  weir_waitgroup_add(&loops, 1);
  for (int i = 0; i < REPLICAS; i++)
    weir_go(suggest, &replicas);
  start(stopped);
  weir_waitgroup_wait(&replicas);
  weir_settle(WEIR_FOREVER);
  weir_assert(compacted == REPLICAS);
  weir_chan_close(stopped);
  weir_waitgroup_wait(&loops);
  weir_chan_unref(poke);
  weir_chan_unref(stopped);
  return 0;
}
