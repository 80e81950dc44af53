/* loads_channel.c — see loads.h. */
#include "loads.h"

enum { CASES_MAX = 64, SIDE = 4, HERD = 64, BUFFER = 16 };

static weir_chan *channels[CASES_MAX];

static void channels_new(int count, size_t size, size_t capacity) {
  for (int i = 0; i < count; i++)
    CHECK((channels[i] = weir_chan_new(size, capacity)) != NULL);
}

static void channels_free(int count) {
  for (int i = 0; i < count; i++)
    weir_chan_unref(channels[i]);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

static void ends_at_once(void *arg) {
  ++*(int64_t *)arg;
  finished();
}

static void spawn_join(int64_t n, int parameter) {
  (void)parameter;
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++)
    start(ends_at_once, &count);
  join();
  CHECK_EQ_INT(count, n);
}

static void yields(void *arg) {
  for (int64_t i = *(int64_t *)arg; i > 0; i--)
    weir_yield();
  finished();
}

static void yield_pair(int64_t n, int parameter) {
  (void)parameter;
  start(yields, &n);
  start(yields, &n);
  join();
}

/* ---- channels ---------------------------------------------------------------------------------------------------- */

static void echoes(void *arg) {
  int64_t value;
  (void)arg;
  while (weir_chan_recv(channels[0], &value) == 0) {
    value++;
    CHECK_EQ_INT(weir_chan_send(channels[1], &value), 0);
  }
  finished();
}

static void ping_pong_open(int parameter) {
  (void)parameter;
  channels_new(2, sizeof(int64_t), 0);
  start(echoes, NULL);
}

/* parameter: with a deadline. */
static void ping_pong(int64_t n, int parameter) {
  const int64_t deadline = parameter ? weir_now() + HOUR : WEIR_FOREVER;
  for (int64_t i = 0; i < n; i++) {
    int64_t value = i;
    CHECK_EQ_INT(weir_chan_send_until(channels[0], &value, deadline), 0);
    CHECK_EQ_INT(weir_chan_recv_until(channels[1], &value, deadline), 0);
    CHECK_EQ_INT(value, i + 1);
  }
}

static void ping_pong_close(int parameter) {
  (void)parameter;
  weir_chan_close(channels[0]);
  join();
  channels_free(2);
}

struct side {
  int64_t n, sum;
};

static void produces(void *arg) {
  struct side *side = arg;
  char element[4096] = {0};
  for (int64_t i = 0; i < side->n; i++) {
    memcpy(element, &i, sizeof i);
    CHECK_EQ_INT(weir_chan_send(channels[0], element), 0);
  }
  finished();
}

static void spsc_open(int parameter) {
  channels_new(1, (size_t)parameter, BUFFER);
}

static void spsc(int64_t n, int parameter) {
  if ((size_t)parameter == sizeof(char[4096]))
    n /= 100; /* a copy by rep movsb is a step a byte */
  struct side producer = {.n = n};
  start(produces, &producer);
  for (int64_t i = 0; i < n; i++) {
    char element[4096];
    int64_t value;
    CHECK_EQ_INT(weir_chan_recv(channels[0], element), 0);
    memcpy(&value, element, sizeof value);
    CHECK_EQ_INT(value, i);
  }
  join();
}

static void one_close(int parameter) {
  (void)parameter;
  channels_free(1);
}

static void consumes(void *arg) {
  struct side *side = arg;
  int64_t value;
  for (int64_t i = 0; i < side->n; i++) {
    CHECK_EQ_INT(weir_chan_recv(channels[0], &value), 0);
    side->sum += value;
  }
  finished();
}

static void mpmc(int64_t n, int parameter) {
  const int64_t each = n / SIDE;
  struct side producers[SIDE], consumers[SIDE];
  (void)parameter;
  for (int i = 0; i < SIDE; i++) {
    producers[i] = consumers[i] = (struct side){.n = each};
    start(consumes, &consumers[i]);
    start(produces, &producers[i]);
  }
  join();
  int64_t sum = 0;
  for (int i = 0; i < SIDE; i++)
    sum += consumers[i].sum;
  CHECK_EQ_INT(sum, SIDE * each * (each - 1) / 2);
}

/* Each try that there is, at its two answers. */
static void tries(int64_t n, int parameter) {
  (void)parameter;
  for (int64_t i = 0; i < n; i++) {
    int64_t value = -1;
    CHECK_EQ_INT(weir_chan_try_recv(channels[0], &value), -EAGAIN);
    CHECK_EQ_INT(weir_chan_try_send(channels[0], &i), 0);
    CHECK_EQ_INT(weir_chan_try_send(channels[0], &i), -EAGAIN);
    CHECK_EQ_INT(weir_chan_recv_until(channels[0], &value, WEIR_POLL), 0);
    CHECK_EQ_INT(value, i);
  }
}

static void tries_open(int parameter) {
  channels_new(1, sizeof(int64_t), (size_t)parameter);
}

static void made_and_freed(int64_t n, int parameter) {
  for (int64_t i = 0; i < n; i++) {
    weir_chan *chan = weir_chan_new(sizeof i, (size_t)parameter);
    CHECK(chan != NULL);
    weir_chan_unref(weir_chan_ref(chan));
    weir_chan_close(chan);
    weir_chan_unref(chan);
  }
}

/* ---- select ------------------------------------------------------------------------------------------------------ */

static void receive_from(struct weir_case *cases, int count, int64_t *value) {
  for (int i = 0; i < count; i++)
    cases[i] = (struct weir_case)WEIR_RECV(channels[i], value);
}

static void select_open(int parameter) {
  channels_new(parameter, sizeof(int64_t), 1);
  for (int i = 0; i < parameter; i++)
    if (parameter == 2 || i == parameter / 2)
      CHECK_EQ_INT(weir_chan_send(channels[i], NULL), 0);
}

static void select_ready(int64_t n, int parameter) {
  struct weir_case cases[CASES_MAX];
  int64_t value = 0;
  receive_from(cases, parameter, &value);
  for (int64_t i = 0; i < n; i++) {
    const int chosen = weir_select(cases, (size_t)parameter, WEIR_FOREVER);
    CHECK(parameter == 2 || chosen == parameter / 2);
    CHECK_EQ_INT(weir_chan_send(channels[chosen], &value), 0);
  }
}

static void some_close(int parameter) {
  channels_free(parameter);
}

struct selector {
  int64_t n;
  int cases;
};

static void selects(void *arg) {
  struct selector *self = arg;
  struct weir_case cases[CASES_MAX];
  int64_t value = -1;
  receive_from(cases, self->cases, &value);
  for (int64_t i = 0; i < self->n; i++) {
    CHECK_INT(weir_select(cases, (size_t)self->cases, WEIR_FOREVER), >=, 0);
    CHECK_EQ_INT(value, i);
  }
  finished();
}

static void block_open(int parameter) {
  channels_new(parameter, sizeof(int64_t), 0);
}

static void select_block(int64_t n, int parameter) {
  struct selector selector = {.n = n, .cases = parameter};
  start(selects, &selector);
  for (int64_t i = 0; i < n; i++) {
    weir_yield();
    CHECK_EQ_INT(weir_chan_send(channels[i % parameter], &i), 0);
  }
  join();
}

static void waits_in_herd(void *arg) {
  struct weir_case cases[] = {WEIR_RECV(channels[0], NULL), WEIR_RECV(channels[1], NULL)};
  (void)arg;
  while (weir_select(cases, 2, WEIR_FOREVER) == 0)
    ;
  finished();
}

static void herd_open(int parameter) {
  channels_new(2, sizeof(int64_t), 0);
  for (int i = 0; i < parameter; i++)
    start(waits_in_herd, NULL);
}

static void feed(int64_t n, int parameter) {
  (void)parameter;
  for (int64_t i = 0; i < n; i++)
    CHECK_EQ_INT(weir_chan_send(channels[0], &i), 0);
}

static void herd_close(int parameter) {
  (void)parameter;
  weir_chan_close(channels[1]);
  join();
  channels_free(2);
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static const struct load table[] = {
    {"spawn_join", PROMPT, NULL, spawn_join, NULL, 0, true, false},
    {"yield_pair", PROMPT, NULL, yield_pair, NULL, 0, true, false},
    {"ping_pong", PROMPT, ping_pong_open, ping_pong, ping_pong_close, 0, true, false},
    {"ping_pong_deadline", PROMPT, ping_pong_open, ping_pong, ping_pong_close, 1, false, false},
    {"spsc", PROMPT, spsc_open, spsc, one_close, sizeof(int64_t), true, false},
    {"spsc_element_64", PROMPT, spsc_open, spsc, one_close, 64, true, false},
    {"spsc_element_4096", PROMPT, spsc_open, spsc, one_close, 4096, true, false},
    {"mpmc", PROMPT, spsc_open, mpmc, one_close, sizeof(int64_t), true, false},
    {"try", PROMPT, tries_open, tries, one_close, 1, true, false},
    {"channel_made_and_freed", PROMPT, NULL, made_and_freed, NULL, 4, true, false},
    {"select_ready_2_of_2", PROMPT, select_open, select_ready, some_close, 2, true, false},
    {"select_ready_1_of_8", PROMPT, select_open, select_ready, some_close, 8, true, false},
    {"select_ready_1_of_64", PROMPT, select_open, select_ready, some_close, 64, true, true},
    {"select_block_2", PROMPT, block_open, select_block, some_close, 2, true, false},
    {"select_block_8", PROMPT, block_open, select_block, some_close, 8, true, false},
    {"select_block_64", PROMPT, block_open, select_block, some_close, 64, true, true},
    {"select_thundering_64", PROMPT, herd_open, feed, herd_close, HERD, true, false},
};

const struct load_table loads_channel = {table, sizeof table / sizeof table[0]};
