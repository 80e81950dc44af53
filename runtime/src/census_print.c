/* census_print.c — a census as a table, and two of them compared. */
#include <weir/census.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* An age as a person says it: in its two greatest units. */
static const char *say_age(int64_t age, char *text, size_t size) {
  static const struct {
    const char *name;
    int64_t seconds;
  } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
  int64_t seconds = age / WEIR_SECOND;
  if (seconds < 60) {
    snprintf(text, size, "%.2f s", (double)age / 1e9);
    return text;
  }
  size_t unit = 0;
  while (seconds < units[unit].seconds)
    unit++;
  snprintf(text, size, "%" PRId64 " %s %02" PRId64 " %s", seconds / units[unit].seconds, units[unit].name,
           seconds % units[unit].seconds / units[unit + 1].seconds, units[unit + 1].name);
  return text;
}

enum { AGE = 32 };

static void print_kinds(const struct weir_census *census, FILE *stream) {
  char age[AGE];
  fprintf(stream, "%-12s %10s %13s %10s %12s%s\n", "alive", "now", "bytes", "peak", "oldest",
          census->exact ? "" : "  (approximate: others were at work)");
  for (size_t i = 0; i < census->kind_count; i++) {
    const struct weir_census_kind *kind = &census->kinds[i];
    fprintf(stream, "%-12s %10zu %13zu %10zu %12s\n", kind->kind, kind->live, kind->bytes, kind->peak,
            say_age(kind->oldest, age, sizeof age));
  }
  fprintf(stream, "timers pending: %zu, abandoned: %zu; stacks in use: %zu bytes of address space\n",
          census->counts.timers_pending, census->counts.timers_abandoned, census->counts.stack_bytes);
}

static void print_lines(const struct weir_census *census, FILE *stream) {
  char age[AGE];
  if (census->line_count != 0)
    fprintf(stream, "\n%-12s %10s %13s %10s %12s  made at\n", "by line", "now", "bytes", "", "oldest");
  for (size_t i = 0; i < census->line_count; i++) {
    const struct weir_census_line *line = &census->lines[i];
    fprintf(stream, "%-12s %10zu %13zu %10s %12s  %s:%d\n", line->kind, line->live, line->bytes, "",
            say_age(line->oldest, age, sizeof age), line->file, line->line);
  }
}

static void print_waits(const struct weir_census *census, FILE *stream) {
  char age[AGE];
  if (census->wait_count != 0)
    fprintf(stream, "\n%-12s %10s %13s %10s %12s  started at, and waits for\n", "blocked", "now", "", "", "longest");
  for (size_t i = 0; i < census->wait_count; i++) {
    const struct weir_census_wait *wait = &census->waits[i];
    fprintf(stream, "%-12s %10zu %13s %10s %12s  %s\n", "task", wait->tasks, "", "",
            say_age(wait->longest, age, sizeof age), wait->text);
  }
}

int weir_census_print(const struct weir_census *census, FILE *stream) {
  if (census == NULL || stream == NULL)
    return -EINVAL;
  print_kinds(census, stream);
  print_lines(census, stream);
  print_waits(census, stream);
  return ferror(stream) ? -EIO : 0;
}

/* ---- two of them ------------------------------------------------------------------------------------------------ */

/* The same line's, of another census; NULL when it has none. */
static const struct weir_census_line *find_line(const struct weir_census *census, const struct weir_census_line *line) {
  for (size_t i = 0; i < census->line_count; i++) {
    const struct weir_census_line *one = &census->lines[i];
    if (one->line == line->line && strcmp(one->kind, line->kind) == 0 && strcmp(one->file, line->file) == 0)
      return one;
  }
  return NULL;
}

static bool differs(const struct weir_census_line *line, size_t live, size_t bytes, FILE *stream) {
  if (line->live == live && line->bytes == bytes)
    return false;
  if (stream != NULL)
    fprintf(stream, "%-12s %+10td %+13td bytes  %s:%d\n", line->kind, (ptrdiff_t)(live - line->live),
            (ptrdiff_t)(bytes - line->bytes), line->file, line->line);
  return true;
}

int weir_census_compare(const struct weir_census *before, const struct weir_census *after, FILE *stream) {
  if (before == NULL || after == NULL)
    return -EINVAL;
  int found = 0;
  for (size_t i = 0; i < after->line_count; i++) {
    const struct weir_census_line *now = &after->lines[i], *then = find_line(before, now);
    struct weir_census_line none = *now;
    none.live = none.bytes = 0;
    found |= differs(then != NULL ? then : &none, now->live, now->bytes, stream);
  }
  for (size_t i = 0; i < before->line_count; i++)
    if (find_line(after, &before->lines[i]) == NULL)
      found |= differs(&before->lines[i], 0, 0, stream);
  return stream != NULL && ferror(stream) ? -EIO : found;
}
