/* mutator_test.c — what the mutator makes has the form of input.h and the size asked for, keeps the stream that it does
 * not work on, and reaches every kind of change. */
#include "check.h"
#include "input.h"
#include "mutator.h"

enum { SIZE_MOST = 64, ROUNDS = 20000 };

/* In the place of libFuzzer's: the data becomes longer, shorter, or other. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t size_most) {
  static unsigned times;
  switch (times++ % 3) {
  case 0:
    if (size < size_most)
      bytes[size++] = 0xdd;
    break;
  case 1:
    size -= size > 0;
    break;
  default:
    if (size > 0)
      bytes[0] ^= 0x40;
  }
  return size;
}

/* The bytes behind the size asked for are not written to. */
struct buffer {
  uint8_t bytes[SIZE_MOST];
  uint8_t guard[16];
};

static struct buffer made_of(size_t data_size, size_t schedule_size, size_t *size) {
  struct buffer buffer;
  uint8_t schedule[SIZE_MOST] = {0}, data[SIZE_MOST];
  memset(&buffer, 0xaa, sizeof buffer);
  memset(data, 0x11, sizeof data);
  for (size_t i = 0; i < schedule_size; i += 3)
    schedule[i] = 1 + (uint8_t)i;
  *size = input_write(buffer.bytes, data, data_size, schedule, schedule_size);
  return buffer;
}

static void check_guard(const struct buffer *buffer) {
  for (size_t i = 0; i < sizeof buffer->guard; i++)
    CHECK_EQ_INT(buffer->guard[i], 0xaa);
}

static size_t count_set(const struct input_stream *stream) {
  size_t set = 0;
  for (size_t i = 0; i < stream->size; i++)
    set += stream->bytes[i] != 0;
  return set;
}

static void mutations(void) {
  uint64_t longer = 0, shorter = 0, more = 0, fewer = 0, of_data = 0;
  for (unsigned seed = 1; seed <= ROUNDS; seed++) {
    size_t size;
    struct buffer buffer = made_of(seed % 20, seed % 40, &size);
    const struct buffer before = buffer;
    const struct input old = input_of(before.bytes, size);
    const size_t new_size = LLVMFuzzerCustomMutator(buffer.bytes, size, SIZE_MOST, seed);
    CHECK_INT(new_size, <=, SIZE_MOST);
    check_guard(&buffer);
    const struct input new = input_of(buffer.bytes, new_size);
    CHECK_EQ_INT(new.data.size + new.schedule.size + INPUT_HEADER, new_size);
    const bool data_stays = new.data.size == old.data.size &&memcmp(new.data.bytes, old.data.bytes, old.data.size) == 0;
    of_data += !data_stays;
    longer += new.schedule.size > old.schedule.size;
    shorter += new.schedule.size < old.schedule.size;
    more += data_stays && count_set(&new.schedule) > count_set(&old.schedule);
    fewer += data_stays && count_set(&new.schedule) < count_set(&old.schedule);
  }
  printf("schedules longer %ju, shorter %ju; preemptions more %ju, fewer %ju; data %ju\n", (uintmax_t)longer,
         (uintmax_t)shorter, (uintmax_t)more, (uintmax_t)fewer, (uintmax_t)of_data);
  CHECK_INT(longer, >, ROUNDS / 20);
  CHECK_INT(shorter, >, ROUNDS / 20);
  CHECK_INT(more, >, ROUNDS / 20);
  CHECK_INT(fewer, >, ROUNDS / 20);
  CHECK_INT(of_data, >, ROUNDS / 10);
  CHECK_INT(of_data, <, ROUNDS / 3);
}

/* Too small, full, or more than is asked for. */
static void sizes(void) {
  for (size_t most = 0; most <= 8; most++)
    for (size_t size = 0; size <= 12; size++)
      for (unsigned seed = 1; seed <= 500; seed++) {
        struct buffer buffer;
        const size_t end = size > most ? size : most;
        memset(&buffer, (int)seed & 0xff, sizeof buffer);
        memset(buffer.bytes + end, 0xaa, sizeof buffer - end);
        CHECK_INT(LLVMFuzzerCustomMutator(buffer.bytes, size, most, seed), <=, most);
        for (size_t i = end; i < SIZE_MOST; i++)
          CHECK_EQ_INT(buffer.bytes[i], 0xaa);
        check_guard(&buffer);
      }
}

static void crossings(void) {
  uint64_t spliced = 0;
  for (unsigned seed = 1; seed <= ROUNDS; seed++) {
    size_t size, other_size;
    const struct buffer one = made_of(seed % 7, seed % 30, &size), other = made_of(seed % 5, seed % 23, &other_size);
    struct buffer out;
    memset(&out, 0xaa, sizeof out);
    const size_t most = seed % SIZE_MOST;
    const size_t made = LLVMFuzzerCustomCrossOver(one.bytes, size, other.bytes, other_size, out.bytes, most, seed);
    CHECK_INT(made, <=, most);
    for (size_t i = most; i < SIZE_MOST; i++)
      CHECK_EQ_INT(out.bytes[i], 0xaa);
    check_guard(&out);
    const struct input new = input_of(out.bytes, made), old = input_of(one.bytes, size);
    CHECK_INT(new.data.size, <=, old.data.size);
    if (made >= INPUT_HEADER && new.data.size > 0)
      CHECK_EQ_INT(memcmp(new.data.bytes, old.data.bytes, new.data.size), 0);
    spliced += new.schedule.size > 0;
  }
  CHECK_INT(spliced, >, ROUNDS / 4);
}

/* Any bytes are an input: what is missing is 0, and a stream's end is not the other's beginning. */
static void streams(void) {
  const uint8_t bytes[] = {3, 0, 7, 1, 2, 9, 8};
  struct input input = input_of(bytes, sizeof bytes);
  struct weir_sim sim = {.chooser = NULL};
  input_configure(&input, &sim);
  CHECK_EQ_INT(sim.timer_mode, WEIR_TIMERS_CLASSIC);
  CHECK_EQ_INT(sim.workers, 3);
  CHECK_EQ_INT(input_choose(&input, WEIR_CHOICE_DRAW, 256), 1);
  CHECK_EQ_INT(input_choose(&input, WEIR_CHOICE_TASK, 5), 4);
  CHECK_EQ_INT(input_choose(&input, WEIR_CHOICE_DRAW, 256), 2);
  CHECK_EQ_INT(input_choose(&input, WEIR_CHOICE_DRAW, 256), 0);
  CHECK_EQ_INT(input_choose(&input, WEIR_CHOICE_SELECT, 257), 8 * 256 % 257);
  CHECK_EQ_INT(input_choose(&input, WEIR_CHOICE_WORKER, 2), 0);
  for (size_t size = 0; size < sizeof bytes; size++) {
    input = input_of(bytes, size);
    CHECK_INT(input.data.size + input.schedule.size, <=, size);
  }
  sim = (struct weir_sim){.workers = 2};
  input = input_of(bytes, sizeof bytes);
  input_configure(&input, &sim);
  CHECK_EQ_INT(sim.workers, 2);
}

static const struct check_case cases[] = {
    CHECK_CASE(streams),
    CHECK_CASE(mutations),
    CHECK_CASE(sizes),
    CHECK_CASE(crossings),
};
CHECK_MAIN(cases)
