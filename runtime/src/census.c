/* census.c — a reading of the books. */
#include <weir/census.h>

#include "books.h"
#include "worker.h"

struct weir_counts weir_counts(void) {
  const struct worker *worker = worker_here();
  return (struct weir_counts){
      .tasks = weir_books[BOOK_TASK].live,
      .timers = weir_books[BOOK_TIMER].live,
      .timers_pending = worker->timers_pending,
      .timers_abandoned = worker->timers_abandoned,
      .channels = weir_books[BOOK_CHANNEL].live,
      .bytes = weir_books[BOOK_TASK].bytes + weir_books[BOOK_TIMER].bytes + weir_books[BOOK_CHANNEL].bytes,
      .stack_bytes = worker->stack_bytes,
  };
}
