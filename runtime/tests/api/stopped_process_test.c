/* stopped_process_test.c — SIGSTOP and SIGCONT in the middle of a run: afterwards due timers fire in order and a ticker
 * delivers one tick, not a burst.
 *
 * The process that is stopped is a child of the case. It says when it is ready; the case stops it, waits until the
 * kernel reports it stopped, lets time pass and sends it on. The child needs no luck either: it judges by its own
 * clock. */
#include "run.h"

#include <fcntl.h>
#include <signal.h>

enum { TIMERS = 20, TICKS = 60 };

static const int64_t period = WEIR_MILLISECOND, stop_time = 40 * WEIR_MILLISECOND, wheel_tick = 32768;

static int ready_pipe[2], resumed_pipe[2];

/* Real time passes while the timers are made, so a due time is only known to lie between two readings. */
struct due {
  int64_t earliest, latest;
  size_t place; /* in which it fired */
};

static size_t fired_count;

static void notes_place(void *arg) {
  struct due *due = arg;
  CHECK_INT(outside_now(), >=, due->earliest);
  due->place = __atomic_fetch_add(&fired_count, 1, __ATOMIC_RELEASE);
}

static int stopped_body(void *arg) {
  (void)arg;
  static struct due dues[TIMERS];
  weir_timer *timers[TIMERS];
  int64_t outside[TICKS];
  for (size_t i = 0; i < TIMERS; i++) { /* due every 2 ms, within the stop and beyond it, made in the reverse order */
    const int64_t delay = (int64_t)(TIMERS - i) * 2 * WEIR_MILLISECOND;
    dues[i].earliest = outside_now() + delay;
    timers[i] = weir_timer_func(delay, notes_place, &dues[i]);
    dues[i].latest = outside_now() + delay;
  }
  weir_ticker *t = weir_ticker_new(period);
  CHECK_EQ_INT(write(ready_pipe[1], "", 1), 1);
  char byte;
  size_t ticks = 0;
  int64_t last_fired = 0;
  for (bool resumed = false; !resumed || __atomic_load_n(&fired_count, __ATOMIC_ACQUIRE) <
                                             TIMERS;) { /* the stop falls somewhere into this loop */
    int64_t fired;
    CHECK_EQ_INT(weir_chan_recv(weir_ticker_chan(t), &fired), 0);
    CHECK_INT(fired, >, last_fired); /* two ticks of one moment would be the beginning of a burst */
    last_fired = fired;
    resumed = resumed || read(resumed_pipe[0], &byte, 1) == 1;
    outside[ticks++ % TICKS] = outside_now();
  }
  /* After a tick come, within some span, at most one a period of it, one at its edge, one that was waiting, and one
   * that stands for all that was missed. */
  const size_t seen = ticks < TICKS ? ticks : TICKS;
  for (size_t k = 1; k < seen; k++)
    for (size_t i = ticks - seen; i + k < ticks; i++)
      CHECK_INT(k, <=, 3 + (outside[(i + k) % TICKS] - outside[i % TICKS]) / period);
  weir_ticker_free(t);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* the last function has returned */
  CHECK_EQ_INT(fired_count, TIMERS);
  for (size_t i = 0; i < TIMERS; i++) {
    for (size_t k = 0; k < TIMERS; k++)
      if (one_worker() && dues[i].latest + 2 * wheel_tick < dues[k].earliest) /* several run functions at once */
        CHECK_INT(dues[i].place, <, dues[k].place);
    weir_timer_free(timers[i]);
  }
  return 0;
}

static void stopped_and_continued(int mode) {
  CHECK(pipe(ready_pipe) == 0 && pipe2(resumed_pipe, O_NONBLOCK) == 0);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    run_balanced((enum weir_timer_mode)mode, stopped_body, NULL);
    exit(0);
  }
  char byte;
  int status;
  CHECK_EQ_INT(read(ready_pipe[0], &byte, 1), 1);
  CHECK_EQ_INT(kill(pid, SIGSTOP), 0);
  CHECK_EQ_INT(waitpid(pid, &status, WUNTRACED), pid);
  CHECK(WIFSTOPPED(status));
  const struct timespec pause = {0, stop_time};
  CHECK_EQ_INT(nanosleep(&pause, NULL), 0);
  CHECK_EQ_INT(write(resumed_pipe[1], "", 1), 1);
  CHECK_EQ_INT(kill(pid, SIGCONT), 0);
  CHECK_EQ_INT(waitpid(pid, &status, 0), pid);
  CHECK_EQ_INT(status, 0);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("stopped_and_continued_classic", stopped_and_continued, WEIR_TIMERS_CLASSIC),
    CHECK_CASE_WITH("stopped_and_continued_prompt", stopped_and_continued, WEIR_TIMERS_PROMPT),
};

CHECK_MAIN(cases)
