/* file.h — a whole file in memory, unless it is too large to be what it is taken for. */
#ifndef REPORTS_FILE_H
#define REPORTS_FILE_H

#include "problem.h"

#include <stdbool.h>
#include <stddef.h>

/* *content is from malloc and ends with a NUL that *size does not count. false with `problem` filled: nothing is to be
 * freed. */
bool file_read(const char *path, size_t limit, char **content, size_t *size, struct problem *problem);

/* The path without its folders. */
const char *file_name(const char *path);

#endif
