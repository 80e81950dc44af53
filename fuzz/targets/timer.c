/* timer.c — fuzz target: timers of both modes against a list of what each of them may be.
 *
 * Tasks stop, reset, receive from, and look at timers whose delays lie in all levels of the wheel, while time fires them
 * whenever the schedule lets it. A timer's state is three facts: armed; a tick unread in its channel; ticks handed to
 * receivers who have not come back yet. When it fires nobody tells, so that the model keeps the set of states that the
 * timer may be in, and each answer must agree with one of them at least:
 *
 *   time        armed and due → tick unread, or handed to one of those who receive; past its tick of the wheel: only so
 *   stop        was armed, or in prompt mode armed or unread, is the answer; then neither (classic: unread stays)
 *   reset       the same; then armed
 *   receive     takes what is unread, or comes back with what it was handed
 *   nothing     (a receive that fails at once) was not unread
 *
 * One worker: what does not wait takes effect when it returns, no one else having run since.
 *
 * Functions, afters and tickers are counted: a function runs as often as it was armed less what stop and reset kept; an
 * after whose channel was dropped is there until it is due in classic mode, and gone in prompt mode; ticks come after
 * their time, one a period at most.
 */
#include <errno.h>
#include <string.h>
#include <weir/scenario.h>

enum { TIMERS = 3, FUNCTIONS = 2, TASKS = 3, OPERATIONS = 16, AFTERS = OPERATIONS, TICK = 1 << 15, NOBODY = -1 };

enum kind { STOP, RESET, RECEIVE, SELECT, LENGTH, FUNCTION_STOP, FUNCTION_RESET, AFTER, SLEEP, KINDS };

struct operation {
  uint32_t task;
  enum kind kind;
  uint32_t which;
  uint32_t wanted; /* of a select, a bit a timer */
  int64_t delay;
  int64_t patience; /* 0: does not wait */
};

/* A state is a number, a set of states a mask. */
enum { ARMED = 1, UNREAD = 2, HANDED = 4, STATES = HANDED * (TASKS + 1) };

struct model_timer {
  weir_timer *timer;
  uint32_t possible;
  int64_t due;      /* when it was armed last */
  int64_t earliest; /* due time of the earliest tick that may still arrive */
  uint32_t receiving;
};

static struct {
  bool classic;
  struct operation operations[OPERATIONS];
  uint32_t operation_count;
  struct model_timer timers[TIMERS];
  struct {
    weir_timer *timer;
    uint32_t armed, kept, ran;
  } functions[FUNCTIONS];
  int64_t afters[AFTERS]; /* when those that were dropped are due */
  uint32_t after_count;
  weir_waitgroup acting;
} world;

/* ---- sets of states ---------------------------------------------------------------------------------------------- */

static uint32_t one(uint32_t state) {
  return UINT32_C(1) << state;
}

static int64_t tick_of(int64_t time) {
  return (time + TICK - 1) / TICK;
}

/* What an armed timer in that state may be after it has fired. */
static uint32_t fired(const struct model_timer *timer, uint32_t state) {
  uint32_t next = one((state & ~(uint32_t)ARMED) | UNREAD);
  if (state / HANDED < timer->receiving)
    next |= one((state & ~(uint32_t)ARMED) + HANDED);
  return next;
}

/* Time may have done something since. */
static void let_fire(struct model_timer *timer) {
  const int64_t now = weir_now() / TICK;
  if (now < tick_of(timer->due))
    return;
  uint32_t next = 0;
  for (uint32_t state = 0; state < STATES; state++)
    if ((timer->possible & one(state)) != 0)
      next |= (state & ARMED) == 0 ? one(state) : fired(timer, state) | (now == tick_of(timer->due) ? one(state) : 0);
  timer->possible = next;
}

/* What each possible state becomes under an operation, those in which it could not have answered so left out. */
static void follow(struct model_timer *timer, uint32_t (*become)(const void *answer, uint32_t state),
                   const void *answer) {
  uint32_t next = 0;
  for (uint32_t state = 0; state < STATES; state++)
    if ((timer->possible & one(state)) != 0)
      next |= become(answer, state);
  timer->possible = next;
  weir_model(next != 0);
}

struct stopped {
  bool kept, resets;
};

static uint32_t become_stopped(const void *context, uint32_t state) {
  const struct stopped *answer = context;
  const bool armed = (state & ARMED) != 0, unread = (state & UNREAD) != 0;
  if (answer->kept != (armed || (!world.classic && unread)))
    return 0;
  state &= ~(uint32_t)ARMED;
  if (!world.classic)
    state &= ~(uint32_t)UNREAD;
  return one(answer->resets ? state | ARMED : state);
}

static uint32_t become_received(const void *context, uint32_t state) {
  (void)context;
  return ((state & UNREAD) != 0 ? one(state & ~(uint32_t)UNREAD) : 0) | (state >= HANDED ? one(state - HANDED) : 0);
}

static uint32_t become_nothing(const void *context, uint32_t state) {
  (void)context;
  return (state & UNREAD) == 0 ? one(state) : 0;
}

static uint32_t become_length(const void *context, uint32_t state) {
  const size_t *length = context;
  return *length == (world.classic && (state & UNREAD) != 0) ? one(state) : 0;
}

/* No more ticks are on their way to receivers than there are receivers. */
static uint32_t become_left(const void *context, uint32_t state) {
  const uint32_t *receiving = context;
  return state / HANDED <= *receiving ? one(state) : 0;
}

/* ---- timers ------------------------------------------------------------------------------------------------------ */

static void arm(struct model_timer *timer, int64_t delay) {
  const bool may_have_tick = (timer->possible & ~(one(0) | one(ARMED))) != 0;
  timer->due = weir_now() + (delay > 0 ? delay : 0);
  if (!may_have_tick || timer->due < timer->earliest)
    timer->earliest = timer->due;
}

static void stop_or_reset(const struct operation *operation) {
  struct model_timer *timer = &world.timers[operation->which % TIMERS];
  struct stopped answer = {.resets = operation->kind == RESET};
  answer.kept = answer.resets ? weir_timer_reset(timer->timer, operation->delay) : weir_timer_stop(timer->timer);
  let_fire(timer);
  follow(timer, become_stopped, &answer);
  if (answer.resets)
    arm(timer, operation->delay);
}

static void begin_receiving(uint32_t wanted) {
  for (uint32_t i = 0; i < TIMERS; i++)
    if ((wanted & one(i)) != 0) {
      let_fire(&world.timers[i]); /* without him */
      world.timers[i].receiving++;
    }
}

static void end_receiving(uint32_t wanted, int chosen, int64_t tick, bool waited) {
  for (uint32_t i = 0; i < TIMERS; i++) {
    struct model_timer *timer = &world.timers[i];
    if ((wanted & one(i)) == 0)
      continue;
    let_fire(timer);
    timer->receiving--;
    if ((int)i == chosen) {
      follow(timer, become_received, NULL);
      weir_model(tick >= timer->earliest && tick <= weir_now());
    } else if (!waited && chosen == NOBODY) {
      follow(timer, become_nothing, NULL);
    }
    follow(timer, become_left, &timer->receiving);
  }
}

static void receive(const struct operation *operation) {
  const uint32_t wanted = one(operation->which % TIMERS);
  weir_chan *chan = weir_timer_chan(world.timers[operation->which % TIMERS].timer);
  const bool waits = operation->patience > 0;
  const int64_t deadline = weir_now() + operation->patience;
  int64_t tick = 0;
  begin_receiving(wanted);
  const int result = waits ? weir_chan_recv_until(chan, &tick, deadline) : weir_chan_try_recv(chan, &tick);
  weir_model(result == 0 || result == (waits ? -ETIMEDOUT : -EAGAIN));
  weir_model(result != -ETIMEDOUT || weir_now() >= deadline);
  end_receiving(wanted, result == 0 ? (int)(operation->which % TIMERS) : NOBODY, tick, waits);
}

static void receive_first(const struct operation *operation) {
  struct weir_case cases[TIMERS];
  int64_t ticks[TIMERS];
  for (uint32_t i = 0; i < TIMERS; i++)
    cases[i] = (struct weir_case)WEIR_RECV(
        (operation->wanted & one(i)) != 0 ? weir_timer_chan(world.timers[i].timer) : NULL, &ticks[i]);
  const int64_t deadline = operation->patience > 0 ? weir_now() + operation->patience : WEIR_POLL;
  begin_receiving(operation->wanted);
  const int chosen = weir_select(cases, TIMERS, deadline);
  weir_model(chosen == -ETIMEDOUT || (chosen >= 0 && chosen < TIMERS && cases[chosen].status == 0));
  weir_model(chosen != -ETIMEDOUT || weir_now() >= deadline);
  end_receiving(operation->wanted, chosen < 0 ? NOBODY : chosen, chosen < 0 ? 0 : ticks[chosen], deadline != WEIR_POLL);
}

static void look_at_length(const struct operation *operation) {
  struct model_timer *timer = &world.timers[operation->which % TIMERS];
  const size_t length = weir_chan_len(weir_timer_chan(timer->timer));
  let_fire(timer);
  follow(timer, become_length, &length);
  weir_model(weir_chan_cap(weir_timer_chan(timer->timer)) == (size_t)world.classic);
}

/* ---- functions, afters ------------------------------------------------------------------------------------------- */

static void run_function(void *arg) {
  const uintptr_t which = (uintptr_t)arg;
  world.functions[which].ran++;
  weir_model(world.functions[which].ran + world.functions[which].kept <= world.functions[which].armed);
}

static void act_on_function(const struct operation *operation) {
  const uint32_t which = operation->which % FUNCTIONS;
  weir_timer *timer = world.functions[which].timer;
  const bool stops = operation->kind == FUNCTION_STOP;
  world.functions[which].armed += !stops; /* it may run before the call comes back */
  const bool kept = stops ? weir_timer_stop(timer) : weir_timer_reset(timer, operation->delay);
  world.functions[which].kept += kept;
}

static void abandon_after(int64_t delay) {
  weir_chan *after = weir_after(delay);
  world.afters[world.after_count++] = weir_now() + (delay > 0 ? delay : 0);
  weir_chan_unref(after);
}

/* Those whose tick is over have gone, those whose tick is to come are there; within the current tick it is a tie. */
static void check_abandoned(void) {
  const int64_t now = weir_now() / TICK;
  size_t least = 0, most = 0;
  for (uint32_t i = 0; i < world.after_count && world.classic; i++) {
    least += tick_of(world.afters[i]) > now;
    most += tick_of(world.afters[i]) >= now;
  }
  const size_t abandoned = weir_counts().timers_abandoned;
  weir_model(abandoned >= least && abandoned <= most);
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

/* Every magnitude up to a quarter of an hour: all levels of the wheel that a simulation reaches. */
static int64_t draw_delay(void) {
  const uint32_t bits = weir_draw(33);
  return (int64_t)weir_draw(256) << bits;
}

static void perform(const struct operation *operation) {
  switch (operation->kind) {
  case STOP:
  case RESET:
    stop_or_reset(operation);
    break;
  case RECEIVE:
    receive(operation);
    break;
  case SELECT:
    receive_first(operation);
    break;
  case LENGTH:
    look_at_length(operation);
    break;
  case FUNCTION_STOP:
  case FUNCTION_RESET:
    act_on_function(operation);
    break;
  case AFTER:
    abandon_after(operation->delay);
    break;
  case SLEEP:
  case KINDS:
    weir_sleep(operation->delay);
  }
}

static void act(void *arg) {
  const uint32_t task = (uint32_t)(uintptr_t)arg;
  for (uint32_t i = 0; i < world.operation_count; i++)
    if (world.operations[i].task == task)
      perform(&world.operations[i]);
  weir_waitgroup_done(&world.acting);
}

/* The mode shows in a timer's channel. */
static void prepare(void) {
  memset(&world, 0, sizeof world);
  for (uint32_t i = 0; i < TIMERS; i++) {
    struct model_timer *timer = &world.timers[i];
    const int64_t delay = draw_delay();
    timer->timer = weir_timer_new(delay);
    timer->possible = one(ARMED);
    arm(timer, delay);
  }
  world.classic = weir_chan_cap(weir_timer_chan(world.timers[0].timer)) == 1;
  for (uintptr_t i = 0; i < FUNCTIONS; i++) {
    world.functions[i].armed = 1;
    world.functions[i].timer = weir_timer_func(draw_delay(), run_function, (void *)i); /* NOLINT: a number */
  }
  world.operation_count = weir_draw(OPERATIONS + 1);
  for (uint32_t i = 0; i < world.operation_count; i++) {
    struct operation *operation = &world.operations[i];
    *operation = (struct operation){.task = weir_draw(TASKS), .kind = (enum kind)weir_draw(KINDS)};
    operation->which = weir_draw(TIMERS * FUNCTIONS);
    operation->wanted = weir_draw(1 << TIMERS);
    operation->delay = draw_delay();
    operation->patience = draw_delay();
  }
}

static void finish(void) {
  check_abandoned();
  for (uint32_t i = 0; i < TIMERS; i++)
    weir_timer_free(world.timers[i].timer);
  for (uint32_t i = 0; i < FUNCTIONS; i++)
    act_on_function(&(struct operation){.kind = FUNCTION_STOP, .which = i});
  weir_settle(WEIR_FOREVER);
  for (uint32_t i = 0; i < FUNCTIONS; i++) {
    weir_model(world.functions[i].ran + world.functions[i].kept == world.functions[i].armed);
    weir_timer_free(world.functions[i].timer);
  }
  const struct weir_counts counts = weir_counts();
  weir_model(counts.timers == counts.timers_abandoned && counts.channels == 0);
}

static void tick(void) {
  const int64_t period = 1 + draw_delay();
  weir_ticker *ticker = weir_ticker_new(period);
  const int64_t start = weir_now();
  int64_t last = start;
  for (int64_t i = 1; i <= 3; i++) {
    int64_t tick;
    weir_model(weir_chan_recv(weir_ticker_chan(ticker), &tick) == 0);
    weir_model(tick >= start + i * period && tick > last && tick <= weir_now());
    last = tick;
  }
  weir_ticker_free(ticker);
}

WEIR_SCENARIO(timer, "tasks arm, stop, reset and receive from timers while time fires them", .sim.workers = 1) {
  prepare();
  weir_waitgroup_add(&world.acting, TASKS);
  for (uintptr_t i = 0; i < TASKS; i++)
    weir_go(act, (void *)i); /* NOLINT(performance-no-int-to-ptr): a task's number */
  if (weir_draw(4) == 3)
    tick();
  weir_waitgroup_wait(&world.acting);
  finish();
  return 0;
}
