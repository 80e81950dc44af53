/* worker_thread_test.c — what belongs to a worker's thread and not to the task: errno, thread-local variables, the
 * ownership of a pthread mutex, the exceptions being handled, the floating-point control word. With several workers a
 * task may come back from any blocking call on another thread; each case shows that the difference is real, and what
 * `pinned` does about it: the thread stays. It stays shared with the worker's other tasks, which the last cases show.
 *
 * A task is moved by senders, one pinned to each worker: who wakes a task takes it over. */
#include "run.h"
#include "worker_thread.h"

#include <fenv.h>
#include <pthread.h>

enum { ALWAYS = 300 };

static weir_chan *wake;
static bool over;
static weir_waitgroup helpers;

/* ---- being moved ------------------------------------------------------------------------------------------------- */

/* Out of line, and with a barrier: a compiler may take the thread, and the place of errno, for constant in a
 * function. */
__attribute__((noinline)) static pthread_t thread_here(void) {
  __asm__ volatile("" ::: "memory");
  return pthread_self();
}

void check_at(int line, int condition) {
  if (!condition)
    check_fail("worker_thread_catch.cc", line, "see there");
}

void block_once(void) {
  CHECK_EQ_INT(weir_chan_recv(wake, NULL), 0);
}

void block_until_moved(void) {
  const pthread_t from = thread_here();
  do
    block_once();
  while (pthread_equal(from, thread_here()));
}

static void block_until_on(pthread_t thread) {
  while (!pthread_equal(thread, thread_here()))
    block_once();
}

static void sends_wakes(void *arg) {
  (void)arg;
  while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
    weir_chan_try_send(wake, NULL); /* never waiting: a receiver would take from it and stay where it is */
    weir_yield();
  }
  weir_waitgroup_done(&helpers);
}

static void start_sender(void) {
  const struct weir_task_options pinned = {.pinned = true};
  CHECK_EQ_INT(weir_waitgroup_add(&helpers, 1), 0);
  CHECK_EQ_INT(weir_go_with(&pinned, sends_wakes, NULL), 0);
}

static unsigned begun;

/* Returns when as many have come here as there are workers: nobody lets go of its worker, so each has one to itself. */
static void takes_a_worker(void *arg) {
  (void)arg;
  start_sender();
  __atomic_fetch_add(&begun, 1, __ATOMIC_RELEASE);
  while (__atomic_load_n(&begun, __ATOMIC_ACQUIRE) < test_workers())
    ;
}

/* A sender on each thread. */
static void start_senders(void) {
  wake = weir_chan_new(0, 0);
  over = false;
  begun = 0;
  for (unsigned i = 1; i < test_workers(); i++)
    CHECK_EQ_INT(weir_go(takes_a_worker, NULL), 0);
  takes_a_worker(NULL);
}

static void end_senders(void) {
  __atomic_store_n(&over, true, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_waitgroup_wait(&helpers), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(wake);
}

static weir_waitgroup trying;

static void tries(void *arg) {
  (*(void (**)(void))arg)();
  CHECK_EQ_INT(weir_waitgroup_done(&trying), 0);
}

struct trial {
  void (*run)(void);
  bool pinned;
};

static int trial_body(void *arg) {
  struct trial *trial = arg;
  const struct weir_task_options options = {.pinned = trial->pinned};
  start_senders();
  CHECK_EQ_INT(weir_waitgroup_add(&trying, 1), 0);
  CHECK_EQ_INT(weir_go_with(&options, tries, &trial->run), 0);
  CHECK_EQ_INT(weir_waitgroup_wait(&trying), 0);
  end_senders();
  return 0;
}

/* With one worker there is no other thread to go to. */
static void try_free(void (*run)(void)) {
  struct trial trial = {run, false};
  if (!one_worker())
    run_balanced(WEIR_TIMERS_PROMPT, trial_body, &trial);
}

static void try_pinned(void (*run)(void)) {
  struct trial trial = {run, true};
  if (!one_worker())
    run_balanced(WEIR_TIMERS_PROMPT, trial_body, &trial);
}

/* ---- errno ------------------------------------------------------------------------------------------------------- */

enum { MINE = 4711 };

__attribute__((noinline)) static int *errno_here(void) {
  __asm__ volatile("" ::: "memory");
  return &errno;
}

static void errno_moved(void) {
  int *before = errno_here();
  *before = MINE;
  block_until_moved();
  CHECK(errno_here() != before);
  CHECK_INT(*errno_here(), !=, MINE);
}

static void errno_stays(void) {
  int *before = errno_here();
  *before = MINE;
  for (int i = 0; i < ALWAYS; i++)
    block_once();
  CHECK(errno_here() == before);
}

static void errno_is_the_threads(void) {
  try_free(errno_moved);
  try_pinned(errno_stays);
}

/* ---- thread-local variables -------------------------------------------------------------------------------------- */

static _Thread_local int local;

__attribute__((noinline)) static int *local_here(void) {
  int *address = &local;
  __asm__ volatile("" : "+r"(address)::"memory");
  return address;
}

static void local_moved(void) {
  int *before = local_here();
  *before = MINE;
  block_until_moved();
  CHECK(local_here() != before);
  CHECK_EQ_INT(*local_here(), 0);
  CHECK_EQ_INT(*before, MINE); /* the old one is still there: somebody else's now */
}

static void local_stays(void) {
  int *before = local_here();
  *before = MINE;
  for (int i = 0; i < ALWAYS; i++) {
    block_once();
    CHECK(local_here() == before);
    CHECK_EQ_INT(*local_here(), MINE);
  }
}

static void thread_locals_are_the_threads(void) {
  try_free(local_moved);
  try_pinned(local_stays);
}

/* ---- a pthread mutex held ---------------------------------------------------------------------------------------- */

static pthread_mutex_t mutex;

static void make_mutex(void) {
  pthread_mutexattr_t attributes;
  CHECK_EQ_INT(pthread_mutexattr_init(&attributes), 0);
  CHECK_EQ_INT(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK), 0);
  CHECK_EQ_INT(pthread_mutex_init(&mutex, &attributes), 0);
}

static void mutex_moved(void) {
  const pthread_t owner = thread_here();
  CHECK_EQ_INT(pthread_mutex_lock(&mutex), 0);
  block_until_moved();
  CHECK_EQ_INT(pthread_mutex_unlock(&mutex), EPERM);
  block_until_on(owner);
  CHECK_EQ_INT(pthread_mutex_unlock(&mutex), 0);
}

static void mutex_stays(void) {
  CHECK_EQ_INT(pthread_mutex_lock(&mutex), 0);
  for (int i = 0; i < ALWAYS; i++)
    block_once();
  CHECK_EQ_INT(pthread_mutex_unlock(&mutex), 0);
}

static void mutex_owner_is_the_thread(void) {
  make_mutex();
  if (!UNDER_TSAN) /* it reports the unlock that this is about */
    try_free(mutex_moved);
  try_pinned(mutex_stays);
}

/* ---- a catch across a blocking call (worker_thread_catch.cc) ----------------------------------------------------- */

static void handled_exception_is_the_threads(void) {
  try_free(catch_moved);
  try_pinned(catch_stays);
}

/* ---- floating-point control word --------------------------------------------------------------------------------- */

static void rounding_moved(void) {
  const pthread_t from = thread_here();
  CHECK_EQ_INT(fegetround(), FE_TONEAREST);
  CHECK_EQ_INT(fesetround(FE_UPWARD), 0);
  block_until_moved();
  CHECK_EQ_INT(fegetround(), FE_TONEAREST);
  block_until_on(from);
  CHECK_EQ_INT(fegetround(), FE_UPWARD);
  CHECK_EQ_INT(fesetround(FE_TONEAREST), 0);
}

static void rounding_stays(void) {
  CHECK_EQ_INT(fesetround(FE_UPWARD), 0);
  for (int i = 0; i < ALWAYS; i++) {
    block_once();
    CHECK_EQ_INT(fegetround(), FE_UPWARD);
  }
  CHECK_EQ_INT(fesetround(FE_TONEAREST), 0);
}

#ifdef WEIR_CONTEXT_UCONTEXT
enum { ROUNDING_IS_THE_TASKS = 1 }; /* swapcontext saves it */
#else
enum { ROUNDING_IS_THE_TASKS = 0 };
#endif

static void rounding_is_the_threads(void) {
  if (ROUNDING_IS_THE_TASKS)
    return;
  try_free(rounding_moved);
  try_pinned(rounding_stays);
}

/* ---- pinned shares its thread ------------------------------------------------------------------------------------ */

/* The tasks of one worker have one thread: what one leaves in it, the next one finds. True of one worker as well. */
static void leaves_its_own(void *arg) {
  (void)arg;
  *errno_here() = MINE + 1;
  *local_here() = MINE + 1;
  CHECK_EQ_INT(fesetround(FE_DOWNWARD), 0);
}

static void shared(void *arg) {
  const struct weir_task_options pinned = {.pinned = true};
  *errno_here() = *local_here() = MINE;
  CHECK_EQ_INT(weir_go_with(&pinned, leaves_its_own, NULL), 0); /* at home here, as its maker */
  for (int i = 0; i < ALWAYS; i++)
    weir_yield();
  CHECK_EQ_INT(*errno_here(), MINE + 1);
  CHECK_EQ_INT(*local_here(), MINE + 1);
  CHECK_EQ_INT(fegetround(), FE_DOWNWARD);
  CHECK_EQ_INT(fesetround(FE_TONEAREST), 0);
  (void)arg;
}

static int shared_body(void *arg) {
  const struct weir_task_options pinned = {.pinned = true};
  CHECK_EQ_INT(weir_go_with(&pinned, shared, arg), 0);
  return weir_settle(WEIR_FOREVER);
}

static void pinned_tasks_share_their_thread(void) {
  if (ROUNDING_IS_THE_TASKS)
    return;
  run_balanced(WEIR_TIMERS_PROMPT, shared_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(errno_is_the_threads),      CHECK_CASE(thread_locals_are_the_threads),
    CHECK_CASE(mutex_owner_is_the_thread), CHECK_CASE(handled_exception_is_the_threads),
    CHECK_CASE(rounding_is_the_threads),   CHECK_CASE(pinned_tasks_share_their_thread),
};

CHECK_MAIN(cases)
