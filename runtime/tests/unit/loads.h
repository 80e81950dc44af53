/* loads.h — the benchmarks' loads in small: what each row of weir-bench does a million times, a thousand times. A load
 * asserts its own work count.
 */
#ifndef UNIT_LOADS_H
#define UNIT_LOADS_H

#include <weir.h>

struct load {
  const char *name;
  enum weir_timer_mode mode;
  /* Each runs in main's task. open makes what operate needs (may be NULL); operate does n operations, several times;
   * close gives everything back. parameter is the row's number of cases, policy, … */
  void (*open)(int parameter);
  void (*operate)(int64_t n, int parameter);
  void (*close)(int parameter);
  int parameter;
  bool silent; /* no system call and no clock read either */
  bool heavy;  /* thousands of instructions an operation */
};

extern const struct load loads[];
extern const size_t load_count;

#endif
