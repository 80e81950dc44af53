/* A growing string against a large buffer. */
#include "text.h"

#include "check.h"
#include "port.h"
#include "random.h"

static void appends_as_a_large_buffer_does(void) {
  static char expected[1 << 20];
  static char filler[5000];
  memset(filler, 'x', sizeof filler);
  struct random random = {1};
  for (int round = 0; round < 50; round++) {
    struct text text = {0};
    size_t length = 0;
    expected[0] = '\0';
    const uint32_t appends = random_below(&random, 200);
    for (uint32_t i = 0; i < appends; i++) {
      const int width = (int)random_magnitude(&random, 12);
      length += (size_t)sprintf(expected + length, "%u %.*s\n", i, width, filler);
      text_append(&text, "%u %.*s\n", i, width, filler);
      CHECK_EQ_INT(text.length, length);
      CHECK_STR(text.characters, expected);
    }
    char *taken = text_take(&text);
    CHECK_STR(taken, expected);
    CHECK(text.characters == NULL && text.length == 0 && text.capacity == 0);
    port_release(taken);
  }
}

static void empty_is_an_empty_string(void) {
  struct text text = {0};
  char *taken = text_take(&text);
  CHECK_STR(taken, "");
  port_release(taken);
  text_append(&text, "%s", "");
  taken = text_take(&text);
  CHECK_STR(taken, "");
  port_release(taken);
}

static void failed_gives_nothing(void) {
  struct text text = {0};
  text_append(&text, "before");
  text.failed = true; /* as after a lack of memory */
  text_append(&text, "%1000d", 1);
  CHECK_STR(text.characters, "before");
  CHECK(text_take(&text) == NULL);
  CHECK(!text.failed && text.characters == NULL); /* and it may be used again */
}

static void freed_may_be_used_again(void) {
  struct text text = {0};
  text_free(&text);
  text_append(&text, "once");
  text_free(&text);
  text_append(&text, "again");
  CHECK_STR(text.characters, "again");
  text_free(&text);
}

static const struct check_case cases[] = {
    CHECK_CASE(appends_as_a_large_buffer_does),
    CHECK_CASE(empty_is_an_empty_string),
    CHECK_CASE(failed_gives_nothing),
    CHECK_CASE(freed_may_be_used_again),
};
CHECK_MAIN(cases)
