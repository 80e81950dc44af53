/* ledger_test.c — the account of a channel, and the wake-ups owed, can fail: a channel is tampered with, as a faulty
 * chan.c would leave it. */
#include "../check.h"

#include <weir/sim.h>

#include "chan.h"

static struct weir_sim_report simulate(int (*body)(void *), void *arg) {
  struct weir_sim_report report;
  weir_chooser *chooser = weir_chooser_bytes(NULL, 0);
  const struct weir_sim sim = {.chooser = chooser};
  CHECK_EQ_INT(weir_simulate(&sim, body, arg, &report), 0);
  weir_chooser_free(chooser);
  return report;
}

enum tampering { NOTHING, CHANGED, SWAPPED, LOST, DOUBLED, REOPENED, INVENTED };

static void tamper(weir_chan *c, enum tampering tampering) {
  switch (tampering) {
  case NOTHING:
    break;
  case CHANGED:
    *chan_slot(c, c->head) ^= 1;
    break;
  case SWAPPED:
    for (uint32_t byte = 0; byte < c->element_size; byte++) {
      const char kept = chan_slot(c, 0)[byte];
      chan_slot(c, 0)[byte] = chan_slot(c, 1)[byte];
      chan_slot(c, 1)[byte] = kept;
    }
    break;
  case LOST:
    c->length--;
    break;
  case DOUBLED:
    c->head = c->head == 0 ? c->capacity - 1 : c->head - 1;
    c->length++;
    break;
  case REOPENED:
    c->closed = true;
    c->closed = false;
    break;
  case INVENTED:
    c->length = c->capacity;
    break;
  }
}

/* Three elements of an odd size go in, are tampered with, and come out. */
static int passes_three(void *arg) {
  struct element {
    char bytes[11];
  } element = {{0}};
  weir_chan *c = weir_chan_new(sizeof element, 4);
  for (char i = 1; i <= 3; i++) {
    memset(element.bytes, i, sizeof element.bytes);
    CHECK_EQ_INT(weir_chan_try_send(c, &element), 0);
  }
  tamper(c, *(const enum tampering *)arg);
  while (weir_chan_try_recv(c, &element) == 0)
    ;
  weir_chan_unref(c);
  return 0;
}

static void check_verdict(enum tampering tampering, enum weir_verdict verdict, const char *says) {
  struct weir_sim_report report = simulate(passes_three, &tampering);
  CHECK_EQ_INT(report.verdict, verdict);
  CHECK_CONTAINS(report.text, says);
  weir_sim_report_free(&report);
}

static void tampering_is_seen(void) {
  check_verdict(NOTHING, WEIR_VERDICT_OK, "");
  check_verdict(REOPENED, WEIR_VERDICT_OK, "");
  check_verdict(CHANGED, WEIR_VERDICT_MODEL, "not the next one");
  check_verdict(SWAPPED, WEIR_VERDICT_MODEL, "not the next one");
  check_verdict(LOST, WEIR_VERDICT_MODEL, "neither received nor buffered");
  check_verdict(DOUBLED, WEIR_VERDICT_MODEL, "not the next one");
  check_verdict(INVENTED, WEIR_VERDICT_MODEL, "not sent");
}

static int sends_after_close(void *arg) {
  int value = 1;
  weir_chan *c = weir_chan_new(sizeof value, 2);
  CHECK_EQ_INT(weir_chan_close(c), 0);
  c->closed = false; /* as if the send had not looked */
  CHECK_EQ_INT(chan_send_now(c, &value), 0);
  c->closed = true;
  c->length = 0;
  weir_chan_unref(c);
  return arg != NULL;
}

static void what_a_late_send_leaves_is_seen(void) {
  struct weir_sim_report report = simulate(sends_after_close, NULL);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_MODEL);
  weir_sim_report_free(&report);
}

/* ---- wake-ups owed ---------------------------------------------------------------------------------------------- */

static void receives(void *arg) {
  weir_chan_recv(arg, NULL);
}

static void sends(void *arg) {
  weir_chan_send(arg, NULL);
}

/* A task waits; then the channel changes without anybody being woken. */
static int forgets_to_wake(void *arg) {
  const bool sender = arg != NULL;
  weir_chan *c = weir_chan_new(0, 1);
  if (sender)
    CHECK_EQ_INT(weir_chan_try_send(c, NULL), 0);
  CHECK_EQ_INT(weir_go(sender ? sends : receives, c), 0);
  weir_yield();
  c->length = !sender;
  return 0;
}

static int close_forgets_to_wake(void *arg) {
  weir_chan *c = weir_chan_new(0, 1);
  CHECK_EQ_INT(weir_go(receives, c), 0);
  weir_yield();
  c->closed = true;
  return arg != NULL;
}

static int waits_rightly(void *arg) {
  CHECK_EQ_INT(weir_go(receives, weir_chan_new(0, 1)), 0);
  return arg != NULL;
}

static void a_wake_up_owed_is_seen(void) {
  struct weir_sim_report report = simulate(forgets_to_wake, NULL);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_MODEL);
  CHECK_CONTAINS(report.text, "owes a wake-up");
  weir_sim_report_free(&report);
  report = simulate(forgets_to_wake, &report);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_MODEL);
  weir_sim_report_free(&report);
  report = simulate(close_forgets_to_wake, NULL);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_MODEL);
  weir_sim_report_free(&report);
  report = simulate(waits_rightly, NULL);
  CHECK_EQ_INT(report.verdict, WEIR_VERDICT_DEADLOCK);
  weir_sim_report_free(&report);
}

static const struct check_case cases[] = {
    CHECK_CASE(tampering_is_seen),
    CHECK_CASE(what_a_late_send_leaves_is_seen),
    CHECK_CASE(a_wake_up_owed_is_seen),
};

CHECK_MAIN(cases)
