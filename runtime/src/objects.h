/* objects.h — numbers for the objects of a simulation, in the order in which they are first met.
 *
 * Addresses differ from run to run and are used again; a number is the same in every run of a schedule and names one
 * object only: what is freed is forgotten. (The storage of a mutex is the caller's: there a number names an address.)
 * Open addressing with linear probing and backward shift deletion.
 */
#ifndef WEIR_SRC_OBJECTS_H
#define WEIR_SRC_OBJECTS_H

#include <stdint.h>

struct objects {
  struct numbered {
    const void *object;
    uint32_t number;
  } * slots;
  uint32_t capacity; /* a power of two, or 0 */
  uint32_t used;
  uint32_t last; /* the newest number */
};

/* The object's number, a new one if it has none; 0 for NULL, and without memory. */
uint32_t objects_number(struct objects *objects, const void *object);

void objects_forget(struct objects *objects, const void *object);

void objects_free(struct objects *objects);

#endif
