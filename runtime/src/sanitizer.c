/* sanitizer.c — the bounds of a thread's own stack, for AddressSanitizer. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "sanitizer.h"

#ifdef WEIR_ASAN
#include <pthread.h>
#endif

void fiber_init_thread(struct fiber *fiber) {
  (void)fiber;
#ifdef WEIR_ASAN
  pthread_attr_t attributes;
  void *bottom = NULL;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &bottom, &size);
    pthread_attr_destroy(&attributes);
  }
  fiber->fake_stack = NULL;
  fiber->bottom = bottom;
  fiber->size = size;
#endif
#ifdef WEIR_TSAN
  fiber->handle = __tsan_get_current_fiber();
#endif
}
