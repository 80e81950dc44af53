/* coverage.c — see coverage.h.
 *
 * Cheap enough for every scheduling point: no allocation, and no string is read twice. Names of operations are static
 * strings; a table remembers the hash of each by its address. Objects share a table of places by number; what was there
 * in an earlier run is told by the run's number, so that nothing is cleared.
 */
#include "coverage.h"

enum { COUNTERS = 1 << 12, OBJECTS = 1 << 8, NAMES = 1 << 8 };

__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t counters[COUNTERS];

struct last {
  uint32_t run;
  uint32_t object;
  uint32_t task;
  uint32_t hash; /* of the operation and the line that started its task */
};

static uint32_t run;
static struct last lasts[OBJECTS];
static struct last before; /* the operation before, on whatever object */
static uint32_t fired;     /* of the timer that fired since the last operation; 0: none */

static struct {
  const char *name;
  uint32_t hash;
} names[NAMES];

void coverage_feature(uint32_t hash) {
  uint8_t *counter = &counters[hash % COUNTERS];
  *counter += *counter != UINT8_MAX;
}

/* One round of murmur3's finalizer (Appleby) over the sum. */
static uint32_t mix(uint32_t hash, uint32_t word) {
  hash = (hash ^ word) * UINT32_C(0x85ebca6b) + UINT32_C(0x9e3779b9);
  return hash ^ hash >> 15;
}

static uint32_t hash_of_text(const char *text) {
  uint32_t hash = 1;
  for (; *text != '\0'; text++)
    hash = mix(hash, (uint8_t)*text);
  return hash;
}

static uint32_t hash_of_name(const char *name) {
  const uint32_t place = (uint32_t)((uintptr_t)name ^ (uintptr_t)name >> 8) % NAMES;
  if (names[place].name != name) {
    names[place].name = name;
    names[place].hash = hash_of_text(name);
  }
  return names[place].hash;
}

enum state { STATE_NONE, STATE_UNBUFFERED, STATE_EMPTY, STATE_BETWEEN, STATE_FULL, STATE_CLOSED };

static enum state state_of(const struct weir_sim_event *event) {
  if (event->closed)
    return STATE_CLOSED;
  if (event->capacity == 0)
    return STATE_UNBUFFERED;
  if (event->length == 0)
    return STATE_EMPTY;
  return event->length < event->capacity ? STATE_BETWEEN : STATE_FULL;
}

enum feature { FEATURE_SUCCESSION = 1, FEATURE_SWITCH, FEATURE_STATE, FEATURE_FIRING };

void coverage_begin(void) {
  run++;
  fired = 0;
}

void coverage_observe(void *context, const struct weir_sim_event *event) {
  (void)context;
  const uint32_t object_line = (uint32_t)event->line;
  const uint32_t hash = mix(hash_of_name(event->operation), (uint32_t)event->task_line);
  if (event->task == 0) {
    fired = mix(hash, object_line) | 1;
  } else if (fired != 0) {
    coverage_feature(mix(mix(FEATURE_FIRING, fired), hash));
    fired = 0;
  }
  const uint32_t at_object = mix(hash, object_line);
  if (before.run == run && before.task != event->task)
    coverage_feature(mix(mix(FEATURE_SWITCH, before.hash), at_object));
  before = (struct last){.run = run, .task = event->task, .hash = at_object};
  if (event->object == 0)
    return;
  if (event->noun != NULL)
    coverage_feature(mix(mix(mix(FEATURE_STATE, object_line), hash), state_of(event)));
  struct last *last = &lasts[event->object % OBJECTS];
  if (last->run == run && last->object == event->object && last->task != event->task)
    coverage_feature(mix(mix(mix(FEATURE_SUCCESSION, object_line), last->hash), hash));
  *last = (struct last){.run = run, .object = event->object, .task = event->task, .hash = hash};
}
