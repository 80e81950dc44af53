/* A program that waits costs nothing, and a timer is punctual: processor time of workers whose tasks all sleep,
 * lateness of sleeps, a million parked tasks, ten million pending timers.
 *
 * Processor time is judged by the kernel's account of the process (getrusage). Everything else here that depends on the
 * machine is printed, not judged.
 */
#include "stress.h"

#include <sys/resource.h>

static int64_t processor_time(void) {
  struct rusage usage;
  CHECK_EQ_INT(getrusage(RUSAGE_SELF, &usage), 0);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * WEIR_SECOND +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * WEIR_MICROSECOND;
}

/* ---- asleep ------------------------------------------------------------------------------------------------------ */

/* The goal is 1 %. The first second of rest is not counted: workers may look around a while before they lie down. */
enum { SLEEPERS = 100, PARTS = 100 };

static void sleeps_long(void *arg) {
  (void)arg;
  CHECK_EQ_INT(weir_sleep(3 * WEIR_SECOND), 0);
}

static void waits(void *arg) {
  weir_chan_recv(arg, NULL);
}

static int asleep_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(0, 0);
  for (int i = 0; i < SLEEPERS; i++)
    CHECK_EQ_INT(weir_go(i % 2 ? sleeps_long : waits, c), 0);
  int64_t used = processor_time(), from = outside_now();
  CHECK_EQ_INT(weir_sleep(WEIR_SECOND + WEIR_SECOND / 5), 0);
  printf("first 1.2 s of rest: %.3f %% of a processor\n",
         100.0 * (double)(processor_time() - used) / (double)(outside_now() - from));
  used = processor_time(), from = outside_now();
  CHECK_EQ_INT(weir_sleep(WEIR_SECOND), 0);
  used = processor_time() - used;
  const int64_t passed = outside_now() - from;
  printf("the next second: %.3f %%\n", 100.0 * (double)used / (double)passed);
  CHECK_INT(used * PARTS, <=, passed);
  weir_chan_close(c);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_sleep(WEIR_SECOND), 0); /* until the sleepers are gone */
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  return 0;
}

static void asleep_costs_nothing(void) {
  run_balanced(WEIR_TIMERS_PROMPT, asleep_body, NULL);
}

/* A task that wakes a hundred times a second: what each of its naps costs, over a second. */
static int drowsy_body(void *arg) {
  (void)arg;
  const int64_t used = processor_time(), from = outside_now();
  int naps = 0;
  do {
    CHECK_EQ_INT(weir_sleep(10 * WEIR_MILLISECOND), 0);
    naps++;
  } while (outside_now() - from < WEIR_SECOND);
  const int64_t passed = outside_now() - from;
  const int64_t each = (processor_time() - used) / naps;
  printf("%d naps of 10 ms: %" PRId64 " us of processor time each, %.2f %%\n", naps, each / 1000,
         100.0 * (double)(each * naps) / (double)passed);
  CHECK_INT(each * 10, <=, 10 * WEIR_MILLISECOND); /* a tenth: nobody spins through the nap */
  return 0;
}

static void drowsy_costs_little(void) {
  run_balanced(WEIR_TIMERS_PROMPT, drowsy_body, NULL);
}

/* ---- lateness ---------------------------------------------------------------------------------------------------- */

enum { SAMPLES = 2000 };

static int compare(const void *a, const void *b) {
  const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
  return (left > right) - (left < right);
}

static int lateness_body(void *arg) {
  static int64_t late[SAMPLES];
  (void)arg;
  for (int i = 0; i < SAMPLES; i++) {
    const int64_t due = weir_now() + 200 * WEIR_MICROSECOND + stress_delay(&stress.random, 20);
    CHECK_EQ_INT(weir_sleep_until(due), 0);
    late[i] = outside_now() - due;
    CHECK_INT(late[i], >=, 0);
  }
  qsort(late, SAMPLES, sizeof late[0], compare);
  printf("late by: p50 %" PRId64 ", p99 %" PRId64 ", most %" PRId64 " us (goal: p99 200 on an idle machine)\n",
         late[SAMPLES / 2] / 1000, late[SAMPLES * 99 / 100] / 1000, late[SAMPLES - 1] / 1000);
  return 0;
}

static void lateness_of_sleeps(void) {
  run_balanced(WEIR_TIMERS_PROMPT, lateness_body, NULL);
}

/* ---- many -------------------------------------------------------------------------------------------------------- */

enum { MILLION = 1000000 };

static weir_waitgroup started;

static void parks(void *arg) {
  weir_waitgroup_done(&started);
  CHECK_EQ_INT(weir_chan_recv(arg, NULL), -EPIPE);
}

static int parked_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(0, 0);
  int made = 0;
  int64_t from = outside_now();
  while (made < MILLION) {
    weir_waitgroup_add(&started, 1);
    const int result = weir_go(parks, c);
    if (result != 0) { /* a machine that has no memory for a million */
      CHECK_EQ_INT(result, -ENOMEM);
      weir_waitgroup_done(&started);
      break;
    }
    made++;
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&started), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), made + 1);
  printf("%d tasks parked, %.0f ns each", made, (double)(outside_now() - from) / made);
  from = outside_now();
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  printf(", woken and ended at %.0f ns each\n", (double)(outside_now() - from) / made);
  CHECK_EQ_INT(weir_task_count(), 1);
  weir_chan_unref(c);
  return 0;
}

static void million_parked_tasks(void) {
  run_balanced(WEIR_TIMERS_PROMPT, parked_body, NULL);
}

static weir_timer *timers[10 * MILLION];

static int pending_body(void *arg) {
  (void)arg;
  size_t made = 0;
  const int64_t from = outside_now();
  for (; made < 10 * MILLION; made++) {
    timers[made] = weir_timer_new(3600 * WEIR_SECOND + stress_delay(&stress.random, 40));
    if (timers[made] == NULL)
      break;
  }
  CHECK_EQ_INT(weir_counts().timers_pending, made);
  printf("%zu timers pending, %.0f ns each\n", made, (double)(outside_now() - from) / (double)made);
  CHECK_EQ_INT(weir_sleep(10 * WEIR_MILLISECOND), 0); /* others are still punctual enough to come */
  for (size_t i = 0; i < made; i++)
    weir_timer_free(timers[i]);
  return 0;
}

static void ten_million_pending_timers(void) {
  run_balanced(WEIR_TIMERS_PROMPT, pending_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(asleep_costs_nothing), CHECK_CASE(drowsy_costs_little),        CHECK_CASE(lateness_of_sleeps),
    CHECK_CASE(million_parked_tasks), CHECK_CASE(ten_million_pending_timers),
};
STRESS_MAIN(cases)
