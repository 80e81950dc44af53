/* story.c — see story.h. Everything speaks of the first group, whose picture the reader sees. */
#include "story.h"

#include "allocation.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A sentence under way. */
struct sentence {
  FILE *stream;
  char *text;
  size_t size;
  size_t items;
};

static struct sentence *sentence_begin(struct sentence *sentence) {
  *sentence = (struct sentence){0};
  sentence->stream = open_memstream(&sentence->text, &sentence->size);
  if (sentence->stream == NULL)
    abort();
  return sentence;
}

static void sentence_end(struct sentence *sentence, struct story *story) {
  fclose(sentence->stream);
  if (sentence->size == 0 || story->count == STORY_LIMIT)
    free(sentence->text);
  else
    story->sentences[story->count++] = sentence->text;
}

static bool same_block(const struct steady_line *left, const struct steady_line *right) {
  return left->cell->point.policy == right->cell->point.policy && left->cell->point.mode == right->cell->point.mode;
}

static void tell_system(struct sentence *sentence, const struct steady_line *line) {
  char *system = results_system_name(line->cell->peer);
  for (char *at = system; *at != '\0'; at++)
    fputc(*at == '`' ? '\'' : *at, sentence->stream);
  free(system);
}

/* "Policy after in classic mode keeps …: Weir 5.1 MiB (41,200 abandoned timers) at 8.2M messages a second; Go 1.19 …"
 */
static void tell_keeping(struct story *story, const struct steady_group *group) {
  struct sentence sentence;
  const struct steady_line *first = NULL;
  sentence_begin(&sentence);
  for (size_t i = 0; i < group->count; i++) {
    const struct steady_line *line = &group->lines[i];
    if (line->status != STEADY_REACHED || !line->keeps)
      continue;
    if (first == NULL || !same_block(first, line))
      fprintf(sentence.stream,
              first == NULL
                  ? "Policy `%s` in %s mode leaves a timer behind for each message until it is due, %s later: "
                  : ". So does `%s` in %s mode (%s): ",
              point_policy_name(line->cell->point.policy), point_mode_name(line->cell->point.mode),
              number_duration(line->timeout_ns).characters);
    else
      fputs("; ", sentence.stream);
    first = line;
    tell_system(&sentence, line);
    fprintf(sentence.stream, " holds %s", number_bytes(line->live_bytes).characters);
    if (!isnan(line->timers_abandoned))
      fprintf(sentence.stream, " in %s abandoned timers", number_count(round(line->timers_abandoned)).characters);
    fprintf(sentence.stream, " at %s messages a second", number_short(line->rate).characters);
  }
  if (first == NULL)
    fputs("At steady state no policy keeps the timers of the messages it has sent", sentence.stream);
  fputs(".", sentence.stream);
  sentence_end(&sentence, story);
}

static void tell_predictions(struct story *story, const struct steady_group *group) {
  struct sentence sentence;
  sentence_begin(&sentence);
  for (int within = 1; within >= 0; within--) {
    size_t told = 0;
    for (size_t i = 0; i < group->count; i++) {
      const struct steady_line *line = &group->lines[i];
      if (line->status != STEADY_REACHED || !line->predicted || line->within != within)
        continue;
      if (told++ > 0)
        fputs(", ", sentence.stream);
      else if (within)
        fputs("Rate × timeout × bytes a timer foretells that within 20 %: ", sentence.stream);
      else
        fputs(sentence.items > 0 ? "; but it misses " : "Rate × timeout × bytes a timer misses it by more than 20 %: ",
              sentence.stream);
      sentence.items++;
      tell_system(&sentence, line);
      fprintf(sentence.stream, " %s", number_percent(line->deviation).characters);
    }
  }
  if (sentence.items > 0)
    fputs(".", sentence.stream);
  sentence_end(&sentence, story);
}

static void tell_flat(struct story *story, const struct steady_group *group) {
  const struct steady_line *most = NULL;
  bool any_keeps = false;
  for (size_t i = 0; i < group->count; i++) {
    const struct steady_line *line = &group->lines[i];
    any_keeps = any_keeps || line->keeps;
    if (line->status == STEADY_REACHED && !line->keeps && (most == NULL || line->live_bytes > most->live_bytes))
      most = line;
  }
  if (most == NULL)
    return;
  struct sentence sentence;
  sentence_begin(&sentence);
  fprintf(sentence.stream, "%s most that remains is %s (", any_keeps ? "All else stays flat; the" : "The",
          number_bytes(most->live_bytes).characters);
  tell_system(&sentence, most);
  fprintf(sentence.stream, ", `%s`, %s).", point_policy_name(most->cell->point.policy),
          point_mode_name(most->cell->point.mode));
  sentence_end(&sentence, story);
}

/* The cheapest line that bounds its sends and stays flat: Weir's (peer false) or the best of the peers'. */
static const struct steady_line *cheapest(const struct steady_group *group, bool peer) {
  const struct steady_line *best = NULL;
  for (size_t i = 0; i < group->count; i++) {
    const struct steady_line *line = &group->lines[i];
    if (line->status != STEADY_REACHED || line->keeps || line->cell->point.policy == POLICY_NONE ||
        (line->cell->peer != NULL) != peer)
      continue;
    if (best == NULL || line->cell->ns.middle < best->cell->ns.middle)
      best = line;
  }
  return best;
}

static void tell_price(struct story *story, const struct steady_group *group) {
  const struct steady_line *weir = cheapest(group, false), *peer = cheapest(group, true);
  if (weir == NULL)
    return;
  struct sentence sentence;
  sentence_begin(&sentence);
  fprintf(sentence.stream, "Weir’s cheapest timeout that stays flat is `%s` (%s) at %s ns a message",
          point_policy_name(weir->cell->point.policy), point_mode_name(weir->cell->point.mode),
          number_nanoseconds(weir->cell->ns.middle).characters);
  if (peer != NULL) {
    double ratio = peer->cell->ns.middle / weir->cell->ns.middle;
    fputs("; the cheapest of the others, ", sentence.stream);
    tell_system(&sentence, peer);
    fprintf(sentence.stream, " with `%s` (%s), takes %s: %s as long", point_policy_name(peer->cell->point.policy),
            point_mode_name(peer->cell->point.mode), number_nanoseconds(peer->cell->ns.middle).characters,
            number_ratio(ratio).characters);
  }
  fputs(".", sentence.stream);
  sentence_end(&sentence, story);
}

static void tell_unanswered(struct story *story, const struct steady_group *group) {
  size_t never = 0, failed = 0;
  for (size_t i = 0; i < group->count; i++) {
    never += group->lines[i].status == STEADY_NEVER_REACHED;
    failed += group->lines[i].status == STEADY_FAILED;
  }
  struct sentence sentence;
  sentence_begin(&sentence);
  if (never > 0)
    fprintf(sentence.stream, "%zu of %zu lines never reached steady state and %s not compared. ", never, group->count,
            never == 1 ? "is" : "are");
  if (failed > 0)
    fprintf(sentence.stream, "%zu of %zu lines failed.", failed, group->count);
  sentence_end(&sentence, story);
}

struct story story_of(const struct steady *steady) {
  struct story story = {0};
  if (steady->count == 0) {
    story.sentences[story.count++] = allocation_string(
        "These results hold no rows of the family `steady`, so they cannot tell what each policy leaves "
        "behind; run weir-bench with the steady benchmarks to learn it.");
    return story;
  }
  const struct steady_group *group = &steady->groups[0];
  bool any = false;
  for (size_t i = 0; i < group->count; i++)
    any = any || group->lines[i].status == STEADY_REACHED;
  if (any) {
    tell_keeping(&story, group);
    tell_predictions(&story, group);
    tell_flat(&story, group);
    tell_price(&story, group);
  }
  tell_unanswered(&story, group);
  return story;
}

void story_free(struct story *story) {
  for (size_t i = 0; i < story->count; i++)
    free(story->sentences[i]);
  story->count = 0;
}
