/* goals.c — see goals.h. The order matters where two patterns hold: the first wins. */
#include "goals.h"

#include "statistics.h"

#include <fnmatch.h>
#include <math.h>

#define GO "go[0-9]*"

#define ANY        0, COUNTER_TIME /* at any number of workers */
#define ONE_WORKER 1, COUNTER_TIME /* the peer has no more */

const struct goal goals[] = {
    {"spawn/join/batch:1000", "libdill*", 1, "≤ libdill", ONE_WORKER},
    {"yield/pair", "neco*", 0.6, "≤ 0.6 × neco", ONE_WORKER},
    {"channel/ping_pong/capacity:0", "libdill*", 0.5, "≤ 0.5 × libdill", ONE_WORKER},
    {"channel/ping_pong/cross", GO, 1, "≤ Go", ANY},
    {"channel/spsc/capacity:128", "boost.fiber*", 0.6, "≤ 0.6 × Boost.Fiber", ONE_WORKER},
    {"channel/mpmc/producers:4/consumers:4/capacity:128", "*", 0.7, "≤ 0.7 × the best", ANY},
    {"channel/element:64", GO, 1.0 / 2, "≤ Go / 2", ANY},
    {"channel/element:4096", GO, 1.0 / 2, "≤ Go / 2", ANY},
    {"select/ready:2/cases:2", "neco*", 1, "≤ neco", ONE_WORKER},
    {"select/ready:1/cases:8", "neco*", 0.6, "≤ 0.6 × neco", ONE_WORKER},
    {"select/ready:1/cases:64", "neco*", 0.6, "≤ 0.6 × neco", ONE_WORKER},
    {"select/block/cases:*", GO, 1.0 / 8, "≤ Go / 8", ANY},
    {"select/thundering/tasks:64", GO, 1.0 / 4, "≤ Go / 4", ANY},
    {"try/recv_empty", "tokio*", 1, "≤ tokio", ANY},
    {"timer/fire/due:100000", "wahern*", 1, "≤ wahern", ONE_WORKER},
    {"timer/churn/pending:1000000", GO, 1.0 / 10, "≤ Go / 10", ANY},
    {"timer/bytes/pending:1000000", NULL, 128, "≤ 128 bytes", 0, COUNTER_BYTES_PER_TIMER},
    {"broadcast/*/load:ready/*", GO, 1.0 / 5, "≤ Go / 5", ANY},
    {"broadcast/policy:deadline/*/load:ready/*", "libdill*", 0.8, "≤ 0.8 × libdill", ONE_WORKER},
    {"context/cancel/children:10000", GO, 1.0 / 4, "≤ Go / 4", ANY},
    {"mutex/contended", GO, 1, "≤ Go", ANY},
    {"steal/skewed", GO, 1, "≤ Go", ANY},
    {"wake/latency", GO, 1, "≤ Go", 0, COUNTER_P50_NS},
    {"wake/latency", GO, 1, "≤ Go", 0, COUNTER_P99_NS},
    {"wake/latency", GO, 1, "≤ Go", 0, COUNTER_P999_NS},
    {"http/get/*", "curl", 1.05, "≤ 1.05 × bare libcurl", 1, COUNTER_CPU_NS},
    {"http/get/*", GO, 1, "≤ Go", 1, COUNTER_CPU_NS},
    {"parked/tasks:1000000", GO, 1, "≤ Go", ANY}, /* the row's time is the warm round's */
    {"parked/tasks:1000000", NULL, 4608, "≤ 4,608 bytes", 0, COUNTER_BYTES_PER_TASK},
    {"scaling/broadcast/*", "two-processes", 1 / 0.9, "≥ 0.9 × two processes", 2, COUNTER_TIME},
};

const size_t goals_count = sizeof goals / sizeof *goals;

bool goals_concerns(const struct goal *goal, const char *benchmark, long workers, enum counter figure) {
  return goal->figure == figure && (goal->workers == 0 || goal->workers == workers) &&
         fnmatch(goal->benchmark, benchmark, 0) == 0;
}

const struct goal *goals_find(const char *benchmark, long workers, enum counter figure, const char *peer) {
  for (size_t i = 0; i < goals_count; i++)
    if (goals[i].peer != NULL && goals_concerns(&goals[i], benchmark, workers, figure) &&
        fnmatch(goals[i].peer, peer, 0) == 0)
      return &goals[i];
  return NULL;
}

/* Where an interval stands to a bound that it must not go below. */
static enum verdict judge_least(double low, double high, double least) {
  if (isnan(low) || isnan(high))
    return VERDICT_UNCLEAR;
  if (low >= least)
    return VERDICT_MET;
  return high < least ? VERDICT_NOT_MET : VERDICT_UNCLEAR;
}

enum verdict goals_judge(const struct goal *goal, const struct interval *judged) {
  if (goal->peer == NULL)
    return judge_least(-judged->high, -judged->low, -goal->factor);
  return judge_least(judged->low, judged->high, 1 / goal->factor);
}
