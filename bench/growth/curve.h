/* bench/growth/curve.h — the seed's experiment: what is alive while a broadcast delivers message after message.
 *
 * One run of the runtime is one curve. Its rounds are those of weir_growth_run, so that the curve and the verdict are of
 * the same messages. Where the timeout asks for it the messages are paced: they take pace nanoseconds at least.
 */
#ifndef BENCH_GROWTH_CURVE_H
#define BENCH_GROWTH_CURVE_H

#include <weir.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CURVE_ROUNDS = 200, CURVE_POINTS = 40 };

struct curve_point {
  int64_t messages;                      /* delivered since the beginning */
  int64_t ns;                            /* since then */
  size_t live_bytes, pending, abandoned; /* more than before the first message */
};

struct curve {
  enum weir_timeout_policy policy;
  enum weir_timer_mode mode;
  int64_t timeout;
  size_t subscribers, concurrency;
  int64_t messages; /* at least so many */
  int64_t pace;
  struct curve_point points[CURVE_POINTS + 1]; /* the first one is 0 */
  size_t point_count;
  struct weir_growth_report growth; /* freed by the caller */
};

/* 0, or a negative errno; then there are no points and no report. -EPROTO: the receivers did not get what was
 * delivered. Called outside any run. */
int curve_run(struct curve *curve);

#ifdef __cplusplus
}
#endif

#endif
