/* Random programs over timers in both modes against a naive model of Go's: tasks stop, reset, receive (alone, with a
 * deadline, in a select), look at len and cap, while timers fire whenever the schedule lets them.
 *
 * The model learns that a timer has fired, or a deadline passed, by looking at it at each scheduling point; that it was
 * not early and came in order of ticks is checked there. All else is predicted: the table in weir/timer.h.
 */
#include "simulated.h"
#include "timer.h"

enum { TIMERS = 3, ACTORS = 3, OPERATIONS = 16, NOBODY = -1 };

enum lie { NO_LIE, LIE_STOP, LIE_LENGTH, LIE_TICK, LIE_LOST_TICK, LIE_MODE };

struct model_timer {
  weir_timer *timer;
  bool armed;
  bool unread; /* a tick is in the channel */
  int64_t due;
  uint64_t tick; /* of the wheel, in which it comes due */
  int64_t fired; /* the due time of the unread tick */
};

enum state { IDLE, ANNOUNCED, BLOCKED, READY, NOTHING, DELIVERED, EXPIRED, STATES };
enum operation { STOP, RESET, RECEIVE };

struct actor {
  struct task *task;
  enum state state;
  enum operation operation;
  uint32_t wanted; /* a bit a timer */
  uint32_t legal;  /* of these, the ones that may go through */
  int64_t delay;
  int64_t deadline;
  uint64_t since;
  bool kept;     /* predicted for stop and reset */
  int64_t least; /* predicted for a receive: the tick's due time */
};

static struct {
  enum weir_timer_mode mode; /* the model's */
  enum lie lie;
  bool told;
  uint64_t seed;
  struct random random;
  struct model_timer timers[TIMERS];
  struct actor actors[ACTORS];
  int actor_count;
  int freeing; /* a timer, or NOBODY */
  uint64_t order;
  uint32_t compared;
  weir_waitgroup group;
} world;

static uint64_t ended[STATES];
static uint64_t discarded, stale;

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static bool lies(enum lie lie) {
  if (world.lie != lie || world.told)
    return false;
  return world.told = true;
}

static bool prompt(void) {
  return world.mode == WEIR_TIMERS_PROMPT;
}

/* ---- what time has done ----------------------------------------------------------------------------------------- */

static void expire(void) {
  for (int i = 0; i < world.actor_count; i++) {
    struct actor *actor = &world.actors[i];
    const struct wait *wait = &actor->task->wait;
    if (actor->state != BLOCKED || wait->state != WAIT_CLAIMED || wait->winner != NULL)
      continue;
    MODEL(weir_now() >= actor->deadline, "actor %d: expired early", i);
    actor->state = EXPIRED;
  }
}

static void fire(int which) {
  struct model_timer *timer = &world.timers[which];
  struct actor *first = NULL;
  timer->armed = false;
  MODEL(weir_now() >= timer->due, "timer %d: fired at %" PRId64 ", due %" PRId64, which, weir_now(), timer->due);
  for (int i = 0; i < world.actor_count; i++) {
    struct actor *actor = &world.actors[i];
    if (actor->state == BLOCKED && (actor->wanted >> which & 1) != 0 && (first == NULL || actor->since < first->since))
      first = actor;
  }
  if (first != NULL) {
    first->state = DELIVERED;
    first->legal = UINT32_C(1) << which;
    first->least = timer->due;
  } else if (!timer->unread) {
    timer->unread = true;
    timer->fired = timer->due;
  }
}

/* Those that have fired are looked at in the order of their ticks. */
static void observe(void) {
  expire();
  for (;;) {
    struct model_timer *next = NULL;
    for (struct model_timer *timer = world.timers; timer < world.timers + TIMERS; timer++)
      if (timer->armed && !timer_armed(weir_timer_chan(timer->timer)) && (next == NULL || timer->tick < next->tick))
        next = timer;
    if (next == NULL)
      return;
    for (int i = 0; i < TIMERS; i++)
      MODEL(!world.timers[i].armed || world.timers[i].tick >= next->tick,
            "timer %d fired before timer %d, which is due in an earlier tick", (int)(next - world.timers), i);
    fire((int)(next - world.timers));
  }
}

static void arm(struct model_timer *timer, int64_t delay) {
  timer->armed = true;
  timer->due = weir_now() + (delay > 0 ? delay : 0);
  timer->tick = wheel_tick_of(timer->due);
  const uint64_t now = (uint64_t)weir_now() >> WHEEL_TICK_BITS;
  timer->tick = timer->tick > now ? timer->tick : now; /* what has passed is due at once */
}

/* ---- what operations do ----------------------------------------------------------------------------------------- */

static void take_out(struct actor *actor, struct model_timer *timer) {
  actor->kept = timer->armed || (prompt() && timer->unread);
  discarded += prompt() && timer->unread;
  if (prompt())
    timer->unread = false;
  timer->armed = false;
}

static void effect(struct actor *actor) {
  struct model_timer *timer = &world.timers[__builtin_ctz(actor->wanted)];
  actor->state = READY;
  if (actor->operation != RECEIVE) {
    take_out(actor, timer);
    if (actor->operation == RESET) {
      stale += timer->unread;
      arm(timer, actor->delay);
    }
    return;
  }
  actor->legal = 0;
  for (int i = 0; i < TIMERS; i++)
    if ((actor->wanted >> i & 1) != 0 && world.timers[i].unread)
      actor->legal |= UINT32_C(1) << i;
  if (actor->legal != 0)
    return;
  actor->state = actor->deadline == WEIR_POLL ? NOTHING : BLOCKED;
  actor->since = ++world.order;
}

/* What is unread stays to a holder of the channel in classic mode only. */
static void free_effect(struct model_timer *timer) {
  timer->armed = false;
  timer->unread = timer->unread && !prompt();
}

static void after_step(void) {
  observe();
  if (world.freeing != NOBODY)
    free_effect(&world.timers[world.freeing]);
  for (int i = 0; i < world.actor_count; i++)
    if (world.actors[i].task == worker_here()->current && world.actors[i].state == ANNOUNCED)
      effect(&world.actors[i]);
}

static void judge_received(struct actor *actor, int chosen, int64_t tick) {
  if (chosen == NOBODY || (actor->legal >> chosen & 1) == 0) {
    mismatch("received from timer %d, legal are %#x", chosen, actor->legal);
    return;
  }
  struct model_timer *timer = &world.timers[chosen];
  if (actor->state == READY) {
    timer->unread = false;
    actor->least = timer->fired;
  }
  MODEL(tick >= actor->least && tick <= weir_now(),
        "timer %d: the tick says %" PRId64 ", due %" PRId64 ", now %" PRId64, chosen, tick, actor->least, weir_now());
}

static void judge(struct actor *actor, int chosen, int64_t tick) {
  if (actor->state == BLOCKED && chosen == NOBODY) { /* nobody has looked since its deadline passed */
    MODEL(weir_now() >= actor->deadline, "timed out early");
    actor->state = EXPIRED;
  }
  observe();
  ended[actor->state]++;
  if (chosen != NOBODY && lies(LIE_LOST_TICK))
    chosen = NOBODY;
  if (chosen != NOBODY && lies(LIE_TICK))
    tick = actor->state == READY ? world.timers[chosen].fired - 1 : actor->least - 1;
  if (actor->state == READY || actor->state == DELIVERED)
    judge_received(actor, chosen, tick);
  else
    MODEL(chosen == NOBODY, "received from timer %d, in the model there is no tick (state %d)", chosen, actor->state);
  actor->state = IDLE;
}

/* len and cap of one timer's channel, another each time. */
static void compare(void) {
  const uint32_t which = world.compared++ % TIMERS;
  const weir_chan *chan = weir_timer_chan(world.timers[which].timer);
  const size_t length = weir_chan_len(chan) ^ lies(LIE_LENGTH); /* a scheduling point: the model's turn comes after */
  observe();
  MODEL(length == (prompt() ? 0 : world.timers[which].unread), "timer %u: len is %zu", which, length);
  MODEL(weir_chan_cap(chan) == !prompt(), "timer %u: cap is %zu", which, weir_chan_cap(chan));
}

/* ---- programs --------------------------------------------------------------------------------------------------- */

static int64_t random_delay(void) {
  return draw(8) == 0 ? -(int64_t)draw(3) : (int64_t)random_magnitude(&world.random, 26);
}

static void stop_or_reset(struct actor *actor) {
  weir_timer *timer = world.timers[__builtin_ctz(actor->wanted)].timer;
  const bool kept = actor->operation == STOP ? weir_timer_stop(timer) : weir_timer_reset(timer, actor->delay);
  MODEL((kept ^ lies(LIE_STOP)) == actor->kept, "%s returned %d, in the model %d",
        actor->operation == STOP ? "stop" : "reset", kept, actor->kept);
  actor->state = IDLE;
}

static void receive_alone(struct actor *actor) {
  const int which = __builtin_ctz(actor->wanted);
  weir_chan *chan = weir_timer_chan(world.timers[which].timer);
  int64_t tick = 0;
  const bool try = actor->deadline == WEIR_POLL && draw(2) == 0;
  const int result = try ? weir_chan_try_recv(chan, &tick) : weir_chan_recv_until(chan, &tick, actor->deadline);
  MODEL(result == 0 || result == (try ? -EAGAIN : -ETIMEDOUT), "a receive from a timer is %d", result);
  judge(actor, result == 0 ? which : NOBODY, tick);
}

static void receive_first(struct actor *actor) {
  struct weir_case cases[TIMERS];
  int64_t ticks[TIMERS];
  for (int i = 0; i < TIMERS; i++)
    cases[i] = (struct weir_case)WEIR_RECV(
        (actor->wanted >> i & 1) != 0 ? weir_timer_chan(world.timers[i].timer) : NULL, &ticks[i]);
  const int chosen = weir_select(cases, TIMERS, actor->deadline);
  if (chosen >= 0)
    MODEL(cases[chosen].status == 0, "a tick has status %d", cases[chosen].status);
  judge(actor, chosen < 0 ? NOBODY : chosen, chosen < 0 ? 0 : ticks[chosen]);
}

static void operate(struct actor *actor) {
  actor->operation = (enum operation)draw(3);
  actor->wanted = UINT32_C(1) << draw(TIMERS);
  actor->delay = random_delay();
  actor->deadline = draw(3) == 0 ? WEIR_POLL : weir_now() + (int64_t)random_magnitude(&world.random, 28);
  if (actor->operation == RECEIVE && draw(2) == 0)
    actor->wanted |= 1 + draw((1 << TIMERS) - 1);
  const bool alone = (actor->wanted & (actor->wanted - 1)) == 0;
  actor->state = ANNOUNCED;
  if (actor->operation != RECEIVE)
    stop_or_reset(actor);
  else if (alone)
    receive_alone(actor);
  else
    receive_first(actor);
}

static void act(void *arg) {
  struct actor *actor = arg;
  actor->task = worker_here()->current;
  for (int i = 0; i < OPERATIONS && !mismatched(); i++) {
    if (draw(6) == 0)
      weir_sleep((int64_t)random_magnitude(&world.random, 24));
    else
      operate(actor);
    compare();
  }
  weir_waitgroup_done(&world.group);
}

static void free_timer(int which) {
  struct model_timer *timer = &world.timers[which];
  weir_chan *chan = weir_chan_ref(weir_timer_chan(timer->timer));
  world.freeing = which;
  weir_timer_free(timer->timer);
  world.freeing = NOBODY;
  const int result = weir_chan_try_recv(chan, NULL);
  MODEL(result == (timer->unread ? 0 : -EAGAIN), "a freed timer's channel gives %d", result);
  weir_chan_unref(chan);
}

static int program(void *arg) {
  (void)arg;
  world.random.state = world.seed;
  world.told = false;
  memset(world.timers, 0, sizeof world.timers);
  memset(world.actors, 0, sizeof world.actors);
  memset(&world.group, 0, sizeof world.group);
  world.actor_count = 0;
  world.compared = 0;
  world.freeing = NOBODY;
  for (int i = 0; i < TIMERS; i++) {
    const int64_t delay = random_delay();
    world.timers[i].timer = weir_timer_new(delay);
    arm(&world.timers[i], delay);
  }
  simulated_observe(after_step, observe);
  for (int i = 0; i < ACTORS; i++) {
    world.actors[i].task = worker_here()->current;
    world.actor_count = i + 1;
    weir_waitgroup_add(&world.group, 1);
    weir_go(act, &world.actors[i]);
  }
  weir_waitgroup_wait(&world.group);
  for (int i = 0; i < TIMERS; i++)
    free_timer(i);
  return 0;
}

static bool run_seed(enum weir_timer_mode mode, uint64_t seed, enum lie lie) {
  world.mode = mode;
  world.lie = lie;
  world.seed = seed;
  const enum weir_timer_mode other = mode == WEIR_TIMERS_PROMPT ? WEIR_TIMERS_CLASSIC : WEIR_TIMERS_PROMPT;
  const struct simulated simulated = {.main = program, .mode = lie == LIE_MODE ? other : mode};
  return simulated_seed(&simulated, seed, lie != NO_LIE);
}

static void programs(int mode) {
  for (uint64_t seed = 1; seed <= SCALED(10000); seed++)
    CHECK(run_seed((enum weir_timer_mode)mode, seed, NO_LIE));
  printf("receives done at once %ju, refused %ju, delivered %ju, expired %ju; ticks discarded %ju, stale %ju\n",
         (uintmax_t)ended[READY], (uintmax_t)ended[NOTHING], (uintmax_t)ended[DELIVERED], (uintmax_t)ended[EXPIRED],
         (uintmax_t)discarded, (uintmax_t)stale);
  for (enum state state = READY; state < STATES; state++)
    CHECK_INT(ended[state], >, SCALED(1000)); /* no way of ending stayed untested */
  CHECK_INT(mode == WEIR_TIMERS_PROMPT ? discarded : stale, >, SCALED(1000));
}

static void lie_is_found(int lie) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    const bool well = run_seed(seed % 2 == 0 ? WEIR_TIMERS_CLASSIC : WEIR_TIMERS_PROMPT, seed, (enum lie)lie);
    CHECK(well != (world.told || lie == LIE_MODE));
    told += !well;
  }
  CHECK_INT(told, >=, 100);
}

static const struct check_case cases[] = {
    CHECK_CASE_WITH("prompt", programs, WEIR_TIMERS_PROMPT),
    CHECK_CASE_WITH("classic", programs, WEIR_TIMERS_CLASSIC),
    CHECK_CASE_WITH("wrong_stop_is_found", lie_is_found, LIE_STOP),
    CHECK_CASE_WITH("wrong_length_is_found", lie_is_found, LIE_LENGTH),
    CHECK_CASE_WITH("early_tick_is_found", lie_is_found, LIE_TICK),
    CHECK_CASE_WITH("lost_tick_is_found", lie_is_found, LIE_LOST_TICK),
    CHECK_CASE_WITH("wrong_mode_is_found", lie_is_found, LIE_MODE),
};
CHECK_MAIN(cases)
