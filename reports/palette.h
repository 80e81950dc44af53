/* palette.h — colours.
 *
 * A line or a letter has a *role*: in gnuplot's script a role is a marker colour #0102NN, which svg.c turns into the
 * CSS variable --cNN, so that one picture serves the light and the dark page and print. The values of the variables
 * stand in page.css; they follow Okabe and Ito (distinguishable with every common colour vision) and each system also
 * has a marker shape of its own.
 *
 * The cells of a heatmap have fixed colours in both pages, with a text that is black or white by the cell's luminance.
 */
#ifndef REPORTS_PALETTE_H
#define REPORTS_PALETTE_H

#include <stddef.h>

enum role {
  ROLE_MUTED,      /* axes, secondary text */
  ROLE_GRID,       /* grid lines, empty cells */
  ROLE_INK,        /* text */
  ROLE_FIRST_PEER, /* one role a peer, in results' order; past the last they repeat */
  ROLE_LAST_PEER = ROLE_FIRST_PEER + 4,
  ROLE_WEIR,
  ROLE_COUNT
};

/* "#0102NN", static storage. */
const char *palette_role(enum role role);

/* Weir's for -1, else the peer's at that position. */
enum role palette_system_role(long peer);
int palette_system_marker(long peer); /* gnuplot's point type */

/* 0xRRGGBB for a value in 0…1: pale is little, dark is much. */
unsigned palette_sequential(double value);

/* 0xRRGGBB for -1…1: orange is Weir slower, near white equal, blue Weir faster. */
unsigned palette_diverging(double value);

/* Black or white, whichever can be read on `colour`. */
unsigned palette_text_on(unsigned colour);

#endif
