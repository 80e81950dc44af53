/* broker_end_test.c — weir/broker.h: what ends in the middle of a close. */
#include "run.h"

static weir_broker *broker_new(void) {
  const struct weir_broker_options options = {.element_size = sizeof(int), .broadcast = {.policy = WEIR_TIMEOUT_NONE}};
  weir_broker *broker = weir_broker_new(&options);
  CHECK(broker != NULL);
  return broker;
}

/* ---- a simulation ends ------------------------------------------------------------------------------------------ */

enum { TOPICS = 3, SUBSCRIBERS = 2 };

static int close_body(void *arg) {
  (void)arg;
  weir_broker *broker = broker_new();
  weir_chan *chans[TOPICS][SUBSCRIBERS];
  for (int i = 0; i < TOPICS; i++) {
    const char name[] = {(char)('a' + i), '\0'};
    for (int s = 0; s < SUBSCRIBERS; s++)
      chans[i][s] = weir_broker_subscribe(broker, name, 1);
  }
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  for (int i = 0; i < TOPICS; i++)
    for (int s = 0; s < SUBSCRIBERS; s++)
      weir_chan_unref(chans[i][s]);
  return 0;
}

/* At every step in turn: what is left can be taken apart, once. */
static void a_simulation_ends_anywhere(int workers) {
  bool ended = false;
  for (uint64_t limit = 1; !ended; limit++) {
    const struct weir_sim sim = {
        .chooser = weir_chooser_bytes(NULL, 0), .workers = (unsigned)workers, .step_limit = limit};
    struct weir_sim_report report;
    CHECK_EQ_INT(weir_simulate(&sim, close_body, NULL, &report), 0);
    ended = report.verdict == WEIR_VERDICT_OK;
    CHECK(ended || report.verdict == WEIR_VERDICT_LIVELOCK);
    CHECK_EQ_INT(weir_counts().bytes, 0);
    weir_sim_report_free(&report);
    weir_chooser_free(sim.chooser);
  }
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("a_simulation_ends_anywhere", a_simulation_ends_anywhere, 1),
    CHECK_CASE_WITH("a_simulation_of_two_workers_ends_anywhere", a_simulation_ends_anywhere, 2),
};

CHECK_MAIN(cases)
