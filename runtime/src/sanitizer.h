/* sanitizer.h — tells AddressSanitizer, ThreadSanitizer and Valgrind of every stack and every switch between stacks.
 *
 * Each context that can be switched to owns a struct fiber. The order around a switch is: fiber_leave(from, to) on the
 * old stack, the switch, fiber_enter(to) on the new one. A fiber that will not come back leaves with last = true.
 * Without a sanitizer the structure is empty and all of it compiles to nothing.
 */
#ifndef WEIR_SANITIZER_H
#define WEIR_SANITIZER_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define WEIR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define WEIR_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEIR_TSAN 1
#endif
#endif

#ifdef WEIR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifdef WEIR_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include) && !defined(WEIR_ASAN) && !defined(WEIR_TSAN)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define WEIR_VALGRIND 1
#endif
#endif

struct fiber {
#ifdef WEIR_ASAN
  void *fake_stack;
  const void *bottom;
  size_t size;
#endif
#ifdef WEIR_TSAN
  void *handle;
#endif
};

/* The fiber of a thread's own stack; stack bounds are only asked for under AddressSanitizer. */
void fiber_init_thread(struct fiber *fiber);

static inline void fiber_create(struct fiber *fiber, void *bottom, size_t size) {
  (void)fiber, (void)bottom, (void)size;
#ifdef WEIR_ASAN
  fiber->fake_stack = NULL;
  fiber->bottom = bottom;
  fiber->size = size;
#endif
#ifdef WEIR_TSAN
  fiber->handle = __tsan_create_fiber(0);
#endif
}

/* After its last switch away, from another stack. */
#ifdef WEIR_ASAN
__attribute__((no_sanitize("address")))
#endif
static inline void
fiber_destroy(struct fiber *fiber) {
  (void)fiber;
#ifdef WEIR_ASAN
  if (fiber->fake_stack != NULL) {
    /* It will not resume: only a last switch away from it gives its fake stack back. */
    void *own;
    const void *bottom;
    size_t size;
    __sanitizer_start_switch_fiber(&own, fiber->bottom, fiber->size);
    __sanitizer_finish_switch_fiber(fiber->fake_stack, &bottom, &size);
    __sanitizer_start_switch_fiber(NULL, bottom, size);
    __sanitizer_finish_switch_fiber(own, NULL, NULL);
  }
  /* Frames that never returned leave their red zones behind. */
  __asan_unpoison_memory_region(fiber->bottom, fiber->size);
#endif
#ifdef WEIR_TSAN
  __tsan_destroy_fiber(fiber->handle);
#endif
}

static inline __attribute__((always_inline)) void fiber_leave(struct fiber *from, struct fiber *to, bool last) {
  (void)from, (void)to, (void)last;
#ifdef WEIR_ASAN
  if (last)
    from->fake_stack = NULL;
  __sanitizer_start_switch_fiber(last ? NULL : &from->fake_stack, to->bottom, to->size);
#endif
#ifdef WEIR_TSAN
  __tsan_switch_to_fiber(to->handle, 0);
#endif
}

static inline __attribute__((always_inline)) void fiber_enter(struct fiber *to) {
  (void)to;
#ifdef WEIR_ASAN
  __sanitizer_finish_switch_fiber(to->fake_stack, NULL, NULL);
#endif
}

/* A stack's life as Valgrind sees it, and as LeakSanitizer, which looks for pointers in it (a guard must not be part of it).
 * The returned number identifies it. */
static inline unsigned stack_register(char *low, char *high) {
  (void)low, (void)high;
#ifdef WEIR_ASAN
  __lsan_register_root_region(low, (size_t)(high - low));
#endif
#ifdef WEIR_VALGRIND
  return VALGRIND_STACK_REGISTER(low, high);
#else
  return 0;
#endif
}

static inline void stack_deregister(unsigned number, char *low, char *high) {
  (void)number, (void)low, (void)high;
#ifdef WEIR_ASAN
  __lsan_unregister_root_region(low, (size_t)(high - low));
#endif
#ifdef WEIR_VALGRIND
  VALGRIND_STACK_DEREGISTER(number);
#endif
}

#endif
