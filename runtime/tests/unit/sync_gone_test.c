/* Whoever was let go may free the mutex, group, … at once, before the waker has returned. Each object lies on a page of
 * its own, which becomes inaccessible when its waiter is woken (wait_wake is wrapped) and stays so until that waiter
 * has returned: neither of the two may touch it any more.
 */
#include "check.h"
#include "sync.h"

#include <sys/mman.h>
#include <weir.h>

void __real_wait_wake(struct wait *wait);
void __wrap_wait_wake(struct wait *wait);

static void *page;
static bool armed, gone, through;

static void protect(bool away) {
  CHECK_EQ_INT(mprotect(page, 4096, away ? PROT_NONE : PROT_READ | PROT_WRITE), 0);
  gone = away;
}

void __wrap_wait_wake(struct wait *wait) {
  if (armed)
    protect(true);
  armed = false;
  __real_wait_wake(wait);
}

enum object { MUTEX, WRITER, READER, COND, COND_BROADCAST, ONCE, GROUP };

static weir_mutex cond_mutex;

static void nothing(void *arg) {
  (void)arg;
}

/* In the group's, once's and condition's case the waiter has nothing more to do with the object; it got the locks. */
static int wait_for(enum object object) {
  switch (object) {
  case MUTEX:
    return weir_mutex_lock(page);
  case WRITER:
    return weir_rwmutex_lock(page);
  case READER:
    return weir_rwmutex_read_lock(page);
  case COND:
  case COND_BROADCAST:
    weir_mutex_lock(&cond_mutex);
    return weir_cond_wait(page, &cond_mutex) + weir_mutex_unlock(&cond_mutex);
  case ONCE:
    return weir_once_do(page, nothing, NULL);
  case GROUP:
    return weir_waitgroup_wait(page);
  }
  return 1;
}

static void wait_and_free(void *arg) {
  CHECK_EQ_INT(wait_for(*(const enum object *)arg), 0);
  CHECK(gone);
  protect(false);
  through = true;
}

static void start_waiter(void *object) {
  CHECK_EQ_INT(weir_go(wait_and_free, object), 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(!through);
  armed = true;
}

static int let_go(enum object object) {
  switch (object) {
  case MUTEX:
    return weir_mutex_unlock(page);
  case WRITER:
    return weir_rwmutex_read_unlock(page);
  case READER:
    return weir_rwmutex_unlock(page);
  case COND:
    return weir_cond_signal(page);
  case COND_BROADCAST:
    return weir_cond_broadcast(page);
  case ONCE:
    break;
  case GROUP:
    return weir_waitgroup_done(page);
  }
  return 1;
}

static int prepare(enum object object) {
  switch (object) {
  case MUTEX:
    return weir_mutex_lock(page);
  case WRITER:
    return weir_rwmutex_read_lock(page);
  case READER:
    return weir_rwmutex_lock(page);
  case GROUP:
    return weir_waitgroup_add(page, 1);
  default:
    return 0;
  }
}

static int program(void *arg) {
  const enum object object = *(const enum object *)arg;
  if (object == ONCE) {
    CHECK_EQ_INT(weir_once_do(page, start_waiter, arg), 0);
  } else {
    CHECK_EQ_INT(prepare(object), 0);
    start_waiter(arg);
    CHECK_EQ_INT(let_go(object), 0);
  }
  CHECK(gone);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK(through);
  return 0;
}

static void object_may_be_freed(int value) {
  enum object object = (enum object)value;
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  CHECK_EQ_INT(weir_run(&(struct weir_config){.workers = 1}, program, &object), 0);
}

/* The page does go away: a second unlock touches it and the child dies. */
static int touch(void *arg) {
  enum object object = MUTEX;
  (void)arg;
  CHECK_EQ_INT(weir_mutex_lock(page), 0);
  start_waiter(&object);
  weir_mutex_unlock(page);
  weir_mutex_unlock(page);
  return 0;
}

static void touch_it(void) {
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  weir_run(&(struct weir_config){.workers = 1}, touch, NULL);
}

static void a_touch_is_found(void) {
  static struct check_child child;
  check_child_run(&child, touch_it);
  CHECK(check_child_died(&child));
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("mutex", object_may_be_freed, MUTEX),
    CHECK_CASE_WITH("writer", object_may_be_freed, WRITER),
    CHECK_CASE_WITH("reader", object_may_be_freed, READER),
    CHECK_CASE_WITH("cond", object_may_be_freed, COND),
    CHECK_CASE_WITH("cond_broadcast", object_may_be_freed, COND_BROADCAST),
    CHECK_CASE_WITH("once", object_may_be_freed, ONCE),
    CHECK_CASE_WITH("waitgroup", object_may_be_freed, GROUP),
    CHECK_CASE(a_touch_is_found),
};
CHECK_MAIN(cases)
