/* growth_print.c — a report of weir/growth.h for people and for programs. */
#include <weir/growth.h>

#include <errno.h>
#include <inttypes.h>

const char *weir_growth_verdict_name(enum weir_growth_verdict verdict) {
  static const char *const names[] = {
      [WEIR_GROWTH_FLAT] = "flat", [WEIR_GROWTH_GROWS] = "grows", [WEIR_GROWTH_UNSURE] = "unsure"};
  return (unsigned)verdict < sizeof names / sizeof names[0] ? names[verdict] : "?";
}

int weir_growth_print(const struct weir_growth_report *report, FILE *stream) {
  if (report == NULL || stream == NULL)
    return -EINVAL;
  fprintf(stream, "%s: %s\n", weir_growth_verdict_name(report->verdict), report->reason);
  if (report->verdict == WEIR_GROWTH_GROWS)
    fprintf(stream, "%.4g bytes an operation (95 %%: %.4g to %.4g)\n", report->bytes_per_operation, report->low,
            report->high);
  fprintf(stream, "%" PRIu64 " rounds, %" PRIu64 " operations, %.3g s, %s, %" PRIu32 " readings\n", report->rounds,
          report->operations, (double)report->duration / 1e9, report->settled ? "settled after each" : "not settled",
          report->readings);
  if (report->line_count != 0)
    fprintf(stream, "\n%-8s %-12s %10s %10s %12s %12s %12s  %s\n", "", "kind", "live first", "live last", "bytes first",
            "bytes last", "bytes/op", "made at");
  for (size_t i = 0; i < report->line_count; i++) {
    const struct weir_growth_line *line = &report->lines[i];
    fprintf(stream, "%-8s %-12s %10zu %10zu %12zu %12zu %12.4g  %s:%d: %s\n", weir_growth_verdict_name(line->verdict),
            line->kind, line->first_live, line->last_live, line->first_bytes, line->last_bytes,
            line->bytes_per_operation, line->file, line->line, line->reason);
  }
  return ferror(stream) ? -EIO : 0;
}

static void print_string(FILE *stream, const char *string) {
  fputc('"', stream);
  for (; *string != '\0'; string++)
    if ((unsigned char)*string < ' ')
      fprintf(stream, "\\u%04x", (unsigned)*string);
    else
      fprintf(stream, *string == '"' || *string == '\\' ? "\\%c" : "%c", *string);
  fputc('"', stream);
}

static void print_field(FILE *stream, const char *name, const char *value) {
  fprintf(stream, "\"%s\":", name);
  print_string(stream, value);
  fputc(',', stream);
}

static void print_slope(FILE *stream, double middle, double low, double high) {
  fprintf(stream, "\"bytes_per_operation\":%.9g,\"low\":%.9g,\"high\":%.9g", middle, low, high);
}

static void print_line(FILE *stream, const struct weir_growth_line *line) {
  fputc('{', stream);
  print_field(stream, "kind", line->kind);
  print_field(stream, "file", line->file);
  fprintf(stream, "\"line\":%d,", line->line);
  print_field(stream, "verdict", weir_growth_verdict_name(line->verdict));
  print_field(stream, "reason", line->reason);
  print_slope(stream, line->bytes_per_operation, line->low, line->high);
  fprintf(stream, ",\"since\":%" PRIu32 ",\"first_live\":%zu,\"last_live\":%zu,\"first_bytes\":%zu,\"last_bytes\":%zu}",
          line->since, line->first_live, line->last_live, line->first_bytes, line->last_bytes);
}

int weir_growth_print_json(const struct weir_growth_report *report, const char *name, FILE *stream) {
  if (report == NULL || name == NULL || stream == NULL)
    return -EINVAL;
  fputc('{', stream);
  print_field(stream, "name", name);
  print_field(stream, "verdict", weir_growth_verdict_name(report->verdict));
  print_field(stream, "reason", report->reason);
  fprintf(stream,
          "\"settled\":%s,\"rounds\":%" PRIu64 ",\"operations\":%" PRIu64 ",\"readings\":%" PRIu32 ",\"seconds\":%.9g,",
          report->settled ? "true" : "false", report->rounds, report->operations, report->readings,
          (double)report->duration / 1e9);
  print_slope(stream, report->bytes_per_operation, report->low, report->high);
  fputs(",\"lines\":[", stream);
  for (size_t i = 0; i < report->line_count; i++) {
    if (i > 0)
      fputc(',', stream);
    print_line(stream, &report->lines[i]);
  }
  fputs("]}\n", stream);
  return ferror(stream) ? -EIO : 0;
}
