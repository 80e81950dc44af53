/* broker_test.c — weir/broker.h: topics, who gets what, each result, unsubscribing and closing under publishers. */
#include "run.h"

static weir_broker *broker_of(enum weir_timeout_policy policy) {
  const struct weir_broker_options options = {.element_size = sizeof(int),
                                              .broadcast = {.timeout = WEIR_MILLISECOND, .policy = policy}};
  weir_broker *broker = weir_broker_new(&options);
  CHECK(broker != NULL);
  return broker;
}

static int published(weir_broker *broker, const char *topic, int message) {
  struct weir_broadcast_result result = {9, 9, 9, 9};
  CHECK_EQ_INT(weir_broker_publish(broker, topic, &message, &result), 0);
  CHECK_EQ_INT(result.skipped + result.closed, 0);
  return (int)(10 * result.timed_out + result.delivered);
}

static void check_got(weir_chan *chan, int expected) {
  int got = 0;
  CHECK_EQ_INT(weir_chan_try_recv(chan, &got), 0);
  CHECK_EQ_INT(got, expected);
}

static int topics_body(void *arg) {
  (void)arg;
  weir_broker *broker = broker_of(WEIR_TIMEOUT_DEADLINE);
  CHECK_EQ_INT(weir_counts().brokers, 1);
  char name[] = "news";
  weir_chan *one = weir_broker_subscribe(broker, name, 4);
  weir_chan *two = weir_broker_subscribe(broker, "news", 1);
  name[0] = 'm'; /* it was copied */
  weir_chan *other = weir_broker_subscribe(broker, "sport", 1);
  CHECK(one != NULL && two != NULL && one != two);
  CHECK_EQ_INT(published(broker, "news", 1), 2);
  CHECK_EQ_INT(published(broker, "sport", 2), 1);
  CHECK_EQ_INT(published(broker, "mews", 3), 0);
  CHECK_EQ_INT(published(broker, "", 3), 0);
  CHECK_EQ_INT(published(broker, "news", 4), 11); /* two is full */
  check_got(one, 1);
  check_got(one, 4);
  check_got(two, 1);
  check_got(other, 2);
  CHECK_EQ_INT(weir_chan_try_recv(other, NULL), -EAGAIN);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "sport", one), -EINVAL);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "weather", one), -EINVAL);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "news", NULL), -EINVAL);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, NULL, one), -EINVAL);
  CHECK_EQ_INT(published(broker, "news", 5), 2);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "news", one), 0);
  check_got(one, 5); /* what is buffered stays */
  CHECK_EQ_INT(weir_chan_recv(one, NULL), -EPIPE);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "news", one), -EINVAL);
  weir_chan_unref(one);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "news", two), 0);
  weir_chan_unref(two);
  CHECK_EQ_INT(published(broker, "news", 6), 0);
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  CHECK_EQ_INT(weir_chan_recv(other, NULL), -EPIPE);
  weir_chan_unref(other);
  return 0;
}

static void topics_and_results(void) {
  needs_books();
  run_everywhere(topics_body, NULL);
}

enum { MANY = 100 };

static int many_body(void *arg) {
  (void)arg;
  weir_broker *broker = broker_of(WEIR_TIMEOUT_NONE);
  weir_chan *chans[MANY];
  char name[8];
  for (int i = 0; i < MANY; i++)
    CHECK((chans[i] = weir_broker_subscribe(broker, "all", 1)) != NULL);
  CHECK_EQ_INT(published(broker, "all", 1), MANY);
  for (int i = 0; i < MANY; i++)
    check_got(chans[i], 1);
  for (int i = 0; i < MANY; i += 2) {
    CHECK_EQ_INT(weir_broker_unsubscribe(broker, "all", chans[i]), 0);
    weir_chan_unref(chans[i]);
  }
  CHECK_EQ_INT(published(broker, "all", 2), MANY / 2);
  for (int i = 0; i < MANY; i += 2) { /* and as many topics */
    snprintf(name, sizeof name, "%d", i);
    CHECK((chans[i] = weir_broker_subscribe(broker, name, 1)) != NULL);
    CHECK_EQ_INT(published(broker, name, i), 1);
  }
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  for (int i = 0; i < MANY; i++) {
    check_got(chans[i], i % 2 == 0 ? i : 2);
    CHECK_EQ_INT(weir_chan_recv(chans[i], NULL), -EPIPE);
    weir_chan_unref(chans[i]);
  }
  return 0;
}

static void many_subscribers_and_topics(void) {
  run_balanced(WEIR_TIMERS_PROMPT, many_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, many_body, NULL);
}

/* ---- a publisher that waits ------------------------------------------------------------------------------------- */

struct publisher {
  weir_broker *broker;
  struct weir_broadcast_result result;
  int status;
  bool done;
};

static void publishes(void *arg) {
  struct publisher *publisher = arg;
  publisher->status = weir_broker_publish(publisher->broker, "news", &(int){7}, &publisher->result);
  publisher->done = true;
}

static void start_publisher(struct publisher *publisher, weir_broker *broker) {
  *publisher = (struct publisher){.broker = broker};
  CHECK_EQ_INT(weir_go(publishes, publisher), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(!publisher->done);
}

static int close_body(void *arg) {
  (void)arg;
  struct publisher publisher;
  weir_broker *broker = broker_of(WEIR_TIMEOUT_NONE);
  weir_chan *first = weir_broker_subscribe(broker, "news", 1);
  weir_chan *stuck = weir_broker_subscribe(broker, "news", 0);
  weir_chan *last = weir_broker_subscribe(broker, "news", 1);
  start_publisher(&publisher, broker);
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  if (one_worker()) /* else the publisher may be about to return */
    CHECK_EQ_INT(publisher.status, publisher.done ? -EPIPE : 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(publisher.done);
  CHECK_EQ_INT(publisher.status, -EPIPE);
  CHECK_EQ_INT(publisher.result.delivered, 1);
  CHECK_EQ_INT(publisher.result.skipped, 2);
  check_got(first, 7);
  CHECK_EQ_INT(weir_chan_recv(stuck, NULL), -EPIPE);
  CHECK_EQ_INT(weir_chan_recv(last, NULL), -EPIPE);
  weir_chan_unref(first);
  weir_chan_unref(stuck);
  weir_chan_unref(last);
  return 0;
}

static void close_ends_publishers(void) {
  run_everywhere(close_body, NULL);
}

static int unsubscribe_body(void *arg) {
  (void)arg;
  struct publisher publisher;
  weir_broker *broker = broker_of(WEIR_TIMEOUT_NONE);
  weir_chan *stuck = weir_broker_subscribe(broker, "news", 0);
  weir_chan *last = weir_broker_subscribe(broker, "news", 1);
  start_publisher(&publisher, broker);
  weir_chan *late = weir_broker_subscribe(broker, "news", 1);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "news", stuck), 0);
  weir_chan_unref(stuck);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(publisher.done);
  CHECK_EQ_INT(publisher.status, 0);
  CHECK_EQ_INT(publisher.result.closed, 1);
  CHECK_EQ_INT(publisher.result.delivered, 1);
  CHECK_EQ_INT(weir_chan_try_recv(late, NULL), -EAGAIN); /* it came after the publish began */
  check_got(last, 7);
  CHECK_EQ_INT(published(broker, "news", 8), 2);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "news", last), 0);
  CHECK_EQ_INT(weir_broker_unsubscribe(broker, "news", late), 0);
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  weir_chan_unref(last);
  weir_chan_unref(late);
  return 0;
}

static void unsubscribe_frees_the_publisher_that_waits(void) {
  run_everywhere(unsubscribe_body, NULL);
}

struct leaver {
  weir_broker *broker;
  weir_chan *chan;
  int status;
  bool done;
};

static void leaves(void *arg) {
  struct leaver *leaver = arg;
  leaver->status = weir_broker_unsubscribe(leaver->broker, "news", leaver->chan);
  leaver->done = true;
}

static int waits_body(void *arg) {
  (void)arg;
  struct publisher publisher;
  weir_broker *broker = broker_of(WEIR_TIMEOUT_NONE);
  weir_chan *stuck = weir_broker_subscribe(broker, "news", 0);
  weir_chan *last = weir_broker_subscribe(broker, "news", 1);
  start_publisher(&publisher, broker);
  struct leaver leaver = {.broker = broker, .chan = last, .status = 1};
  CHECK_EQ_INT(weir_go(leaves, &leaver), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(!leaver.done); /* the publisher may still send to it */
  check_got(stuck, 7);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(leaver.done && publisher.done);
  CHECK_EQ_INT(leaver.status, 0);
  CHECK_EQ_INT(publisher.result.delivered, 1);
  CHECK_EQ_INT(publisher.result.closed, 1);
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  weir_chan_unref(stuck);
  weir_chan_unref(last);
  return 0;
}

static void unsubscribe_waits_for_publishers(void) {
  run_everywhere(waits_body, NULL);
}

/* ---- misuse, contexts, reports ---------------------------------------------------------------------------------- */

static void makes_no_sense(void) {
  weir_chan *exit = weir_chan_new(0, 0);
  CHECK(weir_broker_new(NULL) == NULL);
  CHECK(weir_broker_new(&(struct weir_broker_options){.broadcast = {.exit = exit}}) == NULL);
  CHECK(weir_broker_new(&(struct weir_broker_options){.broadcast = {.policy = 9}}) == NULL);
  CHECK_EQ_INT(weir_broker_close(NULL), 0);
  weir_chan_unref(exit);
  weir_broker *broker = broker_of(WEIR_TIMEOUT_AFTER);
  CHECK(weir_broker_subscribe(broker, NULL, 1) == NULL);
  CHECK_EQ_INT(weir_broker_publish(broker, NULL, NULL, NULL), 0);
  weir_chan *chan = weir_broker_subscribe(broker, "news", 1);
  struct weir_broadcast_result result;
  CHECK_EQ_INT(weir_broker_publish(broker, "news", &(int){1}, &result), -EPERM); /* outside a task */
  CHECK_EQ_INT(result.skipped, 1);
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  weir_chan_unref(chan);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static struct {
  weir_broker *broker;
  weir_chan *stuck, *other;
  struct publisher publisher;
} left;

static int leave_publisher_body(void *arg) {
  (void)arg;
  left.broker = broker_of(WEIR_TIMEOUT_NONE);
  left.stuck = weir_broker_subscribe(left.broker, "news", 0);
  left.other = weir_broker_subscribe(left.broker, "sport", 1);
  start_publisher(&left.publisher, left.broker);
  return 0;
}

static int use_again_body(void *arg) {
  (void)arg;
  CHECK_EQ_INT(published(left.broker, "sport", 1), 1);
  CHECK_EQ_INT(weir_broker_unsubscribe(left.broker, "news", left.stuck), 0);
  return 0;
}

static void a_run_ends_under_a_publisher(int again) {
  static struct run_log log;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &log, leave_publisher_body, NULL), 0);
  CHECK_CONTAINS(log.text, "1 task left over");
  if (again != 0)
    run_balanced(WEIR_TIMERS_PROMPT, use_again_body, NULL);
  CHECK_EQ_INT(weir_broker_close(left.broker), 0);
  weir_chan_unref(left.stuck);
  weir_chan_unref(left.other);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static void in_deferred(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_broker_close(left.broker), -EPERM);
  CHECK_EQ_INT(weir_broker_unsubscribe(left.broker, "news", left.stuck), -EPERM);
  CHECK_EQ_INT(weir_broker_publish(left.broker, "sport", &(int){1}, NULL), -EPERM);
}

static void defers(void *arg) {
  struct weir_defer storage;
  weir_defer(&storage, in_deferred, arg);
}

static int deferred_body(void *arg) {
  leave_publisher_body(arg);
  CHECK_EQ_INT(weir_go(defers, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_chan_recv(left.stuck, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(left.publisher.done);
  CHECK_EQ_INT(weir_broker_close(left.broker), 0);
  weir_chan_unref(left.stuck);
  weir_chan_unref(left.other);
  return 0;
}

static void inside_a_deferred_function(void) {
  run_everywhere(deferred_body, NULL);
}

/* ---- while somebody closes it ----------------------------------------------------------------------------------- */

static void closes(void *arg) {
  struct leaver *closer = arg;
  closer->status = weir_broker_close(closer->broker);
  closer->done = true;
}

static void comes_late(void *arg) {
  struct leaver *late = arg;
  CHECK(weir_broker_subscribe(late->broker, "news", 1) == NULL);
  CHECK_EQ_INT(weir_broker_unsubscribe(late->broker, "news", late->chan), -EPIPE);
  CHECK_EQ_INT(weir_broker_publish(late->broker, "news", &(int){1}, NULL), -EPIPE);
  CHECK_EQ_INT(weir_broker_publish(late->broker, "none", &(int){1}, NULL), -EPIPE);
  CHECK_EQ_INT(weir_broker_close(late->broker), -EPIPE);
  late->done = true;
}

/* The late one runs behind the closer and before the publisher that the closer has woken. */
static int closing_body(void *arg) {
  leave_publisher_body(arg);
  struct leaver closer = {.broker = left.broker, .status = 1}, late = {.broker = left.broker, .chan = left.stuck};
  CHECK_EQ_INT(weir_go(closes, &closer), 0);
  CHECK_EQ_INT(weir_go(comes_late, &late), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(closer.done && late.done && left.publisher.done);
  CHECK_EQ_INT(closer.status, 0);
  CHECK_EQ_INT(left.publisher.status, -EPIPE);
  weir_chan_unref(left.stuck);
  weir_chan_unref(left.other);
  return 0;
}

static void calls_while_it_closes(void) {
  run_balanced_on(1, WEIR_TIMERS_PROMPT, closing_body,
                  NULL); /* a call after the close would need a reference: broker_end_test.c */
}

/* ---- no memory -------------------------------------------------------------------------------------------------- */

static int scarce_body(void *arg) {
  (void)arg;
  enum { FEW = 7 };
  weir_chan *chans[FEW];
  struct publisher publisher = {0};
  const struct weir_broker_options options = {.element_size = sizeof(int),
                                              .broadcast = {.timeout = WEIR_SECOND, .policy = WEIR_TIMEOUT_DEADLINE}};
  weir_broker *broker = publisher.broker = weir_broker_new(&options);
  if (broker == NULL)
    return 0;
  for (int i = 0; i < FEW; i++)
    chans[i] = weir_broker_subscribe(broker, "news", i == 0 ? 0 : 1);
  const bool publishing = weir_go(publishes, &publisher) == 0;
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* no call may begin after the close */
  for (int i = 0; i < FEW; i += 2) {
    const int error = weir_broker_unsubscribe(broker, "news", chans[i]);
    CHECK(error == 0 || (chans[i] == NULL && error == -EINVAL) || error == -ENOMEM);
  }
  CHECK_EQ_INT(weir_broker_close(broker), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(!publishing || publisher.done);
  for (int i = 0; i < FEW; i++)
    weir_chan_unref(chans[i]);
  return 0;
}

static void without_memory(void) {
  for (uint64_t seed = 1; seed <= 1000; seed++) {
    struct weir_sim_report report;
    weir_chooser *chooser = weir_chooser_seed(seed);
    const struct weir_sim sim = {.chooser = chooser, .fail_allocation = true};
    CHECK_EQ_INT(weir_simulate(&sim, scarce_body, NULL, &report), 0);
    if (report.verdict != WEIR_VERDICT_OK)
      check_fail(__FILE__, __LINE__, "seed %d: %s\n%s", (int)seed, report.schedule, report.text);
    weir_sim_report_free(&report);
    weir_chooser_free(chooser);
    CHECK_EQ_INT(weir_counts().bytes, 0);
  }
}

static void simulate_verdict(int (*body)(void *), enum weir_verdict verdict, const char *text) {
  struct weir_sim_report report;
  weir_chooser *chooser = weir_chooser_seed(3);
  const struct weir_sim sim = {.chooser = chooser};
  CHECK_EQ_INT(weir_simulate(&sim, body, NULL, &report), 0);
  CHECK_EQ_INT(report.verdict, verdict);
  CHECK_CONTAINS(report.text, text);
  weir_sim_report_free(&report);
  weir_chooser_free(chooser);
  CHECK_EQ_INT(weir_counts().bytes, 0);
}

static int leak_body(void *arg) {
  (void)arg;
  weir_broker *broker = broker_of(WEIR_TIMEOUT_NONE);
  weir_chan_unref(weir_broker_subscribe(broker, "news", 1));
  return 0;
}

static void reports(void) {
  simulate_verdict(leak_body, WEIR_VERDICT_LEAK, "left: the broker made at ");
  simulate_verdict(leave_publisher_body, WEIR_VERDICT_DEADLOCK, "the broker made at ");
}

static const struct check_case cases[] = {
    CHECK_CASE(topics_and_results),
    CHECK_CASE(many_subscribers_and_topics),
    CHECK_CASE(close_ends_publishers),
    CHECK_CASE(unsubscribe_frees_the_publisher_that_waits),
    CHECK_CASE(unsubscribe_waits_for_publishers),
    CHECK_CASE(makes_no_sense),
    CHECK_CASE_WITH("a_run_ends_under_a_publisher", a_run_ends_under_a_publisher, 0),
    CHECK_CASE_WITH("and_the_broker_is_used_again", a_run_ends_under_a_publisher, 1),
    CHECK_CASE(inside_a_deferred_function),
    CHECK_CASE(calls_while_it_closes),
    CHECK_CASE(without_memory),
    CHECK_CASE(reports),
};

CHECK_MAIN(cases)
