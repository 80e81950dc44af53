/* summary_changes.c — the comparison with a baseline, for a comment on a pull request: what changed comes first, and of
 * what cannot be told only the widest, so that a comment stays one. */
#include "summary.h"

#include "allocation.h"
#include "markdown.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>

#define SHOWN 20

static void write_change(FILE *out, const struct change *change) {
  fputs("| ", out);
  markdown_name(out, change->after->name);
  fprintf(out, " | %s | %s | %s", number_nanoseconds(change->before->ns.middle).characters,
          number_nanoseconds(change->after->ns.middle).characters,
          number_percent(change_share(change->difference)).characters);
  if (!isnan(change->low))
    fprintf(out, " (%s to %s)", number_percent(change_share(change->low)).characters,
            number_percent(change_share(change->high)).characters);
  fprintf(out, " | %s%s | ", isnan(change->floor) ? "" : "±", number_share(change_share(change->floor)).characters);
  if (change->word == CHANGE_CHANGED)
    fprintf(out, "**changed: %s** | |\n", change->difference > 0 ? "slower" : "faster");
  else
    fprintf(out, "%s | %s |\n", change_word(change->word),
            change->why != NULL ? change->why : number_share(change_share(change->least)).characters);
}

/* Slower before faster, the greatest change first; of the others those with the most room to hide in. */
static int compare_changes(const void *left, const void *right) {
  const struct change *a = *(const struct change *const *)left, *b = *(const struct change *const *)right;
  double x = a->word == CHANGE_CHANGED ? a->difference : isnan(a->least) ? HUGE_VAL : a->least;
  double y = b->word == CHANGE_CHANGED ? b->difference : isnan(b->least) ? HUGE_VAL : b->least;
  if (x != y)
    return x > y ? -1 : 1;
  return (a->after > b->after) - (a->after < b->after);
}

static void write_table(FILE *out, const struct changes *changes, enum change_word word, size_t most) {
  const struct change **chosen = allocation_array(changes->count + 1, sizeof(struct change *));
  size_t count = 0;
  for (size_t i = 0; i < changes->count; i++)
    if (changes->changes[i].word == word)
      chosen[count++] = &changes->changes[i];
  if (count > 0) {
    qsort(chosen, count, sizeof *chosen, compare_changes);
    fputs("\n| row | before, ns | now, ns | change | A/A floor | verdict | least change to be seen |\n"
          "|---|--:|--:|--:|--:|---|--:|\n",
          out);
    for (size_t i = 0; i < count && i < most; i++)
      write_change(out, chosen[i]);
    if (count > most)
      fprintf(out, "\n%zu more rows of which nobody can tell are in the report.\n", count - most);
  }
  free(chosen);
}

void summary_changes(FILE *out, const struct changes *changes, const char *objection) {
  fprintf(out, "## Against the baseline: %zu slower, %zu faster, %zu not changed, %zu cannot tell\n\n", changes->slower,
          changes->faster, changes->words[CHANGE_NOT_CHANGED], changes->words[CHANGE_CANNOT_TELL]);
  if (objection != NULL) {
    fputs("**Unlike things, compared by force:** ", out);
    markdown_text(out, objection);
    fputs(". Nothing below is evidence.\n\n", out);
  }
  fprintf(out,
          "%zu processes against %zu; the A/A floor is what this machine shows where nothing has changed, measured in "
          "these two sessions.",
          changes->processes_after, changes->processes_before);
  if (changes->gone + changes->fresh > 0)
    fprintf(out, " %zu rows are gone, %zu are new.", changes->gone, changes->fresh);
  fputs("\n", out);
  write_table(out, changes, CHANGE_CHANGED, changes->count);
  write_table(out, changes, CHANGE_CANNOT_TELL, SHOWN);
  fputs("\n", out);
}
