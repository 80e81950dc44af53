/* axis.c — see axis.h. */
#include "axis.h"

#include "number.h"

#include <math.h>

struct axis axis_empty(void) {
  return (struct axis){.low = INFINITY, .high = 0};
}

void axis_add(struct axis *axis, double value) {
  if (!(value > 0) || isinf(value))
    return;
  axis->low = fmin(axis->low, value);
  axis->high = fmax(axis->high, value);
}

bool axis_is_empty(const struct axis *axis) {
  return axis->low > axis->high;
}

static double round_down(double value) {
  double decade = pow(10, floor(log10(value) + 1e-9));
  double part = value / decade;
  return decade * (part >= 5 ? 5 : part >= 2 ? 2 : 1);
}

static double round_up(double value) {
  double decade = pow(10, floor(log10(value) + 1e-9));
  double part = value / decade;
  return decade * (part <= 1 + 1e-9 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

void axis_round(struct axis *axis) {
  if (axis_is_empty(axis))
    *axis = (struct axis){.low = 1, .high = 10};
  axis->low = round_down(axis->low);
  axis->high = round_up(axis->high);
  if (axis->high < 2 * axis->low)
    axis->high = round_up(2 * axis->low);
}

/* The first digits of a scale's ticks, as many as leave each its room. */
static const char *tick_digits(const struct axis *axis) {
  double decades = log10(axis->high / axis->low);
  return decades <= 1.8 ? "125" : decades <= 3.3 ? "13" : "1";
}

void axis_ticks(FILE *script, const char *name, const struct axis *axis) {
  const char *separator = "";
  int first = (int)floor(log10(axis->low)), last = (int)ceil(log10(axis->high));
  fprintf(script, "set %stics (", name);
  for (int exponent = first; exponent <= last; exponent++) {
    for (const char *digit = tick_digits(axis); *digit != '\0'; digit++) {
      double value = (*digit - '0') * pow(10, exponent);
      if (value < axis->low * 0.999 || value > axis->high * 1.001)
        continue;
      struct text label = value < 10000 ? number_count(value) : number_short(value);
      fprintf(script, "%s'%s' %.9g", separator, label.characters, value);
      separator = ", ";
    }
  }
  fputs(")\n", script);
}

void axis_ticks_bytes(FILE *script, const char *name, const struct axis *axis, double floor_bytes) {
  fprintf(script, "set %stics ('≤ %s' %.9g", name, number_bytes(floor_bytes).characters, floor_bytes);
  int bits = axis->high / floor_bytes > 1 << 22 ? 10 : 5;
  int count = (int)floor(log2(axis->high / floor_bytes) / bits + 1e-9);
  for (int i = 1; i <= count; i++) {
    double value = ldexp(floor_bytes, i * bits);
    fprintf(script, ", '%s' %.9g", number_bytes(value).characters, value);
  }
  fputs(")\n", script);
}

void axis_ticks_linear(FILE *script, const char *name, double most, bool bytes) {
  double step = bytes ? exp2(ceil(log2(most / 4) - 1e-9)) : round_up(most / 4);
  fprintf(script, "set %stics ('0' 0", name);
  for (int i = 1; i * step <= most * 1.001; i++)
    fprintf(script, ", '%s' %.9g", (bytes ? number_bytes(i * step) : number_short(i * step)).characters, i * step);
  fputs(")\n", script);
}
