/* census_signal_test.c — a census on a signal: while tasks run, while all workers sleep, while one task keeps its worker. */
#include "run.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

/* What the run logs, and how many censuses that were complete: the last line of each names the blocked main task, or
 * begins the next one. The log is written by any worker, and read when its runs are over. */
static struct {
  struct run_log log;
  uint32_t begun;
  sem_t told;
} asked;

static void keep_line(void *context, const char *line) {
  (void)context;
  run_log_line(&asked.log, line);
  if (strstr(line, "stacks in use") == NULL)
    return;
  __atomic_fetch_add(&asked.begun, 1, __ATOMIC_RELEASE);
  sem_post(&asked.told);
}

static uint32_t begun(void) {
  return __atomic_load_n(&asked.begun, __ATOMIC_ACQUIRE);
}

static void run_asked(int (*body)(void *), void *arg) {
  const struct weir_config config = {.workers = test_workers(), .log = keep_line, .census_signal = SIGUSR1};
  CHECK_EQ_INT(sem_init(&asked.told, 0, 0), 0);
  CHECK_EQ_INT(weir_run(&config, body, arg), 0);
  CHECK_CONTAINS(asked.log.text, "weir: the census, on signal 10 (User defined signal 1):");
  CHECK_EQ_INT(sem_destroy(&asked.told), 0);
}

/* ---- while tasks run ----
 * The process is asked, not the thread: the workers' other threads take no signals. */

static int busy_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(0, 3);
  for (uint32_t times = 1; times <= 3; times++) {
    CHECK_EQ_INT(kill(getpid(), SIGUSR1), 0);
    while (begun() < times)
      weir_yield();
  }
  weir_chan_unref(c);
  return 0;
}

static void running_tasks(void) {
  needs_books();
  run_asked(busy_body, NULL);
  CHECK_EQ_INT(begun(), 3);
  CHECK_CONTAINS(asked.log.text, "census_signal_test.c:");
}

static int settles_body(void *arg) {
  (void)arg;
  CHECK_EQ_INT(kill(getpid(), SIGUSR1), 0);
  while (begun() == 0)
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* a task on its small stack delivers */
  return 0;
}

static void a_task_that_settles(void) {
  needs_books();
  run_asked(settles_body, NULL);
}

/* ---- while all sleep ---- */

static void wakes_main(void *arg) {
  CHECK_EQ_INT(weir_chan_close(arg), 0);
}

/* ThreadSanitizer keeps a signal that comes while a fiber runs for that fiber's next call into it; a fiber that waits for
 * the answer makes none. So there it is asked again. */
static int await_answer(void) {
  if (!UNDER_TSAN)
    return sem_wait(&asked.told);
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec++;
  return sem_timedwait(&asked.told, &until);
}

/* Another thread asks, waits until it has been told, and only then lets main go on. */
static void *asks(void *arg) {
  CHECK_EQ_INT(kill(getpid(), SIGUSR1), 0);
  while (await_answer() != 0) {
    CHECK(errno == EINTR || (errno == ETIMEDOUT && UNDER_TSAN));
    CHECK_EQ_INT(errno == ETIMEDOUT ? kill(getpid(), SIGUSR1) : 0, 0);
  }
  CHECK_EQ_INT(weir_post(wakes_main, arg), 0);
  return NULL;
}

static int sleeping_body(void *arg) {
  pthread_t *thread = arg;
  weir_chan *c = weir_chan_new(0, 0);
  sigset_t signal, before;
  sigemptyset(&signal);
  sigaddset(&signal, SIGUSR1);
  weir_external_begin();
  CHECK_EQ_INT(pthread_sigmask(SIG_BLOCK, &signal, &before), 0); /* the worker's thread is to take it */
  CHECK_EQ_INT(pthread_create(thread, NULL, asks, c), 0);
  CHECK_EQ_INT(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
  CHECK_EQ_INT(weir_chan_recv(c, NULL), -EPIPE);
  weir_external_end();
  weir_chan_unref(c);
  return 0;
}

static void sleeping_workers(void) {
  needs_books();
  pthread_t thread;
  run_asked(sleeping_body, &thread);
  CHECK_EQ_INT(pthread_join(thread, NULL), 0);
  CHECK(begun() == 1 || (begun() > 1 && UNDER_TSAN));
  if (one_worker()) /* several may have been on their way to sleep */
    CHECK_CONTAINS(asked.log.text, "main: blocked: receive from the channel made at");
}

/* ---- while one does not give up its worker ---- */

static void keeps_its_worker(void *arg) {
  bool *runs = arg;
  __atomic_store_n(runs, true, __ATOMIC_RELEASE);
  while (begun() == 0 && !one_worker())
    ;
}

static int kept_body(void *arg) {
  CHECK_EQ_INT(kill(getpid(), SIGUSR1), 0);
  CHECK_EQ_INT(weir_go(keeps_its_worker, arg), 0);
  while (begun() == 0)
    weir_yield();
  return 0;
}

static void a_task_that_keeps_its_worker(void) {
  needs_books();
  bool runs = false;
  run_asked(kept_body, &runs);
}

/* ---- the configuration ---- */

static int nothing(void *arg) {
  (void)arg;
  return 0;
}

static void impossible_signals_are_refused(void) {
  static const int impossible[] = {-1, 12345, SIGKILL, SIGSTOP, SIGSEGV};
  for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
    static struct run_log log;
    const struct weir_config config = {
        .workers = test_workers(), .log = run_log_line, .log_context = &log, .census_signal = impossible[i]};
    log.length = 0;
    CHECK_EQ_INT(weir_run(&config, nothing, NULL), -EINVAL);
    CHECK_CONTAINS(log.text, "config.census_signal is");
  }
}

static int mine;

static void count_mine(int number) {
  (void)number;
  mine++;
}

/* The program's own handler is what it was. */
static void what_the_signal_did_is_restored(void) {
  CHECK(signal(SIGUSR1, count_mine) != SIG_ERR);
  const struct weir_config config = {.workers = test_workers(), .log = keep_line, .census_signal = SIGUSR1};
  CHECK_EQ_INT(weir_run(&config, nothing, NULL), 0);
  CHECK_EQ_INT(kill(getpid(), SIGUSR1), 0);
  CHECK_EQ_INT(mine, 1);
}

static const struct check_case cases[] = {
    CHECK_CASE(running_tasks),
    CHECK_CASE(a_task_that_settles),
    CHECK_CASE(sleeping_workers),
    CHECK_CASE(a_task_that_keeps_its_worker),
    CHECK_CASE(impossible_signals_are_refused),
    CHECK_CASE(what_the_signal_did_is_restored),
};
CHECK_MAIN(cases)
