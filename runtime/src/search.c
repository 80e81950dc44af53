/* search.c — choosers that tell tasks apart: PCT, POS, and the depth-first search (see weir/sim.h for the papers).
 *
 * PCT and POS run the task of highest priority. They differ in when a priority changes: PCT lets the running task fall
 * below all others at depth - 1 random steps; POS draws anew for the task that has run its operation and for those
 * that are about to touch the same object. Virtual workers take the place of tasks where they are what is chosen.
 * Every other choice is drawn at random, and time has its way once in so many steps, a number drawn for each run.
 *
 * PCT needs the length of a run before it begins. It is not known and not learnt either (a chooser is a pure function
 * of its seed): it is drawn, as a power of two, which costs the bound a factor of how many powers there are.
 *
 * The depth-first search keeps the decisions of its last run as an odometer: the deepest one that has an alternative
 * left within the bound moves on, and what lies behind it begins anew with the quietest choices.
 *
 * Rejected: a guess of the length from the runs before (the same seed would no longer give the same schedule).
 */
#include "chooser.h"

#include "chan.h"
#include "simulation.h"

#include <string.h>

enum { LENGTH_BITS_LEAST = 3, LENGTH_BITS_MOST = 12 };

#define LOWEST_BEGIN (UINT64_C(1) << 32) /* priorities drawn lie above, those of the fallen below */

static void *grow(void *array, uint32_t *capacity, size_t least, size_t size) {
  size_t grown = *capacity == 0 ? 64 : *capacity;
  while (grown < least)
    grown *= 2;
  void *memory = grown > UINT32_MAX ? NULL : port_reallocate(array, grown * size);
  if (memory != NULL)
    *capacity = (uint32_t)grown;
  return memory;
}

/* ---- priorities ------------------------------------------------------------------------------------------------- */

/* Room for a task's priority; NULL without memory. */
static uint64_t *priority_of(struct search *search, uint32_t key) {
  if (key >= search->priorities_capacity) {
    uint64_t *grown = grow(search->priorities, &search->priorities_capacity, (size_t)key + 1, sizeof *grown);
    if (grown == NULL)
      return NULL;
    search->priorities = grown;
  }
  for (; search->priorities_used <= key; search->priorities_used++)
    search->priorities[search->priorities_used] = 0;
  return &search->priorities[key];
}

static void draw_priority(struct own_chooser *own, uint32_t key) {
  uint64_t *priority = priority_of(&own->search, key);
  if (priority != NULL)
    *priority = chooser_random(own) | LOWEST_BEGIN;
}

static void fall(struct search *search, uint32_t key) {
  uint64_t *priority = priority_of(search, key);
  if (priority != NULL)
    *priority = search->lowest--;
}

static uint64_t current_priority(struct own_chooser *own, uint32_t key) {
  const uint64_t *priority = priority_of(&own->search, key);
  if (priority == NULL)
    return 1;
  if (*priority == 0)
    draw_priority(own, key);
  return own->search.priorities[key];
}

/* The alternatives, when they have names. */
static const struct candidate *list(struct search *search, uint32_t count) {
  if (count >= search->candidates_capacity) {
    struct candidate *grown = grow(search->candidates, &search->candidates_capacity, (size_t)count + 1, sizeof *grown);
    if (grown == NULL)
      return NULL;
    search->candidates = grown;
  }
  return simulation_candidates(search->candidates) ? search->candidates : NULL;
}

static uint32_t highest(struct own_chooser *own, const struct candidate *candidates, uint32_t count) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < count; i++)
    if (current_priority(own, candidates[i].key) > current_priority(own, candidates[best].key))
      best = i;
  return best;
}

/* Time is the last alternative, if it is one. True: it has its way. */
static bool time_has_its_way(struct own_chooser *own, const struct candidate *candidates, uint32_t *count) {
  if (candidates[*count - 1].key != 0)
    return false;
  --*count;
  return *count == 0 || (own->search.fire_one_in != 0 && chooser_draw(own, own->search.fire_one_in) == 0);
}

static bool of_tasks(int kind) {
  return kind == WEIR_CHOICE_TASK || kind == WEIR_CHOICE_WORKER;
}

/* ---- PCT -------------------------------------------------------------------------------------------------------- */

/* The moment has come for whoever would run next to fall. */
static bool is_change(struct search *search) {
  search->steps++;
  for (unsigned i = 0; i + 1 < search->depth && i < sizeof search->changes / sizeof search->changes[0]; i++)
    if (search->changes[i] == search->steps)
      return true;
  return false;
}

uint32_t search_choose_pct(void *context, int kind, uint32_t count) {
  struct own_chooser *own = context;
  const struct candidate *candidates = of_tasks(kind) ? list(&own->search, count) : NULL;
  if (candidates == NULL)
    return chooser_draw(own, count);
  if (weir_simulation.yields && worker_here()->current != NULL)
    fall(&own->search, worker_here()->current->number);
  if (time_has_its_way(own, candidates, &count))
    return count;
  uint32_t best = highest(own, candidates, count);
  if (count < 2 || !is_change(&own->search))
    return best;
  fall(&own->search, candidates[best].key);
  return highest(own, candidates, count);
}

/* ---- POS -------------------------------------------------------------------------------------------------------- */

static const void *object_at(const struct port_operation *operation, uint32_t place) {
  return operation->cases != NULL ? operation->cases[place].chan : operation->object;
}

static uint32_t object_count(const struct port_operation *operation) {
  return operation->cases != NULL ? operation->count : 1;
}

static bool same_object(const struct port_operation *a, const struct port_operation *b) {
  for (uint32_t i = 0; i < object_count(a); i++)
    for (uint32_t j = 0; j < object_count(b); j++)
      if (object_at(a, i) != NULL && object_at(a, i) == object_at(b, j))
        return true;
  return false;
}

uint32_t search_choose_pos(void *context, int kind, uint32_t count) {
  struct own_chooser *own = context;
  const struct candidate *candidates = of_tasks(kind) ? list(&own->search, count) : NULL;
  if (candidates == NULL)
    return chooser_draw(own, count);
  if (time_has_its_way(own, candidates, &count))
    return count;
  uint32_t best = highest(own, candidates, count);
  const struct port_operation *operation = candidates[best].pending;
  for (uint32_t i = 0; operation != NULL && i < count; i++)
    if (i == best || (candidates[i].pending != NULL && same_object(operation, candidates[i].pending)))
      draw_priority(own, candidates[i].key);
  return best;
}

/* ---- depth first ------------------------------------------------------------------------------------------------ */

static bool preempts(const struct branch *branch, uint32_t choice) {
  return choice >= branch->free;
}

static bool push(struct search *search, struct branch branch) {
  if (search->branch_count == search->branch_capacity) {
    size_t capacity = search->branch_capacity == 0 ? 256 : search->branch_capacity * 2;
    struct branch *grown = port_reallocate(search->branches, capacity * sizeof *grown);
    if (grown == NULL) {
      search->failed = true;
      return false;
    }
    search->branches = grown;
    search->branch_capacity = capacity;
  }
  search->branches[search->branch_count++] = branch;
  return true;
}

uint32_t search_choose_dfs(void *context, int kind, uint32_t count) {
  struct own_chooser *own = context;
  struct search *search = &own->search;
  (void)kind;
  uint32_t free = weir_simulation.free_choices;
  if (search->position == search->branch_count && !push(search, (struct branch){.count = count, .free = free}))
    return 0;
  struct branch *branch = &search->branches[search->position++];
  if (branch->count != count) { /* the program is not the same one again */
    search->branch_count = search->position;
    *branch = (struct branch){.count = count, .free = free};
  }
  return branch->choice;
}

/* The next schedule; false: there is none. */
static bool advance(struct search *search) {
  unsigned spent = 0;
  for (size_t i = 0; i < search->branch_count; i++)
    spent += preempts(&search->branches[i], search->branches[i].choice);
  while (search->branch_count != 0) {
    struct branch *branch = &search->branches[search->branch_count - 1];
    spent -= preempts(branch, branch->choice);
    uint32_t next = branch->choice + 1;
    if (next < branch->count && spent + preempts(branch, next) <= search->depth) {
      branch->choice = next;
      return true;
    }
    search->branch_count--;
  }
  return false;
}

/* ---- from run to run -------------------------------------------------------------------------------------------- */

static void restart_priorities(struct own_chooser *own) {
  static const uint32_t fire_one_in[] = {0, 64, 16, 4};
  struct search *search = &own->search;
  search->priorities_used = 0;
  search->lowest = LOWEST_BEGIN - 1;
  search->steps = 0;
  search->fire_one_in = fire_one_in[chooser_draw(own, 4)];
  uint32_t length = UINT32_C(1) << (LENGTH_BITS_LEAST + chooser_draw(own, LENGTH_BITS_MOST - LENGTH_BITS_LEAST + 1));
  for (size_t i = 0; i < sizeof search->changes / sizeof search->changes[0]; i++)
    search->changes[i] = 1 + chooser_draw(own, length);
}

void search_restart(struct own_chooser *own) {
  struct search *search = &own->search;
  if (own->source != SOURCE_DFS) {
    restart_priorities(own);
    return;
  }
  search->branch_count = search->position < search->branch_count ? search->position : search->branch_count;
  search->position = 0;
  if (search->begun && !search->exhausted)
    search->exhausted = !advance(search);
  search->begun = true;
}

void search_free(struct search *search) {
  port_release(search->candidates);
  port_release(search->priorities);
  port_release(search->branches);
}
