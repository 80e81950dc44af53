/* palette.c — see palette.h. */
#include "palette.h"

#include <math.h>
#include <stdio.h>

const char *palette_role(enum role role) {
  static char names[ROLE_COUNT][8];
  snprintf(names[role], sizeof names[role], "#0102%02x", (unsigned)role);
  return names[role];
}

enum role palette_system_role(long peer) {
  if (peer < 0)
    return ROLE_WEIR;
  return (enum role)(ROLE_FIRST_PEER + peer % (ROLE_LAST_PEER - ROLE_FIRST_PEER + 1));
}

int palette_system_marker(long peer) {
  static const int markers[] = {9, 11, 5, 13, 15}; /* triangles up and down, square, diamond, pentagon */
  return peer < 0 ? 7 : markers[peer % (long)(sizeof markers / sizeof *markers)];
}

static unsigned channel(unsigned colour, int shift) {
  return colour >> shift & 0xff;
}

/* Between the anchors, linearly in each channel. */
static unsigned interpolate(const unsigned *anchors, size_t count, double value) {
  double at = fmin(fmax(value, 0), 1) * (double)(count - 1);
  size_t left = (size_t)at;
  if (left + 1 >= count)
    return anchors[count - 1];
  double part = at - (double)left;
  unsigned result = 0;
  for (int shift = 16; shift >= 0; shift -= 8) {
    double from = channel(anchors[left], shift), to = channel(anchors[left + 1], shift);
    result |= (unsigned)lround(from + (to - from) * part) << shift;
  }
  return result;
}

unsigned palette_sequential(double value) {
  static const unsigned anchors[] = {0xf3f7d4, 0xcfe9b9, 0x8fd0bb, 0x4bb3c3, 0x2a8bbd, 0x2a5da8, 0x25367f};
  return interpolate(anchors, sizeof anchors / sizeof *anchors, value);
}

unsigned palette_diverging(double value) {
  static const unsigned anchors[] = {0x9a4a00, 0xd9822b, 0xf6c78e, 0xf4f3ee, 0xb4d3e8, 0x4f9bcb, 0x14588f};
  return interpolate(anchors, sizeof anchors / sizeof *anchors, (value + 1) / 2);
}

static double linear(unsigned byte) {
  double value = byte / 255.0;
  return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

/* The colour of text whose WCAG contrast is the greater one. */
unsigned palette_text_on(unsigned colour) {
  double luminance =
      0.2126 * linear(channel(colour, 16)) + 0.7152 * linear(channel(colour, 8)) + 0.0722 * linear(channel(colour, 0));
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? 0x000000 : 0xffffff;
}
