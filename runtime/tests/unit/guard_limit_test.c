/* A kernel without guard markers: each stack's guard is a mapping of its own, and there are vm.max_map_count of them
 * (65,530 as a rule). Where they run out a start says -ENOMEM, what runs goes on, and there is room again afterwards.
 *
 * The linker's --wrap has madvise refuse the markers, as a kernel before 6.13 does.
 *
 * One pinned task starts them all: at the limit there is no mapping for anything else either, and another worker's register
 * of tasks, which is still small, could not grow.
 */
#include "check.h"
#include "workers.h"

#include <sys/mman.h>
#include <weir.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum { MOST = 200000, ROUNDS = 2, OTHERS = 2 /* main, and who starts them */ };

int __real_madvise(void *memory, size_t size, int advice);
int __wrap_madvise(void *memory, size_t size, int advice);

int __wrap_madvise(void *memory, size_t size, int advice) {
  if (advice != MADV_GUARD_INSTALL)
    return __real_madvise(memory, size, advice);
  errno = EINVAL;
  return -1;
}

static long map_count_most(void) {
  long most = 0;
  FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
  if (file != NULL) {
    if (fscanf(file, "%ld", &most) != 1) /* NOLINT: a number of the kernel's */
      most = 0;
    fclose(file);
  }
  return most;
}

static uint32_t woken;

static void parks(void *arg) {
  CHECK_EQ_INT(weir_chan_recv(arg, NULL), -EPIPE);
  __atomic_fetch_add(&woken, 1, __ATOMIC_RELAXED);
}

/* Starts tasks until there is no guard left. How many. */
static uint32_t fill(weir_chan *c) {
  uint32_t made = 0;
  int result = 0;
  while (made < MOST && (result = weir_go(parks, c)) == 0)
    made++;
  CHECK(result == 0 || result == -ENOMEM);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), made + OTHERS);
  return made;
}

static void fill_again(void *arg) {
  const long most = map_count_most();
  uint32_t made[ROUNDS];
  for (int round = 0; round < ROUNDS; round++) {
    weir_chan *c = weir_chan_new(0, 0);
    CHECK(c != NULL);
    woken = 0;
    made[round] = fill(c);
    for (uint32_t again = 0; made[round] < MOST && again < 10; again++) { /* it stays a clean error */
      const int result = weir_go(parks, c);
      CHECK(result == -ENOMEM || (result == 0 && !one_worker())); /* another worker may have given some back */
      made[round] += result == 0;
      CHECK_EQ_INT(weir_task_count(), made[round] + OTHERS);
    }
    CHECK_EQ_INT(weir_chan_close(c), 0);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_EQ_INT(woken, made[round]);
    CHECK_EQ_INT(weir_task_count(), OTHERS);
    weir_chan_unref(c);
  }
  printf("vm.max_map_count is %ld: %u tasks, then %u\n", most, made[0], made[1]);
  CHECK_INT(made[0], >, 1000);
  CHECK_INT(made[1], >=, made[0] - made[0] / 10); /* what ended gave its guard, or its stack, back */
  if (most > 0 && most < MOST)
    CHECK_INT(made[0], <, MOST);
  weir_waitgroup_done(arg);
}

static int body(void *arg) {
  const struct weir_task_options pinned = {.pinned = true};
  weir_waitgroup over = {0};
  CHECK(arg == NULL);
  CHECK_EQ_INT(weir_waitgroup_add(&over, 1), 0);
  CHECK_EQ_INT(weir_go_with(&pinned, fill_again, &over), 0);
  return weir_waitgroup_wait(&over);
}

static void guards_run_out(void) {
  const struct weir_config config = {.workers = test_workers()};
  CHECK_EQ_INT(weir_run(&config, body, NULL), 0);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  CHECK_EQ_INT(weir_counts().stack_bytes, 0);
}

static const struct check_case cases[] = {CHECK_CASE(guards_run_out)};
CHECK_MAIN(cases)
