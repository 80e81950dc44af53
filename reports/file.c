/* file.c — see file.h. */
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool file_read(const char *path, size_t limit, char **content, size_t *size, struct problem *problem) {
  FILE *file = fopen(path, "rb");
  if (file == NULL)
    return problem_set(problem, "%s: %s", path, strerror(errno));
  char *bytes = NULL;
  size_t length = 0, capacity = 0;
  while (length <= limit) {
    if (length + 1 >= capacity) {
      capacity = capacity == 0 ? 1 << 16 : 2 * capacity;
      char *grown = realloc(bytes, capacity);
      if (grown == NULL)
        break;
      bytes = grown;
    }
    size_t got = fread(bytes + length, 1, capacity - length - 1, file);
    length += got;
    if (got == 0)
      break;
  }
  bool failed = ferror(file) != 0;
  int error = errno;
  fclose(file);
  if (failed || length > limit || bytes == NULL) {
    free(bytes);
    return failed ? problem_set(problem, "%s: %s", path, strerror(error))
                  : problem_set(problem, "%s: larger than %zu bytes, the limit for one input file; is it one?", path,
                                limit);
  }
  bytes[length] = '\0';
  *content = bytes;
  *size = length;
  return true;
}

const char *file_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}
