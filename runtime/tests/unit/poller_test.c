/* The poller from inside: what happens between two of its system calls, its records, its interruption, and system calls
 * that fail. The linker's --wrap puts a function of the test behind poll and before the results of epoll_wait.
 */
#include "poller.h"

#include "check.h"
#include "random.h"
#include "run.h"

#include <weir.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static struct {
  void (*after_poll)(void); /* once */
  void (*after_wait)(void); /* once, when events are in hand */
  void (*before_read)(void);
  void (*after_read)(void);
  int64_t fail_allocation; /* this many succeed, then one fails; negative: none */
  int refuse_registration; /* an errno, once */
  bool old_kernel;
  int waits, polls, registrations;
  int64_t milliseconds;
} between = {.fail_allocation = -1};

static void call_once(void (**what)(void)) {
  void (*function)(void) = *what;
  *what = NULL;
  if (function != NULL)
    function();
}

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout) {
  between.polls++;
  const int result = __real_poll(fds, count, timeout);
  call_once(&between.after_poll);
  return result;
}

ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size) {
  call_once(&between.before_read);
  const ssize_t result = __real_read(fd, buffer, size);
  call_once(&between.after_read);
  return result;
}

int __real_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout) {
  between.waits++;
  between.milliseconds = timeout;
  const int result = __real_epoll_wait(epoll, events, count, timeout);
  if (result > 0)
    call_once(&between.after_wait);
  return result;
}

int __real_epoll_pwait2(int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
                        const sigset_t *mask);
int __wrap_epoll_pwait2(int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
                        const sigset_t *mask) {
  if (!between.old_kernel)
    return __real_epoll_pwait2(epoll, events, count, timeout, mask);
  errno = ENOSYS;
  return -1;
}

int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  between.registrations += operation == EPOLL_CTL_ADD;
  if (between.refuse_registration == 0 || operation != EPOLL_CTL_ADD)
    return __real_epoll_ctl(epoll, operation, fd, event);
  errno = between.refuse_registration;
  between.refuse_registration = 0;
  return -1;
}

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size) {
  if (between.fail_allocation >= 0 && between.fail_allocation-- == 0)
    return NULL;
  return __real_realloc(memory, size);
}

/* ---- a world of one pipe and its watcher ------------------------------------------------------------------------ */

static struct {
  int fds[2];
  int others[2];
  int result;
  bool done;
} world;

static void make_pipe(int fds[2]) {
  CHECK_EQ_INT(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
}

static void drop_both(const int fds[2]) {
  for (int end = 0; end < 2; end++) {
    weir_poll_forget(fds[end]);
    CHECK_EQ_INT(close(fds[end]), 0);
  }
}

static void put(int fd) {
  CHECK_EQ_INT(write(fd, "x", 1), 1);
}

static void take(int fd) {
  char byte;
  CHECK_EQ_INT(read(fd, &byte, 1), 1);
}

static void watches(void *arg) {
  world.done = false;
  world.result = weir_poll(world.fds[0], POLLIN, arg == NULL ? WEIR_FOREVER : *(const int64_t *)arg);
  world.done = true;
}

static void start_watching(void) {
  CHECK_EQ_INT(weir_go(watches, NULL), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
}

static int run(int (*body)(void *)) {
  make_pipe(world.fds);
  const int result = weir_run(&(struct weir_config){.workers = 1}, body, NULL);
  CHECK_EQ_INT(weir_counts().bytes, 0);
  return result;
}

/* ---- lost wake-ups ---------------------------------------------------------------------------------------------- */

static void writes(void) {
  put(world.fds[1]);
}

/* The byte comes between the look, which finds nothing, and the waiting: at the first wait, and at later ones. */
static int between_look_and_wait_body(void *arg) {
  const int64_t enough = weir_now() + 20 * WEIR_SECOND;
  for (int i = 0; i < 3; i++) {
    between.after_poll = writes;
    CHECK_EQ_INT(weir_poll(world.fds[0], POLLIN, enough), POLLIN);
    CHECK(between.after_poll == NULL);
    take(world.fds[0]);
  }
  drop_both(world.fds);
  return arg != NULL;
}

static void a_byte_between_look_and_wait(void) {
  CHECK_EQ_INT(run(between_look_and_wait_body), 0);
}

/* ---- events of the past ----------------------------------------------------------------------------------------- */

static void watches_new(void *arg) {
  watches(arg);
}

/* An event of the old pipe is in the server's hands; the number is forgotten, closed, used again and waited for. */
static void replaces_the_pipe(void) {
  static int64_t deadline;
  weir_poll_forget(world.fds[0]);
  weir_yield(); /* the old watcher ends */
  CHECK(world.done && world.result == -ECANCELED);
  CHECK_EQ_INT(dup3(world.others[0], world.fds[0], O_CLOEXEC), world.fds[0]);
  deadline = weir_now() + 5 * WEIR_MILLISECOND;
  CHECK_EQ_INT(weir_go(watches_new, &deadline), 0);
  weir_yield();
  CHECK(!world.done);
}

static int stale_event_body(void *arg) {
  make_pipe(world.others);
  start_watching();
  put(world.fds[1]);
  between.after_wait = replaces_the_pipe;
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(between.after_wait == NULL);
  CHECK(!world.done);
  CHECK_EQ_INT(weir_sleep(10 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(world.done);
  CHECK_EQ_INT(world.result, -ETIMEDOUT);
  drop_both(world.fds);
  drop_both(world.others);
  return arg != NULL;
}

static void an_event_of_the_forgotten_wakes_nobody(void) {
  CHECK_EQ_INT(run(stale_event_body), 0);
}

/* More edges that nobody waits for than the server takes at a time stand before the one somebody waits for. */
enum { IDLE_PIPES = 200 };

static int idle_edges_body(void *arg) {
  static int idle[IDLE_PIPES][2];
  for (int i = 0; i < IDLE_PIPES; i++) {
    make_pipe(idle[i]);
    CHECK_EQ_INT(weir_poll(idle[i][0], POLLIN, 1), -ETIMEDOUT); /* registers it */
  }
  start_watching();
  for (int i = 0; i < IDLE_PIPES; i++)
    put(idle[i][1]);
  put(world.fds[1]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(world.done);
  for (int i = 0; i < IDLE_PIPES; i++)
    drop_both(idle[i]);
  drop_both(world.fds);
  return arg != NULL;
}

static void idle_edges_do_not_hide_one(void) {
  CHECK_EQ_INT(run(idle_edges_body), 0);
}

/* ---- what it costs ---------------------------------------------------------------------------------------------- */

static int costs_body(void *arg) {
  start_watching();
  CHECK_EQ_INT(between.registrations, 2); /* the interruption, the pipe */
  put(world.fds[1]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  take(world.fds[0]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  const uint64_t allocations = weir_port_allocations;
  const int polls = between.polls;
  const int64_t times = SCALED(10000);
  for (int64_t i = 0; i < times; i++) {
    between.after_poll = writes;
    CHECK_EQ_INT(weir_poll(world.fds[0], POLLIN, WEIR_FOREVER), POLLIN);
    take(world.fds[0]);
  }
  CHECK_EQ_INT(weir_port_allocations, allocations);
  CHECK_EQ_INT(between.polls - polls, times);
  CHECK_EQ_INT(between.registrations, 2);
  CHECK_EQ_INT(poller_waiting(), 0);
  drop_both(world.fds);
  return arg != NULL;
}

static void waiting_allocates_nothing_and_looks_once(void) {
  CHECK_EQ_INT(run(costs_body), 0);
}

static int counted_body(void *arg) {
  CHECK_EQ_INT(poller_waiting(), 0);
  start_watching();
  CHECK_EQ_INT(poller_waiting(), 1);
  CHECK_EQ_INT(weir_poll(world.fds[0], POLLIN, WEIR_FOREVER), -EBUSY);
  CHECK_EQ_INT(poller_waiting(), 1);
  weir_poll_forget(world.fds[0]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(poller_waiting(), 0);
  CHECK_EQ_INT(weir_poll(world.fds[0], POLLIN, 1), -ETIMEDOUT);
  CHECK_EQ_INT(poller_waiting(), 0);
  start_watching(); /* is left over */
  CHECK_EQ_INT(poller_waiting(), 1);
  return arg != NULL;
}

static void waiting_tasks_are_counted(void) {
  for (int i = 0; i < 2; i++) {
    CHECK_EQ_INT(run(counted_body), 0);
    drop_both(world.fds);
  }
}

/* ---- records ---------------------------------------------------------------------------------------------------- */

/* Numbers on both sides of each chunk's border: nobody is woken by another's events. */
static const int numbers[] = {62, 63, 64, 65, 190, 191, 192, 193, 446, 447, 448, 449, 959, 960, 961, 1983, 1984};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };
static int pipes_of[NUMBERS][2];
static bool woken[NUMBERS];

static void watches_number(void *arg) {
  const intptr_t at = (intptr_t)arg;
  CHECK_EQ_INT(weir_poll(numbers[at], POLLIN, WEIR_FOREVER), POLLIN);
  woken[at] = true;
}

static int numbers_body(void *arg) {
  for (intptr_t i = 0; i < NUMBERS; i++) {
    make_pipe(pipes_of[i]);
    CHECK_EQ_INT(dup3(pipes_of[i][0], numbers[i], O_CLOEXEC), numbers[i]);
    CHECK_EQ_INT(weir_go(watches_number, (void *)i), 0);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < NUMBERS; i++) {
    put(pipes_of[i * 5 % NUMBERS][1]);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    for (int j = 0; j < NUMBERS; j++)
      CHECK_EQ_INT(woken[j * 5 % NUMBERS], j <= i);
  }
  for (int i = 0; i < NUMBERS; i++) {
    drop_both(pipes_of[i]);
    weir_poll_forget(numbers[i]);
    CHECK_EQ_INT(close(numbers[i]), 0);
  }
  drop_both(world.fds);
  return arg != NULL;
}

static void every_number_has_a_record_of_its_own(void) {
  struct rlimit limit;
  CHECK_EQ_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max < 2048 ? limit.rlim_max : 2048;
  CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
  CHECK_EQ_INT(run(numbers_body), 0);
}

static int refused_body(void *arg) {
  between.fail_allocation = 0;
  CHECK_EQ_INT(weir_poll(world.fds[0], POLLIN, weir_now() + WEIR_MILLISECOND), -ENOMEM);
  between.fail_allocation = 0;
  CHECK_EQ_INT(weir_poll(world.fds[1], POLLOUT, WEIR_FOREVER), POLLOUT); /* needs none */
  CHECK_EQ_INT(between.fail_allocation, 0);
  between.fail_allocation = -1;
  const int errors[] = {ENOMEM, ENOSPC, EPERM};
  for (int i = 0; i < 3; i++) {
    between.refuse_registration = errors[i];
    CHECK_EQ_INT(weir_poll(world.fds[0], POLLIN, weir_now() + WEIR_MILLISECOND), -errors[i]);
  }
  CHECK_EQ_INT(weir_poll(world.fds[0], POLLIN, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  between.after_poll = writes;
  CHECK_EQ_INT(weir_poll(world.fds[0], POLLIN, WEIR_FOREVER), POLLIN);
  drop_both(world.fds);
  return arg != NULL;
}

static void refusals_are_reported_and_pass(void) {
  CHECK_EQ_INT(run(refused_body), 0);
}

/* ---- interruption and time -------------------------------------------------------------------------------------- */

static int interruption_body(void *arg) {
  for (int i = 0; i < 3; i++) {
    poller_interrupt();
    poller_interrupt();
    CHECK_EQ_INT(poller_serve(WEIR_POLL), 0); /* does not swallow it */
    CHECK_EQ_INT(poller_serve(WEIR_FOREVER), 0);
    const int64_t until = weir_now() + 2 * WEIR_MILLISECOND;
    CHECK_EQ_INT(poller_serve(until), 0); /* it is gone */
    CHECK_INT(weir_now(), >=, until);
  }
  drop_both(world.fds);
  return arg != NULL;
}

static void an_interruption_is_for_who_waits(void) {
  CHECK_EQ_INT(run(interruption_body), 0);
}

/* A second one, just before and just after the first is taken: the next one must still come through. */
static int second_interruption_body(void *arg) {
  void (**const places[])(void) = {&between.before_read, &between.after_read};
  for (int i = 0; i < 4; i++) {
    *places[i % 2] = poller_interrupt;
    poller_interrupt();
    CHECK_EQ_INT(poller_serve(WEIR_FOREVER), 0);
    CHECK(*places[i % 2] == NULL);
    poller_interrupt();
    const int64_t enough = weir_now() + 20 * WEIR_SECOND;
    CHECK_EQ_INT(poller_serve(enough), 0);
    CHECK_INT(weir_now(), <, enough);
    poller_serve(weir_now() + WEIR_MILLISECOND); /* what is left of them */
  }
  drop_both(world.fds);
  return arg != NULL;
}

static void a_second_interruption_meanwhile(void) {
  CHECK_EQ_INT(run(second_interruption_body), 0);
}

static uint32_t interruptions_sent;

static void *interrupts(void *arg) {
  for (int i = 0; i < SCALED(100000); i++) {
    __atomic_fetch_add(&interruptions_sent, 1, __ATOMIC_RELAXED);
    poller_interrupt();
  }
  return arg;
}

/* Whatever is published before an interruption is seen by whoever returns from waiting: no last one is lost. */
static int storm_body(void *arg) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    CHECK_EQ_INT(pthread_create(&threads[i], NULL, interrupts, NULL), 0);
  const uint32_t all = 2 * SCALED(100000);
  const int64_t enough = weir_now() + 60 * WEIR_SECOND;
  while (__atomic_load_n(&interruptions_sent, __ATOMIC_RELAXED) != all)
    poller_serve(enough);
  CHECK_INT(weir_now(), <, enough);
  for (int i = 0; i < 2; i++)
    CHECK_EQ_INT(pthread_join(threads[i], NULL), 0);
  drop_both(world.fds);
  return arg != NULL;
}

static void a_storm_of_interruptions(void) {
  CHECK_EQ_INT(run(storm_body), 0);
}

static int rounding_body(void *arg) {
  for (int i = 0; i < 5; i++) {
    const int64_t until = weir_now() + 1500 * WEIR_MICROSECOND;
    CHECK_EQ_INT(poller_serve(until), 0);
    CHECK_INT(weir_now(), >=, until);
    CHECK_INT(between.milliseconds, >=, 1);
    CHECK_INT(between.milliseconds, <=, 2);
  }
  CHECK_EQ_INT(poller_serve(1), 0); /* long ago */
  CHECK_EQ_INT(between.milliseconds, 0);
  drop_both(world.fds);
  return arg != NULL;
}

static void without_nanoseconds_it_rounds_up(void) {
  between.old_kernel = true;
  CHECK_EQ_INT(run(rounding_body), 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(a_byte_between_look_and_wait),     CHECK_CASE(an_event_of_the_forgotten_wakes_nobody),
    CHECK_CASE(idle_edges_do_not_hide_one),       CHECK_CASE(waiting_allocates_nothing_and_looks_once),
    CHECK_CASE(waiting_tasks_are_counted),        CHECK_CASE(every_number_has_a_record_of_its_own),
    CHECK_CASE(refusals_are_reported_and_pass),   CHECK_CASE(an_interruption_is_for_who_waits),
    CHECK_CASE(a_second_interruption_meanwhile),  CHECK_CASE(a_storm_of_interruptions),
    CHECK_CASE(without_nanoseconds_it_rounds_up),
};
CHECK_MAIN(cases)
