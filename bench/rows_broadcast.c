/* bench/rows_broadcast.c — the seed's loop: one message offered to every subscriber, round after round.
 *
 * An operation is a delivered message. The time ends when every receiver has taken what was delivered. What the
 * broadcasts say was delivered and what the receivers counted must agree in the end, else the row fails.
 *
 * Beside the time: timeouts; and with slow subscribers the time per timeout (all of the run's time divided by them, so
 * that it holds the 5 ms itself, divided by the publishers that wait at the same time), and the 99th percentile of a
 * round.
 */
#include "broadcast_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* How long each round took: only kept where rounds are few and long. */
struct rounds {
  int64_t *ns;
  size_t count, room;
};

static int rounds_add(struct rounds *rounds, int64_t ns) {
  if (rounds->count == rounds->room) {
    rounds->room = rounds->room == 0 ? 256 : 2 * rounds->room;
    int64_t *grown = realloc(rounds->ns, rounds->room * sizeof(int64_t));
    if (grown == NULL) {
      return -ENOMEM;
    }
    rounds->ns = grown;
  }
  rounds->ns[rounds->count++] = ns;
  return 0;
}

static int timed_rounds(struct broadcast_load *load, int64_t n, struct rounds *rounds) {
  bool slow = load->row->load == ROW_LOAD_SLOW;
  int error = 0;
  while (load->delivered < n && error == 0) {
    int64_t begun = slow ? row_clock() : 0;
    error = broadcast_load_round(load);
    if (slow && error == 0) {
      error = rounds_add(rounds, row_clock() - begun);
    }
  }
  return error == 0 ? weir_settle(WEIR_FOREVER) : error;
}

static int broadcast(struct row_run *run) {
  struct broadcast_load load;
  struct rounds rounds = {.ns = NULL};
  int error = broadcast_load_open(&load, run->row);
  row_start(run);
  if (error == 0) {
    error = timed_rounds(&load, run->n, &rounds);
  }
  row_stop(run, load.delivered);
  row_field(run, "timeouts", (double)load.timed_out);
  if (run->row->load == ROW_LOAD_EXIT) {
    row_field(run, "exits", (double)load.exits / (double)load.round);
  }
  if (rounds.count > 0 && load.timed_out > 0) {
    row_field(run, "ns_per_timeout", (double)run->result->ns / (double)load.timed_out);
    row_field(run, "round_p99_ns", (double)row_percentile(rounds.ns, rounds.count, 990));
  }
  broadcast_load_close(&load, run->result);
  free(rounds.ns);
  return error;
}

void rows_broadcast(struct row_list *list, const struct row *cell) {
  struct row row = *cell;
  char capacity[32] = "";
  row.program = broadcast;
  row.whole_rounds = true;
  row.step = (int64_t)cell->subscribers;
  row.ns_min = cell->load == ROW_LOAD_SLOW ? 200 * WEIR_MILLISECOND : 0;
  if (cell->capacity != 1) {
    snprintf(capacity, sizeof(capacity), "/capacity:%zu", cell->capacity);
  }
  row_list_add(list, &row, "broadcast/policy:%s/mode:%s/load:%s/subscribers:%zu/concurrency:%zu%s",
               row_policy_name(cell->policy), row_mode_name(cell->mode), row_load_name(cell->load), cell->subscribers,
               cell->concurrency, capacity);
}
