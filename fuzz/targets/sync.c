/* sync.c — fuzz target: tasks lock, wait, signal, count and cancel; each primitive against what it promises.
 *
 *   mutex       one inside                        rwmutex   one writer alone, or readers
 *   condition   tokens are put and taken: none is taken twice; whoever waits gets one when there is one
 *   once        its function runs once; whoever returns finds it finished
 *   wait group  who returns has waited at a moment at which it may have been zero
 *   context     done when, and only when, it or one above it was cancelled or its deadline passed; its reason stays
 *
 * Inside, tasks sleep and do nothing else that waits. So, when all are blocked and nobody sleeps, nobody is inside, and
 * who waits for a lock, a once, or a group has been forgotten.
 */
#include <errno.h>
#include <string.h>
#include <weir/scenario.h>

enum { TASKS = 4, OPERATIONS = 16, LOOKS = 3, CONTEXTS = 4, ONCES = 2, NO_DEADLINE = -1 };

enum kind { MUTEX, READ, WRITE, TAKE, PUT, PUT_TWO, ONCE, GROUP, GROUP_WAIT, CANCEL, REASON, DONE, KINDS };

struct operation {
  uint32_t task;
  enum kind kind;
  uint32_t which; /* context or once */
  bool tries;
  int64_t patience; /* a duration; or NO_DEADLINE */
  int64_t pause;    /* inside */
};

static struct {
  struct operation operations[OPERATIONS];
  uint32_t operation_count;
  uint32_t asleep, naps; /* how many wait for something that time brings; and have begun to */
  uint32_t waiting[KINDS];

  weir_mutex mutex;
  uint32_t inside;

  weir_rwmutex rwmutex;
  uint32_t readers, writers;

  weir_mutex tokens_mutex;
  weir_cond tokens_cond;
  uint32_t tokens;
  bool over; /* no more tokens */

  weir_once onces[ONCES];
  uint32_t begun[ONCES], finished[ONCES];
  int64_t once_pause;

  weir_waitgroup group;
  int64_t group_least;        /* what its counter is at least */
  uint64_t clock, group_zero; /* when it may last have been zero */

  weir_context *contexts[CONTEXTS];
  int parents[CONTEXTS];
  int64_t deadlines[CONTEXTS];
  bool cancel_begun[CONTEXTS], cancel_ended[CONTEXTS];
  uint32_t cancelling;
  int reasons[CONTEXTS];
  uint32_t waiting_for[CONTEXTS];

  weir_waitgroup acting;
} world;

static int64_t draw_time(void) {
  static const int64_t times[] = {0, 1, 30000, 70000, WEIR_MILLISECOND};
  return times[weir_draw(sizeof times / sizeof times[0])];
}

static void fall_asleep(int64_t time) {
  world.asleep += time > 0;
  world.naps += time > 0;
}

static void wake_up(int64_t time) {
  world.asleep -= time > 0;
}

static void sleep_a_while(int64_t pause) {
  if (pause <= 0)
    return;
  fall_asleep(pause);
  weir_sleep(pause);
  wake_up(pause);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static int64_t begin_waiting(const struct operation *operation) {
  const int64_t patience = operation->patience;
  world.waiting[operation->kind]++;
  fall_asleep(patience);
  return patience == NO_DEADLINE ? WEIR_FOREVER : patience == 0 ? WEIR_POLL : weir_now() + patience;
}

/* True when what was waited for has come. */
static bool end_waiting(const struct operation *operation, int64_t deadline, int result) {
  world.waiting[operation->kind]--;
  wake_up(operation->patience);
  weir_model(result == 0 || result == -ETIMEDOUT);
  weir_model(result == 0 || (deadline != WEIR_FOREVER && weir_now() >= deadline));
  return result == 0;
}

/* ---- locks ------------------------------------------------------------------------------------------------------- */

static void stay_inside(int64_t pause) {
  if (pause > 0)
    sleep_a_while(pause);
  else
    weir_yield();
}

static bool lock(const struct operation *operation, weir_mutex *mutex) {
  if (operation->tries) {
    const int result = weir_mutex_try_lock(mutex);
    weir_model(result == 0 || result == -EAGAIN);
    return result == 0;
  }
  const int64_t deadline = begin_waiting(operation);
  return end_waiting(operation, deadline,
                     deadline == WEIR_FOREVER ? weir_mutex_lock(mutex) : weir_mutex_lock_until(mutex, deadline));
}

static void mutex(const struct operation *operation) {
  if (!lock(operation, &world.mutex))
    return;
  weir_model(++world.inside == 1);
  stay_inside(operation->pause);
  weir_model(--world.inside == 0);
  weir_model(weir_mutex_unlock(&world.mutex) == 0);
}

static void read_section(const struct operation *operation) {
  if (operation->tries) {
    if (weir_rwmutex_try_read_lock(&world.rwmutex) != 0)
      return;
  } else {
    const int64_t deadline = begin_waiting(operation);
    if (!end_waiting(operation, deadline, weir_rwmutex_read_lock_until(&world.rwmutex, deadline)))
      return;
  }
  world.readers++;
  weir_model(world.writers == 0);
  stay_inside(operation->pause);
  weir_model(world.writers == 0);
  world.readers--;
  weir_model(weir_rwmutex_read_unlock(&world.rwmutex) == 0);
}

static void write_section(const struct operation *operation) {
  if (operation->tries) {
    if (weir_rwmutex_try_lock(&world.rwmutex) != 0)
      return;
  } else {
    const int64_t deadline = begin_waiting(operation);
    if (!end_waiting(operation, deadline, weir_rwmutex_lock_until(&world.rwmutex, deadline)))
      return;
  }
  weir_model(++world.writers == 1 && world.readers == 0);
  stay_inside(operation->pause);
  weir_model(--world.writers == 0 && world.readers == 0);
  weir_model(weir_rwmutex_unlock(&world.rwmutex) == 0);
}

/* ---- condition --------------------------------------------------------------------------------------------------- */

static void take(const struct operation *operation) {
  weir_mutex_lock(&world.tokens_mutex);
  bool came = true;
  const int64_t deadline = begin_waiting(operation);
  while (came && world.tokens == 0 && !world.over) {
    const int result = weir_cond_wait_until(&world.tokens_cond, &world.tokens_mutex, deadline);
    weir_model(result == 0 || (result == -ETIMEDOUT && weir_now() >= deadline));
    came = result == 0;
  }
  end_waiting(operation, deadline, 0);
  if (world.tokens > 0)
    world.tokens--;
  weir_model(weir_mutex_unlock(&world.tokens_mutex) == 0);
}

static void put(const struct operation *operation) {
  weir_mutex_lock(&world.tokens_mutex);
  world.tokens += operation->kind == PUT_TWO ? 2 : 1;
  const bool unlocks_first = operation->tries;
  if (unlocks_first)
    weir_mutex_unlock(&world.tokens_mutex);
  weir_model((operation->kind == PUT_TWO ? weir_cond_broadcast : weir_cond_signal)(&world.tokens_cond) == 0);
  if (!unlocks_first)
    weir_mutex_unlock(&world.tokens_mutex);
}

/* ---- once -------------------------------------------------------------------------------------------------------- */

static void run_once(void *arg) {
  const uintptr_t which = (uintptr_t)arg;
  weir_model(++world.begun[which] == 1);
  stay_inside(world.once_pause);
  world.finished[which]++;
}

static void once(const struct operation *operation) {
  const uint32_t which = operation->which % ONCES;
  const int64_t deadline = begin_waiting(operation);
  const int result = weir_once_do_until(&world.onces[which], run_once, (void *)(uintptr_t)which, deadline);
  if (end_waiting(operation, deadline, result))
    weir_model(world.finished[which] == 1);
}

/* ---- wait group -------------------------------------------------------------------------------------------------- */

static void count_group(int64_t change) {
  const int64_t before = world.group_least;
  world.group_least += change;
  world.clock++;
  if (before <= 0 || world.group_least <= 0)
    world.group_zero = world.clock;
}

static void group(const struct operation *operation) {
  weir_model(weir_waitgroup_add(&world.group, 1) == 0);
  count_group(1); /* it was added before */
  stay_inside(operation->pause);
  count_group(-1); /* it will be gone afterwards */
  weir_model(weir_waitgroup_done(&world.group) == 0);
}

static void group_wait(const struct operation *operation) {
  const uint64_t begin = ++world.clock;
  if (world.group_least <= 0)
    world.group_zero = begin;
  const int64_t deadline = begin_waiting(operation);
  if (end_waiting(operation, deadline, weir_waitgroup_wait_until(&world.group, deadline)))
    weir_model(world.group_least <= 0 || world.group_zero >= begin);
}

/* ---- context ----------------------------------------------------------------------------------------------------- */

/* What the reason may be, and whether there must be one. */
static void check_reason(int which, int reason, bool was_ended) {
  bool cancelled = false, passed = false;
  for (int at = which; at >= 0; at = world.parents[at]) {
    cancelled |= world.cancel_begun[at];
    passed |= world.deadlines[at] <= weir_now();
  }
  weir_model(reason == 0 || (reason == -ECANCELED && cancelled) || (reason == -ETIMEDOUT && passed));
  weir_model(reason != 0 || !was_ended);
  weir_model(reason == 0 || world.reasons[which] == 0 || reason == world.reasons[which]);
  if (reason != 0)
    world.reasons[which] = reason;
}

static bool cancel_has_ended(int which) {
  bool ended = false;
  for (int at = which; at >= 0; at = world.parents[at])
    ended |= world.cancel_ended[at];
  return ended;
}

static void ask_reason(int which) {
  const bool was_ended = cancel_has_ended(which) || world.reasons[which] != 0;
  check_reason(which, weir_context_error(world.contexts[which]), was_ended);
}

static bool has_deadline(int which) {
  bool any = false;
  for (int at = which; at >= 0; at = world.parents[at])
    any |= world.deadlines[at] != WEIR_FOREVER;
  return any;
}

/* Nothing happens when it is done already, even if whoever has done that is not yet through with those below. */
static void cancel(int which) {
  world.cancel_begun[which] = true;
  world.cancelling++;
  weir_context_cancel(world.contexts[which]);
  world.cancelling--;
  if (world.cancelling == 0 && !has_deadline(which))
    world.cancel_ended[which] = true;
}

static void done(const struct operation *operation) {
  const int which = (int)operation->which;
  const int64_t deadline = begin_waiting(operation);
  weir_chan *chan = weir_context_done(world.contexts[which]);
  world.waiting_for[which]++;
  const int result = deadline == WEIR_POLL && operation->tries ? weir_chan_try_recv(chan, NULL)
                                                               : weir_chan_recv_until(chan, NULL, deadline);
  world.waiting_for[which]--;
  weir_model(result == -EPIPE || result == -ETIMEDOUT || (result == -EAGAIN && deadline == WEIR_POLL));
  end_waiting(operation, deadline, result == -EPIPE ? 0 : -ETIMEDOUT);
  if (result == -EPIPE)
    weir_model(weir_context_error(world.contexts[which]) != 0);
}

static void make_contexts(void) {
  for (int i = 0; i < CONTEXTS; i++) {
    const int64_t pause = i > 0 && weir_draw(3) == 2 ? draw_time() : NO_DEADLINE;
    world.parents[i] = i == 0 ? -1 : (int)weir_draw((uint32_t)i);
    world.deadlines[i] = pause == NO_DEADLINE ? WEIR_FOREVER : weir_now() + pause;
    weir_context *parent = i == 0 ? NULL : world.contexts[world.parents[i]];
    world.contexts[i] = i == 0                 ? weir_context_background()
                        : pause == NO_DEADLINE ? weir_context_with_cancel(parent)
                                               : weir_context_with_deadline(parent, world.deadlines[i]);
  }
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static void perform(const struct operation *operation) {
  switch (operation->kind) {
  case MUTEX:
    mutex(operation);
    break;
  case READ:
    read_section(operation);
    break;
  case WRITE:
    write_section(operation);
    break;
  case TAKE:
    take(operation);
    break;
  case PUT:
  case PUT_TWO:
    put(operation);
    break;
  case ONCE:
    once(operation);
    break;
  case GROUP:
    group(operation);
    break;
  case GROUP_WAIT:
    group_wait(operation);
    break;
  case CANCEL:
    cancel((int)operation->which);
    break;
  case REASON:
    ask_reason((int)operation->which);
    break;
  case DONE:
    done(operation);
    break;
  case KINDS:
    break;
  }
}

static void act(void *arg) {
  const uint32_t task = (uint32_t)(uintptr_t)arg;
  for (uint32_t i = 0; i < world.operation_count; i++)
    if (world.operations[i].task == task)
      perform(&world.operations[i]);
  weir_waitgroup_done(&world.acting);
}

static void prepare(void) {
  memset(&world, 0, sizeof world);
  world.once_pause = draw_time();
  make_contexts();
  world.operation_count = weir_draw(OPERATIONS + 1);
  for (uint32_t i = 0; i < world.operation_count; i++) {
    struct operation *operation = &world.operations[i];
    *operation = (struct operation){.task = weir_draw(TASKS), .kind = (enum kind)weir_draw(KINDS)};
    operation->which = weir_draw(CONTEXTS);
    operation->tries = weir_draw(4) == 3;
    operation->patience = weir_draw(3) == 2 ? draw_time() : NO_DEADLINE;
    operation->pause = draw_time();
  }
}

/* Everybody is blocked, and time will not change that: nobody slept, all came to rest, and nobody has slept since. */
static bool at_rest(void) {
  weir_model(weir_settle(WEIR_FOREVER) == 0);
  const uint32_t naps = world.naps;
  if (world.asleep != 0)
    return false;
  weir_model(weir_settle(WEIR_FOREVER) == 0);
  return world.naps == naps;
}

static void look(void) {
  int reasons[CONTEXTS];
  for (int i = 0; i < CONTEXTS; i++)
    reasons[i] = weir_context_error(world.contexts[i]);
  if (!at_rest())
    return;
  for (int i = 0; i < CONTEXTS; i++)
    weir_model(reasons[i] == 0 || world.waiting_for[i] == 0);
  weir_model(world.inside == 0 && world.readers == 0 && world.writers == 0);
  weir_model(world.waiting[MUTEX] == 0 && world.waiting[READ] == 0 && world.waiting[WRITE] == 0);
  weir_model(world.waiting[ONCE] == 0 && world.waiting[GROUP_WAIT] == 0);
  weir_model(world.waiting[TAKE] == 0 || world.tokens == 0);
}

WEIR_SCENARIO(sync, "tasks lock, wait, signal, count and cancel, and nobody is forgotten") {
  prepare();
  weir_waitgroup_add(&world.acting, TASKS);
  for (uintptr_t i = 0; i < TASKS; i++)
    weir_go(act, (void *)i); /* NOLINT(performance-no-int-to-ptr): a task's number */
  for (int i = 0; i < LOOKS; i++) {
    sleep_a_while(draw_time());
    look();
  }
  weir_mutex_lock(&world.tokens_mutex);
  world.over = true;
  weir_cond_broadcast(&world.tokens_cond);
  weir_mutex_unlock(&world.tokens_mutex);
  cancel(0);
  for (int i = 0; i < CONTEXTS; i++)
    ask_reason(i);
  weir_waitgroup_wait(&world.acting);
  for (int i = 0; i < CONTEXTS; i++)
    weir_context_unref(world.contexts[i]);
  weir_settle(WEIR_FOREVER); /* another worker may still be giving one back */
  weir_model(weir_counts().contexts == 0);
  return 0;
}
