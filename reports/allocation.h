/* allocation.h — memory that is either there or ends the program: a report is made in one go or not at all, and nothing
 * has been written before the last picture is ready. */
#ifndef REPORTS_ALLOCATION_H
#define REPORTS_ALLOCATION_H

#include <stddef.h>

/* `count` zeroed elements; never NULL. */
void *allocation_array(size_t count, size_t size);

/* `array` with room for one element more than `count`: grows by doubling, so that appending stays linear. */
void *allocation_append(void *array, size_t count, size_t size);

char *allocation_string(const char *text);
char *allocation_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
