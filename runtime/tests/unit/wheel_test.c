/* The wheel against a naive model: an array of due times, scanned plainly. Time is an argument, so nothing here waits.
 */
#include "wheel.h"

#include "check.h"
#include "random.h"

#include <stdbool.h>

enum { TICK = 1 << WHEEL_TICK_BITS, CROWD = 400 };

/* The last tick there is: a due time inside it, 292 years from the epoch, comes due where it begins. */
static const uint64_t LAST_TICK = INT64_MAX / TICK;
static const int64_t LATEST = INT64_C(1) << 62; /* a world ends here and another begins */

/* The model. A node's due tick is computed here by division, without a look at wheel_tick_of. */
struct entry {
  struct wheel_node node; /* first: a popped node is its entry */
  bool pending;
  uint64_t tick; /* at which it comes due */
  int64_t asked; /* the due time that was asked for */
};

struct world {
  struct wheel wheel;
  struct entry entries[CROWD];
  uint32_t population;
  uint32_t pending;
  int64_t now;
  uint64_t popped; /* the tick of the last node popped */
  bool checked;    /* wheel_check after each step */
  struct random random;
};

static uint64_t model_tick(const struct world *world, int64_t due) {
  uint64_t tick = due <= 0 ? 0 : (uint64_t)due / TICK + ((uint64_t)due % TICK != 0);
  uint64_t current = (uint64_t)world->now / TICK;
  tick = tick > LAST_TICK ? LAST_TICK : tick;
  return tick < current ? current : tick; /* what has passed is due at once */
}

static uint64_t model_earliest(const struct world *world) {
  uint64_t earliest = UINT64_MAX;
  for (uint32_t i = 0; i < world->population; i++)
    if (world->entries[i].pending && world->entries[i].tick < earliest)
      earliest = world->entries[i].tick;
  return earliest;
}

static void verify(const struct world *world) {
  CHECK_EQ_INT(world->wheel.count, world->pending);
  if (!world->checked)
    return;
  const char *wrong = wheel_check(&world->wheel);
  CHECK_STR(wrong == NULL ? "" : wrong, "");
  const uint64_t earliest = model_earliest(world), current = (uint64_t)world->now / TICK;
  const int64_t next = wheel_next(&world->wheel);
  if (earliest == UINT64_MAX) {
    CHECK_EQ_INT(next, INT64_MAX);
    CHECK_EQ_INT(wheel_earliest(&world->wheel), INT64_MAX);
    return;
  }
  if (earliest <= current) { /* on the due list, not yet popped */
    CHECK_EQ_INT(next, current * TICK);
    CHECK_EQ_INT(wheel_earliest(&world->wheel), current * TICK);
    return;
  }
  CHECK_INT(next, >, (int64_t)(current * TICK));
  CHECK(next <= (int64_t)(earliest * TICK) || (earliest == LAST_TICK && next == INT64_MAX));
  CHECK_EQ_INT(wheel_earliest(&world->wheel), earliest * TICK);
}

static void begin(struct world *world, int64_t now) {
  wheel_init(&world->wheel, now);
  for (uint32_t i = 0; i < world->population; i++)
    world->entries[i] = (struct entry){.pending = false};
  world->now = now;
  world->pending = 0;
  world->popped = 0;
}

static void add(struct world *world, struct entry *entry, int64_t due) {
  entry->asked = due;
  entry->tick = model_tick(world, due);
  entry->pending = true;
  world->pending++;
  wheel_add(&world->wheel, &entry->node, due);
  CHECK(wheel_pending(&entry->node));
}

static void take_out(struct world *world, struct entry *entry) {
  entry->pending = false;
  world->pending--;
  wheel_remove(&world->wheel, &entry->node);
  CHECK(!wheel_pending(&entry->node));
}

/* As before its memory is freed: whether it is pending, rests or is in no list at all. */
static void forget(struct world *world, struct entry *entry) {
  world->pending -= entry->pending;
  entry->pending = false;
  wheel_forget(&world->wheel, &entry->node);
  CHECK(entry->node.link == NULL && !wheel_pending(&entry->node));
  memset(&entry->node, random_below(&world->random, 2) == 0 ? 0xa5 : 0, sizeof entry->node); /* nobody looks at it */
  entry->node = (struct wheel_node){.kind = 0};
}

/* Pops up to so many; what comes must be due, in order of ticks, and all of it when nothing stops the popping. */
static void pop(struct world *world, uint32_t most) {
  struct wheel_node *node = NULL;
  while (most > 0 && (node = wheel_pop(&world->wheel)) != NULL) {
    struct entry *entry = (struct entry *)node;
    CHECK(entry->pending);
    CHECK(!wheel_pending(node));
    CHECK_INT(entry->asked, <=, world->now); /* never early: LAST_TICK is out of a world's reach */
    CHECK_INT(entry->tick, <=, (uint64_t)world->now / TICK);
    CHECK_INT(entry->tick, >=, world->popped);
    CHECK_EQ_INT(entry->tick, model_earliest(world));
    world->popped = entry->tick;
    entry->pending = false;
    world->pending--;
    most--;
  }
  if (most > 0)
    CHECK(world->pending == 0 || model_earliest(world) > (uint64_t)world->now / TICK);
}

static int64_t later(struct world *world, unsigned bits) {
  int64_t due;
  if (__builtin_add_overflow(world->now, (int64_t)random_magnitude(&world->random, bits), &due))
    return INT64_MAX;
  return due;
}

static int64_t random_due(struct world *world) {
  switch (random_below(&world->random, 16)) {
  case 0:
    return world->now - (int64_t)random_magnitude(&world->random, 40);
  case 1:
    return 0;
  case 2:
    return INT64_MAX - (int64_t)random_magnitude(&world->random, 20);
  case 3: /* around the place where a digit of some level turns over */
    return (int64_t)(((uint64_t)later(world, 56) >> (15 + 8 * random_below(&world->random, 6))
                                                        << (15 + 8 * random_below(&world->random, 6))) &
                     INT64_MAX);
  default:
    return later(world, random_below(&world->random, 4) == 0 ? 62 : 30);
  }
}

static int64_t random_advance(struct world *world) {
  const int64_t boundary = INT64_C(1) << (15 + 8 * random_below(&world->random, 5));
  switch (random_below(&world->random, 8)) {
  case 0:
    return world->now;
  case 1:
    return world->now + TICK;
  case 2:
    return world->now + TICK * (int64_t)random_below(&world->random, 8);
  case 3: /* onto a boundary between slots of some level, or the tick before it */
    return (world->now / boundary + 1) * boundary - (int64_t)random_below(&world->random, 2) * TICK;
  case 4: /* hours to years */
    return random_below(&world->random, 16) == 0 ? later(world, 55) : world->now + 1;
  case 5: /* as the worker does */
    return wheel_next(&world->wheel) < LATEST ? wheel_next(&world->wheel) : world->now;
  default:
    return later(world, 24);
  }
}

static void advance(struct world *world, int64_t now) {
  if (now > world->now)
    world->now = now;
  wheel_advance(&world->wheel, now);
}

static void step(struct world *world) {
  struct entry *entry = &world->entries[random_below(&world->random, world->population)];
  switch (random_below(&world->random, 8)) {
  case 0:
    advance(world, random_advance(world));
    break;
  case 1:
    pop(world, random_below(&world->random, 4) == 0 ? 1 : UINT32_MAX);
    break;
  case 2: /* time that seems to go back changes nothing */
    advance(world, world->now - (int64_t)random_magnitude(&world->random, 30));
    break;
  case 3:
    forget(world, entry);
    break;
  default:
    if (entry->pending)
      take_out(world, entry);
    if (random_below(&world->random, 4) != 0)
      add(world, entry, random_due(world));
  }
  verify(world);
}

static void run_world(uint32_t population, bool checked, uint64_t seed, uint32_t steps) {
  static struct world world;
  world = (struct world){.population = population, .checked = checked, .random = {seed}};
  begin(&world, (int64_t)random_magnitude(&world.random, 60));
  for (uint32_t i = 0; i < steps; i++) {
    step(&world);
    if (world.now > LATEST)
      begin(&world, (int64_t)random_magnitude(&world.random, 60));
  }
}

/* 400,000 steps, each followed by the dumb check of the whole structure. */
static void small_population_checked_at_each_step(void) {
  for (uint64_t seed = 1; seed <= 8; seed++)
    run_world(4 * (uint32_t)seed, true, seed, SCALED(50000));
}

static void crowd_against_the_model(void) {
  for (uint64_t seed = 100; seed < 104; seed++)
    run_world(CROWD, false, seed, SCALED(1000000));
}

/* Advancing only to wheel_next reaches the earliest node exactly: after a cascade a level at most, or after more where
 * nodes were taken out or postponed, which rest in slots that are passed. */
static void next_leads_to_the_earliest(int moved) {
  static struct world world;
  world = (struct world){.population = 16, .random = {7}};
  for (uint32_t round = 0; round < SCALED(100000); round++) {
    begin(&world, (int64_t)random_magnitude(&world.random, 60));
    uint32_t count = 1 + random_below(&world.random, world.population);
    for (uint32_t i = 0; i < count; i++)
      add(&world, &world.entries[i], later(&world, 60));
    for (uint32_t i = 1; moved && i < count; i++) {
      take_out(&world, &world.entries[i]);
      if (random_below(&world.random, 2) == 0)
        add(&world, &world.entries[i], later(&world, 60));
    }
    const uint64_t earliest = model_earliest(&world);
    uint32_t advances = 0;
    while (world.wheel.due == NULL) {
      const int64_t next = wheel_next(&world.wheel);
      CHECK_INT(next, >, world.now);
      CHECK_INT(++advances, <=, WHEEL_LEVELS * (moved ? 2 * count : 1));
      advance(&world, next);
    }
    CHECK_EQ_INT(world.now / TICK, earliest);
    CHECK_EQ_INT(wheel_next(&world.wheel), earliest * TICK);
    pop(&world, UINT32_MAX);
  }
}

/* Due exactly at a tick where level's digit turns over, from one tick before it: not a tick early, not a tick late. */
static void turns_over(int level) {
  const uint64_t boundary = UINT64_C(3) << (level * WHEEL_SLOT_BITS);
  for (int distance = 1; distance <= 600; distance++) {
    if ((uint64_t)distance > boundary)
      break;
    struct wheel wheel;
    struct wheel_node node = {0};
    const int64_t due = (int64_t)(boundary * TICK);
    wheel_init(&wheel, due - (int64_t)distance * TICK);
    wheel_add(&wheel, &node, due);
    wheel_advance(&wheel, due - 1);
    CHECK(wheel_pop(&wheel) == NULL);
    CHECK(wheel_check(&wheel) == NULL);
    wheel_advance(&wheel, due);
    CHECK(wheel_check(&wheel) == NULL);
    CHECK(wheel_pop(&wheel) == &node);
    CHECK_EQ_INT(wheel.count, 0);
  }
}

static void due_times_at_the_ends(void) {
  struct wheel wheel;
  struct wheel_node past = {0}, zero = {0}, negative = {0}, last = {0};
  const int64_t now = 1000 * (int64_t)TICK + 17;
  wheel_init(&wheel, now);
  wheel_add(&wheel, &past, now - TICK);
  wheel_add(&wheel, &zero, 0);
  wheel_add(&wheel, &negative, INT64_MIN);
  wheel_add(&wheel, &last, INT64_MAX);
  CHECK(wheel_check(&wheel) == NULL);
  CHECK_EQ_INT(wheel_earliest(&wheel), 1000 * (int64_t)TICK);
  CHECK_EQ_INT(wheel_next(&wheel), 1000 * (int64_t)TICK);
  for (int i = 0; i < 3; i++) {
    struct wheel_node *node = wheel_pop(&wheel);
    CHECK(node == &past || node == &zero || node == &negative);
  }
  CHECK(wheel_pop(&wheel) == NULL);
  CHECK_EQ_INT(wheel_next(&wheel) > 0, true);
  wheel_advance(&wheel, INT64_MAX - TICK);
  CHECK(wheel_pop(&wheel) == NULL);
  CHECK_EQ_INT(wheel_next(&wheel), INT64_MAX);
  wheel_advance(&wheel, INT64_MAX);
  CHECK(wheel_pop(&wheel) == &last);
  CHECK(wheel_check(&wheel) == NULL);
}

static void any_empties(void) {
  static struct world world;
  world = (struct world){.population = CROWD, .random = {3}};
  begin(&world, 12345);
  CHECK(wheel_any(&world.wheel) == NULL);
  for (uint32_t i = 0; i < CROWD; i++)
    add(&world, &world.entries[i], later(&world, 62));
  for (uint32_t i = 0; i < CROWD / 4; i++)
    take_out(&world, &world.entries[i]); /* some rest */
  advance(&world, later(&world, 20));    /* some are on the due list */
  size_t linked = world.wheel.linked, emptied = 0;
  CHECK_INT(linked, >=, CROWD - CROWD / 4);
  for (struct wheel_node *node; (node = wheel_any(&world.wheel)) != NULL; emptied++) {
    CHECK_INT(emptied, <, linked);
    forget(&world, (struct entry *)node);
    CHECK(wheel_check(&world.wheel) == NULL);
  }
  CHECK_EQ_INT(emptied, linked);
  CHECK_EQ_INT(world.pending, 0);
  CHECK_EQ_INT(world.wheel.count, 0);
  CHECK_EQ_INT(wheel_next(&world.wheel), INT64_MAX);
  CHECK_EQ_INT(wheel_earliest(&world.wheel), INT64_MAX);
}

/* ---- the checker can fail --------------------------------------------------------------------------------------- */

enum { IN_SLOT_A, IN_SLOT_B, DUE_A, DUE_B, NODES };

static void healthy(struct wheel *wheel, struct wheel_node nodes[NODES]) {
  memset(nodes, 0, NODES * sizeof nodes[0]);
  wheel_init(wheel, 0);
  wheel_add(wheel, &nodes[DUE_A], 1 * TICK);
  wheel_add(wheel, &nodes[DUE_B], 2 * TICK);
  wheel_add(wheel, &nodes[IN_SLOT_A], 9 * TICK);
  wheel_add(wheel, &nodes[IN_SLOT_B], 9 * TICK);
  wheel_advance(wheel, 2 * TICK);
  CHECK(wheel_check(wheel) == NULL);
  CHECK(wheel->due == &nodes[DUE_A] && nodes[DUE_A].next == &nodes[DUE_B]);
}

#define CORRUPT(expected, ...)                                                                                         \
  do {                                                                                                                 \
    struct wheel wheel;                                                                                                \
    struct wheel_node nodes[NODES];                                                                                    \
    healthy(&wheel, nodes);                                                                                            \
    __VA_ARGS__;                                                                                                       \
    CHECK_STR(wheel_check(&wheel), expected);                                                                          \
  } while (0)

static void check_sees_what_is_wrong(void) {
  CORRUPT("count is not the number of pending nodes", wheel.count++);
  CORRUPT("count is not the number of pending nodes", wheel.count--);
  CORRUPT("count is not the number of pending nodes", nodes[IN_SLOT_A].pending = false);
  CORRUPT("linked is not the number of linked nodes", wheel.linked++);
  CORRUPT("linked is not the number of linked nodes", wheel.linked--);
  CORRUPT("a node's link is not what points at it", nodes[DUE_B].link = &wheel.due);
  CORRUPT("a node's link is not what points at it", nodes[IN_SLOT_A].link = NULL);
  CORRUPT("a node on the due list is not due", nodes[DUE_B].due = 3 * TICK);
  CORRUPT("a node on the due list is not due", nodes[DUE_B].pending = false);
  CORRUPT("the due list is out of order", nodes[DUE_B].due = 0);
  CORRUPT("the due list's tail is not its end", wheel.due_tail = &nodes[DUE_A].next);
  CORRUPT("the due list's tail is not its end", wheel.due_tail = &wheel.due);
  CORRUPT("a slot's bit differs from the slot", wheel.occupied[0][0] = 0);
  CORRUPT("a slot's bit differs from the slot", wheel.occupied[5][3] = 1);
  CORRUPT("a slot that has passed is not empty", wheel.tick = 9);
  CORRUPT("a node that is due is still in a slot", nodes[IN_SLOT_B].due = 2 * TICK);
  CORRUPT("a node is in a slot that is emptied after it is due", nodes[IN_SLOT_B].due = 8 * TICK);
  CORRUPT("a node does not know its slot", nodes[IN_SLOT_B].slot_tick = 10);
  CORRUPT("a node does not know its slot", nodes[IN_SLOT_B].near = false);
}

static const struct check_case cases[] = {
    CHECK_CASE(small_population_checked_at_each_step),
    CHECK_CASE(crowd_against_the_model),
    CHECK_CASE_WITH("next_leads_to_the_earliest", next_leads_to_the_earliest, 0),
    CHECK_CASE_WITH("next_leads_to_the_earliest_past_what_rests", next_leads_to_the_earliest, 1),
    CHECK_CASE_WITH("turns_over_level_0", turns_over, 0),
    CHECK_CASE_WITH("turns_over_level_1", turns_over, 1),
    CHECK_CASE_WITH("turns_over_level_2", turns_over, 2),
    CHECK_CASE_WITH("turns_over_level_3", turns_over, 3),
    CHECK_CASE_WITH("turns_over_level_4", turns_over, 4),
    CHECK_CASE_WITH("turns_over_level_5", turns_over, 5),
    CHECK_CASE(due_times_at_the_ends),
    CHECK_CASE(any_empties),
    CHECK_CASE(check_sees_what_is_wrong),
};
CHECK_MAIN(cases)
