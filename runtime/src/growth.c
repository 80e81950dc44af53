/* growth.c — see weir/growth.h: rounds, readings of the census, and a verdict a line (trend.c).
 *
 * A line is (kind, file, line); one that is first seen later had 0 bytes before. Readings lie in one mapping, not on the
 * heap, whose count is a series too; its pages come as they are written. In a soak of unknown length the mapping is full
 * at some time: then every other reading is forgotten, and from there on every other round is not read. The readings
 * stay at equal distances, and each is one reading, never the least of two: that would be a trend.
 *
 * The heap is judged less the bytes that the books know, and only when no line grows: the allocator's overhead for what
 * a line leaks is no leak of its own. It belongs to everybody, and wanders: it is told only when the second half of the
 * run has added a quarter of it or more.
 *
 * What is alive may rise and be no leak: under a faster load more timers wait for the same timeout. Then it is renewed: at
 * the end nothing is older than half of the run, and since three quarters of it the oldest has not aged with the clock, as
 * it would in a leak that began late. Such a line is flat whatever its bytes say. The time between these two looks is taken
 * from after the first to before the second, else a process that is held up within one of them, for longer than its whole
 * run, has objects that seem too young for the clock.
 *
 * Rejected: comparing the first round with the last (a warm-up is no leak); judging the total alone (a leak of 100 bytes
 * under a load that keeps a megabyte, now more, now less, is seen in its own line only).
 */
#include <weir/growth.h>

#include "port.h"
#include "trend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/census.h>
#include <weir/task.h>

enum { LINES_MOST = 512, READINGS_SOAK = 2048, ROUNDS_DEFAULT = 1000, ROUNDS_LEAST = 2 * TREND_LEAST };
enum { HEAP = 0, OTHERS = 1 }; /* the first two series: the heap; lines beyond LINES_MOST */

struct series {
  const char *kind, *file;
  int line;
  size_t first_live, last_live;
  int64_t oldest;         /* age of the oldest object at the last reading; 0 when there is none */
  int64_t earlier_oldest; /* the same at the earlier look */
};

struct growth {
  struct series series[LINES_MOST];
  uint32_t series_count;
  uint32_t readings, capacity;
  uint64_t stride; /* rounds a reading */
  double *values;  /* capacity a series */
  int64_t last;    /* the time before the last reading */
  int64_t earlier; /* the time after the earlier look, at three quarters of the run; 0: not yet */
};

static double *values_of(const struct growth *growth, uint32_t series) {
  return growth->values + (size_t)series * growth->capacity;
}

static size_t values_size(const struct growth *growth) {
  return (size_t)LINES_MOST * growth->capacity * sizeof(double);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool same_line(const struct series *series, const struct weir_census_line *line) {
  return series->line == line->line && strcmp(series->kind, line->kind) == 0 && strcmp(series->file, line->file) == 0;
}

static uint32_t series_of(struct growth *growth, const struct weir_census_line *line) {
  for (uint32_t i = OTHERS + 1; i < growth->series_count; i++)
    if (same_line(&growth->series[i], line))
      return i;
  if (growth->series_count == LINES_MOST)
    return OTHERS;
  growth->series[growth->series_count] = (struct series){.kind = line->kind, .file = line->file, .line = line->line};
  return growth->series_count++;
}

static int take_reading(struct growth *growth) {
  struct weir_census census;
  growth->last = weir_now();
  size_t heap = port_heap_bytes();
  int error = weir_census_take(&census);
  if (error != 0)
    return error;
  for (uint32_t i = 0; i < growth->series_count; i++) {
    growth->series[i].last_live = 0;
    growth->series[i].oldest = 0;
  }
  values_of(growth, HEAP)[growth->readings] = heap > census.counts.bytes ? (double)(heap - census.counts.bytes) : 0;
  for (size_t i = 0; i < census.line_count; i++) {
    uint32_t series = series_of(growth, &census.lines[i]);
    values_of(growth, series)[growth->readings] += (double)census.lines[i].bytes;
    growth->series[series].last_live += census.lines[i].live;
    if (census.lines[i].oldest > growth->series[series].oldest)
      growth->series[series].oldest = census.lines[i].oldest;
  }
  for (uint32_t i = 0; i < growth->series_count && growth->readings == 0; i++)
    growth->series[i].first_live = growth->series[i].last_live;
  growth->readings++;
  weir_census_free(&census);
  return 0;
}

static void look_earlier(struct growth *growth) {
  growth->earlier = weir_now();
  for (uint32_t i = 0; i < growth->series_count; i++)
    growth->series[i].earlier_oldest = growth->series[i].oldest;
}

static bool three_quarters(const struct weir_growth *options, const struct growth *growth, int64_t began) {
  return options->soak == 0 ? growth->readings >= growth->capacity / 4 * 3
                            : growth->last - began >= options->soak / 4 * 3;
}

/* Forgets every other reading. */
static void thin_out(struct growth *growth) {
  for (uint32_t i = 0; i < growth->series_count; i++) {
    double *values = values_of(growth, i);
    for (uint32_t reading = 0; reading < growth->readings / 2; reading++)
      values[reading] = values[2 * reading];
    memset(values + growth->readings / 2, 0, (growth->readings - growth->readings / 2) * sizeof *values);
  }
  growth->readings /= 2;
  growth->stride *= 2;
}

static int run_rounds(const struct weir_growth *options, int (*round)(void *arg), void *arg, struct growth *growth,
                      struct weir_growth_report *report) {
  const int64_t began = weir_now();
  int error = 0;
  while (error == 0 && (report->settled ? report->rounds < growth->capacity : weir_now() - began < options->soak)) {
    error = round(arg);
    if (error == 0 && report->settled)
      error = weir_settle(WEIR_FOREVER);
    if (error == 0 && report->rounds % growth->stride == 0)
      error = take_reading(growth);
    report->rounds++;
    if (error == 0 && growth->earlier == 0 && three_quarters(options, growth, began))
      look_earlier(growth);
    if (growth->readings == growth->capacity && !report->settled)
      thin_out(growth);
  }
  report->duration = weir_now() - began;
  report->operations = report->rounds * (options->operations == 0 ? 1 : options->operations);
  report->readings = growth->readings;
  return error;
}

/* ---- the verdict ------------------------------------------------------------------------------------------------- */

static bool is_renewed(const struct series *series, const struct growth *growth, int64_t duration) {
  return series->earlier_oldest != 0 && series->oldest < duration / 2 &&
         series->oldest < series->earlier_oldest + (growth->last - growth->earlier) / 4 * 3;
}

static struct weir_growth_line judge_series(const struct growth *growth, uint32_t at, double reading_operations,
                                            double budget, int64_t duration) {
  const struct series *series = &growth->series[at];
  const double *values = values_of(growth, at);
  struct trend trend = trend_judge(values, growth->readings, budget * reading_operations, growth->series_count);
  if (trend.verdict != TREND_FLAT && is_renewed(series, growth, duration)) {
    trend.verdict = TREND_FLAT;
    trend.reason = "it varies and is renewed: nothing alive is older than half of the run";
  }
  return (struct weir_growth_line){
      .kind = series->kind,
      .file = series->file,
      .line = series->line,
      .verdict = trend.verdict == TREND_GROWS  ? WEIR_GROWTH_GROWS
                 : trend.verdict == TREND_FLAT ? WEIR_GROWTH_FLAT
                                               : WEIR_GROWTH_UNSURE,
      .reason = trend.reason,
      .bytes_per_operation = trend.slope.middle / reading_operations,
      .low = trend.slope.low / reading_operations,
      .high = trend.slope.high / reading_operations,
      .since = trend.since,
      .first_live = series->first_live,
      .last_live = series->last_live,
      .first_bytes = (size_t)values[0],
      .last_bytes = (size_t)values[growth->readings - 1],
  };
}

static void count_in(struct weir_growth_report *report, const struct weir_growth_line *line) {
  static const int gravity[] = {[WEIR_GROWTH_FLAT] = 0, [WEIR_GROWTH_UNSURE] = 1, [WEIR_GROWTH_GROWS] = 2};
  if (line->since > 0)
    report->lines[report->line_count++] = *line;
  if (gravity[line->verdict] > gravity[report->verdict]) {
    report->verdict = line->verdict;
    report->reason = line->reason;
  }
  if (line->verdict != WEIR_GROWTH_GROWS)
    return;
  report->bytes_per_operation += line->bytes_per_operation;
  report->low += line->low;
  report->high += line->high;
}

static int worst_first(const void *a, const void *b) {
  const struct weir_growth_line *left = a, *right = b;
  bool left_grows = left->verdict == WEIR_GROWTH_GROWS, right_grows = right->verdict == WEIR_GROWTH_GROWS;
  if (left_grows != right_grows)
    return left_grows ? -1 : 1;
  if ((left->verdict == WEIR_GROWTH_FLAT) != (right->verdict == WEIR_GROWTH_FLAT))
    return left->verdict == WEIR_GROWTH_FLAT ? 1 : -1;
  if (left->bytes_per_operation != right->bytes_per_operation)
    return left->bytes_per_operation < right->bytes_per_operation ? 1 : -1;
  return left->line - right->line;
}

static int judge(const struct growth *growth, double budget, struct weir_growth_report *report) {
  double reading_operations = (double)report->operations / (double)report->rounds * (double)growth->stride;
  report->reason = "every line ended as it began, or stopped rising";
  report->lines = calloc(growth->series_count, sizeof *report->lines);
  if (report->lines == NULL)
    return -ENOMEM;
  for (uint32_t i = OTHERS; i < growth->series_count; i++) {
    struct weir_growth_line line = judge_series(growth, i, reading_operations, budget, report->duration);
    count_in(report, &line);
  }
  struct weir_growth_line heap = judge_series(growth, HEAP, reading_operations, budget, report->duration);
  bool much = heap.low * (double)report->operations / 2 >= (double)heap.last_bytes / 4;
  if (heap.verdict == WEIR_GROWTH_GROWS && much && report->verdict != WEIR_GROWTH_GROWS)
    count_in(report, &heap);
  qsort(report->lines, report->line_count, sizeof *report->lines, worst_first);
  return 0;
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

int weir_growth_run(const struct weir_growth *options, int (*round)(void *arg), void *arg,
                    struct weir_growth_report *report) {
  static const struct weir_growth defaults;
  options = options == NULL ? &defaults : options;
  if (round == NULL || report == NULL || options->soak < 0 || !(options->budget >= 0) ||
      (options->rounds != 0 && options->rounds < ROUNDS_LEAST))
    return -EINVAL;
  *report = (struct weir_growth_report){.settled = options->soak == 0};
  int error = weir_settle(WEIR_FOREVER);
  if (error != 0)
    return error;
  struct growth *growth = malloc(sizeof *growth);
  if (growth == NULL)
    return -ENOMEM;
  *growth = (struct growth){.series = {{.kind = "heap", .file = "unknown"}, {.kind = "others", .file = "unknown"}},
                            .series_count = OTHERS + 1,
                            .stride = 1,
                            .capacity = options->rounds == 0 ? ROUNDS_DEFAULT : options->rounds};
  growth->capacity = report->settled ? growth->capacity : READINGS_SOAK;
  growth->values = port_map(values_size(growth));
  error = growth->values == NULL ? -ENOMEM : run_rounds(options, round, arg, growth, report);
  if (error == 0)
    error = judge(growth, options->budget, report);
  if (growth->values != NULL)
    port_unmap(growth->values, values_size(growth));
  free(growth);
  return error;
}

void weir_growth_report_free(struct weir_growth_report *report) {
  if (report == NULL)
    return;
  free(report->lines);
  *report = (struct weir_growth_report){0};
}
