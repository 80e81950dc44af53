/* weir/base.h — what every other header needs: linkage, time constants, opaque types.
 *
 * Conventions of the whole library:
 *   - A result is 0, a count, or a negative errno value; errno itself is never the message.
 *   - Time is int64_t nanoseconds. A duration is relative; a deadline is absolute on the clock of weir_now().
 *   - Constructors are macros over a function whose name ends in _at, so that reports can name the caller's line.
 *   - Unless a comment says otherwise a function is called from a task; outside a task, while no run is active,
 *     constructors, unref and try_ functions work and a call that would block returns -EPERM.
 */
#ifndef WEIR_BASE_H
#define WEIR_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
#else
#define WEIR_API
#endif

#ifdef __cplusplus
#define WEIR_BEGIN extern "C" {
#define WEIR_END   }
#else
#define WEIR_BEGIN
#define WEIR_END
#endif

/* A deadline that never comes. */
#define WEIR_FOREVER INT64_MAX
/* A deadline that has passed: complete now or not at all. */
#define WEIR_POLL INT64_C(0)

/* Durations, in nanoseconds. */
#define WEIR_MICROSECOND INT64_C(1000)
#define WEIR_MILLISECOND INT64_C(1000000)
#define WEIR_SECOND      INT64_C(1000000000)

WEIR_BEGIN

typedef struct weir_chan weir_chan;
typedef struct weir_timer weir_timer;
typedef struct weir_timer weir_ticker;

WEIR_END

#endif
