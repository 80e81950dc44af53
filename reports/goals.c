/* goals.c — see goals.h. The order matters where two patterns hold: the first wins. */
#include "goals.h"

#include "statistics.h"

#include <fnmatch.h>
#include <math.h>

#define GO "go[0-9]*"

const struct goal goals[] = {
    {"spawn/join/batch:1000", "libdill*", 1, "≤ libdill"},
    {"yield/pair", "neco*", 0.6, "≤ 0.6 × neco"},
    {"channel/ping_pong/capacity:0", "libdill*", 0.5, "≤ 0.5 × libdill"},
    {"channel/ping_pong/cross", GO, 1, "≤ Go"},
    {"channel/spsc/capacity:128", "boost.fiber*", 0.6, "≤ 0.6 × Boost.Fiber"},
    {"channel/mpmc/producers:4/consumers:4/capacity:128", "*", 0.7, "≤ 0.7 × the best"},
    {"channel/element:64", GO, 1.0 / 2, "≤ Go / 2"},
    {"channel/element:4096", GO, 1.0 / 2, "≤ Go / 2"},
    {"select/ready:2/cases:2", "neco*", 1, "≤ neco"},
    {"select/ready:1/cases:8", "neco*", 0.6, "≤ 0.6 × neco"},
    {"select/ready:1/cases:64", "neco*", 0.6, "≤ 0.6 × neco"},
    {"select/block/cases:*", GO, 1.0 / 8, "≤ Go / 8"},
    {"select/thundering/tasks:64", GO, 1.0 / 4, "≤ Go / 4"},
    {"try/recv_empty", "tokio*", 1, "≤ tokio"},
    {"timer/fire/due:100000", "wahern*", 1, "≤ wahern"},
    {"timer/churn/pending:1000000", GO, 1.0 / 10, "≤ Go / 10"},
    {"broadcast/*/load:ready/*", GO, 1.0 / 5, "≤ Go / 5"},
    {"broadcast/policy:deadline/*/load:ready/*", "libdill*", 0.8, "≤ 0.8 × libdill"},
    {"context/cancel/children:10000", GO, 1.0 / 4, "≤ Go / 4"},
    {"mutex/contended", GO, 1, "≤ Go"},
    {"steal/skewed", GO, 1, "≤ Go"},
};

const size_t goals_count = sizeof goals / sizeof *goals;

bool goals_concerns(const struct goal *goal, const char *benchmark) {
  return fnmatch(goal->benchmark, benchmark, 0) == 0;
}

const struct goal *goals_find(const char *benchmark, const char *peer) {
  for (size_t i = 0; i < goals_count; i++)
    if (goals_concerns(&goals[i], benchmark) && fnmatch(goals[i].peer, peer, 0) == 0)
      return &goals[i];
  return NULL;
}

enum verdict goals_judge(const struct goal *goal, const struct interval *ratio) {
  double least = 1 / goal->factor;
  if (isnan(ratio->low) || isnan(ratio->high))
    return VERDICT_UNCLEAR;
  if (ratio->low >= least)
    return VERDICT_MET;
  return ratio->high < least ? VERDICT_NOT_MET : VERDICT_UNCLEAR;
}
