/* The books against arrays: who is alive, in which slot, how many, how many bytes; and lines as 4 bytes. */
#include "books.h"

#include "check.h"
#include "random.h"

enum { OBJECTS = 500 };

static struct {
  char object[8];
  uint32_t number;
  size_t bytes;
  bool alive;
} objects[OBJECTS];

/* As outside a run: a fresh stamp, and home 0. */
static uint32_t enter(enum book_kind kind, void *object, size_t more) {
  static uint32_t stamp;
  static uint8_t home;
  const uint32_t number = book_enter(kind, object, (struct book_mark){&stamp, &home}, more);
  CHECK_EQ_INT(home, 0);
  CHECK_INT(stamp, !=, 0);
  return number;
}

static void leave(enum book_kind kind, uint32_t number, size_t more) {
  static const uint8_t home = 0;
  book_leave(&home, kind, number, more);
}

static void compare(void) {
  const struct book *book = &weir_books[0].kinds[BOOK_TIMER];
  size_t live = 0, bytes = 0, found = 0;
  for (int i = 0; i < OBJECTS; i++) {
    if (!objects[i].alive)
      continue;
    CHECK_INT(objects[i].number >> 1, <, book->count);
    CHECK(book_at(book, objects[i].number >> 1) == &objects[i]);
    live++;
    bytes += objects[i].bytes;
  }
  for (uint32_t slot = 0; slot < book->count; slot++)
    found += book_at(book, slot) != NULL;
  CHECK_EQ_INT(book->live, live);
  CHECK_EQ_INT(book->more, bytes);
  CHECK_EQ_INT(found, live);
}

static void enter_and_leave_against_an_array(void) {
  needs_books();
  struct random random = {1};
  for (uint32_t step = 0; step < SCALED(2000000); step++) {
    const uint32_t i = random_below(&random, 1 + step % OBJECTS);
    if (objects[i].alive) {
      leave(BOOK_TIMER, objects[i].number, objects[i].bytes);
    } else {
      objects[i].bytes = random_below(&random, 1000);
      objects[i].number = enter(BOOK_TIMER, &objects[i], objects[i].bytes);
      CHECK(objects[i].number != BOOK_NONE);
    }
    objects[i].alive = !objects[i].alive;
    if (step % 1000 == 0) {
      compare();
      (step / 1000 % 2 ? books_alone : books_shared)(); /* by turns as in one worker's run, and as elsewhere */
    }
  }
  compare();
  books_shared();
  weir_worker_one.stamp = 0;
  CHECK_INT(weir_books[0].kinds[BOOK_TIMER].count, <=, OBJECTS); /* empty slots are used again */
  for (int i = 0; i < OBJECTS; i++)
    if (objects[i].alive)
      leave(BOOK_TIMER, objects[i].number, objects[i].bytes);
}

static void trim_frees_only_what_is_empty(void) {
  needs_books();
  const uint32_t number = enter(BOOK_CHANNEL, &objects[0], 10);
  const uint32_t other = enter(BOOK_TASK, &objects[1], 20);
  leave(BOOK_TASK, other, 20);
  books_trim();
  CHECK(weir_books[0].kinds[BOOK_TASK].slots == NULL);
  CHECK_EQ_INT(weir_books[0].kinds[BOOK_TASK].count, 0);
  CHECK(book_at(&weir_books[0].kinds[BOOK_CHANNEL], number >> 1) == &objects[0]);
  leave(BOOK_CHANNEL, number, 10);
  books_trim();
  CHECK(weir_books[0].kinds[BOOK_CHANNEL].slots == NULL);
  const uint32_t anew = enter(BOOK_TASK, &objects[1], 20);
  CHECK(anew != BOOK_NONE);
  leave(BOOK_TASK, anew, 20);
}

enum { LINES = 20000 };

static void lines_are_interned(void) {
  static uint32_t sites[LINES];
  static const char *const files[] = {"a.c", "b.c", "c.c"};
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < LINES; i++) {
      const uint32_t site = site_of(files[i % 3], i);
      CHECK_INT(site, >, 0);
      if (pass == 1)
        CHECK_EQ_INT(site, sites[i]);
      sites[i] = site;
      CHECK(site_file(site) == files[i % 3]);
      CHECK_EQ_INT(site_line(site), i);
    }
  static bool used[LINES + 1];
  for (int i = 0; i < LINES; i++) {
    CHECK_INT(sites[i], <=, LINES);
    CHECK(!used[sites[i]]);
    used[sites[i]] = true;
  }
}

static void unknown_lines(void) {
  CHECK_STR(site_file(0), "unknown");
  CHECK_EQ_INT(site_line(0), 0);
  CHECK_STR(site_file(12345), "unknown");
  CHECK_EQ_INT(site_line(12345), 0);
}

/* Units of 2^22 ns in 32 bits: never too young, at most a unit too old, and 208 days are nothing again. */
static void ages_wrap(void) {
  const int64_t unit = 1 << WORKER_STAMP_BITS, times[] = {0, 1, unit - 1, unit, 7 * unit + 3, unit << 32};
  for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
    for (size_t j = 0; j < sizeof times / sizeof times[0]; j++) {
      const int64_t passed = times[j] % (unit << 31);
      const int64_t age = book_age(worker_stamp_of(times[i]), times[i] + passed);
      CHECK_INT(age, >=, passed);
      CHECK_INT(age, <, passed + unit);
      CHECK_EQ_INT(book_age(worker_stamp_of(times[i]), times[i] + passed + (unit << 32)), age);
    }
}

static const struct check_case cases[] = {
    CHECK_CASE(enter_and_leave_against_an_array),
    CHECK_CASE(trim_frees_only_what_is_empty),
    CHECK_CASE(lines_are_interned),
    CHECK_CASE(unknown_lines),
    CHECK_CASE(ages_wrap),
};
CHECK_MAIN(cases)
