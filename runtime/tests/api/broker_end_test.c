/* broker_end_test.c — weir/broker.h: what ends in the middle of a close, and who still calls then. */
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

/* ---- a run ends ------------------------------------------------------------------------------------------------- */

static struct {
  weir_broker *broker;
  weir_chan *chan;
  int status;
} cut;

static void closes(void *arg) {
  (void)arg;
  cut.status = weir_broker_close(cut.broker);
}

/* The closer is to go on when main has left the topic, but main leaves the run first. */
static int leave_closer_body(void *arg) {
  (void)arg;
  cut.broker = broker_new();
  cut.chan = weir_broker_subscribe(cut.broker, "news", 0);
  cut.status = 1;
  CHECK_EQ_INT(weir_go(closes, NULL), 0);
  CHECK_EQ_INT(weir_broker_publish(cut.broker, "news", &(int){1}, NULL), -EPIPE);
  CHECK_EQ_INT(cut.status, 1);
  return 0;
}

static void close_again(void) {
  CHECK_EQ_INT(weir_broker_close(cut.broker), 0);
  CHECK_EQ_INT(weir_chan_try_recv(cut.chan, NULL), -EPIPE);
  weir_chan_unref(cut.chan);
}

/* The close that was cut short has not happened. */
static int close_again_body(void *arg) {
  (void)arg;
  struct weir_broadcast_result result;
  weir_chan *other = weir_broker_subscribe(cut.broker, "sport", 100);
  for (int i = 0; i < 100; i++) {
    CHECK_EQ_INT(weir_broker_publish(cut.broker, "sport", &i, &result), 0);
    CHECK_EQ_INT(result.delivered, 1);
  }
  weir_chan_unref(other);
  close_again();
  return 0;
}

static void a_run_ends_under_a_closer(int in_a_run) {
  static struct run_log log;
  CHECK_EQ_INT(run_logged_on(1, WEIR_TIMERS_PROMPT, &log, leave_closer_body, NULL), 0); /* 1: who runs next */
  CHECK_CONTAINS(log.text, "1 task left over");
  if (in_a_run)
    CHECK_EQ_INT(run_plain(close_again_body, NULL), 0);
  else
    close_again();
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

/* ---- others still call ------------------------------------------------------------------------------------------ */

enum { PUBLISHERS = 3 };

struct meeting {
  weir_broker *broker;
  weir_chan *news;
  weir_waitgroup publishers;
};

static void check_closed(weir_broker *broker, weir_chan *news) {
  CHECK_EQ_INT(weir_broker_publish(broker, "none", &(int){1}, NULL), -EPIPE);
  CHECK(weir_broker_subscribe(broker, "news", 1) == NULL);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "news", news), -EPIPE);
  CHECK_EQ_INT(weir_broker_close(broker), -EPIPE);
}

static void publishes_until_closed(void *arg) {
  struct meeting *meeting = arg;
  int status;
  while ((status = weir_broker_publish(meeting->broker, "news", &(int){1}, NULL)) == 0)
    ;
  CHECK_EQ_INT(status, -EPIPE);
  check_closed(meeting->broker, meeting->news);
  weir_broker_unref(meeting->broker);
  weir_waitgroup_done(&meeting->publishers);
}

static int meeting_body(void *arg) {
  (void)arg;
  struct meeting meeting = {.broker = broker_new()};
  weir_broker *broker = meeting.broker;
  meeting.news = weir_broker_subscribe(broker, "news", 1);
  weir_waitgroup_add(&meeting.publishers, PUBLISHERS);
  for (int i = 0; i < PUBLISHERS; i++) {
    CHECK(weir_broker_ref(broker) == broker);
    CHECK_EQ_INT(weir_go(publishes_until_closed, &meeting), 0);
  }
  for (int i = 0; i < 2 * PUBLISHERS; i++)
    CHECK_EQ_INT(weir_chan_recv(meeting.news, NULL), 0);
  weir_broker_ref(broker);
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  CHECK_EQ_INT(weir_counts().brokers, 1);
  weir_waitgroup_wait(&meeting.publishers);
  check_closed(broker, meeting.news);
  weir_broker_unref(broker);
  CHECK_EQ_INT(weir_counts().brokers, 0);
  weir_chan_unref(meeting.news);
  return weir_settle(WEIR_FOREVER); /* the last publisher has returned */
}

static void who_has_a_reference_may_call(void) {
  needs_books();
  run_everywhere(meeting_body, NULL);
}

static void a_reference_outlives_its_run(void) {
  weir_broker *broker = weir_broker_ref(broker_new());
  weir_chan *chan = weir_broker_subscribe(broker, "news", 1);
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  check_closed(broker, chan); /* outside a run what has been closed stays so */
  weir_chan_unref(chan);
  weir_broker_unref(broker);
  CHECK(weir_broker_ref(NULL) == NULL);
  weir_broker_unref(NULL);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("a_simulation_ends_anywhere", a_simulation_ends_anywhere, 1),
    CHECK_CASE_WITH("a_simulation_of_two_workers_ends_anywhere", a_simulation_ends_anywhere, 2),
    CHECK_CASE_WITH("a_run_ends_under_a_closer", a_run_ends_under_a_closer, 0),
    CHECK_CASE_WITH("and_the_next_one_closes_it", a_run_ends_under_a_closer, 1),
    CHECK_CASE(who_has_a_reference_may_call),
    CHECK_CASE(a_reference_outlives_its_run),
};

CHECK_MAIN(cases)
