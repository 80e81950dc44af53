/* input.c — see input.h. */
#include "input.h"

#include <string.h>

struct input input_of(const uint8_t *bytes, size_t size) {
  struct input input = {0};
  if (size < INPUT_HEADER)
    return input;
  const size_t left = size - INPUT_HEADER;
  const size_t asked = bytes[0] | (size_t)bytes[1] << 8;
  input.data = (struct input_stream){.bytes = bytes + INPUT_HEADER, .size = asked < left ? asked : left};
  input.schedule =
      (struct input_stream){.bytes = bytes + INPUT_HEADER + input.data.size, .size = left - input.data.size};
  return input;
}

static uint8_t next_byte(struct input_stream *stream) {
  return stream->position < stream->size ? stream->bytes[stream->position++] : 0;
}

void input_configure(struct input *input, struct weir_sim *sim) {
  static const unsigned workers[] = {1, 1, 2, 3};
  const uint8_t configuration = next_byte(&input->data);
  if (sim->timer_mode == WEIR_TIMERS_PROMPT && (configuration & 1) != 0)
    sim->timer_mode = WEIR_TIMERS_CLASSIC;
  if (sim->workers == 0)
    sim->workers = workers[configuration >> 1 & 3];
}

uint32_t input_choose(void *context, int kind, uint32_t count) {
  struct input *input = context;
  const bool data = kind == WEIR_CHOICE_DRAW || kind == WEIR_CHOICE_ALLOCATION;
  struct input_stream *stream = data ? &input->data : &input->schedule;
  uint32_t value = next_byte(stream);
  for (uint32_t most = UINT8_MAX; most < count - 1; most = most << 8 | UINT8_MAX)
    value = value << 8 | next_byte(stream);
  return value % count;
}

size_t input_write(uint8_t *bytes, const uint8_t *data, size_t data_size, const uint8_t *schedule,
                   size_t schedule_size) {
  if (schedule_size > 0)
    memmove(bytes + INPUT_HEADER + data_size, schedule, schedule_size);
  if (data_size > 0)
    memmove(bytes + INPUT_HEADER, data, data_size);
  bytes[0] = (uint8_t)data_size;
  bytes[1] = (uint8_t)(data_size >> 8);
  return INPUT_HEADER + data_size + schedule_size;
}
