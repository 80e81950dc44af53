/* finding.c — see finding.h. */
#include "finding.h"

#include "chart.h"
#include "chrome.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void print_indented(FILE *stream, const char *text) {
  for (const char *line = text; *line != '\0';) {
    size_t length = strcspn(line, "\n");
    fprintf(stream, "  %.*s\n", (int)length, line);
    line += length + (line[length] == '\n');
  }
}

static void print_origin(FILE *stream, const struct finding *finding) {
  const struct outcome *outcome = finding->outcome;
  if (finding->quarry == NULL)
    return;
  fprintf(stream, "found in run %" PRIu64 " (%s), %.2f s; ", finding->quarry->runs,
          strategy_name(finding->quarry->strategy), finding->quarry->seconds);
  fprintf(stream, "minimised from %" PRIu32 " switches in %" PRIu32 " decisions to %" PRIu32 " in %" PRIu32 "\n",
          finding->switches_found, finding->decisions_found,
          decisions_switches(outcome->decisions, outcome->decision_count), outcome->decision_count);
  if (!finding->repeatable)
    fprintf(stream, "NOT REPEATABLE: the same schedule ended otherwise. The scenario depends on something else: state "
                    "that outlives a run, addresses, the real clock.\n");
}

void finding_print(FILE *stream, const struct finding *finding) {
  const struct outcome *outcome = finding->outcome;
  fprintf(stream, "%s: %s\nverdict: %s%s\n", weir_scenario.name, weir_scenario.terms.story,
          weir_verdict_name(outcome->verdict),
          outcome->verdict != WEIR_VERDICT_DEADLOCK ? ""
          : outcome->global                         ? " (global)"
                                                    : " (partial)");
  print_origin(stream, finding);
  print_indented(stream, outcome->text);
  if (outcome->graph[0] != '\0') {
    fprintf(stream, "wait-for graph:\n");
    print_indented(stream, outcome->graph);
  }
  fprintf(stream, "the last steps:\n");
  chart_print(stream, outcome);
  if (finding->schedule != NULL)
    fprintf(stream, "schedule: %s\nreplay:   %s\n", finding->schedule, finding->command);
  fprintf(stream, "DEDUP_TOKEN: %s\n", outcome->signature);
}

static void print_field(FILE *stream, const char *name, const char *value) {
  fprintf(stream, ",\"%s\":", name);
  json_string(stream, value != NULL ? value : "");
}

static void print_scenario(FILE *stream) {
  fputs("{\"scenario\":", stream);
  json_string(stream, weir_scenario.name);
  print_field(stream, "story", weir_scenario.terms.story);
}

static void print_quarry(FILE *stream, const struct quarry *quarry, enum strategy strategy) {
  print_field(stream, "strategy", strategy_name(strategy));
  fprintf(stream, ",\"runs\":%" PRIu64 ",\"steps\":%" PRIu64 ",\"seconds\":%.6f", quarry->runs, quarry->steps,
          quarry->seconds);
}

static void print_chart(FILE *stream, const struct outcome *outcome) {
  char *text = NULL;
  size_t size = 0;
  FILE *chart = open_memstream(&text, &size);
  if (chart == NULL)
    return;
  chart_print(chart, outcome);
  if (fclose(chart) == 0)
    print_field(stream, "chart", text);
  free(text);
}

void finding_print_json(FILE *stream, const struct finding *finding) {
  const struct outcome *outcome = finding->outcome;
  print_scenario(stream);
  if (finding->quarry != NULL)
    print_quarry(stream, finding->quarry, finding->quarry->strategy);
  print_field(stream, "verdict", weir_verdict_name(outcome->verdict));
  fprintf(stream, ",\"global\":%s,\"repeatable\":%s", outcome->global ? "true" : "false",
          finding->repeatable ? "true" : "false");
  fprintf(stream, ",\"switches\":%" PRIu32 ",\"decisions\":%" PRIu32 ",\"switches_found\":%" PRIu32,
          decisions_switches(outcome->decisions, outcome->decision_count), outcome->decision_count,
          finding->switches_found);
  print_field(stream, "signature", outcome->signature);
  print_field(stream, "text", outcome->text);
  print_field(stream, "graph", outcome->graph);
  print_chart(stream, outcome);
  print_field(stream, "schedule", finding->schedule);
  print_field(stream, "replay", finding->command);
  fputs("}\n", stream);
}

void nothing_print(FILE *stream, const struct hunt *hunt, const struct quarry *quarry) {
  fprintf(stream, "%s: nothing found in %" PRIu64 " runs (%s), %.2f s, %.0f runs/s, %.1f steps a run\n",
          weir_scenario.name, quarry->runs, strategy_name(hunt->strategy), quarry->seconds,
          quarry->seconds > 0 ? (double)quarry->runs / quarry->seconds : 0,
          quarry->runs > 0 ? (double)quarry->steps / (double)quarry->runs : 0);
  if (quarry->exhausted)
    fprintf(stream, "these are all schedules with at most %u preemptions\n", hunt->depth);
}

void nothing_print_json(FILE *stream, const struct hunt *hunt, const struct quarry *quarry) {
  print_scenario(stream);
  print_quarry(stream, quarry, hunt->strategy);
  print_field(stream, "verdict", "ok");
  fprintf(stream, ",\"exhausted\":%s}\n", quarry->exhausted ? "true" : "false");
}
