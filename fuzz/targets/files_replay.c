/* files_replay.c — runs a target whose input is a file through the files of folders, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int not_a_dot(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static int replay(const char *folder, const char *name) {
  char path[4096], part[1 << 14], *bytes = NULL;
  size_t size = 0;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    return 1;
  }
  fprintf(stderr, "%s\n", path); /* so that the last line names the input that broke it */
  FILE *all = open_memstream(&bytes, &size);
  if (all == NULL)
    abort();
  for (size_t got; (got = fread(part, 1, sizeof part, file)) > 0;)
    fwrite(part, 1, got, all);
  fclose(all);
  fclose(file);
  LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
  free(bytes);
  return 0;
}

int main(int argc, char **argv) {
  int failed = argc < 2, replayed = 0;
  for (int i = 1; i < argc; i++) {
    struct dirent **entries;
    int count = scandir(argv[i], &entries, not_a_dot, alphasort);
    if (count < 0)
      perror(argv[i]);
    failed |= count <= 0;
    for (int j = 0; j < count; j++) {
      failed |= replay(argv[i], entries[j]->d_name);
      replayed++;
      free(entries[j]);
    }
    if (count >= 0)
      free(entries);
  }
  printf("%d inputs\n", replayed);
  return failed;
}
