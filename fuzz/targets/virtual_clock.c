/* virtual_clock.c — libcurl reads its clock by clock_gettime: in a simulation this program's shows virtual time.
 *
 * Only the monotonic clocks: libFuzzer's alarm looks at the others, also in the middle of a run.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <weir.h>
#include <weir/sim.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
  const bool monotonic = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_MONOTONIC_RAW;
  if (!monotonic || !weir_sim_active())
    return (int)syscall(SYS_clock_gettime, clock, time);
  const int64_t now = weir_now();
  time->tv_sec = now / WEIR_SECOND;
  time->tv_nsec = now % WEIR_SECOND;
  return 0;
}
