/* killer_lock.c — mutexes: one holder, or readers only; nobody waits for a lock that nobody holds. */
#include "killer.h"

enum { TASKS = 5, TURNS = 8 };

static struct {
  weir_mutex mutex;
  weir_rwmutex rwmutex;
  weir_waitgroup done;
  int holders, readers;
} world;

static struct random streams[TASKS];

static void start(void (*fn)(void *)) {
  memset(&world, 0, sizeof world);
  weir_waitgroup_add(&world.done, TASKS);
  for (int i = 0; i < TASKS; i++) {
    streams[i] = killer_stream();
    weir_go(fn, &streams[i]);
  }
  weir_waitgroup_wait(&world.done);
}

static void linger(struct random *random) {
  if (killer_chance(random, 30))
    weir_yield();
  else if (killer_chance(random, 20))
    killer_sleep((int64_t)random_magnitude(random, 17));
}

/* ---- mutex ------------------------------------------------------------------------------------------------------- */

static bool take_mutex(struct random *random) {
  if (killer_chance(random, 20))
    return weir_mutex_try_lock(&world.mutex) == 0;
  return weir_mutex_lock_until(&world.mutex, killer_deadline(random, 60)) == 0;
}

static void use_mutex(void *arg) {
  struct random *random = arg;
  for (int i = 0; i < TURNS; i++) {
    if (take_mutex(random)) {
      KILLER_CHECK(world.holders++ == 0, "two hold the mutex");
      linger(random);
      KILLER_CHECK(--world.holders == 0, "another one took the mutex");
      KILLER_CHECK(weir_mutex_unlock(&world.mutex) == 0, "a held mutex cannot be unlocked");
    }
    linger(random);
  }
  weir_waitgroup_done(&world.done);
}

static int mutex_body(void *arg) {
  (void)arg;
  start(use_mutex);
  KILLER_CHECK(weir_mutex_try_lock(&world.mutex) == 0, "nobody holds the mutex, and it is locked");
  return 0;
}

/* ---- reader-writer mutex ----------------------------------------------------------------------------------------- */

static void write_once(struct random *random) {
  int error = killer_chance(random, 20) ? weir_rwmutex_try_lock(&world.rwmutex)
                                        : weir_rwmutex_lock_until(&world.rwmutex, killer_deadline(random, 60));
  if (error != 0)
    return;
  KILLER_CHECK(world.holders++ == 0 && world.readers == 0, "a writer is not alone");
  linger(random);
  KILLER_CHECK(--world.holders == 0 && world.readers == 0, "a writer was joined");
  KILLER_CHECK(weir_rwmutex_unlock(&world.rwmutex) == 0, "a writer cannot unlock");
}

static void read_once(struct random *random) {
  int error = killer_chance(random, 20) ? weir_rwmutex_try_read_lock(&world.rwmutex)
                                        : weir_rwmutex_read_lock_until(&world.rwmutex, killer_deadline(random, 60));
  if (error != 0)
    return;
  world.readers++;
  KILLER_CHECK(world.holders == 0, "a reader beside a writer");
  linger(random);
  KILLER_CHECK(world.holders == 0, "a writer beside a reader");
  world.readers--;
  KILLER_CHECK(weir_rwmutex_read_unlock(&world.rwmutex) == 0, "a reader cannot unlock");
}

static void use_rwmutex(void *arg) {
  struct random *random = arg;
  for (int i = 0; i < TURNS; i++) {
    if (killer_chance(random, 50))
      write_once(random);
    else
      read_once(random);
    linger(random);
  }
  weir_waitgroup_done(&world.done);
}

static int rwmutex_body(void *arg) {
  (void)arg;
  start(use_rwmutex);
  KILLER_CHECK(weir_rwmutex_try_lock(&world.rwmutex) == 0, "nobody holds the reader-writer mutex, and it is locked");
  return 0;
}

const struct killer_case killer_lock_cases[] = {{"mutex", mutex_body, false}, {"rwmutex", rwmutex_body, false}, {0}};
