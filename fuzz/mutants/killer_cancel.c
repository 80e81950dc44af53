/* killer_cancel.c — contexts: cancelling reaches all that is below, also what is being made or given back meanwhile. */
#include "killer.h"

enum { TASKS = 4, TURNS = 6 };

static struct {
  weir_context *trunk;
  weir_waitgroup done;
  bool cancelled; /* the trunk's cancel has returned */
} tree;

static struct random streams[TASKS];

struct leaf {
  weir_context *context;
  int error; /* as first seen; it never changes again */
};

static void look(struct leaf *leaf) {
  const bool cancelled = tree.cancelled;
  if (cancelled) /* before its error is asked for, which would make it done */
    weir_chan_recv(weir_context_done(leaf->context), NULL);
  const int error = weir_context_error(leaf->context);
  KILLER_CHECK(error != 0 || !cancelled, "a context outlives the cancellation above it");
  KILLER_CHECK(leaf->error == 0 || leaf->error == error, "a context's error was %d and is %d", leaf->error, error);
  KILLER_CHECK(weir_chan_try_recv(weir_context_done(leaf->context), NULL) == -EPIPE || error == 0,
               "a context is done, and its channel is open");
  leaf->error = error;
}

/* A deadline is not for what others hang on: its expiry would be a second cancellation, still under way perhaps when
 * the first one is over. */
static weir_context *make(weir_context *parent, int64_t deadline) {
  const int above = weir_context_error(parent);
  weir_context *made = weir_context_with_deadline(parent, deadline);
  KILLER_CHECK(above == 0 || weir_context_error(made) == above, "born below an error %d with %d", above,
               weir_context_error(made));
  return made;
}

static void grow(void *arg) {
  struct random *random = arg;
  for (int i = 0; i < TURNS; i++) {
    struct leaf branch = {.context = make(tree.trunk, WEIR_FOREVER)};
    struct leaf leaf = {.context = make(branch.context, killer_deadline(random, 50))};
    if (killer_chance(random, 40))
      weir_context_cancel(killer_chance(random, 50) ? branch.context : leaf.context);
    look(&branch);
    look(&leaf);
    if (killer_chance(random, 30))
      killer_sleep((int64_t)random_magnitude(random, 17));
    if (killer_chance(random, 50)) {
      weir_context_unref(branch.context); /* its child holds it */
      look(&leaf);
      weir_context_unref(leaf.context);
    } else {
      weir_context_unref(leaf.context);
      look(&branch);
      weir_context_unref(branch.context);
    }
  }
  weir_context *last = make(tree.trunk, killer_deadline(random, 50));
  weir_chan_recv(weir_context_done(last), NULL); /* the trunk is cancelled some time */
  KILLER_CHECK(weir_context_error(last) != 0, "done without an error");
  weir_context_unref(last);
  weir_waitgroup_done(&tree.done);
}

static int cancel_body(void *arg) {
  (void)arg;
  weir_context *root = weir_context_background();
  memset(&tree, 0, sizeof tree);
  tree.trunk = weir_context_with_cancel(root);
  weir_waitgroup_add(&tree.done, TASKS);
  for (int i = 0; i < TASKS; i++) {
    streams[i] = killer_stream();
    weir_go(grow, &streams[i]);
  }
  killer_sleep((int64_t)random_magnitude(&killer_random, 19));
  weir_context_cancel(tree.trunk);
  tree.cancelled = true;
  weir_waitgroup_wait(&tree.done);
  weir_context_unref(tree.trunk);
  weir_context_unref(root);
  return 0;
}

/* Cancelled from two sides at once: by its deadline, and by a task. The first reason stays. */
static void cancel_late(void *arg) {
  weir_context_cancel(arg);
  weir_waitgroup_done(&tree.done);
}

static void watch(void *arg) {
  struct leaf leaf = {.context = arg};
  for (int i = 0; i < TURNS; i++) {
    look(&leaf);
    weir_yield();
  }
  weir_chan_recv(weir_context_done(leaf.context), NULL);
  look(&leaf);
  weir_waitgroup_done(&tree.done);
}

static int reasons_body(void *arg) {
  (void)arg;
  memset(&tree, 0, sizeof tree);
  weir_context *root = weir_context_background();
  weir_context *timed = weir_context_with_deadline(root, weir_now() + (int64_t)random_magnitude(&killer_random, 17));
  weir_waitgroup_add(&tree.done, 3);
  weir_go(watch, timed);
  weir_go(cancel_late, timed);
  weir_go(watch, timed);
  weir_waitgroup_wait(&tree.done);
  weir_context_unref(timed);
  weir_context_unref(root);
  return 0;
}

/* Given back by another task just when their time comes. */
enum { GIVEN = 6 };

static void give_back(void *arg) {
  weir_chan *given = arg;
  for (int i = 0; i < GIVEN; i++) {
    weir_context *context = NULL;
    weir_chan_recv(given, &context);
    weir_context_unref(context);
  }
  weir_waitgroup_done(&tree.done);
}

static int expiry_body(void *arg) {
  (void)arg;
  memset(&tree, 0, sizeof tree);
  weir_context *root = weir_context_background();
  weir_chan *given = weir_chan_new(sizeof(weir_context *), 2);
  weir_waitgroup_add(&tree.done, 1);
  weir_go(give_back, given);
  for (int i = 0; i < GIVEN; i++) {
    weir_context *made =
        weir_context_with_deadline(root, weir_now() + 1 + (int64_t)random_below(&killer_random, 1 << 16));
    weir_chan_send(given, &made);
  }
  weir_waitgroup_wait(&tree.done);
  weir_chan_unref(given);
  weir_context_unref(root);
  return 0;
}

const struct killer_case killer_cancel_cases[] = {
    {"cancel", cancel_body, false}, {"reasons", reasons_body, false}, {"expiry", expiry_body, false}, {0}};
