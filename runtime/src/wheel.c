/* wheel.c — see wheel.h. */
#include "wheel.h"

#include <string.h>

static unsigned digit(uint64_t tick, unsigned level) {
  return (unsigned)(tick >> (level * WHEEL_SLOT_BITS)) & (WHEEL_SLOTS - 1);
}

static void link_at(struct wheel_node **list, struct wheel_node *node) {
  node->next = *list;
  if (node->next != NULL)
    node->next->link = &node->next;
  node->link = list;
  *list = node;
}

static void link_due(struct wheel *wheel, struct wheel_node *node) {
  node->next = NULL;
  node->link = wheel->due_tail;
  *wheel->due_tail = node;
  wheel->due_tail = &node->next;
}

void wheel_init(struct wheel *wheel, int64_t now) {
  memset(wheel, 0, sizeof *wheel);
  wheel->tick = (uint64_t)now >> WHEEL_TICK_BITS;
  wheel->due_tail = &wheel->due;
}

void wheel_restart(struct wheel *wheel, int64_t now) {
  if (wheel->due_tail != &wheel->due || wheel->linked != 0)
    wheel_init(wheel, now);
  wheel->tick = (uint64_t)now >> WHEEL_TICK_BITS;
}

/* Takes a linked node off its list. */
static void unlink_node(struct wheel *wheel, struct wheel_node *node) {
  struct wheel_node **link = node->link;
  *link = node->next;
  wheel->linked--;
  node->link = NULL;
  if (node->next != NULL) {
    node->next->link = link;
    return;
  }
  if (wheel->due_tail == &node->next) {
    wheel->due_tail = link;
    return;
  }
  /* The last of its list: when nothing else points at the list's end but the slot itself, the slot is empty now. */
  size_t index = (size_t)((char *)link - (char *)wheel->slots) / sizeof *link;
  if ((char *)link >= (char *)wheel->slots && index < (size_t)WHEEL_LEVELS * WHEEL_SLOTS)
    wheel->occupied[index / WHEEL_SLOTS][index % WHEEL_SLOTS / 64] &= ~(UINT64_C(1) << (index % 64));
}

/* Puts a pending node into its slot, seen from the current tick. A tick that has come goes to the due list. */
static void place(struct wheel *wheel, struct wheel_node *node) {
  uint64_t tick = wheel_tick_of(node->due);
  if (tick <= wheel->tick) {
    link_due(wheel, node);
    return;
  }
  unsigned level = (unsigned)(63 - __builtin_clzll(tick ^ wheel->tick)) / WHEEL_SLOT_BITS;
  unsigned slot = digit(tick, level);
  node->slot_tick = (uint32_t)(tick >> (level * WHEEL_SLOT_BITS) << (level * WHEEL_SLOT_BITS));
  node->near = level < 32 / WHEEL_SLOT_BITS;
  wheel->occupied[level][slot / 64] |= UINT64_C(1) << (slot % 64);
  link_at(&wheel->slots[level][slot], node);
}

/* The tick at which a node's slot is emptied: after the current one, and near. */
static uint64_t slot_tick(const struct wheel *wheel, const struct wheel_node *node) {
  return wheel->tick + (uint32_t)(node->slot_tick - (uint32_t)wheel->tick);
}

/* Its owner may look at the count without the lock under which others remove. */
static inline void add_to_count(struct wheel *wheel, size_t delta) {
  __atomic_store_n(&wheel->count, wheel->count + delta, __ATOMIC_RELAXED);
}

void wheel_add(struct wheel *wheel, struct wheel_node *node, int64_t due) {
  if (wheel_tick_of(due) <= wheel->tick)
    due = (int64_t)(wheel->tick << WHEEL_TICK_BITS); /* not before what is already due */
  node->due = due;
  node->pending = true;
  add_to_count(wheel, 1);
  if (node->link != NULL) {
    if (node->near && slot_tick(wheel, node) <= wheel_tick_of(due))
      return;
    unlink_node(wheel, node);
  }
  wheel->linked++;
  place(wheel, node);
}

void wheel_remove(struct wheel *wheel, struct wheel_node *node) {
  bool due = wheel_tick_of(node->due) <= wheel->tick;
  node->pending = false;
  add_to_count(wheel, (size_t)-1);
  if (due || !node->near)
    unlink_node(wheel, node);
}

void wheel_forget(struct wheel *wheel, struct wheel_node *node) {
  if (node->pending)
    add_to_count(wheel, (size_t)-1);
  node->pending = false;
  if (node->link != NULL)
    unlink_node(wheel, node);
}

/* The first occupied slot of a level at or after from; WHEEL_SLOTS when there is none. */
static unsigned next_occupied(const struct wheel *wheel, unsigned level, unsigned from) {
  for (unsigned word = from / 64; word < WHEEL_SLOTS / 64; word++) {
    uint64_t bits = wheel->occupied[level][word];
    if (word == from / 64)
      bits &= ~UINT64_C(0) << (from % 64);
    if (bits != 0)
      return word * 64 + (unsigned)__builtin_ctzll(bits);
  }
  return WHEEL_SLOTS;
}

/* The tick at which a slot that lies ahead begins. */
static uint64_t slot_begins(const struct wheel *wheel, unsigned level, unsigned slot) {
  unsigned shift = level * WHEEL_SLOT_BITS;
  uint64_t above = wheel->tick >> shift >> WHEEL_SLOT_BITS << WHEEL_SLOT_BITS;
  return (above | slot) << shift;
}

/* The tick at which the next occupied slot begins; UINT64_MAX when every slot is empty. Lower levels come first: all
 * their ticks lie before the next slot of the level above. */
static uint64_t next_slot(const struct wheel *wheel, unsigned *level_found) {
  for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
    unsigned slot = next_occupied(wheel, level, digit(wheel->tick, level) + 1);
    if (slot == WHEEL_SLOTS)
      continue;
    *level_found = level;
    return slot_begins(wheel, level, slot);
  }
  return UINT64_MAX;
}

/* Slots are filled at the front: turned round, nodes of one tick come due in the order in which they were added. */
static struct wheel_node *reversed(struct wheel_node *node) {
  struct wheel_node *before = NULL;
  while (node != NULL) {
    struct wheel_node *next = node->next;
    node->next = before;
    before = node;
    node = next;
  }
  return before;
}

static void empty_slot(struct wheel *wheel, unsigned level, unsigned slot) {
  struct wheel_node *node = reversed(wheel->slots[level][slot]);
  wheel->slots[level][slot] = NULL;
  wheel->occupied[level][slot / 64] &= ~(UINT64_C(1) << (slot % 64));
  while (node != NULL) {
    struct wheel_node *next = node->next;
    node->link = NULL;
    if (node->pending)
      place(wheel, node);
    else
      wheel->linked--;
    node = next;
  }
}

void wheel_advance(struct wheel *wheel, int64_t now) {
  uint64_t target = now <= 0 ? 0 : (uint64_t)now >> WHEEL_TICK_BITS;
  if (wheel->linked == 0 && wheel->tick < target)
    wheel->tick = target;
  while (wheel->tick < target) {
    unsigned level = 0;
    uint64_t tick = next_slot(wheel, &level);
    if (tick > target) {
      wheel->tick = target;
      return;
    }
    wheel->tick = tick;
    empty_slot(wheel, level, digit(tick, level));
  }
}

struct wheel_node *wheel_pop(struct wheel *wheel) {
  struct wheel_node *node = wheel->due;
  if (node != NULL)
    wheel_remove(wheel, node);
  return node;
}

struct wheel_node *wheel_any(const struct wheel *wheel) {
  struct wheel_node *node = wheel->due;
  for (unsigned level = 0; node == NULL && wheel->linked != 0 && level < WHEEL_LEVELS; level++) {
    unsigned slot = next_occupied(wheel, level, 0);
    if (slot != WHEEL_SLOTS)
      node = wheel->slots[level][slot];
  }
  return node;
}

int64_t wheel_next(const struct wheel *wheel) {
  if (wheel->due != NULL)
    return (int64_t)(wheel->tick << WHEEL_TICK_BITS);
  if (wheel->count == 0)
    return INT64_MAX;
  unsigned level = 0;
  uint64_t tick = next_slot(wheel, &level);
  return tick >= (uint64_t)INT64_MAX >> WHEEL_TICK_BITS ? INT64_MAX : (int64_t)(tick << WHEEL_TICK_BITS);
}

int64_t wheel_earliest(const struct wheel *wheel) {
  if (wheel->due != NULL)
    return (int64_t)(wheel->tick << WHEEL_TICK_BITS);
  uint64_t earliest = UINT64_MAX;
  for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
    unsigned slot = digit(wheel->tick, level);
    while ((slot = next_occupied(wheel, level, slot + 1)) != WHEEL_SLOTS) {
      /* Slots come in order of time, and no node is due before its slot. */
      if (slot_begins(wheel, level, slot) >= earliest)
        return (int64_t)(earliest << WHEEL_TICK_BITS);
      for (const struct wheel_node *node = wheel->slots[level][slot]; node != NULL; node = node->next)
        if (node->pending && wheel_tick_of(node->due) < earliest)
          earliest = wheel_tick_of(node->due);
    }
  }
  return earliest == UINT64_MAX ? INT64_MAX : (int64_t)(earliest << WHEEL_TICK_BITS);
}

struct tally {
  size_t linked;
  size_t pending;
};

static const char *check_list(struct wheel_node *const *list, struct tally *tally) {
  for (struct wheel_node *const *at = list; *at != NULL; at = &(*at)->next) {
    tally->linked++;
    tally->pending += (*at)->pending;
    if ((*at)->link != at)
      return "a node's link is not what points at it";
  }
  return NULL;
}

static const char *check_slot(const struct wheel *wheel, unsigned level, unsigned slot, struct tally *tally) {
  struct wheel_node *const *list = &wheel->slots[level][slot];
  bool bit = wheel->occupied[level][slot / 64] >> (slot % 64) & 1;
  if (bit != (*list != NULL))
    return "a slot's bit differs from the slot";
  const char *wrong = check_list(list, tally);
  uint64_t begins = slot_begins(wheel, level, slot);
  if (wrong == NULL && *list != NULL && slot <= digit(wheel->tick, level))
    wrong = "a slot that has passed is not empty";
  for (const struct wheel_node *node = *list; wrong == NULL && node != NULL; node = node->next) {
    if (node->pending && wheel_tick_of(node->due) <= wheel->tick)
      wrong = "a node that is due is still in a slot";
    else if (node->pending && wheel_tick_of(node->due) < begins)
      wrong = "a node is in a slot that is emptied after it is due";
    else if (node->near != (level < 32 / WHEEL_SLOT_BITS) || (node->near && slot_tick(wheel, node) != begins))
      wrong = "a node does not know its slot";
  }
  return wrong;
}

const char *wheel_check(const struct wheel *wheel) {
  struct tally tally = {0};
  const char *wrong = check_list(&wheel->due, &tally);
  struct wheel_node *const *tail = &wheel->due;
  for (const struct wheel_node *node = wheel->due; wrong == NULL && node != NULL; node = node->next) {
    if (!node->pending || wheel_tick_of(node->due) > wheel->tick)
      wrong = "a node on the due list is not due";
    if (node->next != NULL && wheel_tick_of(node->next->due) < wheel_tick_of(node->due))
      wrong = "the due list is out of order";
    tail = (struct wheel_node *const *)&node->next;
  }
  if (wrong == NULL && tail != wheel->due_tail)
    wrong = "the due list's tail is not its end";
  for (unsigned level = 0; wrong == NULL && level < WHEEL_LEVELS; level++)
    for (unsigned slot = 0; wrong == NULL && slot < WHEEL_SLOTS; slot++)
      wrong = check_slot(wheel, level, slot, &tally);
  if (wrong == NULL && tally.pending != wheel->count)
    wrong = "count is not the number of pending nodes";
  if (wrong == NULL && tally.linked != wheel->linked)
    wrong = "linked is not the number of linked nodes";
  return wrong;
}
