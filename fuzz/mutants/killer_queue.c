/* killer_queue.c — the run queues: every task that was made ready runs, once, where it belongs; settle waits for
 * all.
 */
#include "killer.h"

/* ---- burst: more ready tasks at once than a ring holds ----------------------------------------------------------- */

enum { BURST = 420 };

static struct {
  weir_chan *gate;
  weir_waitgroup done;
  int begun, ran;
  bool ranks[BURST];
} burst;

static void run_in_burst(void *arg) {
  const intptr_t number = (intptr_t)arg;
  burst.begun++;
  weir_chan_recv(burst.gate, NULL);
  KILLER_CHECK(!burst.ranks[number], "a task runs twice");
  burst.ranks[number] = true;
  weir_yield();
  burst.ran++;
  weir_waitgroup_done(&burst.done);
}

static int burst_body(void *arg) {
  (void)arg;
  memset(&burst, 0, sizeof burst);
  burst.gate = weir_chan_new(0, 0);
  weir_waitgroup_add(&burst.done, BURST);
  for (intptr_t i = 0; i < BURST; i++)
    weir_go(run_in_burst, (void *)i);
  weir_settle(WEIR_FOREVER);
  KILLER_CHECK(burst.begun == BURST, "settled, and %d tasks have not begun", BURST - burst.begun);
  weir_chan_close(burst.gate);
  weir_waitgroup_wait(&burst.done);
  weir_settle(WEIR_FOREVER);
  KILLER_CHECK(burst.ran == BURST && weir_task_count() == 1, "%d tasks ran, %zu are left", burst.ran,
               weir_task_count());
  weir_chan_unref(burst.gate);
  return 0;
}

/* ---- mail: pinned tasks, several of another worker made ready in one step, by a close ---------------------------- */

enum { GROUPS = 3, MEMBERS = 3 };

static struct {
  weir_chan *open[GROUPS];
  weir_waitgroup done;
} post;

static void answer_close(void *arg) {
  weir_chan *const *open = arg;
  weir_chan_recv(*open, NULL);
  weir_waitgroup_done(&post.done);
}

static void settle_closely(void *arg) {
  const struct weir_task_options pinned = {.pinned = true};
  for (int i = 0; i < MEMBERS; i++)
    weir_go_with(&pinned, answer_close, arg);
  weir_waitgroup_done(&post.done);
}

static int closed_body(void *arg) {
  (void)arg;
  memset(&post, 0, sizeof post);
  weir_waitgroup_add(&post.done, GROUPS * (MEMBERS + 1));
  for (int i = 0; i < GROUPS; i++) {
    post.open[i] = weir_chan_new(0, 0);
    weir_go(settle_closely, &post.open[i]);
  }
  for (int i = 0; i < GROUPS; i++) {
    killer_sleep((int64_t)random_magnitude(&killer_random, 17));
    weir_chan_close(post.open[i]);
  }
  weir_waitgroup_wait(&post.done);
  for (int i = 0; i < GROUPS; i++)
    weir_chan_unref(post.open[i]);
  return 0;
}

/* ---- settle ------------------------------------------------------------------------------------------------------ */

enum { WORKING = 6 };

static struct {
  weir_chan *gate;
  int working, alarms, settling;
} rest;

static void work(void *arg) {
  for (intptr_t i = (intptr_t)arg; i > 0; i--)
    weir_yield();
  rest.working--;
  weir_chan_recv(rest.gate, NULL);
}

static void wake_at(void *arg) {
  weir_sleep_until(*(const int64_t *)arg);
  rest.alarms++;
  if (rest.alarms > 1)
    return;
  rest.settling++;
  weir_settle(WEIR_FOREVER);
  rest.settling--;
  KILLER_CHECK(rest.alarms == WORKING, "settled, and %d sleepers whose time has come have not run",
               WORKING - rest.alarms);
}

static int settle_body(void *arg) {
  (void)arg;
  rest.gate = weir_chan_new(0, 0);
  rest.working = WORKING;
  rest.alarms = rest.settling = 0;
  for (int i = 0; i < WORKING; i++)
    weir_go(work, (void *)(intptr_t)random_below(&killer_random, 6));
  weir_settle(WEIR_FOREVER);
  KILLER_CHECK(rest.working == 0, "settled, and %d tasks are at work", rest.working);
  const int64_t time = weir_now() + WEIR_MILLISECOND;
  for (int i = 0; i < WORKING; i++)
    weir_go(wake_at, (void *)(uintptr_t)&time);
  killer_sleep(2 * WEIR_MILLISECOND);
  weir_settle(WEIR_FOREVER);
  weir_chan_close(rest.gate);
  weir_settle(WEIR_FOREVER);
  const int left = (int)weir_task_count() - 1;
  KILLER_CHECK(left == 0 || left == rest.settling, "settled, and %d tasks are left", left);
  weir_chan_unref(rest.gate);
  return 0;
}

/* A pinned task, at home on another worker perhaps, has what it was sent before all has settled. */
enum { LETTERS = 6 };

static struct {
  weir_chan *letters;
  int read;
} house;

static void read_letters(void *arg) {
  (void)arg;
  while (weir_chan_recv(house.letters, NULL) == 0)
    house.read++;
}

static void move_in(void *arg) {
  const struct weir_task_options pinned = {.pinned = true};
  weir_go_with(&pinned, read_letters, arg);
}

static int delivered_body(void *arg) {
  (void)arg;
  house.letters = weir_chan_new(0, 1);
  house.read = 0;
  weir_go(move_in, NULL);
  weir_settle(WEIR_FOREVER);
  for (int i = 1; i <= LETTERS; i++) {
    weir_chan_send(house.letters, NULL);
    if (killer_chance(&killer_random, 30))
      weir_yield();
    weir_settle(WEIR_FOREVER);
    KILLER_CHECK(house.read == i, "settled, and %d of %d letters are read", house.read, i);
  }
  weir_chan_close(house.letters);
  weir_settle(WEIR_FOREVER);
  weir_chan_unref(house.letters);
  return 0;
}

const struct killer_case killer_queue_cases[] = {{"burst", burst_body, false},
                                                 {"closed", closed_body, false},
                                                 {"settle", settle_body, false},
                                                 {"delivered", delivered_body, false},
                                                 {0}};
