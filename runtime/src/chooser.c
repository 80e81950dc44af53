/* chooser.c — decision sources: bytes, seed, replay. */
#include "chooser.h"

#include "port.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint32_t choose_bytes(void *context, int kind, uint32_t count) {
  struct own_chooser *own = context;
  (void)kind;
  uint32_t value = 0;
  for (uint32_t range = 1; range<count; range = range> UINT32_MAX >> 8 ? count : range << 8)
    value = value << 8 | (own->position < own->size ? own->data[own->position++] : 0);
  return value % count;
}

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). */
uint64_t chooser_random(struct own_chooser *own) {
  uint64_t z = own->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

uint32_t chooser_draw(struct own_chooser *own, uint32_t count) {
  return (uint32_t)((chooser_random(own) >> 32) * count >> 32);
}

static uint32_t choose_seed(void *context, int kind, uint32_t count) {
  (void)kind;
  return chooser_draw(context, count);
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

struct own_chooser *chooser_new(enum source source, uint32_t (*choose)(void *, int, uint32_t)) {
  struct own_chooser *own = port_reallocate(NULL, sizeof *own);
  if (own == NULL)
    return NULL;
  memset(own, 0, sizeof *own);
  own->source = source;
  own->base = (weir_chooser){.choose = choose, .context = own};
  return own;
}

struct own_chooser *chooser_own(const weir_chooser *chooser) {
  uint32_t (*const of_ours[])(void *, int, uint32_t) = {choose_bytes,      choose_seed,       choose_replay,
                                                        search_choose_pct, search_choose_pos, search_choose_dfs};
  for (size_t i = 0; i < sizeof of_ours / sizeof of_ours[0]; i++)
    if (chooser->choose == of_ours[i])
      return chooser->context;
  return NULL;
}

static weir_chooser *base_of(struct own_chooser *own) {
  return own == NULL ? NULL : &own->base;
}

weir_chooser *weir_chooser_bytes(const void *data, size_t size) {
  struct own_chooser *own = chooser_new(SOURCE_BYTES, choose_bytes);
  if (own != NULL) {
    own->data = data;
    own->size = size;
  }
  return base_of(own);
}

static weir_chooser *seeded(enum source source, uint32_t (*choose)(void *, int, uint32_t), uint64_t seed,
                            unsigned depth) {
  struct own_chooser *own = chooser_new(source, choose);
  if (own != NULL) {
    own->seed = own->state = seed;
    own->search.depth = depth;
  }
  return base_of(own);
}

weir_chooser *weir_chooser_seed(uint64_t seed) {
  return seeded(SOURCE_SEED, choose_seed, seed, 0);
}

weir_chooser *weir_chooser_pct(uint64_t seed, unsigned depth) {
  return seeded(SOURCE_PCT, search_choose_pct, seed, depth);
}

weir_chooser *weir_chooser_pos(uint64_t seed) {
  return seeded(SOURCE_POS, search_choose_pos, seed, 0);
}

weir_chooser *weir_chooser_dfs(unsigned preemptions) {
  return seeded(SOURCE_DFS, search_choose_dfs, 0, preemptions);
}

void weir_chooser_reseed(weir_chooser *chooser, uint64_t seed) {
  struct own_chooser *own = chooser == NULL ? NULL : chooser_own(chooser);
  if (own != NULL)
    own->seed = own->state = seed;
}

bool weir_chooser_exhausted(const weir_chooser *chooser) {
  const struct own_chooser *own = chooser == NULL ? NULL : chooser_own(chooser);
  return own != NULL && own->search.exhausted && !own->search.failed; /* without memory some were left out */
}

weir_chooser *weir_chooser_replay(const char *schedule) {
  struct own_chooser *own = chooser_new(SOURCE_REPLAY, choose_replay);
  if (own == NULL || schedule_parse(&own->schedule, schedule) == 0)
    return base_of(own);
  port_release(own);
  return NULL;
}

void weir_chooser_free(weir_chooser *chooser) {
  struct own_chooser *own = chooser == NULL ? NULL : chooser_own(chooser);
  if (own == NULL)
    return;
  schedule_free(&own->schedule);
  search_free(&own->search);
  port_release(own);
}

const char *chooser_divergence(const weir_chooser *chooser) {
  const struct own_chooser *own = chooser_own(chooser);
  return own == NULL || own->divergence[0] == '\0' ? NULL : own->divergence;
}

void chooser_finish(weir_chooser *chooser) {
  struct own_chooser *own = chooser_own(chooser);
  if (own == NULL || own->source != SOURCE_REPLAY || own->divergence[0] != '\0')
    return;
  if (own->position < own->schedule.count)
    snprintf(own->divergence, sizeof own->divergence,
             "decision %" PRIu64 ": the run is over, the schedule still has a %s choice %" PRIu32, own->decisions,
             kind_name(own->schedule.runs[own->position].kind), own->schedule.runs[own->position].choice);
}

void chooser_restart(weir_chooser *chooser) {
  struct own_chooser *own = chooser_own(chooser);
  if (own == NULL)
    return;
  own->position = 0;
  own->left = own->decisions = 0;
  own->state = own->seed;
  own->divergence[0] = '\0';
  if (own->source >= SOURCE_PCT)
    search_restart(own);
}
