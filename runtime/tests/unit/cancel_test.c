/* Contexts against a plain tree: random programs under random schedules. Whatever is cancelled, everything below it is
 * done when the call returns; the first reason stays; a deadline is never early and never forgotten; and as many
 * contexts live as the references say.
 */
#include "chan.h"
#include "simulated.h"

enum { ACTORS = 4, OPERATIONS = 25, NODES = 24 };

enum lie { NO_LIE, LIE_ERROR, LIE_LOST, LIE_LEFT };

struct node {
  weir_context *context;
  int parent;       /* -1: none */
  bool kept;        /* its maker's reference is not given back */
  int references;   /* the program's own */
  int children;     /* that live */
  int known;        /* the error seen */
  bool cancelled;   /* it or one above, before it was done otherwise */
  int64_t deadline; /* the earliest of its own and those above */
};

static struct {
  uint64_t seed;
  enum lie lie;
  bool told;
  struct random random;
  struct node nodes[NODES];
  size_t alive;
  int left;
} world;

enum state { IDLE, CANCELLING, UNREFERRING };

/* What a task is about to do; the model does it behind the scheduling point. */
struct actor {
  struct task *task;
  enum state state;
  int node;
};

static struct actor actors[ACTORS];
static uint64_t canceled, timed_out, woken, freed_early, born_done;

static uint32_t draw(uint32_t bound) {
  return random_below(&world.random, bound);
}

static bool lies(enum lie lie) {
  if (world.lie != lie || world.told)
    return false;
  return world.told = true;
}

static bool below(int node, int above) {
  while (node >= 0 && node != above)
    node = world.nodes[node].parent;
  return node >= 0;
}

static bool is_done(const struct node *node) {
  return weir_context_done(node->context)->closed;
}

/* An error that was read just now. */
static void learn(struct node *node, int error) {
  MODEL(node->known == 0 || error == node->known, "an error was %d and is %d", node->known, error);
  MODEL(error != -ETIMEDOUT || weir_now() >= node->deadline, "a deadline passed early");
  MODEL(error != -ECANCELED || node->cancelled, "cancelled by nobody");
  MODEL(error == 0 || error == -ECANCELED || error == -ETIMEDOUT, "error %d", error);
  node->known = error;
}

/* No scheduling point lies between an operation's end and this. */
static void compare(void) {
  for (int i = 0; i < NODES; i++) {
    const struct node *node = &world.nodes[i];
    if (node->context == NULL)
      continue;
    MODEL(node->parent < 0 || !is_done(&world.nodes[node->parent]) || is_done(node), "done above, but not below");
    MODEL(!node->cancelled || is_done(node), "cancelled, but not done");
  }
  const size_t live = weir_counts().contexts + lies(LIE_LEFT);
  MODEL(live == world.alive, "%zu contexts live, in the model %zu", live, world.alive);
}

static void die_upwards(int i) {
  while (i >= 0 && world.nodes[i].references == 0 && world.nodes[i].children == 0) {
    struct node *node = &world.nodes[i];
    freed_early += !is_done(node) && node->deadline != WEIR_FOREVER;
    node->context = NULL;
    world.alive--;
    i = node->parent;
    if (i >= 0)
      world.nodes[i].children--;
  }
}

/* A node that lives, with a reference of the caller's own, or -1. */
static int borrow(void) {
  const uint32_t first = draw(NODES);
  for (uint32_t k = 0; k < NODES; k++) {
    const int i = (int)((first + k) % NODES);
    if (!world.nodes[i].kept)
      continue;
    CHECK(weir_context_ref(world.nodes[i].context) == world.nodes[i].context);
    world.nodes[i].references++;
    return i;
  }
  return -1;
}

static void after_step(void) {
  for (int i = 0; i < ACTORS; i++) {
    struct actor *actor = &actors[i];
    if (actor->task != worker_here()->current)
      continue;
    for (int n = 0; actor->state == CANCELLING && n < NODES; n++)
      if (world.nodes[n].context != NULL && below(n, actor->node) && !is_done(&world.nodes[n]))
        world.nodes[n].cancelled = true;
    if (actor->state == UNREFERRING) {
      world.nodes[actor->node].references--;
      die_upwards(actor->node);
    }
    actor->state = IDLE;
  }
}

static void give_back(struct actor *actor, int i) {
  actor->node = i;
  actor->state = UNREFERRING;
  weir_context_unref(world.nodes[i].context);
  compare();
}

static void cancel(struct actor *actor, int i) {
  actor->node = i;
  actor->state = CANCELLING;
  weir_context_cancel(world.nodes[i].context);
  compare();
}

static void ask(int i) {
  struct node *node = &world.nodes[i];
  int error = weir_context_error(node->context);
  if (error == -ECANCELED && weir_now() < node->deadline && lies(LIE_ERROR))
    error = -ETIMEDOUT;
  if (error != 0 && lies(LIE_LOST))
    error = 0;
  learn(node, error);
  MODEL((error != 0) == is_done(node), "error %d, but the channel is %s", error, is_done(node) ? "closed" : "open");
}

static void wait_for(int i) {
  struct node *node = &world.nodes[i];
  const int64_t deadline = weir_now() + (int64_t)random_magnitude(&world.random, 21);
  struct weir_case one = WEIR_RECV(weir_context_done(node->context), NULL);
  const int result = draw(2) == 0 ? weir_select(&one, 1, deadline)
                                  : weir_chan_recv_until(weir_context_done(node->context), NULL, deadline);
  MODEL(result != -ETIMEDOUT || weir_now() >= deadline, "a wait ended early");
  MODEL(result == -ETIMEDOUT || result == 0 || result == -EPIPE, "a wait ended with %d", result);
  MODEL(result == -ETIMEDOUT || is_done(node), "a wait ended, but the context is not done");
  woken += result != -ETIMEDOUT;
}

static void make(struct actor *actor, int parent) {
  int i = 0;
  while (i < NODES && (world.nodes[i].context != NULL || world.nodes[i].references != 0))
    i++;
  if (i == NODES)
    return;
  struct node *above = parent < 0 ? NULL : &world.nodes[parent];
  int64_t deadline = draw(2) == 0 ? WEIR_FOREVER : weir_now() + (int64_t)random_magnitude(&world.random, 35) - 1000;
  if (parent < 0)
    deadline = WEIR_FOREVER;
  world.nodes[i].references = 1; /* the place is taken */
  weir_context *context = parent < 0                 ? weir_context_background()
                          : deadline == WEIR_FOREVER ? weir_context_with_cancel(above->context)
                                                     : weir_context_with_deadline(above->context, deadline);
  CHECK(context != NULL);
  const int64_t own = deadline;
  if (above != NULL && above->deadline < deadline)
    deadline = above->deadline;
  world.nodes[i] =
      (struct node){.context = context, .parent = parent, .kept = true, .references = 1, .deadline = deadline};
  struct node *node = &world.nodes[i];
  world.alive++;
  if (above != NULL) {
    above->children++;
    node->cancelled = above->cancelled;
    MODEL(own >= weir_now() || is_done(node), "born after its deadline, but not done");
    MODEL(!is_done(above) || is_done(node), "born below one that is done, but not done");
  }
  born_done += is_done(node);
  compare();
  if (draw(4) == 0) {
    node->kept = false;
    give_back(actor, i);
  }
}

static void act(void *arg) {
  struct actor *actor = arg;
  actor->task = worker_here()->current;
  for (int n = 0; n < OPERATIONS && !mismatched(); n++) {
    const int i = borrow();
    const uint32_t what = draw(8);
    if (i < 0 || what == 0)
      make(actor, -1);
    else if (what < 4)
      make(actor, i);
    else if (what == 4)
      cancel(actor, i);
    else if (what == 5)
      wait_for(i);
    else
      ask(i);
    if (i < 0)
      continue;
    if (world.nodes[i].kept && draw(3) == 0) {
      world.nodes[i].kept = false;
      give_back(actor, i);
    }
    give_back(actor, i);
  }
  world.left--;
}

static int program(void *arg) {
  (void)arg;
  const uint64_t seed = world.seed;
  const enum lie lie = world.lie;
  memset(&world, 0, sizeof world);
  memset(actors, 0, sizeof actors);
  world.seed = world.random.state = seed;
  world.lie = lie;
  world.left = ACTORS;
  simulated_observe(after_step, NULL);
  for (int i = 0; i < ACTORS; i++)
    weir_go(act, &actors[i]);
  while (world.left > 0 && !mismatched())
    weir_sleep(WEIR_SECOND);
  if (mismatched())
    return 0;
  weir_sleep(60 * WEIR_SECOND); /* every deadline passes */
  struct actor *self = &actors[0];
  self->task = worker_here()->current;
  for (int i = 0; i < NODES; i++) {
    struct node *node = &world.nodes[i];
    if (!node->kept)
      continue;
    MODEL(node->deadline == WEIR_FOREVER || is_done(node), "a deadline was forgotten");
    ask(i);
    canceled += node->known == -ECANCELED;
    timed_out += node->known == -ETIMEDOUT;
  }
  for (int i = 0; i < NODES; i++)
    if (world.nodes[i].kept)
      give_back(self, i);
  MODEL(weir_counts().contexts == 0, "%zu contexts are left", weir_counts().contexts);
  return 0;
}

static bool run_seed(uint64_t seed, enum lie lie) {
  world.seed = seed;
  world.lie = lie;
  const struct simulated simulated = {.main = program};
  return simulated_seed(&simulated, seed, lie != NO_LIE);
}

static void against_a_tree(void) {
  for (uint64_t seed = 1; seed <= SCALED(4000); seed++)
    CHECK(run_seed(seed, NO_LIE));
  printf("canceled %ju, timed out %ju, woken %ju, freed before the deadline %ju, born done %ju\n", (uintmax_t)canceled,
         (uintmax_t)timed_out, (uintmax_t)woken, (uintmax_t)freed_early, (uintmax_t)born_done);
  CHECK_INT(canceled, >, SCALED(4000));
  CHECK_INT(timed_out, >, SCALED(1000));
  CHECK_INT(woken, >, SCALED(4000));
  CHECK_INT(freed_early, >, SCALED(1000));
  CHECK_INT(born_done, >, SCALED(4000));
}

static void lie_is_found(int lie) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 100; seed++) {
    const bool well = run_seed(seed, (enum lie)lie);
    CHECK(well != world.told);
    told += world.told;
  }
  CHECK_INT(told, >=, 40);
}

static const struct check_case cases[] = {
    CHECK_CASE(against_a_tree),
    CHECK_CASE_WITH("wrong_error_is_found", lie_is_found, LIE_ERROR),
    CHECK_CASE_WITH("lost_error_is_found", lie_is_found, LIE_LOST),
    CHECK_CASE_WITH("left_context_is_found", lie_is_found, LIE_LEFT),
};
CHECK_MAIN(cases)
