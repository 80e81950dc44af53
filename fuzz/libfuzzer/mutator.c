/* mutator.c — libFuzzer's mutations on decisions (input.h) instead of bytes.
 *
 * In a schedule a byte other than 0 is a preemption, or another choice that is not the quietest. What finds bugs is
 * where the few of them stand: so they are set, removed, moved, swapped and copied, and prefixes of one schedule are
 * continued by another. The data is left to libFuzzer, which knows values that comparisons were made with.
 *
 * Invariant: what is made has the form of input.h and at most the size that libFuzzer asked for.
 */
#include "mutator.h"

#include "input.h"

#include <stdbool.h>
#include <string.h>

/* Bytes from libFuzzer, which a compiler's own copy of it writes unseen by MemorySanitizer. */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define known(bytes, size) __msan_unpoison(bytes, size)
#endif
#endif
#ifndef known
#define known(bytes, size) ((void)0)
#endif

enum { SCHEDULE_STEP = 32 }; /* how far beyond its end a schedule grows at once */

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). */
static uint64_t state;

static uint32_t below(size_t bound) {
  uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  z ^= z >> 31;
  return (uint32_t)((z >> 32) * bound >> 32);
}

/* A schedule under change. There is room for one byte at least. */
struct schedule {
  uint8_t *bytes;
  size_t size;
  size_t room;
};

/* Another task, mostly one of the next; or anything: the last alternative, in which time moves, is at an unknown place. */
static uint8_t other_choice(void) {
  return (uint8_t)(1 + below(below(2) == 0 ? 4 : UINT8_MAX));
}

/* Makes the place exist. */
static void reach(struct schedule *schedule, size_t place) {
  if (place < schedule->size)
    return;
  memset(schedule->bytes + schedule->size, 0, place + 1 - schedule->size);
  schedule->size = place + 1;
}

static size_t any_place(const struct schedule *schedule) {
  const size_t most = schedule->size + SCHEDULE_STEP;
  return below(most < schedule->room ? most : schedule->room);
}

/* The place of one of the preemptions; false when there is none. */
static bool any_preemption(const struct schedule *schedule, size_t *place) {
  size_t count = 0;
  for (size_t i = 0; i < schedule->size; i++)
    count += schedule->bytes[i] != 0;
  if (count == 0)
    return false;
  size_t skip = below(count);
  for (*place = 0; schedule->bytes[*place] == 0 || skip-- > 0;)
    ++*place;
  return true;
}

static void set(struct schedule *schedule) {
  const size_t place = any_place(schedule);
  reach(schedule, place);
  schedule->bytes[place] = other_choice();
}

static void change(struct schedule *schedule) {
  size_t place;
  if (any_preemption(schedule, &place))
    schedule->bytes[place] = other_choice();
  else
    set(schedule);
}

static void remove_one(struct schedule *schedule) {
  size_t place;
  if (any_preemption(schedule, &place))
    schedule->bytes[place] = 0;
}

/* A preemption comes a few decisions earlier or later. */
static void move(struct schedule *schedule) {
  size_t from;
  if (!any_preemption(schedule, &from)) {
    set(schedule);
    return;
  }
  const size_t distance = 1 + below(below(2) == 0 ? 4 : SCHEDULE_STEP);
  size_t to = below(2) == 0 ? from - (distance < from ? distance : from) : from + distance;
  to = to < schedule->room ? to : schedule->room - 1;
  reach(schedule, to);
  const uint8_t moved = schedule->bytes[from];
  schedule->bytes[from] = 0;
  schedule->bytes[to] = moved;
}

static void swap(struct schedule *schedule) {
  if (schedule->size < 2)
    return;
  uint8_t *one = &schedule->bytes[below(schedule->size)], *other = &schedule->bytes[below(schedule->size)];
  const uint8_t kept = *one;
  *one = *other;
  *other = kept;
}

/* A span stands in another place too. */
static void copy(struct schedule *schedule) {
  if (schedule->size == 0)
    return;
  const size_t from = below(schedule->size), to = any_place(schedule);
  size_t length = 1 + below(schedule->size - from);
  length = length < schedule->room - to ? length : schedule->room - to;
  reach(schedule, to + length - 1);
  memmove(schedule->bytes + to, schedule->bytes + from, length);
}

/* One decision more, or one less: all that follow come later, or earlier. */
static void shift(struct schedule *schedule) {
  const size_t place = below(schedule->size + 1);
  uint8_t *at = schedule->bytes + place;
  const size_t rest = schedule->size - place;
  if (below(2) == 0 && schedule->size < schedule->room) {
    memmove(at + 1, at, rest);
    *at = 0;
    schedule->size++;
  } else if (rest > 0) {
    memmove(at, at + 1, rest - 1);
    schedule->size--;
  }
}

static void truncate(struct schedule *schedule) {
  schedule->size = below(schedule->size + 1);
}

static void leave_to_the_fuzzer(struct schedule *schedule) {
  schedule->size = LLVMFuzzerMutate(schedule->bytes, schedule->size, schedule->room);
  known(schedule->bytes, schedule->size);
}

static void mutate_schedule(struct schedule *schedule) {
  static void (*const mutations[])(struct schedule *) = {
      set, set, set, change, move, move, move, remove_one, swap, copy, shift, truncate, leave_to_the_fuzzer,
  };
  if (schedule->room == 0)
    return;
  for (uint32_t times = 1 + below(3); times > 0; times--)
    mutations[below(sizeof mutations / sizeof mutations[0])](schedule);
}

static size_t at_most(size_t size, size_t most) {
  return size < most ? size : most;
}

/* While a crash is minimised the input is longer than what is asked for. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t size_most, unsigned seed) {
  static uint8_t data[INPUT_DATA_MOST];
  if (size_most <= INPUT_HEADER)
    return 0;
  state = seed;
  known(bytes, size);
  const struct input input = input_of(bytes, size);
  const size_t room = size_most - INPUT_HEADER;
  size_t data_size = at_most(input.data.size, room);
  const bool of_data = below(4) == 0;
  struct schedule schedule = {.size = at_most(input.schedule.size, room - data_size)};
  if (data_size > 0)
    memcpy(data, input.data.bytes, data_size);
  if (of_data) {
    const size_t most = at_most(room - schedule.size, sizeof data);
    data_size = most == 0 ? data_size : LLVMFuzzerMutate(data, data_size, most);
    known(data, data_size);
  }
  input_write(bytes, data, data_size, input.schedule.bytes, schedule.size);
  schedule.bytes = bytes + INPUT_HEADER + data_size;
  schedule.room = room - data_size;
  if (!of_data || below(4) == 0)
    mutate_schedule(&schedule);
  return INPUT_HEADER + data_size + schedule.size;
}

/* The data of one; the schedule of the other, or as much of its own as comes before a place, and the other's from there
 * or from any place on. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *bytes, size_t size, const uint8_t *other_bytes, size_t other_size,
                                 uint8_t *out, size_t size_most, unsigned seed) {
  state = seed;
  if (size_most <= INPUT_HEADER)
    return 0;
  const struct input_stream data = input_of(bytes, size).data;
  const struct input_stream own = input_of(bytes, size).schedule;
  const struct input_stream other = input_of(other_bytes, other_size).schedule;
  const size_t room = size_most - INPUT_HEADER;
  const size_t data_size = at_most(data.size, room);
  const size_t prefix = below(3) == 0 ? 0 : at_most(below(own.size + 1), room - data_size);
  const size_t from = below(2) == 0 ? at_most(prefix, other.size) : below(other.size + 1);
  const size_t rest = at_most(other.size - from, room - data_size - prefix);
  size_t length = input_write(out, data.bytes, data_size, own.bytes, prefix);
  if (rest > 0)
    memcpy(out + length, other.bytes + from, rest);
  return length + rest;
}
