/* replay.c — runs files, and every file of directories, through the function that libFuzzer would call: a corpus as a
 * test, by any compiler.
 *
 *     NAME-replay [--rate=SECONDS] FILE_OR_DIRECTORY…     exit 0; 2 usage; a finding aborts
 *
 * --rate runs them over and over and prints how many inputs a second of processor time that were.
 */
#include "fuzzer.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct file {
  char *name;
  uint8_t *bytes;
  size_t size;
};

static struct file *files;
static size_t count;

static void die(const char *name) {
  fprintf(stderr, "%s: %s\n", name, strerror(errno));
  exit(2);
}

static void *allocated(void *memory) {
  if (memory == NULL)
    die("replay");
  return memory;
}

static void read_file(const char *name, size_t size) {
  struct file file = {.name = allocated(strdup(name)), .bytes = allocated(malloc(size + 1))};
  FILE *stream = fopen(name, "rb");
  if (stream == NULL)
    die(name);
  file.size = fread(file.bytes, 1, size, stream);
  fclose(stream);
  files = allocated(realloc(files, (count + 1) * sizeof *files));
  files[count++] = file;
}

static void read_path(const char *name) {
  struct stat status;
  if (stat(name, &status) != 0)
    die(name);
  if (!S_ISDIR(status.st_mode)) {
    read_file(name, (size_t)status.st_size);
    return;
  }
  struct dirent **entries;
  const int found = scandir(name, &entries, NULL, alphasort);
  if (found < 0)
    die(name);
  for (int i = 0; i < found; i++) {
    char path[4096];
    if (entries[i]->d_name[0] != '.' &&
        snprintf(path, sizeof path, "%s/%s", name, entries[i]->d_name) < (int)sizeof path)
      read_path(path);
    free(entries[i]);
  }
  free(entries);
}

static void run_all(void) {
  for (size_t i = 0; i < count; i++) {
    fuzzer_input_name = files[i].name;
    LLVMFuzzerTestOneInput(files[i].bytes, files[i].size);
  }
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure_rate(double seconds) {
  const double start = seconds_now();
  size_t rounds = 0;
  double passed;
  do {
    run_all();
    rounds++;
    passed = seconds_now() - start;
  } while (passed < seconds);
  printf("%.0f inputs a second of processor time\n", (double)(rounds * count) / passed);
}

int main(int argument_count, char **arguments) {
  double seconds = 0;
  for (int i = 1; i < argument_count; i++) {
    if (strncmp(arguments[i], "--rate=", strlen("--rate=")) == 0)
      seconds = atof(arguments[i] + strlen("--rate="));
    else
      read_path(arguments[i]);
  }
  if (count == 0) {
    fprintf(stderr, "usage: %s [--rate=SECONDS] FILE_OR_DIRECTORY…\n", arguments[0]);
    return 2;
  }
  run_all();
  printf("%zu inputs\n", count);
  if (seconds > 0)
    measure_rate(seconds);
  for (size_t i = 0; i < count; i++) {
    free(files[i].name);
    free(files[i].bytes);
  }
  free(files);
  return 0;
}
