/* minimise.c — see minimise.h. */
#include "minimise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CUTS = 300, ROOM = 4096 };

struct minimiser {
  const struct weir_sim *sim;
  struct outcome *best;
  struct outcome *trial;
  struct decision *proposal;
  uint32_t room; /* for decisions in the proposal */
  int attempts_left;
};

static uint64_t data_of(const struct outcome *outcome) {
  uint64_t data = 0;
  for (uint32_t i = 0; i < outcome->decision_count; i++)
    data += outcome->decisions[i].kind == WEIR_CHOICE_DRAW ? outcome->decisions[i].choice : 0;
  return data;
}

static bool is_shorter(const struct outcome *a, const struct outcome *b) {
  uint32_t switches_a = decisions_switches(a->decisions, a->decision_count);
  uint32_t switches_b = decisions_switches(b->decisions, b->decision_count);
  if (switches_a != switches_b)
    return switches_a < switches_b;
  uint64_t data_a = data_of(a);
  uint64_t data_b = data_of(b);
  return data_a != data_b ? data_a < data_b : a->decision_count < b->decision_count;
}

/* Tries the first count decisions of the proposal. True: they are the best now. */
static bool try(struct minimiser *minimiser, uint32_t count) {
  if (minimiser->attempts_left == 0)
    return false;
  minimiser->attempts_left--;
  struct follower follower;
  follower_init(&follower, minimiser->proposal, count);
  struct weir_sim sim = *minimiser->sim;
  sim.chooser = &follower.chooser;
  attempt_forked(&sim, minimiser->trial);
  bool better = minimiser->trial->error == 0 && minimiser->trial->verdict == minimiser->best->verdict &&
                strcmp(minimiser->trial->signature, minimiser->best->signature) == 0 &&
                minimiser->trial->decision_count <= minimiser->room && is_shorter(minimiser->trial, minimiser->best);
  if (better) {
    struct outcome *before = minimiser->best;
    minimiser->best = minimiser->trial;
    minimiser->trial = before;
  }
  return better;
}

static void propose(struct minimiser *minimiser) {
  memcpy(minimiser->proposal, minimiser->best->decisions, minimiser->best->decision_count * sizeof(struct decision));
}

/* The shortest beginning, all behind it quiet, that will do. */
static bool cut_end(struct minimiser *minimiser) {
  uint32_t stride = minimiser->best->decision_count / CUTS + 1;
  for (uint32_t count = 0; count < minimiser->best->decision_count; count += stride) {
    propose(minimiser);
    if (try(minimiser, count))
      return true;
  }
  return false;
}

/* Groups of choices become 0, larger groups first. */
static bool calm(struct minimiser *minimiser) {
  bool any = false;
  for (uint32_t size = minimiser->best->decision_count / 2 + 1; size != 0; size /= 2) {
    uint32_t begin = 0;
    while (begin < minimiser->best->decision_count) {
      propose(minimiser);
      uint32_t changed = 0;
      uint32_t end = begin;
      for (; end < minimiser->best->decision_count && changed < size; end++) {
        changed += minimiser->proposal[end].choice != 0;
        minimiser->proposal[end].choice = 0;
      }
      if (changed != 0)
        any |= try(minimiser, minimiser->best->decision_count);
      begin = end;
    }
  }
  return any;
}

static bool lower(struct minimiser *minimiser) {
  bool any = false;
  for (uint32_t place = 0; place < minimiser->best->decision_count; place++) {
    uint32_t choice = minimiser->best->decisions[place].choice;
    for (uint32_t lower = 1; lower < choice && place < minimiser->best->decision_count; lower *= 2) {
      propose(minimiser);
      minimiser->proposal[place].choice =
          minimiser->best->decisions[place].kind == WEIR_CHOICE_DRAW ? choice - lower : lower;
      any |= try(minimiser, minimiser->best->decision_count);
    }
  }
  return any;
}

/* Groups are taken out: what comes behind them comes sooner. */
static bool remove_groups(struct minimiser *minimiser) {
  bool any = false;
  for (uint32_t size = minimiser->best->decision_count / 2; size != 0; size /= 2)
    for (uint32_t begin = 0; begin + size <= minimiser->best->decision_count;) {
      propose(minimiser);
      uint32_t behind = minimiser->best->decision_count - begin - size;
      memmove(&minimiser->proposal[begin], &minimiser->proposal[begin + size], behind * sizeof(struct decision));
      if (try(minimiser, begin + behind))
        any = true;
      else
        begin += size;
    }
  return any;
}

int minimise(const struct weir_sim *sim, struct outcome *best, int attempts) {
  struct outcome *trial = outcome_new();
  uint32_t room = 2 * best->decision_count + ROOM; /* a quieter schedule may have more decisions */
  struct decision *proposal = calloc(room, sizeof *proposal);
  struct minimiser minimiser = {
      .sim = sim, .best = best, .trial = trial, .proposal = proposal, .room = room, .attempts_left = attempts};
  int made = -ENOMEM;
  if (trial != NULL && proposal != NULL) {
    bool better = true;
    while (better) {
      better = cut_end(&minimiser);
      better |= calm(&minimiser);
      better |= lower(&minimiser);
      better |= remove_groups(&minimiser);
    }
    made = attempts - minimiser.attempts_left;
    if (minimiser.best != best)
      memcpy(best, minimiser.best, sizeof *best);
  }
  free(proposal);
  outcome_free(trial);
  return made;
}
