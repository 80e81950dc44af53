/* objects.c — see objects.h. */
#include "objects.h"

#include "port.h"

#include <string.h>

static uint32_t home_of(const struct objects *objects, const void *object) {
  return (uint32_t)(((uintptr_t)object >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (objects->capacity - 1);
}

/* The object's slot, or the empty one where it belongs. */
static uint32_t slot_of(const struct objects *objects, const void *object) {
  uint32_t slot = home_of(objects, object);
  while (objects->slots[slot].object != NULL && objects->slots[slot].object != object)
    slot = (slot + 1) & (objects->capacity - 1);
  return slot;
}

static bool grow(struct objects *objects) {
  struct objects grown = {
      .capacity = objects->capacity == 0 ? 64 : objects->capacity * 2, .used = objects->used, .last = objects->last};
  grown.slots = port_reallocate(NULL, grown.capacity * sizeof *grown.slots);
  if (grown.slots == NULL)
    return false;
  memset(grown.slots, 0, grown.capacity * sizeof *grown.slots);
  for (uint32_t slot = 0; slot < objects->capacity; slot++)
    if (objects->slots[slot].object != NULL)
      grown.slots[slot_of(&grown, objects->slots[slot].object)] = objects->slots[slot];
  port_release(objects->slots);
  *objects = grown;
  return true;
}

uint32_t objects_number(struct objects *objects, const void *object) {
  if (object == NULL || (objects->used * 2 >= objects->capacity && !grow(objects)))
    return 0;
  struct numbered *numbered = &objects->slots[slot_of(objects, object)];
  if (numbered->object == NULL) {
    *numbered = (struct numbered){.object = object, .number = ++objects->last};
    objects->used++;
  }
  return numbered->number;
}

void objects_forget(struct objects *objects, const void *object) {
  if (objects->capacity == 0 || object == NULL)
    return;
  uint32_t mask = objects->capacity - 1;
  uint32_t hole = slot_of(objects, object);
  if (objects->slots[hole].object == NULL)
    return;
  objects->used--;
  for (uint32_t slot = (hole + 1) & mask; objects->slots[slot].object != NULL; slot = (slot + 1) & mask) {
    uint32_t home = home_of(objects, objects->slots[slot].object);
    if (((slot - home) & mask) < ((slot - hole) & mask))
      continue; /* its search does not come by the hole */
    objects->slots[hole] = objects->slots[slot];
    hole = slot;
  }
  objects->slots[hole].object = NULL;
}

void objects_free(struct objects *objects) {
  port_release(objects->slots);
  memset(objects, 0, sizeof *objects);
}
