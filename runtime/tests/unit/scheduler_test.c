/* The scheduler: who may wait for ever, at several numbers of workers. A case ends when what must happen has happened, or
 * counts what happened instead; nothing here says how soon.
 */
#include "scheduler.h"

#include "api/run.h"

/* ---- a full ring and the global queue ----------------------------------------------------------------------------- */

/* More tasks than rings hold, each runnable all the time: a ring stays full, and the others have their turns all the
 * same. */
static uint32_t not_yet_run;

static void yields_until_all_have_run(void *arg) {
  (void)arg;
  __atomic_fetch_sub(&not_yet_run, 1, __ATOMIC_RELAXED);
  while (__atomic_load_n(&not_yet_run, __ATOMIC_RELAXED) != 0)
    weir_yield();
}

static int full_ring_body(void *arg) {
  const uint32_t tasks = *(const uint32_t *)arg;
  not_yet_run = tasks;
  for (uint32_t i = 0; i < tasks; i++)
    CHECK_EQ_INT(weir_go(yields_until_all_have_run, NULL), 0);
  return weir_settle(WEIR_FOREVER);
}

static void no_task_waits_behind_a_full_ring(void) {
  for (unsigned workers = 2; workers <= 3; workers++) {
    const uint32_t tasks = (workers + 1) * RING_SIZE;
    const struct weir_sim sim = {.chooser = weir_chooser_bytes(NULL, 0), .workers = workers, .step_limit = 100 * tasks};
    struct weir_sim_report report;
    CHECK_EQ_INT(weir_simulate(&sim, full_ring_body, (void *)(uintptr_t)&tasks, &report), 0);
    CHECK_STR(weir_verdict_name(report.verdict), "ok");
    weir_sim_report_free(&report);
    weir_chooser_free(sim.chooser);
  }
  const uint32_t tasks = (test_workers() + 1) * RING_SIZE;
  run_balanced(WEIR_TIMERS_PROMPT, full_ring_body, (void *)(uintptr_t)&tasks);
}

static const struct check_case cases[] = {
    CHECK_CASE(no_task_waits_behind_a_full_ring),
};
CHECK_MAIN(cases)
