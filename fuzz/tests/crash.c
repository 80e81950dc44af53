/* A crash that only some schedules reach: one task reads through a pointer that another takes away for a moment. */
#include <weir/scenario.h>

static int treasure;
static int *volatile place;
static weir_mutex mutex;

static void moves_it(void *arg) {
  (void)arg;
  place = NULL;
  weir_mutex_lock(&mutex);
  weir_mutex_unlock(&mutex);
  place = &treasure;
}

WEIR_SCENARIO(crash, "a pointer is missing while its owner waits for a lock") {
  mutex = (weir_mutex){0};
  place = &treasure;
  weir_go(moves_it, NULL);
  weir_mutex_lock(&mutex);
  const int found = *place;
  weir_mutex_unlock(&mutex);
  return found;
}
