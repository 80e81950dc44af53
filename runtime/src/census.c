/* census.c — a reading of the books.
 *
 * What workers tally is read one after the other while they run: a timer that one counts on and another one off may be
 * seen half. A sum that lies below 0 is 0.
 */
#include <weir/census.h>

#include "books.h"
#include "scheduler.h"

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
