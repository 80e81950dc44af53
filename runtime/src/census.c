/* census.c — readings of the books.
 *
 * What workers tally is read one after the other while they run: a timer that one counts on and another one off may be
 * seen half. A sum that lies below 0 is 0. A walk holds the lock of one worker's registers at a time: what it sees there
 * is alive, and its site was written before it was entered.
 *
 * Rejected: live counts a line, kept on the hot path (two writes to a shared table an object).
 */
#include <weir/census.h>

#include "books.h"
#include "cancel.h"
#include "report.h"
#include "scheduler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- sums ------------------------------------------------------------------------------------------------------- */

static size_t sum(size_t offset) {
  ptrdiff_t total = 0;
  for (uint32_t i = 0; i < weir_scheduler.count; i++) {
    const char *worker = (const char *)weir_scheduler.workers[i];
    total +=
        (ptrdiff_t)__atomic_load_n((const size_t *)(worker + offset), __ATOMIC_RELAXED); /* pairs with port_tally */
  }
  return total > 0 ? (size_t)total : 0;
}

struct weir_counts weir_counts(void) {
  return (struct weir_counts){
      .tasks = books_live(BOOK_TASK),
      .timers = books_live(BOOK_TIMER),
      .timers_pending = sum(offsetof(struct worker, timers_pending)),
      .timers_abandoned = sum(offsetof(struct worker, timers_abandoned)),
      .channels = books_live(BOOK_CHANNEL),
      .contexts = books_live(BOOK_CONTEXT),
      .brokers = books_live(BOOK_BROKER),
      .responses = books_live(BOOK_RESPONSE),
      .connections = books_live(BOOK_CONNECTION),
      .bytes = books_bytes(),
      .stack_bytes = sum(offsetof(struct worker, stack_bytes)),
  };
}

/* ---- kinds ------------------------------------------------------------------------------------------------------ */

static size_t bytes_of_channel(const void *object) {
  return chan_footprint(object);
}

static size_t bytes_of_context(const void *object) {
  return context_footprint(object);
}

/* Timers, contexts and brokers begin with their channel. A library fills its own kinds in. */
struct book_kind_shape weir_book_shapes[BOOK_KINDS] = {
    [BOOK_TASK] = {"task", offsetof(struct task, site), NULL},
    [BOOK_CHANNEL] = {"channel", offsetof(struct weir_chan, site), bytes_of_channel},
    [BOOK_TIMER] = {"timer", offsetof(struct weir_chan, site), NULL},
    [BOOK_CONTEXT] = {"context", offsetof(struct weir_chan, site), bytes_of_context},
    [BOOK_BROKER] = {"broker", offsetof(struct weir_chan, site), NULL},
    [BOOK_RESPONSE] = {"response", 0, NULL},
    [BOOK_CONNECTION] = {"connection", 0, NULL},
};

static void take_kinds(struct weir_census *census) {
  for (int kind = 0; kind < BOOK_KINDS; kind++) {
    struct weir_census_kind *one = &census->kinds[census->kind_count];
    *one = (struct weir_census_kind){.kind = weir_book_shapes[kind].name};
    for (unsigned home = 0; home < weir_book_homes; home++) {
      books_lock(&weir_books[home]);
      const struct book *book = &weir_books[home].kinds[kind];
      one->live += book->live;
      one->bytes += book->bytes;
      one->peak += book->count;
      books_unlock(&weir_books[home]);
    }
    census->kind_count += one->live != 0;
  }
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

struct tally {
  size_t live;
  size_t bytes;
};

static void tally_book(const struct book *book, const struct book_kind_shape *shape, struct tally *tallies,
                       uint32_t sites) {
  size_t each = book->live == 0 ? 0 : book->bytes / book->live;
  for (uint32_t slot = 0; slot < book->count; slot++) {
    const void *object = book_at(book, slot);
    if (object == NULL)
      continue;
    uint32_t site = *(const uint32_t *)((const char *)object + shape->site);
    struct tally *tally = &tallies[site < sites ? site : 0];
    tally->live++;
    tally->bytes += shape->footprint != NULL ? shape->footprint(object) : each;
  }
}

static bool add_line(struct weir_census *census, size_t *capacity, const struct weir_census_line *line) {
  if (census->line_count == *capacity) {
    size_t larger = *capacity == 0 ? 16 : 2 * *capacity;
    struct weir_census_line *grown = realloc(census->lines, larger * sizeof *grown);
    if (grown == NULL)
      return false;
    census->lines = grown;
    *capacity = larger;
  }
  census->lines[census->line_count++] = *line;
  return true;
}

static int most_bytes_first(const void *a, const void *b) {
  const struct weir_census_line *left = a, *right = b;
  if (left->bytes != right->bytes)
    return left->bytes < right->bytes ? 1 : -1;
  return left->line - right->line;
}

static bool take_lines(struct weir_census *census) {
  uint32_t sites = sites_count();
  sites = sites == 0 ? 1 : sites;
  size_t capacity = 0;
  struct tally *tallies = malloc(sites * sizeof *tallies);
  bool memory = tallies != NULL;
  for (int kind = 0; kind < BOOK_KINDS && memory; kind++) {
    memset(tallies, 0, sites * sizeof *tallies);
    for (unsigned home = 0; home < weir_book_homes; home++) {
      books_lock(&weir_books[home]);
      tally_book(&weir_books[home].kinds[kind], &weir_book_shapes[kind], tallies, sites);
      books_unlock(&weir_books[home]);
    }
    for (uint32_t site = 0; site < sites && memory; site++)
      if (tallies[site].live != 0)
        memory = add_line(census, &capacity,
                          &(struct weir_census_line){.kind = weir_book_shapes[kind].name,
                                                     .file = site_file(site),
                                                     .line = site_line(site),
                                                     .live = tallies[site].live,
                                                     .bytes = tallies[site].bytes});
  }
  free(tallies);
  if (census->line_count != 0)
    qsort(census->lines, census->line_count, sizeof *census->lines, most_bytes_first);
  return memory;
}

/* ---- waits ------------------------------------------------------------------------------------------------------ */

struct waits {
  char **texts; /* one a blocked task */
  size_t count;
  size_t capacity;
  bool memory;
};

static void add_wait(struct task *task, void *context) {
  struct waits *waits = context;
  if (!waits->memory || !wait_is_open(&task->wait))
    return;
  if (waits->count == waits->capacity) {
    size_t larger = waits->capacity == 0 ? 64 : 2 * waits->capacity;
    char **grown = realloc(waits->texts, larger * sizeof *grown);
    waits->memory = grown != NULL;
    if (grown == NULL)
      return;
    waits->texts = grown;
    waits->capacity = larger;
  }
  char line[REPORT_LINE];
  report_blocked(task, line, sizeof line);
  char *text = strdup(line);
  waits->memory = text != NULL;
  if (text != NULL)
    waits->texts[waits->count++] = text;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int most_tasks_first(const void *a, const void *b) {
  const struct weir_census_wait *left = a, *right = b;
  if (left->tasks != right->tasks)
    return left->tasks < right->tasks ? 1 : -1;
  return strcmp(left->text, right->text);
}

/* Sorted texts, of which there is one at least, become one entry each; what is said twice is freed. */
static void group_waits(struct weir_census *census, struct waits *waits) {
  qsort(waits->texts, waits->count, sizeof *waits->texts, by_text);
  struct weir_census_wait *last = census->waits;
  *last = (struct weir_census_wait){.text = waits->texts[0], .tasks = 1};
  for (size_t i = 1; i < waits->count; i++) {
    if (strcmp(last->text, waits->texts[i]) == 0) {
      last->tasks++;
      free(waits->texts[i]);
    } else {
      *++last = (struct weir_census_wait){.text = waits->texts[i], .tasks = 1};
    }
  }
  waits->count = 0;
  census->wait_count = (size_t)(last - census->waits) + 1;
  qsort(census->waits, census->wait_count, sizeof *census->waits, most_tasks_first);
}

static bool take_waits(struct weir_census *census) {
  struct waits waits = {.memory = true};
  tasks_each(add_wait, &waits);
  if (waits.count != 0 && waits.memory) {
    census->waits = malloc(waits.count * sizeof *census->waits);
    waits.memory = census->waits != NULL;
    if (waits.memory)
      group_waits(census, &waits);
  }
  for (size_t i = 0; i < waits.count; i++)
    free(waits.texts[i]);
  free(waits.texts);
  return waits.memory;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

int weir_census_take(struct weir_census *census) {
  if (census == NULL)
    return -EINVAL;
  *census = (struct weir_census){.counts = weir_counts()};
  census->exact = weir_port_mode != PORT_SEVERAL || scheduler_others_rest(worker_here());
  census->kinds = malloc(BOOK_KINDS * sizeof *census->kinds);
  bool memory = census->kinds != NULL;
  if (memory)
    take_kinds(census);
  memory = memory && take_lines(census) && (!census->exact || take_waits(census));
  if (memory)
    return 0;
  weir_census_free(census);
  return -ENOMEM;
}

void weir_census_free(struct weir_census *census) {
  if (census == NULL)
    return;
  for (size_t i = 0; i < census->wait_count; i++)
    free((char *)census->waits[i].text);
  free(census->kinds);
  free(census->lines);
  free(census->waits);
  *census = (struct weir_census){0};
}

static void print_kinds(const struct weir_census *census, FILE *stream) {
  fprintf(stream, "%-12s %12s %14s %12s%s\n", "alive", "now", "bytes", "peak", census->exact ? "" : "  (approximate)");
  for (size_t i = 0; i < census->kind_count; i++)
    fprintf(stream, "%-12s %12zu %14zu %12zu\n", census->kinds[i].kind, census->kinds[i].live, census->kinds[i].bytes,
            census->kinds[i].peak);
  fprintf(stream, "timers pending: %zu, abandoned: %zu; stacks in use: %zu bytes of address space\n",
          census->counts.timers_pending, census->counts.timers_abandoned, census->counts.stack_bytes);
}

int weir_census_print(const struct weir_census *census, FILE *stream) {
  if (census == NULL || stream == NULL)
    return -EINVAL;
  print_kinds(census, stream);
  if (census->line_count != 0)
    fprintf(stream, "\n%-12s %12s %14s  made at\n", "", "now", "bytes");
  for (size_t i = 0; i < census->line_count; i++) {
    const struct weir_census_line *line = &census->lines[i];
    fprintf(stream, "%-12s %12zu %14zu  %s:%d\n", line->kind, line->live, line->bytes, line->file, line->line);
  }
  if (census->wait_count != 0)
    fprintf(stream, "\n%-12s\n", "blocked");
  for (size_t i = 0; i < census->wait_count; i++)
    fprintf(stream, "%12zu  %s\n", census->waits[i].tasks, census->waits[i].text);
  return ferror(stream) ? -EIO : 0;
}
