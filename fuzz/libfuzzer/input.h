/* input.h — what a fuzzer's input means: two streams, so that a change of data does not shift the schedule, nor the
 * other way round.
 *
 *   bytes 0, 1   L, little endian: how long the data is (all the rest, when there are fewer)
 *   L bytes      data: the configuration, then what weir_draw and allocations ask for
 *   the rest     schedule: every other kind of choice
 *
 *   configuration, the first byte of the data
 *     bit 0      timer mode: 0 prompt, 1 classic
 *     bits 1, 2  virtual workers: 1, 1, 2, 3
 *
 * Any input is valid. A decision is a byte, or more when it has more than 256 alternatives, taken modulo their number;
 * missing bytes are 0, the quietest choice, so that a shorter input is a simpler one.
 *
 * Rejected: one stream (one more draw would turn the rest of a schedule into another one); a stream for each kind of
 * choice (the order in which kinds follow each other is part of what a schedule is about).
 */
#ifndef WEIR_FUZZ_INPUT_H
#define WEIR_FUZZ_INPUT_H

#include <weir/sim.h>

struct input_stream {
  const uint8_t *bytes;
  size_t size;
  size_t position;
};

struct input {
  struct input_stream data, schedule;
};

enum { INPUT_HEADER = 2, INPUT_DATA_MOST = UINT16_MAX };

/* Both streams of an input, which is borrowed, from their beginnings. */
struct input input_of(const uint8_t *bytes, size_t size);

/* Reads the configuration, into the fields of *sim that are still 0. Call first. */
void input_configure(struct input *input, struct weir_sim *sim);

/* For struct weir_chooser: context is a struct input. */
uint32_t input_choose(void *context, int kind, uint32_t count);

/* Puts an input together in input, which has room for both streams; returns its size. The schedule may lie in it, the
 * data only where it belongs. */
size_t input_write(uint8_t *bytes, const uint8_t *data, size_t data_size, const uint8_t *schedule,
                   size_t schedule_size);

#endif
