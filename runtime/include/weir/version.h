/* weir/version.h — which library this is, and how it was built. */
#ifndef WEIR_VERSION_H
#define WEIR_VERSION_H

#include <weir/base.h>

#define WEIR_VERSION_MAJOR  0
#define WEIR_VERSION_MINOR  1
#define WEIR_VERSION_PATCH  0
#define WEIR_VERSION_STRING "0.1.0"

WEIR_BEGIN

/* The version of the library that runs, as "major.minor.patch". Static storage. */
WEIR_API const char *weir_version(void);

/* How it was built: "release", "debug" (assertions on or not optimised), "asan", "tsan", … Static storage. A benchmark
 * refuses everything but "release". */
WEIR_API const char *weir_build(void);

/* Compiler and flags, for a report's environment. Static storage. */
WEIR_API const char *weir_build_flags(void);

WEIR_END

#endif
