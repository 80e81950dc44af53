/* bench/rows_channel.c — channels of int64 and of larger elements.
 *
 * Receivers check the order or the sum of what they get while they count, so that a lost or doubled item shows.
 */
#include "row.h"

#include <errno.h>
#include <string.h>

enum { STEP = 1000, ELEMENT_MAX = 4096 };

/* ---- ping-pong: main and an echo task, two unbuffered channels ------------------------------------------------- */

struct echo {
  weir_chan *ping, *pong;
  weir_waitgroup ended;
};

static void echoing(void *arg) {
  struct echo *echo = arg;
  int64_t value;
  while (weir_chan_recv(echo->ping, &value) == 0) {
    value++;
    weir_chan_send(echo->pong, &value);
  }
  weir_waitgroup_done(&echo->ended);
}

static int64_t round_trips(const struct echo *echo, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t value = i;
    weir_chan_send(echo->ping, &value);
    weir_chan_recv(echo->pong, &value);
    count += value == i + 1;
  }
  return count;
}

static int ping_pong(struct row_run *run) {
  weir_chan **channels = row_channels_new(2, sizeof(int64_t), run->row->capacity);
  if (channels == NULL) {
    return -ENOMEM;
  }
  struct echo echo = {.ping = channels[0], .pong = channels[1]};
  weir_waitgroup_add(&echo.ended, 1);
  int error = weir_go(echoing, &echo);
  if (error == 0) {
    round_trips(&echo, STEP);
    row_start(run);
    row_stop(run, round_trips(&echo, run->n));
    weir_chan_close(echo.ping);
    error = weir_waitgroup_wait(&echo.ended);
  }
  row_channels_free(channels, 2);
  return error;
}

/* ---- one producer task, main consumes --------------------------------------------------------------------------- */

struct producer {
  weir_chan *chan;
  int64_t first, n;
  weir_waitgroup *ended;
};

static void producing(void *arg) {
  struct producer *self = arg;
  for (int64_t i = self->first; i < self->first + self->n; i++) {
    weir_chan_send(self->chan, &i);
  }
  weir_waitgroup_done(self->ended);
}

static int64_t consume(weir_chan *chan, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t value;
    weir_chan_recv(chan, &value);
    count += value == i;
  }
  return count;
}

/* The same with elements of many bytes; the first eight number them. */
static void producing_elements(void *arg) {
  struct producer *self = arg;
  unsigned char element[ELEMENT_MAX] = {0};
  for (int64_t i = 0; i < self->n; i++) {
    memcpy(element, &i, sizeof(i));
    weir_chan_send(self->chan, element);
  }
  weir_waitgroup_done(self->ended);
}

static int64_t consume_elements(weir_chan *chan, int64_t n) {
  unsigned char element[ELEMENT_MAX];
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t number;
    weir_chan_recv(chan, element);
    memcpy(&number, element, sizeof(number));
    count += number == i;
  }
  return count;
}

static int spsc_items(const struct row *row, weir_chan *chan, int64_t n, int64_t *count) {
  weir_waitgroup ended = {0};
  weir_waitgroup_add(&ended, 1);
  struct producer producer = {.chan = chan, .n = n, .ended = &ended};
  int error = weir_go(row->element == 0 ? producing : producing_elements, &producer);
  if (error != 0) {
    return error;
  }
  *count = row->element == 0 ? consume(chan, n) : consume_elements(chan, n);
  return weir_waitgroup_wait(&ended);
}

static int spsc(struct row_run *run) {
  const struct row *row = run->row;
  weir_chan *chan = weir_chan_new(row->element == 0 ? sizeof(int64_t) : row->element, row->capacity);
  if (chan == NULL) {
    return -ENOMEM;
  }
  int64_t count = 0;
  int error = spsc_items(row, chan, STEP, &count);
  row_start(run);
  if (error == 0) {
    error = spsc_items(row, chan, run->n, &count);
  }
  row_stop(run, count);
  weir_chan_unref(chan);
  return error;
}

/* ---- several producers, several consumers ------------------------------------------------------------------------ */

struct consumer {
  weir_chan *chan;
  int64_t count, sum;
  weir_waitgroup *group;
};

static void consuming(void *arg) {
  struct consumer *self = arg;
  int64_t value, count = 0, sum = 0;
  while (weir_chan_recv(self->chan, &value) == 0) {
    count++;
    sum += value;
  }
  self->count = count;
  self->sum = sum;
  weir_waitgroup_done(self->group);
}

enum { SIDE_MAX = 16 };

/* The count is 0 unless the items' sum is right too. */
static int mpmc_items(const struct row *row, int64_t n, int64_t *count) {
  weir_chan *chan = weir_chan_new(sizeof(int64_t), row->capacity);
  if (chan == NULL) {
    return -ENOMEM;
  }
  struct producer producers[SIDE_MAX];
  struct consumer consumers[SIDE_MAX];
  weir_waitgroup producing_group = {0}, consuming_group = {0};
  weir_waitgroup_add(&producing_group, (int64_t)row->producers);
  weir_waitgroup_add(&consuming_group, (int64_t)row->consumers);
  int error = 0;
  for (size_t i = 0; i < row->consumers && error == 0; i++) {
    consumers[i] = (struct consumer){.chan = chan, .group = &consuming_group};
    error = weir_go(consuming, &consumers[i]);
  }
  int64_t side = (int64_t)row->producers;
  for (int64_t i = 0; i < side && error == 0; i++) {
    int64_t first = n * i / side, end = n * (i + 1) / side;
    producers[i] = (struct producer){.chan = chan, .first = first, .n = end - first, .ended = &producing_group};
    error = weir_go(producing, &producers[i]);
  }
  if (error != 0) {
    return error;
  }
  weir_waitgroup_wait(&producing_group);
  weir_chan_close(chan);
  weir_waitgroup_wait(&consuming_group);
  weir_chan_unref(chan);
  int64_t received = 0, sum = 0;
  for (size_t i = 0; i < row->consumers; i++) {
    received += consumers[i].count;
    sum += consumers[i].sum;
  }
  *count = sum == n * (n - 1) / 2 ? received : 0;
  return 0;
}

static int mpmc(struct row_run *run) {
  int64_t count = 0;
  int error = mpmc_items(run->row, STEP, &count);
  row_start(run);
  if (error == 0) {
    error = mpmc_items(run->row, run->n, &count);
  }
  row_stop(run, count);
  return error;
}

/* ---- a failed receive ---------------------------------------------------------------------------------------------
 */

static int try_recv_empty(struct row_run *run) {
  weir_chan *chan = weir_chan_new(sizeof(int64_t), 1);
  if (chan == NULL) {
    return -ENOMEM;
  }
  int64_t value, count = 0;
  row_start(run);
  for (int64_t i = 0; i < run->n; i++) {
    count += weir_chan_try_recv(chan, &value) == -EAGAIN;
  }
  row_stop(run, count);
  weir_chan_unref(chan);
  return 0;
}

void rows_channel(struct row_list *list) {
  row_list_add(list, &(struct row){.program = ping_pong, .step = STEP}, "channel/ping_pong/capacity:0");
  row_list_add(list, &(struct row){.program = spsc, .step = STEP, .capacity = 128}, "channel/spsc/capacity:128");
  row_list_add(list, &(struct row){.program = mpmc, .step = STEP, .producers = 4, .consumers = 4, .capacity = 128},
               "channel/mpmc/producers:4/consumers:4/capacity:128");
  for (size_t size = 64; size <= ELEMENT_MAX; size *= 64) {
    row_list_add(list, &(struct row){.program = spsc, .step = STEP, .element = size, .capacity = 128},
                 "channel/element:%zu", size);
  }
  row_list_add(list, &(struct row){.program = try_recv_empty, .step = STEP}, "try/recv_empty");
}
