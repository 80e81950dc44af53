/* summary.c — see summary.h. */
#include "summary.h"

#include "allocation.h"
#include "context.h"
#include "markdown.h"
#include "number.h"
#include "order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_system(FILE *out, const char *peer) {
  char *name = results_system_name(peer);
  markdown_text(out, name);
  free(name);
}

static void write_steady_line(FILE *out, const struct steady_line *line) {
  const struct cell *cell = line->cell;
  fprintf(out, "| %s | %s | ", point_policy_name(cell->point.policy), point_mode_name(cell->point.mode));
  write_system(out, cell->peer);
  if (line->status == STEADY_FAILED) {
    fputs(" | failed: ", out);
    markdown_text(out, cell->failure == NULL ? "no sample" : cell->failure);
    fputs(" | | | | | |\n", out);
    return;
  }
  fprintf(out, " | %s", number_nanoseconds(cell->ns.middle).characters);
  if (line->status == STEADY_NEVER_REACHED) {
    fputs(" | | | | | never reached steady state |\n", out);
    return;
  }
  fprintf(out, " | %s | %s | %s | %s | ", number_count(line->timers_pending).characters,
          number_count(line->timers_abandoned).characters, number_bytes(line->live_bytes).characters,
          number_bytes(line->predicted ? line->if_abandoned : NAN).characters);
  if (line->predicted)
    fprintf(out, "%s, %s |\n", number_percent(line->deviation).characters,
            line->within ? "within 20 %" : "**off by more than 20 %**");
  else
    fprintf(out, "%s |\n", line->keeps ? "**grows**" : "flat");
}

static void write_steady(FILE *out, const struct report *report) {
  for (size_t g = 0; g < report->steady->count; g++) {
    const struct steady_group *group = &report->steady->groups[g];
    fprintf(out,
            "\n### At steady state: %ld subscribers, concurrency %ld, timeout %ld ms, %ld worker%s\n\n"
            "| policy | mode | system | ns a message | pending | abandoned | live bytes | predicted | verdict |\n"
            "|---|---|---|--:|--:|--:|--:|--:|---|\n",
            group->size.subscribers, group->size.concurrency, group->size.timeout_ms, group->size.workers,
            group->size.workers == 1 ? "" : "s");
    for (size_t i = 0; i < group->count; i++)
      write_steady_line(out, &group->lines[i]);
  }
}

static void write_digests(FILE *out, const struct comparison *comparison) {
  if (comparison->digest_count == 0)
    return;
  fputs("\n### Broadcast: the peer's time over Weir's\n\n"
        "| workers | load | policy | mode | peer | points | least | median | greatest | goals met / not / ~ |\n"
        "|--:|---|---|---|---|--:|--:|--:|--:|--:|\n",
        out);
  for (size_t i = 0; i < comparison->digest_count; i++) {
    const struct digest *digest = &comparison->digests[i];
    fprintf(out, "| %ld | %s | %s | %s | ", digest->point.workers, point_load_name(digest->point.load),
            point_policy_name(digest->point.policy), point_mode_name(digest->point.mode));
    write_system(out, digest->peer);
    fprintf(out, " | %zu | %s | %s | %s | %zu / %zu / %zu |\n", digest->points, number_ratio(digest->least).characters,
            number_ratio(digest->median).characters, number_ratio(digest->greatest).characters,
            digest->verdicts[VERDICT_MET], digest->verdicts[VERDICT_NOT_MET], digest->verdicts[VERDICT_UNCLEAR]);
  }
}

static void write_pair(FILE *out, const struct pair *pair) {
  const struct cell *subject = comparison_subject(pair);
  char *name = allocation_format("%s/workers:%ld", subject->benchmark, subject->workers);
  fputs("| ", out);
  markdown_name(out, name);
  free(name);
  const char *figure = comparison_figure_name(pair->figure);
  fprintf(out, "%s%s | %s | ", *figure == '\0' ? "" : " ", figure,
          pair->weir == NULL       ? "no row"
          : pair->weir->count == 0 ? "failed"
                                   : comparison_figure_text(pair->figure, pair->of_weir.middle).characters);
  if (pair->peer != NULL)
    write_system(out, pair->peer->peer);
  fprintf(out, " | %s | %s",
          pair->peer == NULL       ? ""
          : pair->peer->count == 0 ? "failed"
                                   : comparison_figure_text(pair->figure, pair->of_peer.middle).characters,
          number_ratio(pair->ratio.middle).characters);
  if (!isnan(pair->ratio.low))
    fprintf(out, " (%s)", number_ratio_range(pair->ratio.low, pair->ratio.high).characters);
  const char *verdict = pair->verdict != VERDICT_NONE                    ? comparison_verdict_word(pair->verdict)
                        : pair->goal == NULL                             ? ""
                        : pair->peer != NULL || pair->goal->peer == NULL ? "no ratio"
                                                                         : "not in this run";
  fprintf(out, " | %s | %s |\n", pair->goal == NULL ? "" : pair->goal->words, verdict);
}

static void write_primitives(FILE *out, const struct comparison *comparison) {
  bool begun = false;
  for (size_t i = 0; i < comparison->count; i++) {
    if (comparison_subject(&comparison->pairs[i])->point.family != FAMILY_OTHER)
      continue;
    if (!begun)
      fputs(
          "\n### One primitive at a time\n\n"
          "| benchmark | Weir, ns | peer | peer, ns | peer ÷ Weir | goal | verdict |\n|---|--:|---|--:|--:|---|---|\n",
          out);
    begun = true;
    write_pair(out, &comparison->pairs[i]);
  }
}

static void write_growth(FILE *out, const struct growth *growth) {
  if (growth == NULL || growth->verdict_count == 0)
    return;
  fputs("\n### Growth, judged\n\n| scenario | verdict | bytes an operation | why |\n|---|---|--:|---|\n", out);
  for (size_t i = 0; i < growth->verdict_count; i++) {
    const struct growth_verdict *verdict = &growth->verdicts[i];
    fputs("| ", out);
    markdown_name(out, verdict->name);
    fprintf(out, verdict->word == GROWTH_FLAT ? " | %s | %s | " : " | **%s** | %s | ", growth_word_name(verdict->word),
            number_count(verdict->slope.middle).characters);
    markdown_text(out, verdict->reason);
    fputs(" |\n", out);
  }
}

static void write_failures(FILE *out, const struct results *results) {
  bool begun = false;
  for (size_t i = 0; i < results->count; i++) {
    const struct cell *cell = &results->cells[i];
    if (cell->failures == 0)
      continue;
    if (!begun)
      fputs("\n### Failed rows\n\n", out);
    begun = true;
    fputs("- ", out);
    markdown_name(out, cell->name);
    fprintf(out, " (%zu of %zu): ", cell->failures, cell->failures + cell->count);
    markdown_text(out, cell->failure);
    fputs("\n", out);
  }
}

static void write_environment(FILE *out, const struct results *results) {
  static const char *const keys[] = {"weir_version", "weir_git", "weir_build", "compiler", "cpu_model",
                                     "cores",        "kernel",   "allocator",  "command"};
  char *repetitions = order_repetitions(results), *order = order_note(results);
  fprintf(out, "\n### Environment\n\n%s %s\n\n", repetitions, order);
  free(repetitions);
  free(order);
  for (size_t s = 0; s < results->source_count; s++) {
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
      char *value = context_value(&results->sources[s], keys[i]);
      fputs("- ", out);
      markdown_name(out, keys[i]);
      fputs(": ", out);
      markdown_name(out, value);
      fputs("\n", out);
      free(value);
    }
  }
  struct context_fields fields = context_fields_of(results);
  for (size_t i = 0; i < fields.count; i++) {
    const char *key = fields.fields[i].key;
    if (strncmp(key, CONTEXT_PEER_PREFIX, strlen(CONTEXT_PEER_PREFIX)) != 0)
      continue;
    const char *peer = key + strlen(CONTEXT_PEER_PREFIX), *version = context_peer(results, peer);
    fputs("- peer ", out);
    write_system(out, peer);
    fputs(": ", out);
    markdown_text(out, version == NULL ? "not recorded" : version);
    fputs("\n", out);
  }
  context_fields_free(&fields);
}

void summary_write(FILE *out, const struct report *report) {
  const size_t *verdicts = report->comparison->verdicts;
  if (report->changes != NULL)
    summary_changes(out, report->changes, report->objection);
  fputs("## Weir: what a message costs, and what it leaves behind\n\n", out);
  for (size_t i = 0; i < report->story->count; i++) {
    markdown_sentence(out, report->story->sentences[i]);
    fputs("\n\n", out);
  }
  fprintf(out, "Goals that can be judged: **%zu met, %zu not met, %zu cannot tell**.\n", verdicts[VERDICT_MET],
          verdicts[VERDICT_NOT_MET], verdicts[VERDICT_UNCLEAR]);
  write_steady(out, report);
  write_digests(out, report->comparison);
  write_primitives(out, report->comparison);
  write_growth(out, report->growth);
  if (report->hostile != NULL)
    fprintf(out, "\n### Hostile servers\n\n%zu of %zu were met as expected.\n",
            report->hostile->count - hostile_failed(report->hostile), report->hostile->count);
  write_failures(out, report->results);
  write_environment(out, report->results);
}
