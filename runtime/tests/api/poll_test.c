/* poll_test.c — weir_poll and weir_poll_forget against real descriptors: pipes, socket pairs, eventfds, files. */
#include "run.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <weir/poll.h>

enum { HANG_UP = POLLHUP | POLLERR };

static struct run_log poll_log;

/* The body runs in a real run, which must be balanced. */
static void in_run(int (*body)(void *)) {
  run_balanced(WEIR_TIMERS_PROMPT, body, NULL);
}

static void make_pipe(int fds[2]) {
  CHECK_EQ_INT(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
}

static void make_sockets(int fds[2]) {
  CHECK_EQ_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static void drop(int fd) {
  weir_poll_forget(fd);
  CHECK_EQ_INT(close(fd), 0);
}

static void drop_both(const int fds[2]) {
  drop(fds[0]);
  drop(fds[1]);
}

static void put(int fd) {
  CHECK_EQ_INT(write(fd, "x", 1), 1);
}

static void take(int fd) {
  char byte;
  CHECK_EQ_INT(read(fd, &byte, 1), 1);
}

static void fill(int fd) {
  static const char block[4096];
  while (write(fd, block, sizeof block) > 0)
    ;
  CHECK_EQ_INT(errno, EAGAIN);
}

static void drain(int fd) {
  char block[4096];
  while (read(fd, block, sizeof block) > 0)
    ;
}

static int descriptors_open(void) {
  int count = 0;
  for (int fd = 0; fd < 4096; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

/* A task that waits once and keeps what it was told. */
struct watcher {
  int fd;
  int events;
  int64_t deadline;
  int result;
  _Atomic bool done; /* seen by others through the kernel, which ThreadSanitizer does not know */
};

static void watches(void *arg) {
  struct watcher *watcher = arg;
  watcher->result = weir_poll(watcher->fd, watcher->events, watcher->deadline);
  watcher->done = true;
}

static void start(struct watcher *watcher, int fd, int events) {
  *watcher = (struct watcher){.fd = fd, .events = events, .deadline = WEIR_FOREVER};
  CHECK_EQ_INT(weir_go(watches, watcher), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
}

static void must_have(const struct watcher *watcher, int result) {
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* delivers all that is ready */
  CHECK(watcher->done);
  CHECK_EQ_INT(watcher->result, result);
}

/* ---- without waiting -------------------------------------------------------------------------------------------- */

static void looks_like_poll(int64_t deadline) {
  int fds[2], sockets[2];
  make_pipe(fds);
  make_sockets(sockets);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_POLL), -ETIMEDOUT);
  CHECK_EQ_INT(weir_poll(fds[1], POLLOUT, deadline), POLLOUT);
  CHECK_EQ_INT(weir_poll(fds[1], POLLIN | POLLOUT, deadline), POLLOUT);
  put(fds[1]);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, deadline), POLLIN);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, 1), POLLIN); /* a deadline that has passed */
  put(sockets[0]);
  CHECK_EQ_INT(weir_poll(sockets[1], POLLIN | POLLOUT, deadline), POLLIN | POLLOUT);
  drop_both(fds);
  drop_both(sockets);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, deadline), -EBADF);
  CHECK_EQ_INT(weir_poll(-1, POLLIN, deadline), -EBADF);
  CHECK_EQ_INT(weir_poll(INT32_MAX, POLLIN, deadline), -EBADF);
  CHECK_EQ_INT(weir_poll(0, 0, deadline), -EINVAL);
  CHECK_EQ_INT(weir_poll(0, POLLPRI, deadline), -EINVAL);
  CHECK_EQ_INT(weir_poll(0, POLLIN | POLLHUP, deadline), -EINVAL);
  const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  CHECK_EQ_INT(weir_poll(file, POLLIN, deadline), POLLIN); /* epoll would refuse it */
  drop(file);
  weir_poll_forget(-1);
  weir_poll_forget(INT32_MAX);
}

static int looks_body(void *arg) {
  (void)arg;
  looks_like_poll(WEIR_POLL);
  looks_like_poll(WEIR_FOREVER);
  looks_like_poll(weir_now() + WEIR_SECOND);
  return 0;
}

static void ready_at_once(void) {
  in_run(looks_body);
}

static void outside_a_run(void) {
  int fds[2];
  looks_like_poll(WEIR_POLL);
  looks_like_poll(WEIR_FOREVER);
  make_pipe(fds);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_FOREVER), -EPERM);
  drop_both(fds);
}

static int deferred_pipe[2], deferred_results[2];

static void deferred_poll(void *arg) {
  (void)arg;
  deferred_results[0] = weir_poll(deferred_pipe[0], POLLIN, WEIR_FOREVER);
  deferred_results[1] = weir_poll(deferred_pipe[1], POLLOUT, WEIR_FOREVER);
  drop_both(deferred_pipe);
}

static int deferred_body(void *arg) {
  (void)arg;
  static struct weir_defer defer;
  make_pipe(deferred_pipe);
  weir_defer(&defer, deferred_poll, NULL);
  return 0;
}

static void inside_a_deferred_function(void) {
  in_run(deferred_body);
  CHECK_EQ_INT(deferred_results[0], -EPERM);
  CHECK_EQ_INT(deferred_results[1], POLLOUT);
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

static int wakes_body(void *arg) {
  (void)arg;
  struct watcher watcher;
  int fds[2];
  make_pipe(fds);
  for (int i = 0; i < 3; i++) { /* the first time it is registered */
    start(&watcher, fds[0], POLLIN);
    CHECK(!watcher.done);
    put(fds[1]);
    must_have(&watcher, POLLIN);
    take(fds[0]);
  }
  fill(fds[1]);
  start(&watcher, fds[1], POLLOUT);
  CHECK(!watcher.done);
  drain(fds[0]);
  must_have(&watcher, POLLOUT);
  drop_both(fds);
  const int counter = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  start(&watcher, counter, POLLIN);
  CHECK(!watcher.done);
  CHECK_EQ_INT(eventfd_write(counter, 3), 0);
  must_have(&watcher, POLLIN);
  drop(counter);
  return 0;
}

static void readiness_wakes(void) {
  in_run(wakes_body);
}

/* An edge that nobody waited for must not be missed by who comes later. */
static int unseen_edge_body(void *arg) {
  (void)arg;
  struct watcher watcher;
  int fds[2];
  make_pipe(fds);
  start(&watcher, fds[0], POLLIN);
  put(fds[1]);
  put(fds[1]);
  must_have(&watcher, POLLIN);
  take(fds[0]); /* one is left, and its edge is long gone */
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_FOREVER), POLLIN);
  drop_both(fds);
  return 0;
}

static void an_edge_of_the_past_counts(void) {
  in_run(unseen_edge_body);
}

static int hang_up_body(void *arg) {
  (void)arg;
  struct watcher watcher;
  int fds[2];
  make_pipe(fds);
  start(&watcher, fds[0], POLLIN);
  drop(fds[1]);
  must_have(&watcher, POLLHUP);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_FOREVER), POLLHUP);
  drop(fds[0]);
  make_pipe(fds);
  fill(fds[1]);
  start(&watcher, fds[1], POLLOUT);
  drop(fds[0]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(watcher.done && (watcher.result & POLLERR) != 0);
  drop(fds[1]);
  make_sockets(fds);
  start(&watcher, fds[0], POLLIN);
  CHECK_EQ_INT(shutdown(fds[1], SHUT_WR), 0);
  must_have(&watcher, POLLIN);
  drop_both(fds);
  make_sockets(fds);
  start(&watcher, fds[0], POLLIN);
  drop(fds[1]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(watcher.done && (watcher.result & HANG_UP) != 0);
  drop(fds[0]);
  return 0;
}

static void hang_up_is_ready(void) {
  in_run(hang_up_body);
}

static int deadline_body(void *arg) {
  (void)arg;
  int fds[2];
  make_pipe(fds);
  for (int i = 0; i < 5; i++) {
    const int64_t deadline = weir_now() + 3 * WEIR_MILLISECOND;
    CHECK_EQ_INT(weir_poll(fds[0], POLLIN, deadline), -ETIMEDOUT);
    CHECK_INT(outside_now(), >=, deadline);
  }
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, 1), -ETIMEDOUT);
  put(fds[1]);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, weir_now() + WEIR_SECOND), POLLIN);
  drop_both(fds);
  return 0;
}

static void deadlines_are_kept(void) {
  in_run(deadline_body);
}

static int directions_body(void *arg) {
  (void)arg;
  struct watcher reader, writer, both;
  int fds[2];
  make_sockets(fds);
  fill(fds[0]);
  start(&reader, fds[0], POLLIN);
  start(&writer, fds[0], POLLOUT);
  CHECK(!reader.done && !writer.done);
  put(fds[1]);
  must_have(&reader, POLLIN);
  CHECK(!writer.done); /* input is not its business */
  take(fds[0]);
  drain(fds[1]);
  must_have(&writer, POLLOUT);
  fill(fds[0]);
  start(&both, fds[0], POLLIN | POLLOUT);
  CHECK(!both.done);
  put(fds[1]);
  must_have(&both, POLLIN);
  take(fds[0]);
  start(&both, fds[0], POLLIN | POLLOUT);
  CHECK(!both.done);
  drain(fds[1]);
  must_have(&both, POLLOUT);
  fill(fds[0]);
  start(&both, fds[0], POLLIN | POLLOUT);
  drop(fds[1]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(both.done && (both.result & POLLIN) != 0 && (both.result & HANG_UP) != 0);
  drop(fds[0]);
  return 0;
}

static void both_directions(void) {
  in_run(directions_body);
}

static int busy_body(void *arg) {
  (void)arg;
  struct watcher first, writer;
  int fds[2];
  make_sockets(fds);
  fill(fds[0]);
  start(&first, fds[0], POLLIN);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_FOREVER), -EBUSY);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN | POLLOUT, WEIR_FOREVER), -EBUSY);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_POLL), -ETIMEDOUT); /* it does not want to wait */
  CHECK_EQ_INT(weir_poll(fds[0], POLLOUT, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  start(&writer, fds[0], POLLIN | POLLOUT);
  CHECK(writer.done && writer.result == -EBUSY);
  put(fds[1]);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_FOREVER), POLLIN); /* ready: no need to wait */
  must_have(&first, POLLIN);
  take(fds[0]);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT); /* no longer busy */
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN | POLLOUT, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  drop_both(fds);
  return 0;
}

static void one_waiter_a_direction(void) {
  in_run(busy_body);
}

static void puts_one(void *arg) {
  put(*(const int *)arg);
}

static void spins_until(void *arg) {
  while (weir_now() < *(const int64_t *)arg)
    ;
}

/* A task that was claimed, and one that waited for both directions, no longer stand in the way. */
static int over_body(void *arg) {
  (void)arg;
  struct watcher late;
  int fds[2];
  make_sockets(fds);
  fill(fds[0]);
  CHECK_EQ_INT(weir_go(puts_one, &fds[1]), 0);
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN | POLLOUT, WEIR_FOREVER), POLLIN);
  CHECK_EQ_INT(weir_poll(fds[0], POLLOUT, weir_now() + WEIR_MILLISECOND), -ETIMEDOUT);
  drain(fds[1]);
  CHECK_EQ_INT(weir_poll(fds[0], POLLOUT, WEIR_FOREVER), POLLOUT);
  take(fds[0]);
  /* Both deadlines pass while a third task spins; this task's was first, so it runs before the other withdraws. A slow
   * machine may let the other be done by then, or have its time to come: then once more. */
  int result = 0;
  for (int attempt = 0; attempt < 100 && result != -ETIMEDOUT; attempt++) {
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    const int64_t soon = weir_now() + 3 * WEIR_MILLISECOND;
    const int64_t then = soon + 2 * WEIR_MILLISECOND;
    late = (struct watcher){.fd = fds[0], .events = POLLIN, .deadline = soon + WEIR_MILLISECOND};
    CHECK_EQ_INT(weir_go(watches, &late), 0);
    CHECK_EQ_INT(weir_go(spins_until, (void *)&then), 0);
    CHECK_EQ_INT(weir_sleep_until(soon), 0);
    if (!late.done)
      result = weir_poll(fds[0], POLLIN, weir_now() + WEIR_MILLISECOND);
  }
  CHECK_EQ_INT(result, -ETIMEDOUT);
  CHECK(late.done && late.result == -ETIMEDOUT);
  drop_both(fds);
  return 0;
}

static void who_is_done_waiting_is_not_in_the_way(void) {
  if (one_worker()) /* the order in which the two run again */
    in_run(over_body);
}

/* ---- forgetting ------------------------------------------------------------------------------------------------- */

static int forget_body(void *arg) {
  (void)arg;
  struct watcher reader, writer;
  int fds[2], others[2];
  make_sockets(fds);
  fill(fds[0]);
  start(&reader, fds[0], POLLIN);
  start(&writer, fds[0], POLLOUT);
  weir_poll_forget(fds[0]);
  must_have(&reader, -ECANCELED);
  must_have(&writer, -ECANCELED);
  start(&reader, fds[0], POLLIN | POLLOUT); /* not closed: it may be waited for again */
  CHECK(!reader.done);
  put(fds[1]);
  weir_poll_forget(fds[0]); /* readiness and the forgetting at once: one of the two */
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(reader.done && (reader.result == -ECANCELED || reader.result == POLLIN));
  const int number = fds[0];
  CHECK_EQ_INT(close(fds[0]), 0);
  make_pipe(others);
  const int again = others[0] == number ? number : dup2(others[0], number); /* the same number, another file */
  CHECK_EQ_INT(again, number);
  start(&reader, again, POLLIN);
  CHECK(!reader.done);
  put(others[1]);
  must_have(&reader, POLLIN);
  drop(fds[1]);
  drop_both(others);
  if (again != others[0])
    drop(again);
  return 0;
}

static void forgetting_wakes_and_the_number_starts_afresh(void) {
  in_run(forget_body);
}

/* The old file lives on under another number, and is written to: that must not reach who waits for the new one. */
static int duplicate_body(void *arg) {
  (void)arg;
  struct watcher watcher;
  int old[2], new[2];
  make_pipe(old);
  make_pipe(new);
  const int kept = dup(old[0]);
  start(&watcher, old[0], POLLIN);
  weir_poll_forget(old[0]);
  must_have(&watcher, -ECANCELED);
  CHECK_EQ_INT(dup2(new[0], old[0]), old[0]);
  start(&watcher, old[0], POLLIN);
  put(old[1]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(!watcher.done);
  put(new[1]);
  must_have(&watcher, POLLIN);
  drop(kept);
  drop_both(old);
  drop_both(new);
  return 0;
}

static void a_duplicate_of_the_old_file_is_silent(void) {
  in_run(duplicate_body);
}

/* ---- streams ---------------------------------------------------------------------------------------------------- */

enum { STREAM = 2000000 };
static weir_waitgroup ended;

static unsigned char byte_at(size_t place) {
  return (unsigned char)(place * 31 + place / 251);
}

static void writes_stream(void *arg) {
  const int fd = *(const int *)arg;
  unsigned char block[3000];
  for (size_t sent = 0; sent < STREAM;) {
    const size_t size = STREAM - sent < sizeof block ? STREAM - sent : sizeof block;
    for (size_t i = 0; i < size; i++)
      block[i] = byte_at(sent + i);
    const ssize_t count = write(fd, block, size);
    if (count > 0)
      sent += (size_t)count;
    else if (errno == EAGAIN)
      CHECK_INT(weir_poll(fd, POLLOUT, WEIR_FOREVER), >, 0);
  }
  weir_waitgroup_done(&ended);
}

static void reads_stream(void *arg) {
  const int fd = *(const int *)arg;
  unsigned char block[1777];
  for (size_t got = 0; got < STREAM;) {
    const ssize_t count = read(fd, block, sizeof block);
    for (ssize_t i = 0; i < count; i++)
      CHECK_EQ_INT(block[i], byte_at(got + (size_t)i));
    if (count > 0)
      got += (size_t)count;
    else if (errno == EAGAIN)
      CHECK_INT(weir_poll(fd, POLLIN, WEIR_FOREVER), >, 0);
  }
  weir_waitgroup_done(&ended);
}

/* Four tasks on one pair of sockets, a stream each way. */
static int streams_body(void *arg) {
  (void)arg;
  int fds[2];
  make_sockets(fds);
  weir_waitgroup_add(&ended, 4);
  for (size_t i = 0; i < 2; i++) {
    CHECK_EQ_INT(weir_go(writes_stream, &fds[i]), 0);
    CHECK_EQ_INT(weir_go(reads_stream, &fds[i]), 0);
  }
  CHECK_EQ_INT(weir_waitgroup_wait(&ended), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  drop_both(fds);
  return 0;
}

static void streams_both_ways(void) {
  in_run(streams_body);
}

enum { CROWD = 1000 };

static int crowd_body(void *arg) {
  (void)arg;
  static struct watcher watchers[CROWD];
  static int fds[CROWD][2];
  for (int i = 0; i < CROWD; i++) {
    make_pipe(fds[i]);
    watchers[i] = (struct watcher){.fd = fds[i][0], .events = POLLIN, .deadline = WEIR_FOREVER};
    CHECK_EQ_INT(weir_go(watches, &watchers[i]), 0);
  }
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < CROWD / 2; i++)
    put(fds[i * 7 % CROWD][1]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < CROWD; i++)
    CHECK_EQ_INT(watchers[i * 7 % CROWD].done, i < CROWD / 2);
  for (int i = CROWD / 2; i < CROWD; i++)
    put(fds[i * 7 % CROWD][1]);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < CROWD; i++) {
    CHECK(watchers[i].done);
    CHECK_EQ_INT(watchers[i].result, POLLIN);
    drop_both(fds[i]);
  }
  return 0;
}

static void a_thousand_descriptors(void) {
  struct rlimit limit;
  CHECK_EQ_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max < 3 * CROWD ? limit.rlim_max : 3 * CROWD;
  CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
  in_run(crowd_body);
}

/* ---- with the rest of the run ----------------------------------------------------------------------------------- */

static _Atomic bool stop;

static void yields(void *arg) {
  (void)arg;
  while (!stop)
    weir_yield();
}

static int busy_worker_body(void *arg) {
  (void)arg;
  struct watcher watcher = {.events = POLLIN, .deadline = WEIR_FOREVER};
  int fds[2];
  make_pipe(fds);
  watcher.fd = fds[0];
  stop = false;
  CHECK_EQ_INT(weir_go(yields, NULL), 0);
  CHECK_EQ_INT(weir_go(watches, &watcher), 0);
  weir_yield();
  put(fds[1]);
  /* With several workers the watcher may be on one that has yet to wake: a starved one hangs here. */
  for (int i = 0; (i < 1000000 || !one_worker()) && !watcher.done; i++)
    weir_yield();
  CHECK(watcher.done);
  stop = true;
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  drop_both(fds);
  return 0;
}

static void busy_tasks_do_not_starve_it(void) {
  in_run(busy_worker_body);
}

static void *writes_later(void *arg) {
  const struct timespec pause = {.tv_nsec = 100000000};
  nanosleep(&pause, NULL);
  put(*(const int *)arg);
  return NULL;
}

static int64_t processor_time(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * WEIR_SECOND + time.tv_nsec;
}

/* No deadlock although no task can run, and no spinning. */
static int wake_source_body(void *arg) {
  int *fds = arg;
  pthread_t thread;
  make_pipe(fds);
  CHECK_EQ_INT(pthread_create(&thread, NULL, writes_later, &fds[1]), 0);
  const int64_t begun = outside_now(), before = processor_time();
  CHECK_EQ_INT(weir_poll(fds[0], POLLIN, WEIR_FOREVER), POLLIN);
  const int64_t used = processor_time() - before;
  CHECK(used < 50 * WEIR_MILLISECOND ||
        used < (outside_now() - begun) / 2); /* however long the thread was kept from writing */
  CHECK_EQ_INT(pthread_join(thread, NULL), 0);
  drop_both(fds);
  return 0;
}

static void a_waiting_task_is_no_deadlock(void) {
  int fds[2];
  run_balanced(WEIR_TIMERS_PROMPT, wake_source_body, fds);
}

static int left_over_body(void *arg) {
  static struct watcher watchers[2];
  const int *fds = arg;
  start(&watchers[0], fds[0], POLLIN);
  start(&watchers[1], fds[2], POLLIN | POLLOUT);
  CHECK(!watchers[0].done && !watchers[1].done);
  return 0;
}

static void tasks_left_over(void) {
  int fds[4];
  char place[64];
  make_pipe(fds);
  make_sockets(&fds[2]);
  fill(fds[2]);
  const int before = descriptors_open();
  for (int i = 0; i < 3; i++) {
    CHECK_EQ_INT(run_logged(WEIR_TIMERS_PROMPT, &poll_log, left_over_body, fds), 0);
    CHECK_CONTAINS(poll_log.text, "2 tasks left over");
    snprintf(place, sizeof place, "input of descriptor %d", fds[0]);
    CHECK_CONTAINS(poll_log.text, place);
    snprintf(place, sizeof place, "input or output of descriptor %d", fds[2]);
    CHECK_CONTAINS(poll_log.text, place);
  }
  CHECK_EQ_INT(descriptors_open(), before);
  drop_both(fds);
  drop_both(&fds[2]);
}

static int nothing(void *arg) {
  (void)arg;
  return 0;
}

/* A run needs two descriptors: with none and with one left it says so, and the next run works. */
static void too_many_open_files(void) {
  const int used = dup(0) + 1;
  struct rlimit limit;
  CHECK_EQ_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
  for (int room = 0; room < 3; room++) {
    CHECK_EQ_INT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)(used + room), limit.rlim_max}), 0);
    const int result = run_logged(WEIR_TIMERS_PROMPT, &poll_log, nothing, NULL);
    CHECK_EQ_INT(result, room < 2 ? -ENOMEM : 0);
    if (room < 2)
      CHECK_CONTAINS(poll_log.text, room == 0 ? "an epoll instance: Too many open files" : "an eventfd: Too many");
  }
}

static const struct check_case cases[] = {
    CHECK_CASE(ready_at_once),
    CHECK_CASE(outside_a_run),
    CHECK_CASE(inside_a_deferred_function),
    CHECK_CASE(readiness_wakes),
    CHECK_CASE(an_edge_of_the_past_counts),
    CHECK_CASE(hang_up_is_ready),
    CHECK_CASE(deadlines_are_kept),
    CHECK_CASE(both_directions),
    CHECK_CASE(one_waiter_a_direction),
    CHECK_CASE(who_is_done_waiting_is_not_in_the_way),
    CHECK_CASE(forgetting_wakes_and_the_number_starts_afresh),
    CHECK_CASE(a_duplicate_of_the_old_file_is_silent),
    CHECK_CASE(streams_both_ways),
    CHECK_CASE(a_thousand_descriptors),
    CHECK_CASE(busy_tasks_do_not_starve_it),
    CHECK_CASE(a_waiting_task_is_no_deadlock),
    CHECK_CASE(tasks_left_over),
    CHECK_CASE(too_many_open_files),
};

CHECK_MAIN(cases)
