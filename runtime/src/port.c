/* port.c — the operating system's side of port.h. */
#include "port.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

uint8_t weir_port_mode = PORT_ONE;
const struct port_simulation *weir_port_simulation;
uint64_t weir_port_allocations;

int64_t port_clock(void) {
  if (unlikely(weir_port_mode == PORT_SIMULATED))
    return weir_port_simulation->clock();
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void port_pause(int64_t until) {
  if (until == INT64_MAX) {
    pause();
    return;
  }
  struct timespec when = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

bool port_allocation_fails(void) {
  return unlikely(weir_port_mode == PORT_SIMULATED) && weir_port_simulation->allocation_fails();
}

void *port_allocate(size_t size) {
  if (port_allocation_fails())
    return NULL;
  weir_port_allocations++;
  return malloc(size);
}

void *port_reallocate(void *memory, size_t size) {
  weir_port_allocations++;
  return realloc(memory, size);
}

void port_release(void *memory) {
  free(memory);
}

void *port_map(size_t size) {
  weir_port_allocations++;
  void *memory =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED)
    return NULL;
  /* One huge page would make dozens of untouched stacks resident. */
  madvise(memory, size, MADV_NOHUGEPAGE);
  return memory;
}

void port_unmap(void *memory, size_t size) {
  munmap(memory, size);
}

/* Emulators may answer yes to advice that they do not know: a guard must make a read by the kernel fail. */
static bool guard_holds(void *page) {
  int ends[2];
  if (pipe(ends) != 0)
    return false;
  bool holds = write(ends[1], page, 1) < 0 && errno == EFAULT;
  close(ends[0]);
  close(ends[1]);
  return holds;
}

bool port_guard(void *page, size_t size) {
  static enum { UNKNOWN, MARKERS, MAPPINGS } kind;
  if (kind == UNKNOWN)
    kind = madvise(page, size, MADV_GUARD_INSTALL) == 0 && guard_holds(page) ? MARKERS : MAPPINGS;
  if (kind == MARKERS && madvise(page, size, MADV_GUARD_INSTALL) == 0)
    return true;
  return mprotect(page, size, PROT_NONE) == 0;
}
