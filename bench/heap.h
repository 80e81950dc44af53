/* bench/heap.h — how many bytes a row's operations allocate, what is left of them, and the most there was.
 *
 * The rows that are timed are not counted: an allocator that counts would cost in each operation. A second process,
 * weir-bench --serve with heap.c preloaded, runs each row once more, for fewer operations; its reading goes beside the
 * times. Google Benchmark's MemoryManager would do it in the process that measures, and hangs where threads meet.
 *
 * Counted is what malloc and its like give to anybody in the process, by malloc_usable_size: the library, libcurl, and
 * the row's own program between row_start and row_stop. Stacks of tasks are mappings and not counted.
 */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include <stdint.h>

struct heap_reading {
  int64_t allocated; /* bytes handed out since the process began; of a block that grows what it gained */
  int64_t live;      /* handed out and not given back */
  int64_t peak;      /* the greatest live since the last reading that began anew */
};

/* What heap.c gives, where it is preloaded: look it up by this name. anew: the peak begins with what is live now. Other
 * threads may allocate meanwhile. */
#define HEAP_READ "weir_bench_heap_read"
typedef struct heap_reading heap_read_function(int anew);

#endif
