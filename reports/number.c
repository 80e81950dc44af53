/* number.c — see number.h. */
#include "number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct text text_of(const char *characters) {
  struct text text;
  snprintf(text.characters, sizeof text.characters, "%s", characters);
  return text;
}

/* A finite value rounded to `decimals`, with a comma every three digits of its whole part and a true minus sign. */
static struct text grouped(double value, int decimals) {
  char digits[40];
  int length = snprintf(digits, sizeof digits, "%.*f", decimals, fabs(value));
  if (length < 0 || (size_t)length >= sizeof digits || fabs(value) > 1e18) {
    snprintf(digits, sizeof digits, "%.3g", value);
    return text_of(digits);
  }
  size_t whole = strcspn(digits, ".");
  struct text text;
  size_t at = 0;
  bool negative = value < 0 && strspn(digits, "0.") < (size_t)length;
  if (negative)
    at += (size_t)snprintf(text.characters, sizeof text.characters, "−");
  for (size_t i = 0; i < whole; i++) {
    if (i > 0 && (whole - i) % 3 == 0)
      text.characters[at++] = ',';
    text.characters[at++] = digits[i];
  }
  snprintf(text.characters + at, sizeof text.characters - at, "%s", digits + whole);
  return text;
}

struct text number_nanoseconds(double value) {
  if (isnan(value))
    return text_of("–");
  return grouped(value, fabs(value) < 9.995 ? 2 : fabs(value) < 99.95 ? 1 : 0);
}

struct text number_count(double value) {
  if (isnan(value))
    return text_of("–");
  return grouped(value, fabs(value) < 10 && value != floor(value) ? 1 : 0);
}

struct text number_short(double value) {
  static const char *const suffixes[] = {"", "k", "M", "G", "T"};
  if (isnan(value))
    return text_of("–");
  size_t step = 0;
  while (fabs(value) >= 999.5 && step + 1 < sizeof suffixes / sizeof *suffixes) {
    value /= 1000;
    step++;
  }
  struct text text;
  bool whole = fabs(value) >= 9.95 || fabs(value - round(value)) < 0.05;
  snprintf(text.characters, sizeof text.characters, "%.*f%s", whole ? 0 : 1, value, suffixes[step]);
  return text;
}

struct text number_bytes(double value) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  if (isnan(value))
    return text_of("–");
  size_t step = 0;
  while (fabs(value) >= 1023.5 && step + 1 < sizeof units / sizeof *units) {
    value /= 1024;
    step++;
  }
  bool whole = step == 0 || fabs(value) >= 99.95 || value == floor(value);
  struct text number = grouped(value, whole ? 0 : 1), text;
  snprintf(text.characters, sizeof text.characters, "%.40s %s", number.characters, units[step]);
  return text;
}

/* Without the sign: 0.0038, 0.85, 6.4, 12.1 with one decimal below a hundred; below ten only when short. */
static struct text factor(double value, double whole_from) {
  double size = fabs(value);
  int small = size > 1e-9 && size < 0.0995 ? 1 - (int)floor(log10(size)) : 2; /* two digits that count */
  return grouped(value, size < 0.995 ? small : size < whole_from ? 1 : 0);
}

struct text number_ratio(double value) {
  if (isnan(value))
    return text_of("–");
  struct text text;
  snprintf(text.characters, sizeof text.characters, "%.50s×", factor(value, 99.95).characters);
  return text;
}

struct text number_ratio_short(double value) {
  if (isnan(value))
    return text_of("–");
  struct text text;
  snprintf(text.characters, sizeof text.characters, "%.50s×", factor(value, 9.95).characters);
  return text;
}

struct text number_ratio_range(double low, double high) {
  if (isnan(low) || isnan(high))
    return text_of("");
  struct text text;
  snprintf(text.characters, sizeof text.characters, "%.25s–%.25s×", factor(low, 99.95).characters,
           factor(high, 99.95).characters);
  return text;
}

struct text number_duration(double nanoseconds) {
  static const char *const units[] = {"ns", "µs", "ms", "s"};
  if (isnan(nanoseconds))
    return text_of("–");
  size_t step = 0;
  while (fabs(nanoseconds) >= 1000 && step + 1 < sizeof units / sizeof *units) {
    nanoseconds /= 1000;
    step++;
  }
  struct text number = number_count(round(nanoseconds * 10) / 10), text;
  snprintf(text.characters, sizeof text.characters, "%.40s %s", number.characters, units[step]);
  return text;
}

struct text number_share(double fraction) {
  if (isnan(fraction))
    return text_of("–");
  double value = fraction * 100;
  struct text number = grouped(value, fabs(value) < 9.95 ? 1 : 0), text;
  snprintf(text.characters, sizeof text.characters, "%.40s %%", number.characters);
  return text;
}

struct text number_exponent(double value) {
  return isnan(value) ? text_of("–") : grouped(value, 2);
}

struct text number_percent(double fraction) {
  struct text share = number_share(fraction), text;
  snprintf(text.characters, sizeof text.characters, "%s%.50s", fraction > 0 ? "+" : "", share.characters);
  return text;
}
