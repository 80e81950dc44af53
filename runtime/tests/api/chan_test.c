/* chan_test.c — values through channels: hand-over, order of items and of waiters, sizes, NULL values and NULL
 * channels. Closing is chan_close_test.c, deadlines chan_deadline_test.c, references chan_free_test.c. */
#include "run.h"

struct party {
  weir_chan *chan;
  weir_chan *results;
  int number;
};

static void sends_number(void *arg) {
  const struct party *party = arg;
  CHECK_EQ_INT(weir_chan_send(party->chan, &party->number), 0);
}

static void receives_one(void *arg) {
  const struct party *party = arg;
  int pair[2] = {party->number, 0};
  CHECK_EQ_INT(weir_chan_recv(party->chan, &pair[1]), 0);
  CHECK_EQ_INT(weir_chan_send(party->results, pair), 0);
}

static int unbuffered_body(void *arg) {
  (void)arg;
  struct party party = {.chan = weir_chan_new(sizeof(int), 0), .number = 42};
  int got = 0;
  CHECK_EQ_INT(weir_chan_cap(party.chan), 0);
  CHECK_EQ_INT(weir_chan_try_send(party.chan, &got), -EAGAIN);
  CHECK_EQ_INT(weir_chan_try_recv(party.chan, &got), -EAGAIN);
  CHECK_EQ_INT(weir_go(sends_number, &party), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_len(party.chan), 0);
  CHECK_EQ_INT(weir_chan_try_recv(party.chan, &got), 0);
  CHECK_EQ_INT(got, 42);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(party.chan);
  return 0;
}

static void unbuffered_hands_over(void) {
  run_everywhere(unbuffered_body, NULL);
}

static int buffered_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 3);
  CHECK_EQ_INT(weir_chan_cap(c), 3);
  for (int round = 0; round < 5; round++) { /* the ring's ends wander through every place */
    for (int i = 0; i < 3; i++) {
      CHECK_EQ_INT(weir_chan_len(c), i);
      CHECK_EQ_INT(i % 2 ? weir_chan_try_send(c, &i) : weir_chan_send(c, &i), 0);
    }
    int got = 99;
    CHECK_EQ_INT(weir_chan_try_send(c, &got), -EAGAIN);
    CHECK_EQ_INT(weir_chan_len(c), 3);
    for (int i = 0; i < 3; i++) {
      CHECK_EQ_INT(i % 2 ? weir_chan_try_recv(c, &got) : weir_chan_recv(c, &got), 0);
      CHECK_EQ_INT(got, i);
    }
    CHECK_EQ_INT(weir_chan_try_recv(c, &got), -EAGAIN);
    CHECK_EQ_INT(got, 2);
    CHECK_EQ_INT(weir_chan_try_send(c, &got), 0);
    CHECK_EQ_INT(weir_chan_try_recv(c, NULL), 0);
  }
  weir_chan_unref(c);
  return 0;
}

static void buffered_fills_and_drains(void) {
  run_everywhere(buffered_body, NULL);
}

enum { ITEMS = 300 };

static void sends_in_order(void *arg) {
  weir_chan *c = arg;
  for (int i = 0; i < ITEMS; i++)
    CHECK_EQ_INT(weir_chan_send(c, &i), 0);
}

static int items_body(void *arg) {
  const size_t capacity = *(const size_t *)arg;
  weir_chan *c = weir_chan_new(sizeof(int), capacity);
  CHECK_EQ_INT(weir_go(sends_in_order, c), 0);
  for (int i = 0; i < ITEMS; i++) {
    int got = -1;
    CHECK_EQ_INT(weir_chan_recv(c, &got), 0);
    CHECK_EQ_INT(got, i);
    CHECK_INT(weir_chan_len(c), <=, capacity);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_try_recv(c, NULL), -EAGAIN);
  weir_chan_unref(c);
  return 0;
}

static void items_keep_their_order(void) {
  static const size_t capacities[] = {0, 1, 2, 7, 128, ITEMS};
  for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++)
    run_everywhere(items_body, (void *)&capacities[i]);
}

enum { WAITERS = 6 };

static int receivers_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(sizeof(int), 2), *results = weir_chan_new(2 * sizeof(int), WAITERS);
  struct party parties[WAITERS];
  for (int i = 0; i < WAITERS; i++) {
    parties[i] = (struct party){c, results, i};
    CHECK_EQ_INT(weir_go(receives_one, &parties[i]), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* it waits now, behind those before it */
  }
  for (int i = 100; i < 100 + WAITERS; i++)
    CHECK_EQ_INT(weir_chan_try_send(c, &i), 0);
  CHECK_EQ_INT(weir_chan_len(c), 0); /* every item went past the buffer, to a waiter */
  for (int i = 0; i < WAITERS; i++) {
    int pair[2];
    CHECK_EQ_INT(weir_chan_recv(results, pair), 0);
    CHECK_EQ_INT(pair[1], 100 + pair[0]);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  weir_chan_unref(results);
  return 0;
}

static void waiting_receivers_are_served_in_order(void) {
  run_everywhere(receivers_body, NULL);
}

static int senders_body(void *arg) {
  const size_t capacity = *(const size_t *)arg;
  weir_chan *c = weir_chan_new(sizeof(int), capacity);
  struct party parties[WAITERS];
  for (int i = 0; i < (int)capacity; i++)
    CHECK_EQ_INT(weir_chan_send(c, &i), 0);
  for (int i = 0; i < WAITERS; i++) {
    parties[i] = (struct party){c, NULL, (int)capacity + i};
    CHECK_EQ_INT(weir_go(sends_number, &parties[i]), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  }
  CHECK_EQ_INT(weir_chan_len(c), capacity);
  for (int i = 0; i < (int)capacity + WAITERS; i++) { /* what was buffered first, then each waiter's */
    int got = -1;
    CHECK_EQ_INT(weir_chan_try_recv(c, &got), 0);
    CHECK_EQ_INT(got, i);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  return 0;
}

static void waiting_senders_are_served_in_order(void) {
  static const size_t capacities[] = {0, 1, 4};
  for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++)
    run_everywhere(senders_body, (void *)&capacities[i]);
}

/* ---- sizes ----------------------------------------------------------------------------------------------------- */

enum { LARGEST = 4096, GUARD = 8 };

struct element {
  weir_chan *chan;
  size_t size;
};

static void fill(unsigned char *bytes, size_t size, int seed) {
  for (size_t i = 0; i < size; i++)
    bytes[i] = (unsigned char)(i * 31 + (size_t)seed * 17 + 1);
}

static void sends_elements(void *arg) {
  const struct element *element = arg;
  unsigned char bytes[LARGEST];
  for (int i = 0; i < 10; i++) {
    fill(bytes, element->size, i);
    CHECK_EQ_INT(weir_chan_send(element->chan, bytes), 0);
  }
}

static void receives_elements(void *arg) {
  const struct element *element = arg;
  unsigned char bytes[LARGEST + GUARD], expected[LARGEST];
  for (int i = 0; i < 10; i++) {
    memset(bytes, 0xEE, sizeof bytes);
    fill(expected, element->size, i);
    CHECK_EQ_INT(weir_chan_recv(element->chan, bytes), 0);
    CHECK_EQ_INT(memcmp(bytes, expected, element->size), 0);
    for (size_t k = element->size; k < element->size + GUARD; k++)
      CHECK_EQ_INT(bytes[k], 0xEE);
  }
}

static int sizes_body(void *arg) {
  struct element element = {.size = *(const size_t *)arg};
  for (size_t capacity = 0; capacity < 4; capacity++) {
    for (int sender_first = 0; sender_first < 2; sender_first++) {
      element.chan = weir_chan_new(element.size, capacity);
      CHECK_EQ_INT(weir_go(sender_first ? sends_elements : receives_elements, &element), 0);
      CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
      (sender_first ? receives_elements : sends_elements)(&element);
      CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
      weir_chan_unref(element.chan);
    }
  }
  return 0;
}

static void element_sizes(void) {
  static const size_t sizes[] = {0, 1, 3, 8, 64, LARGEST};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    run_everywhere(sizes_body, (void *)&sizes[i]);
}

static void impossible_size_is_null(void) {
  CHECK(weir_chan_new(SIZE_MAX, 2) == NULL);
  CHECK(weir_chan_new(SIZE_MAX / 2, 3) == NULL);
  CHECK(weir_chan_new(8, SIZE_MAX / 4) == NULL);
  CHECK_EQ_INT(weir_counts().channels, 0);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

/* ---- NULL ------------------------------------------------------------------------------------------------------ */

static int null_value_body(void *arg) {
  (void)arg;
  for (size_t capacity = 0; capacity < 2; capacity++) {
    struct party party = {.chan = weir_chan_new(sizeof(int), capacity), .number = 5};
    int got = 7;
    CHECK_EQ_INT(weir_go(sends_number, &party), 0);
    CHECK_EQ_INT(weir_chan_recv(party.chan, NULL), 0); /* discards the 5 */
    party.results = weir_chan_new(2 * sizeof(int), 1);
    CHECK_EQ_INT(weir_go(receives_one, &party), 0);
    CHECK_EQ_INT(weir_chan_send(party.chan, NULL), 0); /* sends zeros */
    int pair[2] = {0, -1};
    CHECK_EQ_INT(weir_chan_recv(party.results, pair), 0);
    CHECK_EQ_INT(pair[1], 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_EQ_INT(weir_chan_try_recv(party.chan, &got), -EAGAIN);
    CHECK_EQ_INT(got, 7);
    weir_chan_unref(party.chan);
    weir_chan_unref(party.results);
  }
  return 0;
}

static void null_value_discards_and_sends_zeros(void) {
  run_everywhere(null_value_body, NULL);
}

static int null_channel_body(void *arg) {
  (void)arg;
  int value = 3;
  CHECK_EQ_INT(weir_chan_try_send(NULL, &value), -EAGAIN);
  CHECK_EQ_INT(weir_chan_try_recv(NULL, &value), -EAGAIN);
  CHECK_EQ_INT(weir_chan_send_until(NULL, &value, WEIR_POLL), -ETIMEDOUT);
  CHECK_EQ_INT(weir_chan_recv_until(NULL, &value, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  CHECK_EQ_INT(value, 3);
  CHECK_EQ_INT(weir_chan_close(NULL), -EINVAL);
  CHECK_EQ_INT(weir_chan_len(NULL), 0);
  CHECK_EQ_INT(weir_chan_cap(NULL), 0);
  CHECK(weir_chan_ref(NULL) == NULL);
  weir_chan_unref(NULL);
  return 0;
}

static void null_channel_is_never_ready(void) {
  run_everywhere(null_channel_body, NULL);
}

static int blocks_on_null(void *arg) {
  return arg != NULL ? weir_chan_send(NULL, arg) : weir_chan_recv(NULL, NULL);
}

static void null_channel_waits_for_ever(void) {
  static struct run_log log;
  int value = 0;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, blocks_on_null, NULL), -EDEADLK);
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, blocks_on_null, &value), -EDEADLK);
}

/* ---- a look from another worker --------------------------------------------------------------------------------- */

enum look { LOOK_LENGTH, LOOK_TRY, LOOK_POLL };

struct looker {
  weir_chan *chan;
  weir_waitgroup group;
  enum look look;
};

static void takes(void *arg) {
  struct looker *looker = arg;
  CHECK_EQ_INT(weir_chan_try_recv(looker->chan, NULL), 0);
  weir_waitgroup_done(&looker->group);
}

static void looks(void *arg) {
  struct looker *looker = arg;
  struct weir_case one = WEIR_RECV(looker->chan, NULL);
  if (looker->look == LOOK_LENGTH)
    CHECK_EQ_INT(weir_chan_len(looker->chan), 1);
  else if (looker->look == LOOK_TRY)
    CHECK_EQ_INT(weir_chan_try_recv(looker->chan, NULL), 0);
  else
    CHECK_EQ_INT(weir_select(&one, 1, WEIR_POLL), 0);
  weir_waitgroup_done(&looker->group);
}

/* One element lies in the buffer and another one waits to: whoever takes one leaves one, at every moment. */
static int refill_body(void *arg) {
  struct looker looker = {.chan = weir_chan_new(sizeof(int), 1), .look = *(const enum look *)arg};
  struct party party = {.chan = looker.chan, .number = 2};
  CHECK_EQ_INT(weir_chan_send(looker.chan, &(int){1}), 0);
  CHECK_EQ_INT(weir_go(sends_number, &party), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_waitgroup_add(&looker.group, 2);
  CHECK_EQ_INT(weir_go(takes, &looker), 0);
  CHECK_EQ_INT(weir_go(looks, &looker), 0);
  weir_waitgroup_wait(&looker.group);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_len(looker.chan), looker.look == LOOK_LENGTH);
  weir_chan_unref(looker.chan);
  return 0;
}

static void a_refilled_buffer_is_never_seen_empty(int look) {
  run_balanced(WEIR_TIMERS_PROMPT, refill_body, &look);
  simulate_seeds(WEIR_TIMERS_PROMPT, 200, refill_body, &look);
}

static const struct check_case cases[] = {
    CHECK_CASE(unbuffered_hands_over),
    CHECK_CASE(buffered_fills_and_drains),
    CHECK_CASE(items_keep_their_order),
    CHECK_CASE(waiting_receivers_are_served_in_order),
    CHECK_CASE(waiting_senders_are_served_in_order),
    CHECK_CASE(element_sizes),
    CHECK_CASE(impossible_size_is_null),
    CHECK_CASE(null_value_discards_and_sends_zeros),
    CHECK_CASE(null_channel_is_never_ready),
    CHECK_CASE(null_channel_waits_for_ever),
    CHECK_CASE_WITH("a_refilled_buffer_is_never_seen_empty", a_refilled_buffer_is_never_seen_empty, LOOK_LENGTH),
    CHECK_CASE_WITH("nor_found_empty", a_refilled_buffer_is_never_seen_empty, LOOK_TRY),
    CHECK_CASE_WITH("nor_by_a_select", a_refilled_buffer_is_never_seen_empty, LOOK_POLL),
};

CHECK_MAIN(cases)
