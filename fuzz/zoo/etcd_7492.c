/* etcd_7492.c — etcd-io/etcd#7492: a deadlock in the keeper of simple tokens.
 *
 * A login takes the lock of the tokens, notes a new one, and tells the keeper through a channel, still holding the
 * lock. The keeper remembers when tokens expire; at a tick of its ticker it deletes those that have, under the same
 * lock. Only the keeper empties the channel.
 * The interleaving: the channel is full and a login waits in its send, with the lock; the keeper, of the tick and the
 * element both ready, takes the tick, finds an expired token, and waits for the lock.
 * Few schedules get there: the logins must be held up until the first token has outlived 21 ticks.
 * The repair: send after the lock is released. */
#include <weir/scenario.h>

enum { USERS = 2, LOGINS = 2, TOKENS = USERS * LOGINS };

static const int64_t resolution = WEIR_SECOND, time_to_live = 21 * WEIR_SECOND;
static weir_mutex tokens_lock;
static uint32_t tokens, deleted;
static weir_chan *added, *stopped;
static weir_waitgroup users, keepers;

static void delete_token(void) {
  weir_mutex_lock(&tokens_lock);
  deleted++;
  weir_mutex_unlock(&tokens_lock);
}

static void keep_tokens(void *ticker) {
  int64_t expires[TOKENS];
  uint32_t token, kept = 0, first = 0;
  struct weir_case wait[] = {WEIR_RECV(added, &token), WEIR_RECV(weir_ticker_chan(ticker), NULL),
                             WEIR_RECV(stopped, NULL)};
  for (int went; (went = weir_select(wait, 3, WEIR_FOREVER)) != 2;)
    if (went == 0)
      expires[kept++] = weir_now() + time_to_live;
    else
      for (; first < kept && expires[first] <= weir_now(); first++)
        delete_token();
  weir_waitgroup_done(&keepers);
}

static void log_in(void *arg) {
  for (int i = 0; i < LOGINS; i++) {
    weir_mutex_lock(&tokens_lock);
    const uint32_t token = tokens++;
    weir_chan_send(added, &token);
    weir_mutex_unlock(&tokens_lock);
  }
  weir_waitgroup_done(arg);
}

WEIR_SCENARIO(etcd_7492, "a login holds the lock while it waits for the keeper, who waits for the lock") {
  weir_ticker *ticker = weir_ticker_new(resolution);
  tokens_lock = (weir_mutex){0};
  tokens = deleted = 0;
  added = weir_chan_new(sizeof tokens, 1);
  stopped = weir_chan_new(0, 0);
  users = (weir_waitgroup){0};
  weir_waitgroup_add(&users, USERS);
  keepers = (weir_waitgroup){0};
  weir_waitgroup_add(&keepers, 1);
  weir_go(keep_tokens, ticker);
  for (int i = 0; i < USERS; i++)
    weir_go(log_in, &users);
  weir_waitgroup_wait(&users);
  weir_chan_close(stopped);
  weir_waitgroup_wait(&keepers);
  weir_ticker_free(ticker);
  weir_chan_unref(stopped);
  weir_chan_unref(added);
  return 0;
}
