/* bench/growth/curve.c — see curve.h. */
#include "curve.h"

#include <errno.h>
#include <stdlib.h>

struct run {
  struct curve *curve;
  weir_chan **subscribers;
  size_t made, receivers; /* of subscribers: channels, tasks */
  weir_waitgroup receiving;
  int64_t began, delivered, received;
  int64_t delivering, round_began; /* the time of the rounds before; readings between them are no part of it */
  int rounds;
  struct weir_counts before;
};

struct receiver {
  struct run *run;
  weir_chan *chan;
};

static void receive(void *arg) {
  struct receiver self = *(struct receiver *)arg;
  free(arg);
  int64_t message, count = 0;
  while (weir_chan_recv(self.chan, &message) == 0)
    count++;
  self.run->received += count; /* one worker */
  weir_waitgroup_done(&self.run->receiving);
}

static int open_subscriber(struct run *run) {
  struct receiver *receiver = malloc(sizeof *receiver);
  weir_chan *chan = weir_chan_new(sizeof(int64_t), 1);
  if (receiver == NULL || chan == NULL) {
    free(receiver);
    weir_chan_unref(chan);
    return -ENOMEM;
  }
  run->subscribers[run->made++] = chan;
  *receiver = (struct receiver){run, chan};
  int error = weir_go(receive, receiver);
  if (error != 0) {
    free(receiver);
    return error;
  }
  run->receivers++;
  weir_waitgroup_add(&run->receiving, 1);
  return 0;
}

static void close_subscribers(struct run *run) {
  for (size_t i = 0; i < run->made; i++)
    weir_chan_close(run->subscribers[i]);
  weir_waitgroup_wait(&run->receiving);
  for (size_t i = 0; i < run->made; i++)
    weir_chan_unref(run->subscribers[i]);
}

static void add_point(struct run *run) {
  struct weir_counts now = weir_counts();
  run->curve->points[run->curve->point_count++] = (struct curve_point){
      .messages = run->delivered,
      .ns = run->rounds == 0 ? 0 : run->delivering + weir_now() - run->round_began,
      .live_bytes = now.bytes - run->before.bytes,
      .pending = now.timers_pending - run->before.timers_pending,
      .abandoned = now.timers_abandoned - run->before.timers_abandoned,
  };
}

static int deliver(struct run *run, int64_t until) {
  const struct curve *curve = run->curve;
  const struct weir_broadcast_options options = {
      .concurrency = (unsigned)curve->concurrency, .timeout = curve->timeout, .policy = curve->policy};
  int error = 0;
  while (error == 0 && run->delivered < until) {
    struct weir_broadcast_result result;
    error = weir_broadcast(run->subscribers, curve->subscribers, &run->delivered, &options, &result);
    run->delivered += (int64_t)result.delivered;
  }
  return error;
}

static int one_round(void *arg) {
  struct run *run = arg;
  struct curve *curve = run->curve;
  run->round_began = weir_now();
  if (run->rounds == 0)
    run->began = run->round_began;
  run->rounds++;
  int error = deliver(run, curve->messages / CURVE_ROUNDS * run->rounds);
  if (error == 0)
    error = weir_settle(WEIR_FOREVER);
  if (error == 0)
    error = weir_sleep_until(run->began + curve->pace / CURVE_ROUNDS * run->rounds);
  if (error == 0 && run->rounds % (CURVE_ROUNDS / CURVE_POINTS) == 0)
    add_point(run);
  run->delivering += weir_now() - run->round_began;
  return error;
}

static int measure(struct run *run) {
  const struct curve *curve = run->curve;
  int error = 0;
  for (size_t i = 0; error == 0 && i < curve->subscribers; i++)
    error = open_subscriber(run);
  if (error == 0)
    error = weir_settle(WEIR_FOREVER);
  run->before = weir_counts();
  add_point(run);
  const struct weir_growth options = {.rounds = CURVE_ROUNDS, .operations = (uint64_t)(curve->messages / CURVE_ROUNDS)};
  if (error == 0)
    error = weir_growth_run(&options, one_round, run, &run->curve->growth);
  close_subscribers(run);
  if (error == 0 && run->received != run->delivered) {
    weir_growth_report_free(&run->curve->growth);
    error = -EPROTO;
  }
  return error;
}

static int curve_main(void *arg) {
  struct run run = {.curve = arg};
  run.subscribers = calloc(run.curve->subscribers, sizeof(weir_chan *));
  int error = run.subscribers == NULL ? -ENOMEM : measure(&run);
  free(run.subscribers);
  return error;
}

int curve_run(struct curve *curve) {
  const struct weir_config config = {.workers = 1, .timer_mode = curve->mode};
  curve->point_count = 0;
  int error = weir_run(&config, curve_main, curve);
  if (error != 0)
    curve->point_count = 0;
  return error;
}
