/* census_test.c — what each field of weir_counts() means, and weir/version.h. That scenarios return the counts is
 * checked by every balanced run of the other files. */
#include "run.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void nothing_is_zero(void) {
  const struct weir_counts zero = {0};
  check_counts_equal(weir_counts(), zero);
}

static void channels_are_counted(void) {
  needs_books();
  enum { CHANNELS = 10 };
  weir_chan *channels[CHANNELS];
  size_t each = 0;
  for (size_t i = 0; i < CHANNELS; i++) {
    const size_t before = weir_counts().bytes;
    channels[i] = weir_chan_new(100, 10);
    const size_t bytes = weir_counts().bytes - before;
    CHECK_INT(bytes, >=, 1000);
    CHECK(each == 0 || each == bytes); /* the same every time: booked, not guessed */
    each = bytes;
    CHECK_EQ_INT(weir_counts().channels, i + 1);
  }
  for (size_t i = 0; i < CHANNELS; i++) {
    weir_chan_unref(channels[i]);
    CHECK_EQ_INT(weir_counts().channels, CHANNELS - 1 - i);
    CHECK_EQ_INT(weir_counts().bytes, (CHANNELS - 1 - i) * each);
  }
}

static void waits(void *arg) {
  weir_chan_recv(arg, NULL);
}

static int tasks_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(0, 0);
  const struct weir_counts before = weir_counts();
  CHECK_EQ_INT(before.tasks, 1);
  CHECK_INT(before.stack_bytes, >, 0); /* main's own */
  for (int i = 0; i < 10; i++)
    CHECK_EQ_INT(weir_go(waits, c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  const struct weir_counts blocked = weir_counts();
  CHECK_EQ_INT(blocked.tasks, 11);
  CHECK_EQ_INT(blocked.channels, 1);
  CHECK_EQ_INT((blocked.bytes - before.bytes) % 10, 0);
  CHECK_INT(blocked.bytes - before.bytes, >, 0);
  CHECK_EQ_INT(blocked.stack_bytes - before.stack_bytes, 10 * before.stack_bytes);
  CHECK_INT(blocked.bytes - before.bytes, <, blocked.stack_bytes - before.stack_bytes);
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  check_counts_equal(weir_counts(), before);
  weir_chan_unref(c);
  return 0;
}

static void tasks_are_counted(void) {
  needs_books();
  run_everywhere(tasks_body, NULL);
}

static int timers_body(void *arg) {
  (void)arg;
  const struct weir_counts before = weir_counts();
  weir_timer *t = weir_timer_new(WEIR_SECOND);
  weir_ticker *ticker = weir_ticker_new(WEIR_SECOND);
  weir_chan *after = weir_after(WEIR_SECOND);
  weir_timer *function = weir_timer_func(WEIR_SECOND, waits, NULL);
  struct weir_counts counts = weir_counts();
  CHECK_EQ_INT(counts.timers, 4);
  CHECK_EQ_INT(counts.timers_pending, 4);
  CHECK_EQ_INT(counts.timers_abandoned, 0);
  CHECK_EQ_INT(counts.channels, before.channels); /* theirs are not counted */
  CHECK(weir_timer_stop(t));
  CHECK(weir_timer_stop(function));
  weir_ticker_stop(ticker);
  counts = weir_counts();
  CHECK_EQ_INT(counts.timers, 4);
  CHECK_EQ_INT(counts.timers_pending, 1);
  weir_timer_free(t);
  weir_timer_free(function);
  weir_ticker_free(ticker);
  CHECK_EQ_INT(weir_sleep(2 * WEIR_SECOND), 0);
  counts = weir_counts();
  CHECK_EQ_INT(counts.timers, 1); /* the after: due, unread and held */
  CHECK_EQ_INT(counts.timers_pending, 0);
  weir_chan_unref(after);
  check_counts_equal(weir_counts(), before);
  return 0;
}

static void timers_are_counted(void) {
  simulate_quiet(WEIR_TIMERS_CLASSIC, timers_body, NULL);
  simulate_quiet(WEIR_TIMERS_PROMPT, timers_body, NULL);
}

/* ---- by line ---- */

static const struct weir_census_line *line_of(const struct weir_census *census, const char *kind, int line) {
  for (size_t i = 0; i < census->line_count; i++)
    if (strcmp(census->lines[i].kind, kind) == 0 && census->lines[i].line == line &&
        strstr(census->lines[i].file, "census_test.c") != NULL)
      return &census->lines[i];
  return NULL;
}

static size_t total_of(const struct weir_census *census, const char *kind) {
  size_t live = 0;
  for (size_t i = 0; i < census->line_count; i++)
    live += strcmp(census->lines[i].kind, kind) == 0 ? census->lines[i].live : 0;
  return live;
}

static char *printed(const struct weir_census *census) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  CHECK(stream != NULL);
  CHECK_EQ_INT(weir_census_print(census, stream), 0);
  CHECK_EQ_INT(fclose(stream), 0);
  return text;
}

static int lines_body(void *arg) {
  (void)arg;
  enum { SMALL = 3, LARGE = 2, WAITING = 5 };
  weir_chan *channels[SMALL + LARGE];
  int small_line = 0, large_line = 0;
  for (int i = 0; i < SMALL; i++)
    channels[i] = weir_chan_new(0, 0), small_line = __LINE__;
  for (int i = SMALL; i < SMALL + LARGE; i++)
    channels[i] = weir_chan_new(100, 10), large_line = __LINE__;
  weir_timer *timer = weir_timer_new(3600 * WEIR_SECOND);
  const int timer_line = __LINE__ - 1;
  for (int i = 0; i < WAITING; i++)
    CHECK_EQ_INT(weir_go(waits, channels[0]), 0);
  const int task_line = __LINE__ - 1;
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);

  struct weir_census census;
  CHECK_EQ_INT(weir_census_take(&census), 0);
  const struct weir_census_line *small = line_of(&census, "channel", small_line);
  const struct weir_census_line *large = line_of(&census, "channel", large_line);
  const struct weir_census_line *armed = line_of(&census, "timer", timer_line);
  const struct weir_census_line *tasks = line_of(&census, "task", task_line);
  CHECK(small != NULL && large != NULL && armed != NULL && tasks != NULL);
  CHECK_EQ_INT(small->live, SMALL);
  CHECK_EQ_INT(large->live, LARGE);
  CHECK_EQ_INT(large->bytes / LARGE - small->bytes / SMALL, 1000);
  CHECK_EQ_INT(armed->live, 1);
  CHECK_EQ_INT(tasks->live, WAITING);
  CHECK_EQ_INT(total_of(&census, "channel"), census.counts.channels);
  CHECK_EQ_INT(total_of(&census, "task"), census.counts.tasks);
  for (size_t i = 1; i < census.line_count; i++)
    CHECK_INT(census.lines[i].bytes, <=, census.lines[i - 1].bytes);
  size_t bytes = 0, of_lines = 0;
  for (size_t i = 0; i < census.kind_count; i++)
    bytes += census.kinds[i].bytes;
  for (size_t i = 0; i < census.line_count; i++)
    of_lines += census.lines[i].bytes;
  CHECK_EQ_INT(bytes, census.counts.bytes);
  CHECK_EQ_INT(of_lines, census.counts.bytes);
  char *text = printed(&census);
  CHECK_CONTAINS(text, "channel");
  CHECK_CONTAINS(text, "census_test.c:");
  if (census.exact) { /* with several workers: when the others were seen to rest */
    CHECK_EQ_INT(census.wait_count, 1);
    CHECK_EQ_INT(census.waits[0].tasks, WAITING);
    CHECK_CONTAINS(census.waits[0].text, "receive from the channel made at");
    CHECK_CONTAINS(text, census.waits[0].text);
    CHECK_LACKS(text, "approximate");
  } else {
    CHECK_EQ_INT(census.wait_count, 0);
    CHECK_CONTAINS(text, "approximate");
  }
  free(text);
  weir_census_free(&census);

  CHECK_EQ_INT(weir_chan_close(channels[0]), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_timer_free(timer);
  for (int i = 0; i < SMALL + LARGE; i++)
    weir_chan_unref(channels[i]);
  return 0;
}

static void lines_are_named(void) {
  needs_books();
  run_everywhere(lines_body, NULL);
  struct weir_census census;
  CHECK_EQ_INT(weir_census_take(&census), 0);
  CHECK(census.exact);
  CHECK_EQ_INT(census.line_count, 0);
  weir_census_free(&census);
  CHECK_EQ_INT(weir_census_take(NULL), -EINVAL);
  CHECK_EQ_INT(weir_census_print(NULL, stdout), -EINVAL);
  weir_census_free(NULL);
}

/* In a run, while nothing else is to be done: another worker may be looking round, as after a nap. */
static void take_exact(struct weir_census *census) {
  CHECK_EQ_INT(weir_census_take(census), 0);
  while (!census->exact) {
    weir_census_free(census);
    CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
    CHECK_EQ_INT(weir_census_take(census), 0);
  }
}

/* ---- since when ---- */

#define UNIT (WEIR_MILLISECOND * 4194304 / 1000000) /* of a stamp */

/* Three channels of one line, one hour apart; two tasks that wait, the second from half an hour later on. */
static int ages_body(void *arg) {
  int64_t *seen = arg;
  enum { CHANNELS = 3 };
  weir_chan *channels[CHANNELS];
  int line = 0;
  for (int i = 0; i < CHANNELS; i++) {
    channels[i] = weir_chan_new(0, 0), line = __LINE__;
    CHECK_EQ_INT(weir_sleep(3600 * WEIR_SECOND), 0);
  }
  for (int i = 0; i < 2; i++) {
    CHECK_EQ_INT(weir_go(waits, channels[0]), 0);
    CHECK_EQ_INT(weir_sleep(1800 * WEIR_SECOND), 0);
  }
  struct weir_census census;
  CHECK_EQ_INT(weir_census_take(&census), 0);
  CHECK(census.exact);
  const struct weir_census_line *made = line_of(&census, "channel", line);
  CHECK(made != NULL);
  CHECK_INT(made->oldest, >=, 4 * 3600 * WEIR_SECOND);
  CHECK_INT(made->oldest, <=, 4 * 3600 * WEIR_SECOND + 2 * UNIT);
  CHECK_EQ_INT(census.wait_count, 1);
  CHECK_EQ_INT(census.waits[0].tasks, 2);
  CHECK_INT(census.waits[0].longest, >=, 3600 * WEIR_SECOND);
  CHECK_INT(census.waits[0].longest, <=, 3600 * WEIR_SECOND + 2 * UNIT);
  CHECK(*seen == 0 || *seen == made->oldest); /* every time the same */
  *seen = made->oldest;
  weir_census_free(&census);
  CHECK_EQ_INT(weir_chan_close(channels[0]), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < CHANNELS; i++)
    weir_chan_unref(channels[i]);
  return 0;
}

static void ages_are_virtual_in_a_simulation(void) {
  needs_books();
  int64_t seen = 0;
  for (size_t m = 0; m < 2; m++) {
    simulate_quiet(run_modes[m], ages_body, &seen);
    simulate_quiet(run_modes[m], ages_body, &seen);
  }
}

/* For real: a clock outside says what it must be at least. */
static int real_ages_body(void *arg) {
  (void)arg;
  weir_chan *c = weir_chan_new(0, 0);
  const int line = __LINE__ - 1;
  const int64_t after = outside_now();
  CHECK_EQ_INT(weir_go(waits, c), 0);
  CHECK_EQ_INT(weir_sleep(50 * WEIR_MILLISECOND), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  struct weir_census census;
  const int64_t least = outside_now() - after;
  take_exact(&census);
  const struct weir_census_line *made = line_of(&census, "channel", line);
  CHECK(made != NULL);
  CHECK_INT(made->oldest, >=, least);
  CHECK_EQ_INT(census.wait_count, 1);
  CHECK_INT(census.waits[0].longest, >, 0);
  weir_census_free(&census);
  CHECK_EQ_INT(weir_chan_close(c), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  weir_chan_unref(c);
  return 0;
}

static void ages_are_real_in_a_run(void) {
  needs_books();
  run_balanced(WEIR_TIMERS_PROMPT, real_ages_body, NULL);
  weir_chan *outside = weir_chan_new(0, 0); /* nobody's round: the clock is read */
  struct weir_census census;
  CHECK_EQ_INT(weir_census_take(&census), 0);
  CHECK_EQ_INT(census.line_count, 1);
  CHECK_INT(census.lines[0].oldest, >=, 0);
  CHECK_INT(census.lines[0].oldest, <, 3600 * WEIR_SECOND); /* not since the clock's beginning */
  weir_census_free(&census);
  weir_chan_unref(outside);
}

/* ---- exact, or approximate ---- */

struct busy {
  bool runs, enough;
};

static void keeps_its_worker(void *arg) {
  struct busy *busy = arg;
  __atomic_store_n(&busy->runs, true, __ATOMIC_RELEASE);
  while (!__atomic_load_n(&busy->enough, __ATOMIC_ACQUIRE))
    ;
}

static int busy_body(void *arg) {
  struct busy *busy = arg;
  CHECK_EQ_INT(weir_go(keeps_its_worker, busy), 0);
  while (!__atomic_load_n(&busy->runs, __ATOMIC_ACQUIRE))
    weir_yield(); /* the other task begins on this worker, then this one is taken by another; or the other way round */
  struct weir_census census;
  CHECK_EQ_INT(weir_census_take(&census), 0);
  CHECK(!census.exact);
  CHECK_EQ_INT(census.wait_count, 0);
  char *text = printed(&census);
  CHECK_CONTAINS(text, "approximate");
  free(text);
  weir_census_free(&census);
  __atomic_store_n(&busy->enough, true, __ATOMIC_RELEASE);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  take_exact(&census);
  text = printed(&census);
  CHECK_LACKS(text, "approximate");
  free(text);
  weir_census_free(&census);
  return 0;
}

static void others_at_work_make_it_approximate(void) {
  needs_books();
  struct busy busy = {false, false};
  if (!one_worker()) /* alone, nobody else is at work */
    run_balanced(WEIR_TIMERS_PROMPT, busy_body, &busy);
}

/* ---- two of them ---- */

static char *compared(const struct weir_census *before, const struct weir_census *after, int expected) {
  char *text = NULL;
  size_t size;
  FILE *stream = open_memstream(&text, &size);
  CHECK(stream != NULL);
  CHECK_EQ_INT(weir_census_compare(before, after, stream), expected);
  CHECK_EQ_INT(fclose(stream), 0);
  CHECK_EQ_INT(weir_census_compare(before, after, NULL), expected);
  return text;
}

static void differences_are_told_by_line(void) {
  needs_books();
  struct weir_census before, more, after;
  weir_chan *goes = weir_chan_new(0, 0);
  const int goes_line = __LINE__ - 1;
  CHECK_EQ_INT(weir_census_take(&before), 0);
  weir_chan *stays[2];
  for (int i = 0; i < 2; i++)
    stays[i] = weir_chan_new(100, 3);
  const int stays_line = __LINE__ - 1;
  CHECK_EQ_INT(weir_census_take(&more), 0);
  weir_chan_unref(goes);
  CHECK_EQ_INT(weir_census_take(&after), 0);

  free(compared(&before, &before, 0));
  char *text = compared(&before, &after, 1);
  char line[64];
  snprintf(line, sizeof line, "census_test.c:%d\n", stays_line);
  CHECK_CONTAINS(text, line);
  CHECK_CONTAINS(text, " +2 ");
  snprintf(line, sizeof line, "census_test.c:%d\n", goes_line);
  CHECK_CONTAINS(text, line);
  CHECK_CONTAINS(text, " -1 ");
  free(text);
  text = compared(&before, &more, 1);
  CHECK_LACKS(text, line); /* what is the same is not told */
  free(text);
  CHECK_EQ_INT(weir_census_compare(NULL, &after, NULL), -EINVAL);
  CHECK_EQ_INT(weir_census_compare(&before, NULL, NULL), -EINVAL);
  weir_census_free(&before);
  weir_census_free(&more);
  weir_census_free(&after);
  for (int i = 0; i < 2; i++)
    weir_chan_unref(stays[i]);
}

/* ---- as a person reads it ---- */

static void ages_are_said_in_two_units(void) {
  static const struct {
    int64_t age;
    const char *said;
  } rows[] = {{0, "0.00 s"},
              {59 * WEIR_SECOND, "59.00 s"},
              {60 * WEIR_SECOND, "1 min 00 s"},
              {3599 * WEIR_SECOND, "59 min 59 s"},
              {(3 * 3600 + 5 * 60) * WEIR_SECOND, "3 h 05 min"},
              {(200 * 86400 + 7 * 3600) * WEIR_SECOND, "200 d 07 h"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct weir_census_line line = {.kind = "channel", .file = "a.c", .line = 1, .live = 1, .oldest = rows[i].age};
    const struct weir_census census = {.lines = &line, .line_count = 1};
    char *text = printed(&census);
    CHECK_CONTAINS(text, rows[i].said);
    free(text);
  }
}

static void version_and_build(void) {
  CHECK_STR(weir_version(), WEIR_VERSION_STRING);
  char numbers[32];
  snprintf(numbers, sizeof numbers, "%d.%d.%d", WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR, WEIR_VERSION_PATCH);
  CHECK_STR(weir_version(), numbers);
  CHECK_INT(strlen(weir_build()), >, 0);
  for (const char *p = weir_build(); *p != '\0'; p++)
    CHECK(islower((unsigned char)*p) || ispunct((unsigned char)*p));
  CHECK_CONTAINS(weir_build_flags(), "-");
}

/* ---- ages of what is made meanwhile ---- */

static void makes(void *stop) {
  while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
    weir_chan *c = weir_chan_new(0, 0);
    weir_yield();
    weir_chan_unref(c);
  }
}

/* What another worker makes during a census, which takes its time, is not older than the run. */
static int young_body(void *arg) {
  (void)arg;
  enum { KEPT = 4000 };
  static weir_chan *kept[KEPT];
  static bool stop;
  for (int i = 0; i < KEPT; i++)
    kept[i] = weir_chan_new(0, 0);
  const int64_t begin = weir_now(), end = begin + 200 * WEIR_MILLISECOND;
  CHECK_EQ_INT(weir_go(makes, &stop), 0);
  while (weir_now() < end) {
    struct weir_census census;
    CHECK_EQ_INT(weir_census_take(&census), 0);
    for (size_t i = 0; i < census.kind_count; i++)
      CHECK_INT(census.kinds[i].oldest, <=, weir_now() - begin + WEIR_SECOND);
    weir_census_free(&census); /* no yield: the other task is another worker's */
  }
  __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  for (int i = 0; i < KEPT; i++)
    weir_chan_unref(kept[i]);
  return 0;
}

static void nothing_is_older_than_the_run(void) {
  needs_books();
  const struct weir_config config = {.workers = test_workers()};
  CHECK_EQ_INT(weir_run(&config, young_body, NULL), 0);
}

static const struct check_case cases[] = {
    CHECK_CASE(nothing_is_zero),
    CHECK_CASE(channels_are_counted),
    CHECK_CASE(tasks_are_counted),
    CHECK_CASE(timers_are_counted),
    CHECK_CASE(lines_are_named),
    CHECK_CASE(ages_are_virtual_in_a_simulation),
    CHECK_CASE(ages_are_real_in_a_run),
    CHECK_CASE(others_at_work_make_it_approximate),
    CHECK_CASE(nothing_is_older_than_the_run),
    CHECK_CASE(differences_are_told_by_line),
    CHECK_CASE(ages_are_said_in_two_units),
    CHECK_CASE(version_and_build),
};

CHECK_MAIN(cases)
