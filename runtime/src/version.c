/* version.c — see weir/version.h. */
#include <weir/version.h>

#include "sanitizer.h"

const char *weir_version(void) {
  return WEIR_VERSION_STRING;
}

const char *weir_build(void) {
#if defined(WEIR_ASAN)
  return "asan";
#elif defined(WEIR_TSAN)
  return "tsan";
#elif !defined(NDEBUG) || !defined(__OPTIMIZE__)
  return "debug";
#else
  return "release";
#endif
}

const char *weir_build_flags(void) {
#ifdef __clang__
  return "clang " __clang_version__ " " WEIR_BUILD_FLAGS;
#else
  return "gcc " __VERSION__ " " WEIR_BUILD_FLAGS;
#endif
}
