/* chooser.c — decision sources: bytes, seed, replay. */
#include "chooser.h"

#include "port.h"
#include "schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum source { SOURCE_BYTES, SOURCE_SEED, SOURCE_REPLAY };

struct own_chooser {
  weir_chooser base;
  enum source source;
  const uint8_t *data; /* bytes */
  size_t size;
  size_t position; /* byte, or run of the schedule */
  uint64_t seed;
  uint64_t state;
  struct schedule schedule;
  uint64_t left; /* of the current run */
  uint64_t decisions;
  char divergence[160];
};

static uint32_t choose_bytes(void *context, int kind, uint32_t count) {
  struct own_chooser *own = context;
  (void)kind;
  uint32_t value = 0;
  for (uint32_t range = 1; range<count; range = range> UINT32_MAX >> 8 ? count : range << 8)
    value = value << 8 | (own->position < own->size ? own->data[own->position++] : 0);
  return value % count;
}

static uint32_t choose_seed(void *context, int kind, uint32_t count) {
  struct own_chooser *own = context;
  (void)kind;
  /* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). */
  uint64_t z = own->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  z ^= z >> 31;
  return (uint32_t)((z >> 32) * count >> 32);
}

static const char *kind_name(int kind) {
  static const char *const names[] = {"?", "task", "select", "timer", "allocation", "draw", "worker"};
  return kind < 1 || kind > WEIR_CHOICE_WORKER ? names[0] : names[kind];
}

static uint32_t choose_replay(void *context, int kind, uint32_t count) {
  struct own_chooser *own = context;
  if (own->divergence[0] != '\0')
    return 0;
  uint64_t number = own->decisions++;
  if (own->position == own->schedule.count) {
    snprintf(own->divergence, sizeof own->divergence,
             "decision %" PRIu64 ": the schedule is over, the run asks for a %s choice among %" PRIu32, number,
             kind_name(kind), count);
    return 0;
  }
  const struct choice_run *run = &own->schedule.runs[own->position];
  if (run->kind != kind || run->choice >= count) {
    snprintf(own->divergence, sizeof own->divergence,
             "decision %" PRIu64 ": the schedule has %s choice %" PRIu32
             ", the run asks for a %s choice among %" PRIu32,
             number, kind_name(run->kind), run->choice, kind_name(kind), count);
    return 0;
  }
  if (own->left == 0)
    own->left = run->times;
  if (--own->left == 0)
    own->position++;
  return run->choice;
}

static weir_chooser *chooser_new(enum source source, uint32_t (*choose)(void *, int, uint32_t)) {
  struct own_chooser *own = port_reallocate(NULL, sizeof *own);
  if (own == NULL)
    return NULL;
  memset(own, 0, sizeof *own);
  own->source = source;
  own->base = (weir_chooser){.choose = choose, .context = own};
  return &own->base;
}

static struct own_chooser *own_of(const weir_chooser *chooser) {
  bool own = chooser->choose == choose_bytes || chooser->choose == choose_seed || chooser->choose == choose_replay;
  return own ? chooser->context : NULL;
}

weir_chooser *weir_chooser_bytes(const void *data, size_t size) {
  weir_chooser *chooser = chooser_new(SOURCE_BYTES, choose_bytes);
  if (chooser == NULL)
    return NULL;
  own_of(chooser)->data = data;
  own_of(chooser)->size = size;
  return chooser;
}

weir_chooser *weir_chooser_seed(uint64_t seed) {
  weir_chooser *chooser = chooser_new(SOURCE_SEED, choose_seed);
  if (chooser != NULL)
    own_of(chooser)->seed = own_of(chooser)->state = seed;
  return chooser;
}

weir_chooser *weir_chooser_replay(const char *schedule) {
  weir_chooser *chooser = chooser_new(SOURCE_REPLAY, choose_replay);
  if (chooser == NULL || schedule_parse(&own_of(chooser)->schedule, schedule) == 0)
    return chooser;
  port_release(own_of(chooser));
  return NULL;
}

void weir_chooser_free(weir_chooser *chooser) {
  struct own_chooser *own = chooser == NULL ? NULL : own_of(chooser);
  if (own == NULL)
    return;
  schedule_free(&own->schedule);
  port_release(own);
}

const char *chooser_divergence(const weir_chooser *chooser) {
  const struct own_chooser *own = own_of(chooser);
  return own == NULL || own->divergence[0] == '\0' ? NULL : own->divergence;
}

void chooser_finish(weir_chooser *chooser) {
  struct own_chooser *own = own_of(chooser);
  if (own == NULL || own->source != SOURCE_REPLAY || own->divergence[0] != '\0')
    return;
  if (own->position < own->schedule.count)
    snprintf(own->divergence, sizeof own->divergence,
             "decision %" PRIu64 ": the run is over, the schedule still has a %s choice %" PRIu32, own->decisions,
             kind_name(own->schedule.runs[own->position].kind), own->schedule.runs[own->position].choice);
}

void chooser_restart(weir_chooser *chooser) {
  struct own_chooser *own = own_of(chooser);
  if (own == NULL)
    return;
  own->position = 0;
  own->left = own->decisions = 0;
  own->state = own->seed;
  own->divergence[0] = '\0';
}
