/* The inbox from inside, against a naive queue; posts that find no memory; helper threads that cannot be made.
 *
 * The linker's --wrap lets the test refuse address space (a task's stack), a post's memory and a thread.
 */
#include "inbox.h"

#include "blocking.h"
#include "check.h"
#include "poller.h"
#include "random.h"
#include "run.h"

#include <weir.h>

#include <pthread.h>
#include <sys/mman.h>

static struct {
  bool mappings, blocks;
  int threads; /* so many can still be made; negative: all */
  uint32_t mappings_refused;
} refuse = {.threads = -1};

void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  if (!__atomic_load_n(&refuse.mappings, __ATOMIC_RELAXED))
    return __real_mmap(address, size, protection, flags, file, offset);
  refuse.mappings_refused++;
  errno = ENOMEM;
  return MAP_FAILED;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size) {
  return __atomic_load_n(&refuse.blocks, __ATOMIC_RELAXED) ? NULL : __real_malloc(size);
}

static bool slow_write, writing;
static ssize_t written;

ssize_t __real_write(int fd, const void *buffer, size_t size);
ssize_t __wrap_write(int fd, const void *buffer, size_t size) {
  if (!slow_write || size != sizeof(uint64_t)) /* not the eventfd */
    return __real_write(fd, buffer, size);
  __atomic_store_n(&writing, true, __ATOMIC_RELEASE);
  const struct timespec pause = {.tv_nsec = 20000000};
  nanosleep(&pause, NULL);
  written = __real_write(fd, buffer, size);
  return written;
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *arg) {
  if (refuse.threads == 0)
    return EAGAIN;
  refuse.threads -= refuse.threads > 0;
  return __real_pthread_create(thread, attributes, body, arg);
}

static void join(pthread_t thread) {
  CHECK_EQ_INT(pthread_join(thread, NULL), 0);
}

static pthread_t start_thread(void *(*body)(void *), void *arg) {
  pthread_t thread;
  CHECK_EQ_INT(__real_pthread_create(&thread, NULL, body, arg), 0);
  return thread;
}

static int run(int (*body)(void *)) {
  const int result = weir_run(&(struct weir_config){.workers = 1}, body, NULL);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  return result;
}

/* ---- against a naive queue -------------------------------------------------------------------------------------- */

enum { NODES = 16 };

static struct numbered {
  struct inbox_node node;
  int number;
  bool inside;
} nodes[NODES];
static int expected[NODES], expected_count, delivered;

static void is_delivered(struct inbox_node *node) {
  struct numbered *one = container_of(node, struct numbered, node);
  CHECK(delivered < expected_count);
  CHECK_EQ_INT(one->number, expected[delivered]);
  one->inside = false;
  delivered++;
}

static int naive_body(void *arg) {
  struct random random = {11};
  for (int i = 0; i < NODES; i++)
    nodes[i] = (struct numbered){.node.deliver = is_delivered, .number = i};
  for (int step = 0; step < SCALED(200000); step++) {
    struct numbered *one = &nodes[random_below(&random, NODES)];
    CHECK_EQ_INT(inbox_pending(), expected_count != 0);
    if (random_below(&random, 5) == 0) {
      delivered = 0;
      CHECK(!inbox_drain());
      CHECK_EQ_INT(delivered, expected_count);
      expected_count = 0;
    } else if (random_below(&random, 50) == 0) {
      CHECK_EQ_INT(inbox_close_if_empty(), expected_count == 0);
      if (expected_count == 0) {
        CHECK(!inbox_push(&one->node));
        inbox_open();
      }
    } else if (!one->inside) {
      CHECK(inbox_push(&one->node));
      one->inside = true;
      expected[expected_count++] = one->number;
    }
  }
  return arg != NULL;
}

static void first_in_first_out(void) {
  CHECK_EQ_INT(run(naive_body), 0);
}

/* ---- without memory --------------------------------------------------------------------------------------------- */

enum { POSTS = 10 };
static int order[POSTS], begun;
static weir_chan *gate, *all_begun;

static void begins(void *arg) {
  order[begun++] = (int)(intptr_t)arg;
  if (begun == POSTS)
    CHECK_EQ_INT(weir_chan_try_send(all_begun, NULL), 0);
}

static void *posts_ten(void *arg) {
  for (intptr_t i = 0; i < POSTS; i++)
    CHECK_EQ_INT(weir_post(begins, (void *)i), 0);
  return arg;
}

static void waits_at_gate(void *arg) {
  weir_chan_recv(arg, NULL);
}

static int job(void *arg) {
  return *(const int *)arg;
}

static void *gives_memory_back(void *arg) {
  const struct timespec pause = {.tv_nsec = 20000000};
  nanosleep(&pause, NULL);
  __atomic_store_n(&refuse.mappings, false, __ATOMIC_RELAXED);
  return arg;
}

/* No stack is left: the posts wait, a job's completion overtakes them, the thread sleeps between two tries, and the run
 * is no deadlock. When there is memory again they begin in order. */
static int no_stack_body(void *arg) {
  const int five = 5;
  gate = weir_chan_new(0, 0);
  all_begun = weir_chan_new(0, 1);
  refuse.mappings = true;
  while (weir_go(waits_at_gate, gate) == 0)
    ;
  join(start_thread(posts_ten, NULL));
  CHECK_EQ_INT(weir_settle(weir_now() + 5 * WEIR_MILLISECOND), -ETIMEDOUT); /* what came is not delivered */
  CHECK(inbox_pending());
  CHECK_EQ_INT(begun, 0);
  CHECK_EQ_INT(weir_blocking(job, (void *)&five), 5);
  CHECK_EQ_INT(begun, 0);
  CHECK(inbox_pending() && !inbox_close_if_empty());
  const uint32_t before = refuse.mappings_refused;
  CHECK_EQ_INT(weir_sleep(10 * WEIR_MILLISECOND), 0);
  CHECK_INT(refuse.mappings_refused - before, <, 60);
  const pthread_t thread = start_thread(gives_memory_back, NULL);
  const int64_t enough = weir_now() + 20 * WEIR_SECOND;
  CHECK_EQ_INT(weir_chan_recv_until(all_begun, NULL, enough), 0);
  CHECK_INT(weir_now(), <, enough - 10 * WEIR_SECOND); /* tried again without any other cause */
  join(thread);
  for (int i = 0; i < POSTS; i++)
    CHECK_EQ_INT(order[i], i);
  CHECK_EQ_INT(weir_chan_close(gate), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(gate);
  weir_chan_unref(all_begun);
  return arg != NULL;
}

static void posts_wait_for_memory(void) {
  CHECK_EQ_INT(run(no_stack_body), 0);
}

static void *posts_without_memory(void *arg) {
  *(int *)arg = weir_post(begins, NULL);
  return NULL;
}

static int no_block_body(void *arg) {
  int result = 0;
  const pthread_t thread = start_thread(posts_without_memory, &result);
  join(thread);
  CHECK_EQ_INT(result, -ENOMEM);
  CHECK(!inbox_pending());
  return arg != NULL;
}

static int refuses_blocks_body(void *arg) {
  __atomic_store_n(&refuse.blocks, true, __ATOMIC_RELAXED);
  const int result = no_block_body(arg);
  __atomic_store_n(&refuse.blocks, false, __ATOMIC_RELAXED);
  return result;
}

static void a_post_without_memory_says_so(void) {
  CHECK_EQ_INT(run(refuses_blocks_body), 0);
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

static void *posts_one(void *arg) {
  weir_post(waits_at_gate, NULL);
  return arg;
}

static int leaves_meanwhile(void *arg) {
  *(pthread_t *)arg = start_thread(posts_one, NULL);
  while (!__atomic_load_n(&writing, __ATOMIC_ACQUIRE))
    ;
  return 0;
}

/* A poster has pushed, and interrupts now: the run does not take the eventfd away from under it. */
static void a_run_waits_for_posters(void) {
  pthread_t thread;
  slow_write = true;
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1}, leaves_meanwhile, &thread), 0);
  slow_write = false;
  join(thread);
  CHECK_EQ_INT(written, sizeof(uint64_t));
}

/* ---- without threads -------------------------------------------------------------------------------------------- */

static int jobs_run;

static int counts(void *arg) {
  __atomic_fetch_add(&jobs_run, 1, __ATOMIC_RELAXED);
  return *(const int *)arg;
}

static int no_thread_body(void *arg) {
  int seven = 7;
  refuse.threads = 0;
  for (int i = 0; i < 3; i++) {
    CHECK_EQ_INT(weir_blocking(counts, &seven), -EAGAIN);
    CHECK_EQ_INT(blocking_under_way(), 0);
    CHECK(!foreign_expected());
  }
  CHECK_EQ_INT(jobs_run, 0);
  refuse.threads = 1;
  CHECK_EQ_INT(weir_blocking(counts, &seven), 7);
  return arg != NULL;
}

static void no_helper_can_be_made(void) {
  CHECK_EQ_INT(run(no_thread_body), 0);
  CHECK_EQ_INT(jobs_run, 1);
}

static weir_waitgroup group;

static void calls(void *arg) {
  CHECK_EQ_INT(weir_blocking(counts, arg), *(const int *)arg);
  weir_waitgroup_done(&group);
}

static int few_threads_body(void *arg) {
  static int numbers[50];
  refuse.threads = 2;
  weir_waitgroup_add(&group, 50);
  for (int i = 0; i < 50; i++) {
    numbers[i] = i;
    CHECK_EQ_INT(weir_go(calls, &numbers[i]), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&group), 0);
  CHECK_EQ_INT(jobs_run, 50);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  return arg != NULL;
}

static void two_helpers_do_the_work_of_fifty(void) {
  CHECK_EQ_INT(run(few_threads_body), 0);
}

/* ---- fork ------------------------------------------------------------------------------------------------------- */

static void *posts_for_ever(void *arg) {
  for (;;)
    weir_post(begins, NULL);
  return arg;
}

static int nothing(void *arg) {
  return arg != NULL;
}

/* A child of a process whose threads are in the middle of a post has runs of its own. */
static void a_run_in_a_forked_child(void) {
  CHECK_EQ_INT(run(nothing), 0);
  start_thread(posts_for_ever, NULL);
  for (int i = 0; i < 50; i++) {
    struct check_child child;
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
      alarm(20);
      _Exit(weir_run(&(struct weir_config){.workers = 1}, nothing, NULL));
    }
    CHECK(waitpid(pid, &child.status, 0) == pid);
    CHECK_EQ_INT(child.status, 0);
  }
  _Exit(0);
}

static const struct check_case cases[] = {
    CHECK_CASE(first_in_first_out),
    CHECK_CASE(posts_wait_for_memory),
    CHECK_CASE(a_post_without_memory_says_so),
    CHECK_CASE(a_run_waits_for_posters),
    CHECK_CASE(no_helper_can_be_made),
    CHECK_CASE(two_helpers_do_the_work_of_fifty),
    CHECK_CASE(a_run_in_a_forked_child),
};
CHECK_MAIN(cases)
