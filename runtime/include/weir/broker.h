/* weir/broker.h — publish and subscribe by topic: a broadcast to whoever subscribes to it now.
 *
 *     struct weir_broker_options options = {
 *         .element_size = sizeof(int),
 *         .broadcast = {.timeout = 5 * WEIR_MILLISECOND, .policy = WEIR_TIMEOUT_DEADLINE}};
 *     weir_broker *broker = weir_broker_new(&options);
 *     weir_chan *news = weir_broker_subscribe(broker, "news", 1);
 *     weir_broker_publish(broker, "news", &(int){42}, NULL);
 *     ... weir_chan_recv(news, &got) ...
 *     weir_broker_unsubscribe(broker, "news", news);  weir_chan_unref(news);
 *     weir_broker_close(broker);
 */
#ifndef WEIR_BROKER_H
#define WEIR_BROKER_H

#include <weir/base.h>
#include <weir/broadcast.h>

WEIR_BEGIN

typedef struct weir_broker weir_broker;

struct weir_broker_options {
  size_t element_size; /* of every message, in bytes */
  struct weir_broadcast_options
      broadcast; /* how a message is sent; exit must be NULL: closing the broker is the exit */
};

/* A broker without topics. Owned by the caller, to give back with weir_broker_close. NULL when there is no memory, and
 * when options is NULL or has an exit or a policy that does not exist. Any context. Does not block. */
#define weir_broker_new(options) weir_broker_new_at((options), __FILE__, __LINE__)

/* A new channel on which the topic's messages arrive from now on; topic is copied. One reference is the caller's, to
 * give back with weir_chan_unref after weir_broker_unsubscribe or weir_broker_close; the broker holds another.
 * NULL when there is no memory, topic is NULL, or the broker is closed or being closed. Any context. Does not block. */
#define weir_broker_subscribe(broker, topic, capacity)                                                                 \
  weir_broker_subscribe_at((broker), (topic), (capacity), __FILE__, __LINE__)

/* Ends a subscription: closes its channel, so that a publisher that waits to send to it goes on, and returns when every
 * publish under way that might know the channel has ended. What is buffered can still be received. A topic is gone with
 * its last subscriber.
 * Returns 0; -EINVAL when chan is not subscribed to topic; -EPIPE when the broker is closed or being closed; -ENOMEM
 * (only while a publish is under way), or -EPERM when it would have to wait in a deferred function: then nothing has
 * happened. */
WEIR_API int weir_broker_unsubscribe(weir_broker *broker, const char *topic, weir_chan *chan);

/* Offers *message to everybody subscribed when it is called, as weir_broadcast does with the broker's options; result
 * may be NULL. A topic nobody subscribes to: 0, with all four numbers 0. Allocates nothing but what weir_broadcast
 * does. Returns what weir_broadcast returns, or -EPIPE when the broker was closed before everybody had been offered it
 * (result says how far it came). */
#define weir_broker_publish(broker, topic, message, result)                                                            \
  weir_broker_publish_at((broker), (topic), (message), (result), __FILE__, __LINE__)

/* Ends publishes under way (they skip whom they have not yet reached) and waits for them, closes every subscriber's
 * channel, and gives the broker back. NULL is allowed. After a run, what its tasks were publishing when it ended counts
 * as ended, and a close that they had not ended has not happened.
 * Other calls that begin before it returns, or later, need a reference of their own (weir_broker_ref): they get -EPIPE;
 * without one the broker may be gone.
 * Returns 0; -EPIPE when somebody else is closing it or has closed it; -EPERM when it would have to wait in a deferred
 * function: nothing has happened. */
WEIR_API int weir_broker_close(weir_broker *broker);

/* Takes, or drops, a reference; both accept NULL. ref returns broker. For tasks that call while another one may close
 * the broker: what it holds goes with the close, its memory with the last reference. weir_broker_close drops that of
 * weir_broker_new. Any context. Does not block. */
WEIR_API weir_broker *weir_broker_ref(weir_broker *broker);
WEIR_API void weir_broker_unref(weir_broker *broker);

WEIR_API weir_broker *weir_broker_new_at(const struct weir_broker_options *options, const char *file, int line);
WEIR_API weir_chan *weir_broker_subscribe_at(weir_broker *broker, const char *topic, size_t capacity, const char *file,
                                             int line);
WEIR_API int weir_broker_publish_at(weir_broker *broker, const char *topic, const void *message,
                                    struct weir_broadcast_result *result, const char *file, int line);

WEIR_END

#endif
