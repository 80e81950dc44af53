/* progress.c — see progress.h. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { BAR = 30, PLAIN_SECONDS = 10 };

static void show_bar(const char *name, uint64_t runs, double fraction, double elapsed) {
  char bar[BAR + 1];
  for (int i = 0; i < BAR; i++)
    bar[i] = (char)(i < (int)(fraction * BAR) ? '#' : '.');
  bar[BAR] = '\0';
  fprintf(stderr, "\r\033[K%s [%s] %" PRIu64 " runs, %.0f/s", name, bar, runs,
          elapsed > 0 ? (double)runs / elapsed : 0);
  if (fraction > 0.01 && fraction < 1)
    fprintf(stderr, ", %.0f s left", elapsed * (1 - fraction) / fraction);
}

void progress_show(const char *name, uint64_t runs, double fraction, double elapsed, bool last) {
  static double shown;
  if (isatty(STDERR_FILENO)) {
    if (last)
      fprintf(stderr, "\r\033[K");
    else
      show_bar(name, runs, fraction, elapsed);
    return;
  }
  if (last || elapsed - shown < PLAIN_SECONDS)
    return;
  shown = elapsed;
  fprintf(stderr, "%s: %" PRIu64 " runs in %.0f s (%.0f %%)\n", name, runs, elapsed, 100 * fraction);
}
