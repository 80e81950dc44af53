/* report.c — see report.h. */
#include "report.h"

#include "check.h"

#include <curl/curl.h>

void report_line(const struct row *row, const struct outcome *outcome) {
  char why[1024], got[512];
  bool ok = judge(row, outcome, why, sizeof why);
  outcome_text(outcome, got, sizeof got);
  printf("%-6s %2d  %-34s %s; %lld bytes held\n", ok ? "ok" : "FAILED", row->number, row->name, got,
         (long long)outcome->bytes_held);
  if (!ok)
    printf("            %s\n", why);
}

static void put_string(FILE *file, const char *name, const char *text) {
  fprintf(file, "\"%s\": \"", name);
  for (; *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      fprintf(file, "\\%c", *text);
    else if ((unsigned char)*text < ' ')
      fprintf(file, "\\u%04x", (unsigned)*text);
    else
      putc(*text, file);
  fputs("\", ", file);
}

static void put_row(FILE *file, const struct row *row, const struct outcome *outcome) {
  char text[1024];
  fprintf(file, "    {\"number\": %d, ", row->number);
  put_string(file, "name", row->name);
  put_string(file, "server", row->server);
  expected_text(row, text, sizeof text);
  put_string(file, "expected", text);
  outcome_text(outcome, text, sizeof text);
  put_string(file, "got", text);
  fprintf(file, "\"error\": %d, ", outcome->error);
  put_string(file, "stage", outcome->error == 0 ? "" : weir_http_stage_name(outcome->stage));
  put_string(file, "message", outcome->message);
  bool ok = judge(row, outcome, text, sizeof text);
  put_string(file, "why", text);
  fprintf(file, "\"status\": %d, \"connections_kept\": %zu, \"requests\": %u, \"repeated\": %llu, ", outcome->status,
          outcome->idle, outcome->requests, (unsigned long long)outcome->counts.repeated);
  fprintf(file,
          "\"bytes_held\": %lld, \"bytes_peak\": %lld, \"bytes_sent\": %llu, \"fds_before\": %d, \"fds_after\": %d, "
          "\"ok\": %s}",
          (long long)outcome->bytes_held, (long long)outcome->bytes_peak, (unsigned long long)outcome->peer_sent,
          outcome->fds_before, outcome->fds_after, ok ? "true" : "false");
}

void report_json(const char *path, const struct row *const *rows, const struct outcome *outcomes, size_t count,
                 unsigned workers) {
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  fprintf(file, "{\n  \"schema\": \"weir-hostile/1\",\n  \"libcurl\": \"%s\",\n  \"workers\": %u,\n  \"rows\": [\n",
          curl_version_info(CURLVERSION_NOW)->version, workers);
  for (size_t i = 0; i < count; i++) {
    put_row(file, rows[i], &outcomes[i]);
    fputs(i + 1 < count ? ",\n" : "\n", file);
  }
  fputs("  ]\n}\n", file);
  CHECK(fclose(file) == 0);
}
