/* broker.c — topics, and the rolls of their subscribers.
 *
 * A publish sends along a roll: an array of channels that no longer changes in the part that it uses. Under the
 * broker's lock it finds the topic, counts itself in the roll (users) and notes the length; then it sends without a
 * lock. So:
 *   - a subscriber is added in place behind the end, where nobody looks, or in a larger copy of the roll;
 *   - one is taken out in place while nobody uses the roll, else from a copy; the old roll is then retired: it belongs
 *     to its users, and the last of them frees it.
 * A publish allocates nothing here. A topic has its current roll and its retired ones, oldest first; whoever ends a
 * subscription waits until the rolls retired up to then are gone. A topic is gone with its last roll.
 *
 * Invariants, where the lock is free: a current roll has a member at least (but at the very end), a retired one a user;
 * a topic has a roll; broker->users is the sum over all rolls; the broker holds one reference of each channel until its
 * unsubscribe has waited. Lock order: none; channels are closed, and memory is made and freed, outside.
 *
 * Publishers that a run's end has destroyed never leave their rolls, and who closed the broker never ends that: who
 * finds either in a broker whose run is over forgets them first.
 *
 * The broker begins with the channel that its publishers have as exit: close ends them by closing it. The channel's
 * references are the broker's: close empties it and drops the first one, the memory goes with the last. Who comes in
 * between finds it closing, and looks no further.
 *
 * Rejected: a reference on each channel a publish (one atomic operation a subscriber and message); counting who is in a
 * call, so that close could wait for them (who has begun a call and not yet counted is not counted); a table that grows
 * (topics are few, and subscribing would have to allocate under the lock).
 */
#include "broker.h"

#include "books.h"
#include "chan.h"
#include "run.h"
#include "sync.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

enum { BUCKETS = 64, FIRST_CAPACITY = 4 };

struct topic;

struct roll {
  struct topic *topic;
  struct roll *next; /* among the retired: the next younger */
  uint64_t number;   /* rolls of a topic are numbered as they are retired */
  uint32_t users;
  bool retired;
  size_t length;
  size_t capacity;
  weir_chan *members[];
};

struct topic {
  struct topic *next; /* in its bucket */
  struct roll *roll;  /* NULL: nobody subscribes any more */
  struct roll *oldest;
  struct roll *youngest;
  uint64_t retired; /* rolls, ever */
  struct wait_queue leavers;
  uint64_t hash;
  char name[];
};

/* Somebody who unsubscribes. */
struct leaver {
  struct waiter waiter;
  uint64_t number; /* waits for the rolls up to this one */
};

struct weir_broker {
  struct weir_chan exit;
  struct port_lock lock;
  bool closing;
  bool closed; /* and empty: closing for ever */
  uint32_t users;
  uint32_t generation; /* the run of the users and of who closes it */
  struct wait_queue closers;
  struct weir_broker_options options;
  struct topic *buckets[BUCKETS];
};

const size_t weir_broker_bytes = sizeof(struct weir_broker);

/* ---- topics ----------------------------------------------------------------------------------------------------- */

/* FNV-1a: Fowler, Noll, Vo. */
static uint64_t hash_of(const char *name) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (; *name != '\0'; name++)
    hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
  return hash;
}

/* Where the topic is linked, or would be. The lock is held. */
static struct topic **find_topic(weir_broker *broker, const char *name, uint64_t hash) {
  struct topic **link = &broker->buckets[(hash >> 32) % BUCKETS];
  while (*link != NULL && ((*link)->hash != hash || strcmp((*link)->name, name) != 0))
    link = &(*link)->next;
  return link;
}

static struct topic *topic_new(const char *name, uint64_t hash) {
  size_t size = strlen(name) + 1;
  struct topic *topic = port_allocate(MEMORY_BROKER, sizeof *topic + size);
  if (topic == NULL)
    return NULL;
  *topic = (struct topic){.hash = hash};
  memcpy(topic->name, name, size);
  return topic;
}

/* ---- rolls ------------------------------------------------------------------------------------------------------ */

static struct roll *roll_new(size_t capacity) {
  size_t bytes;
  if (__builtin_mul_overflow(capacity, sizeof(weir_chan *), &bytes) ||
      __builtin_add_overflow(bytes, sizeof(struct roll), &bytes))
    return NULL;
  struct roll *roll = port_allocate(MEMORY_BROKER, bytes);
  if (roll != NULL)
    *roll = (struct roll){.capacity = capacity};
  return roll;
}

/* The topic's current roll is replaced, by NULL when the last subscriber goes. Says what is to be freed outside the
 * lock: the old one if nobody uses it. */
static struct roll *replace_roll(struct topic *topic, struct roll *roll) {
  struct roll *old = topic->roll;
  topic->roll = roll;
  if (roll != NULL)
    roll->topic = topic;
  if (old == NULL || old->users == 0)
    return old;
  old->retired = true;
  old->number = ++topic->retired;
  old->next = NULL;
  if (topic->oldest == NULL)
    topic->oldest = old;
  else
    topic->youngest->next = old;
  topic->youngest = old;
  return NULL;
}

/* The last user of a retired roll leaves: the list loses it, and whoever waited for it goes on. */
static void unlink_retired(struct roll *roll, struct wake_list *woken) {
  struct topic *topic = roll->topic;
  struct roll *before = NULL;
  for (struct roll *at = topic->oldest; at != roll; at = at->next)
    before = at;
  *(before == NULL ? &topic->oldest : &before->next) = roll->next;
  if (topic->youngest == roll)
    topic->youngest = before;
  /* They stand in the order of their numbers. */
  while (!wait_queue_empty(&topic->leavers)) {
    struct leaver *first = container_of(topic->leavers.head, struct leaver, waiter);
    if (topic->oldest != NULL && topic->oldest->number <= first->number)
      return;
    if (wait_claim(&first->waiter))
      wake_list_add(woken, &first->waiter);
  }
}

/* The users died with their run, and so did who waited for them, or was to go on. The lock is held. */
static __attribute__((noinline)) void forget_users(weir_broker *broker) {
  for (int i = 0; i < BUCKETS; i++)
    for (struct topic **link = &broker->buckets[i], *topic; (topic = *link) != NULL;) {
      for (struct roll *roll; (roll = topic->oldest) != NULL;) {
        topic->oldest = roll->next;
        port_release(roll);
      }
      topic->youngest = NULL;
      if (topic->roll != NULL) {
        topic->roll->users = 0;
        link = &topic->next;
        continue;
      }
      *link = topic->next;
      port_release(topic);
    }
  broker->users = 0;
  broker->closing = broker->exit.closed = broker->closed; /* a close that was cut short has not happened */
}

static inline void enter(weir_broker *broker) {
  port_lock(&broker->lock);
  if (unlikely((broker->users != 0 || broker->closing) &&
               (broker->generation != weir_run_generation || !weir_run_active() || weir_scheduler.ending)))
    forget_users(broker);
}

/* ---- publishing ------------------------------------------------------------------------------------------------- */

/* Leaves a roll; no lock is held. Afterwards the broker may be gone. */
static bool leave_roll(weir_broker *broker, struct roll *roll) {
  struct wake_list woken = {0};
  struct topic *topic = NULL;
  port_lock(&broker->lock);
  bool closing = broker->closing;
  bool last = --roll->users == 0 && roll->retired;
  if (last) {
    unlink_retired(roll, &woken);
    if (roll->topic->roll == NULL && roll->topic->oldest == NULL) {
      topic = roll->topic;
      *find_topic(broker, topic->name, topic->hash) = topic->next;
    }
  }
  if (--broker->users == 0)
    wake_list_claim_all(&woken, &broker->closers);
  port_unlock(&broker->lock);
  wake_list_wake(&woken);
  if (last)
    port_release(roll);
  if (topic != NULL)
    port_release(topic);
  return closing;
}

int weir_broker_publish_at(weir_broker *broker, const char *topic, const void *message,
                           struct weir_broadcast_result *result, const char *file, int line) {
  port_step("publish", &broker->exit);
  struct weir_broadcast_result ignored;
  if (result == NULL)
    result = &ignored;
  *result = (struct weir_broadcast_result){0};
  uint64_t hash = topic == NULL ? 0 : hash_of(topic);
  enter(broker);
  struct topic *found = topic == NULL || broker->closing ? NULL : *find_topic(broker, topic, hash);
  if (found == NULL || found->roll == NULL) {
    int error = broker->closing ? -EPIPE : 0;
    port_unlock(&broker->lock);
    return error;
  }
  struct roll *roll = found->roll;
  size_t length = roll->length;
  roll->users++;
  broker->users++;
  broker->generation = weir_run_generation;
  port_unlock(&broker->lock);
  int error = weir_broadcast_at(roll->members, length, message, &broker->options.broadcast, result, file, line);
  bool closing = leave_roll(broker, roll);
  return error == 0 && closing && result->skipped != 0 ? -EPIPE : error;
}

/* ---- subscribing ------------------------------------------------------------------------------------------------ */

/* What a subscription needs and may be made only outside the lock; what is not used is freed. */
struct supply {
  weir_chan *chan;
  struct topic *topic;
  struct roll *roll;
};

/* Adds the channel: 0; how much room a new roll needs; or -EPIPE. The lock is held. */
static ssize_t add_member(weir_broker *broker, const char *name, struct supply *supply) {
  if (broker->closing)
    return -EPIPE;
  struct topic **link = find_topic(broker, name, supply->topic->hash);
  struct topic *topic = *link;
  struct roll *roll = topic == NULL ? NULL : topic->roll;
  size_t length = roll == NULL ? 0 : roll->length;
  if (roll == NULL || length == roll->capacity) {
    if (supply->roll == NULL || supply->roll->capacity <= length)
      return (ssize_t)(length == 0 ? FIRST_CAPACITY : 2 * length);
    if (topic == NULL) {
      *link = topic = supply->topic;
      supply->topic = NULL;
    } else if (roll != NULL) {
      memcpy(supply->roll->members, roll->members, length * sizeof *roll->members);
    }
    roll = supply->roll;
    supply->roll = replace_roll(topic, roll);
  }
  roll->members[length] = supply->chan;
  roll->length = length + 1;
  return 0;
}

static int add_supplied(weir_broker *broker, const char *name, struct supply *supply) {
  for (;;) {
    enter(broker);
    ssize_t wanted = add_member(broker, name, supply);
    port_unlock(&broker->lock);
    if (wanted <= 0)
      return (int)wanted;
    port_release(supply->roll);
    supply->roll = roll_new((size_t)wanted);
    if (supply->roll == NULL)
      return -ENOMEM;
  }
}

weir_chan *weir_broker_subscribe_at(weir_broker *broker, const char *topic, size_t capacity, const char *file,
                                    int line) {
  port_step("subscribe", &broker->exit);
  if (topic == NULL)
    return NULL;
  struct supply supply = {.chan = weir_chan_new_at(broker->options.element_size, capacity, file, line),
                          .topic = topic_new(topic, hash_of(topic))};
  weir_chan *chan = weir_chan_ref(supply.chan);
  if (chan == NULL || supply.topic == NULL || add_supplied(broker, topic, &supply) != 0) {
    weir_chan_unref(chan);
    weir_chan_unref(chan);
    chan = NULL;
  }
  port_release(supply.topic);
  port_release(supply.roll);
  return chan;
}

/* ---- unsubscribing ---------------------------------------------------------------------------------------------- */

enum { NO_PLACE = -1 };

static ssize_t place_of(const struct roll *roll, const weir_chan *chan) {
  for (size_t i = 0; i < roll->length; i++)
    if (roll->members[i] == chan)
      return (ssize_t)i;
  return NO_PLACE;
}

static void copy_without(struct roll *to, const struct roll *from, size_t place) {
  memmove(to->members, from->members, place * sizeof *to->members);
  memmove(to->members + place, from->members + place + 1, (from->length - place - 1) * sizeof *to->members);
  to->length = from->length - 1;
}

/* What leaves the broker with a subscription. */
struct leaving {
  struct roll *spare; /* the new roll, if one is needed */
  struct roll *old;   /* to free, like the topic */
  struct topic *topic;
  bool waits; /* for retired rolls: the leaver is enlisted */
};

/* Takes the channel out: 0; how much room a new roll needs; or -EPIPE, -EINVAL, -EPERM. The lock is held. */
static ssize_t take_member(weir_broker *broker, const char *name, const weir_chan *chan, struct leaver *self,
                           struct leaving *departure) {
  if (broker->closing)
    return -EPIPE;
  struct topic **link = find_topic(broker, name, hash_of(name));
  struct topic *topic = *link;
  ssize_t place = topic == NULL || topic->roll == NULL ? NO_PLACE : place_of(topic->roll, chan);
  if (place == NO_PLACE)
    return -EINVAL;
  struct roll *roll = topic->roll;
  departure->waits = roll->users != 0 || topic->oldest != NULL;
  if (departure->waits && !wait_allowed())
    return -EPERM;
  if (roll->length == 1) {
    departure->old = replace_roll(topic, NULL);
    if (!departure->waits) {
      *link = topic->next;
      departure->topic = topic;
    }
  } else if (roll->users == 0) {
    copy_without(roll, roll, (size_t)place);
  } else {
    if (departure->spare == NULL || departure->spare->capacity < roll->length - 1)
      return (ssize_t)roll->length - 1;
    copy_without(departure->spare, roll, (size_t)place);
    replace_roll(topic, departure->spare); /* it has users: nothing to free */
    departure->spare = NULL;
  }
  if (departure->waits) {
    self->number = topic->retired;
    wait_enlist(wait_open(WAIT_FOR_BROKER, &self->waiter, 1, sizeof *self), &self->waiter, &topic->leavers);
  }
  return 0;
}

static void close_member(weir_chan *chan) {
  port_lock(&chan->lock);
  chan_close_now(chan);
  port_unlock(&chan->lock);
}

int weir_broker_unsubscribe(weir_broker *broker, const char *topic, weir_chan *chan) {
  port_step("unsubscribe", &broker->exit);
  if (topic == NULL || chan == NULL)
    return -EINVAL;
  struct leaver self;
  struct leaving departure = {0};
  ssize_t wanted;
  for (;;) {
    enter(broker);
    wanted = take_member(broker, topic, chan, &self, &departure);
    port_unlock(&broker->lock);
    if (wanted <= 0)
      break;
    port_release(departure.spare);
    departure.spare = roll_new((size_t)wanted);
    if (departure.spare == NULL)
      return -ENOMEM;
  }
  port_release(departure.spare);
  port_release(departure.old);
  port_release(departure.topic);
  if (wanted < 0)
    return (int)wanted;
  close_member(chan);
  if (departure.waits)
    wait_commit(self.waiter.wait, WEIR_FOREVER, NULL);
  weir_chan_unref(chan);
  return 0;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------ */

weir_broker *weir_broker_new_at(const struct weir_broker_options *options, const char *file, int line) {
  port_step("broker new", NULL);
  if (options == NULL || options->broadcast.exit != NULL || (unsigned)options->broadcast.policy > WEIR_TIMEOUT_NONE)
    return NULL;
  weir_broker *broker = port_allocate(MEMORY_BROKER, sizeof *broker);
  if (broker == NULL)
    return NULL;
  *broker = (struct weir_broker){.options = *options};
  chan_init(&broker->exit, 0, 0, site_of(file, line));
  broker->exit.role = CHAN_BROKER;
  broker->exit.untimed = true;
  broker->options.broadcast.exit = &broker->exit;
  if (!chan_enter(&broker->exit, BOOK_BROKER, 0)) {
    port_release(broker);
    return NULL;
  }
  return broker;
}

/* A simulation may end at any of the unrefs: then the topic still stands, without who has been let go. */
static void drop_members(struct roll *roll) {
  for (size_t i = 0; i < roll->length; i++)
    close_member(roll->members[i]);
  while (roll->length != 0)
    weir_chan_unref(roll->members[--roll->length]);
}

/* Nobody uses it: every topic has a current roll and no other. */
static void drop_topics(weir_broker *broker, bool close_channels) {
  for (int i = 0; i < BUCKETS; i++)
    for (struct topic *topic; (topic = broker->buckets[i]) != NULL;) {
      if (close_channels)
        drop_members(topic->roll);
      broker->buckets[i] = topic->next;
      port_release(topic->roll);
      port_release(topic);
    }
}

static void broker_free(weir_broker *broker) {
  chan_exit(&broker->exit, BOOK_BROKER, 0);
  port_release(broker);
}

static void drop_reference(weir_broker *broker) {
  if (port_release_count(&broker->exit.references))
    broker_free(broker);
}

weir_broker *weir_broker_ref(weir_broker *broker) {
  if (broker != NULL)
    port_retain(&broker->exit.references);
  return broker;
}

void weir_broker_unref(weir_broker *broker) {
  if (broker == NULL)
    return;
  port_step("broker unref", &broker->exit);
  drop_reference(broker);
}

void broker_abandon(weir_chan *c) {
  weir_broker *broker = container_of(c, weir_broker, exit);
  forget_users(broker);
  drop_topics(broker, false);
  broker_free(broker);
}

int weir_broker_close(weir_broker *broker) {
  if (broker == NULL)
    return 0;
  port_step("broker close", &broker->exit);
  enter(broker);
  bool waits = broker->users != 0;
  if (broker->closing || (waits && !wait_allowed())) {
    int error = broker->closing ? -EPIPE : -EPERM;
    port_unlock(&broker->lock);
    return error;
  }
  broker->closing = true;
  broker->generation = weir_run_generation;
  struct waiter self;
  struct wait *wait = NULL;
  if (waits) {
    wait = wait_open(WAIT_FOR_BROKER, &self, 1, sizeof self);
    wait_enlist(wait, &self, &broker->closers);
  }
  port_unlock(&broker->lock);
  close_member(&broker->exit);
  if (waits)
    wait_commit(wait, WEIR_FOREVER, NULL);
  drop_topics(broker, true);
  port_lock(&broker->lock);
  broker->closed = true;
  port_unlock(&broker->lock);
  drop_reference(broker);
  return 0;
}
