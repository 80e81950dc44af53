/* census.c — readings of the books; census_print.c makes text of them.
 *
 * What workers tally is read one after the other while they run: a timer that one counts on and another one off may be
 * seen half. A sum that lies below 0 is 0. A walk holds the lock of one worker's registers at a time: what it sees there
 * is alive, and its site was written before it was entered.
 *
 * Rejected: live counts a line, kept on the hot path (two writes to a shared table an object).
 */
#include <weir/census.h>

#include "books.h"
#include "broker.h"
#include "cancel.h"
#include "report.h"
#include "scheduler.h"
#include "timer.h"

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

static const size_t task_bytes = sizeof(struct task), channel_bytes = sizeof(struct weir_chan), unknown = 0;

static size_t more_of_channel(const void *object) {
  return chan_footprint(object) - sizeof(struct weir_chan);
}

static size_t more_of_context(const void *object) {
  return context_more(object);
}

_Static_assert(offsetof(struct task, stamp) == offsetof(struct task, site) + sizeof(uint32_t) &&
                   offsetof(struct weir_chan, stamp) == offsetof(struct weir_chan, site) + sizeof(uint32_t),
               "a stamp follows its site");

/* Timers, contexts and brokers begin with their channel. A library fills its own kinds in. */
struct book_kind_shape weir_book_shapes[BOOK_KINDS] = {
    [BOOK_TASK] = {"task", offsetof(struct task, site), &task_bytes, NULL},
    [BOOK_CHANNEL] = {"channel", offsetof(struct weir_chan, site), &channel_bytes, more_of_channel},
    [BOOK_TIMER] = {"timer", offsetof(struct weir_chan, site), &weir_timer_bytes, NULL},
    [BOOK_CONTEXT] = {"context", offsetof(struct weir_chan, site), &weir_context_bytes, more_of_context},
    [BOOK_BROKER] = {"broker", offsetof(struct weir_chan, site), &weir_broker_bytes, NULL},
    [BOOK_RESPONSE] = {"response", 0, &unknown, NULL},
    [BOOK_CONNECTION] = {"connection", 0, &unknown, NULL},
};

static void take_kinds(struct weir_census *census) {
  for (int kind = 0; kind < BOOK_KINDS; kind++) {
    struct weir_census_kind *one = &census->kinds[census->kind_count];
    *one = (struct weir_census_kind){.kind = weir_book_shapes[kind].name};
    for (unsigned home = 0; home < weir_book_homes; home++) {
      books_lock(&weir_books[home]);
      const struct book *book = &weir_books[home].kinds[kind];
      one->live += book->live;
      one->bytes += book_bytes(book, kind);
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
  int64_t oldest;
};

static void tally_book(const struct book *book, const struct book_kind_shape *shape, struct tally *tallies,
                       uint32_t sites) {
  int64_t now = port_clock(); /* under the lock: no stamp in here is later */
  for (uint32_t slot = 0; slot < book->count; slot++) {
    const void *object = book_at(book, slot);
    if (object == NULL)
      continue;
    const uint32_t *site = (const uint32_t *)((const char *)object + shape->site);
    int64_t age = book_age(site[1], now); /* its stamp */
    struct tally *tally = &tallies[*site < sites ? *site : 0];
    tally->live++;
    tally->oldest = age > tally->oldest ? age : tally->oldest;
    tally->bytes += *shape->bytes + (shape->more != NULL ? shape->more(object) : 0);
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
                                                     .bytes = tallies[site].bytes,
                                                     .oldest = tallies[site].oldest});
  }
  free(tallies);
  if (census->line_count != 0)
    qsort(census->lines, census->line_count, sizeof *census->lines, most_bytes_first);
  return memory;
}

/* Of each kind, by its lines. */
static void take_oldest(struct weir_census *census) {
  for (size_t k = 0; k < census->kind_count; k++) {
    struct weir_census_kind *kind = &census->kinds[k];
    for (size_t i = 0; i < census->line_count; i++)
      if (census->lines[i].kind == kind->kind && census->lines[i].oldest > kind->oldest)
        kind->oldest = census->lines[i].oldest;
  }
}

/* ---- waits ------------------------------------------------------------------------------------------------------ */

struct waits {
  struct weir_census *census; /* one entry a blocked task at first */
  size_t capacity;
  int64_t now;
  bool memory;
};

static bool room_for_wait(struct waits *waits) {
  struct weir_census *census = waits->census;
  if (census->wait_count < waits->capacity)
    return true;
  size_t larger = waits->capacity == 0 ? 64 : 2 * waits->capacity;
  struct weir_census_wait *grown = realloc(census->waits, larger * sizeof *grown);
  if (grown == NULL)
    return false;
  census->waits = grown;
  waits->capacity = larger;
  return true;
}

static void add_wait(struct task *task, void *context) {
  struct waits *waits = context;
  if (!waits->memory || !wait_is_open(&task->wait))
    return;
  char line[REPORT_LINE];
  report_blocked(task, line, sizeof line);
  char *text = strdup(line);
  waits->memory = text != NULL && room_for_wait(waits);
  if (waits->memory)
    waits->census->waits[waits->census->wait_count++] =
        (struct weir_census_wait){.text = text, .tasks = 1, .longest = book_age(task->wait.since, waits->now)};
  else
    free(text);
}

static int by_text(const void *a, const void *b) {
  const struct weir_census_wait *left = a, *right = b;
  return strcmp(left->text, right->text);
}

static int most_tasks_first(const void *a, const void *b) {
  const struct weir_census_wait *left = a, *right = b;
  if (left->tasks != right->tasks)
    return left->tasks < right->tasks ? 1 : -1;
  return strcmp(left->text, right->text);
}

/* Those of one text become one entry; what is said twice is freed. */
static void group_waits(struct weir_census *census) {
  qsort(census->waits, census->wait_count, sizeof *census->waits, by_text);
  size_t groups = 0;
  for (size_t i = 0; i < census->wait_count; i++) {
    struct weir_census_wait *one = &census->waits[i];
    if (groups == 0 || strcmp(census->waits[groups - 1].text, one->text) != 0) {
      census->waits[groups++] = *one;
      continue;
    }
    struct weir_census_wait *last = &census->waits[groups - 1];
    last->tasks++;
    last->longest = one->longest > last->longest ? one->longest : last->longest;
    free((char *)one->text);
  }
  census->wait_count = groups;
  qsort(census->waits, groups, sizeof *census->waits, most_tasks_first);
}

static bool take_waits(struct weir_census *census) {
  struct waits waits = {.census = census, .now = port_clock(), .memory = true};
  tasks_each(add_wait, &waits);
  if (waits.memory && census->wait_count != 0)
    group_waits(census);
  return waits.memory;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static bool take_all(struct weir_census *census) {
  census->counts = weir_counts();
  census->kinds = malloc(BOOK_KINDS * sizeof *census->kinds);
  if (census->kinds == NULL)
    return false;
  take_kinds(census);
  if (!take_lines(census))
    return false;
  take_oldest(census);
  return !census->exact || take_waits(census);
}

/* With several workers whoever leaves idleness takes the scheduler's lock: while it is held nobody does. */
static bool take_at_rest(struct weir_census *census) {
  struct worker *worker = worker_here();
  port_lock(&weir_scheduler.lock);
  census->exact = scheduler_others_rest(worker);
  bool memory = census->exact && take_all(census);
  port_unlock(&weir_scheduler.lock);
  return census->exact ? memory : take_all(census);
}

int weir_census_take(struct weir_census *census) {
  if (census == NULL)
    return -EINVAL;
  *census = (struct weir_census){.kinds = NULL};
  if (!WORKER_STAMPS)
    return -ENOTSUP;
  bool several = weir_port_mode == PORT_SEVERAL;
  census->exact = !several;
  if (several ? take_at_rest(census) : take_all(census))
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
