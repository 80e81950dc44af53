/* signature.c — see signature.h. */
#include "signature.h"

#include <stdio.h>
#include <string.h>

void signature_add(struct signature *signature, const char *entry) {
  unsigned place = 0;
  while (place < signature->count && strncmp(signature->entries[place], entry, SIGNATURE_ENTRY - 1) < 0)
    place++;
  if (place < signature->count && strncmp(signature->entries[place], entry, SIGNATURE_ENTRY - 1) == 0)
    return;
  if (place == SIGNATURE_ENTRIES)
    return;
  unsigned kept = signature->count < SIGNATURE_ENTRIES ? signature->count : SIGNATURE_ENTRIES - 1;
  memmove(signature->entries[place + 1], signature->entries[place], (kept - place) * sizeof signature->entries[0]);
  snprintf(signature->entries[place], SIGNATURE_ENTRY, "%s", entry);
  signature->count = kept + 1;
}

char *signature_print(const struct signature *signature, enum weir_verdict verdict) {
  struct text text = {0};
  text_append(&text, "%s", weir_verdict_name(verdict));
  for (unsigned i = 0; i < signature->count && verdict != WEIR_VERDICT_OK; i++)
    text_append(&text, "%s%s", i == 0 ? ": " : " | ", signature->entries[i]);
  return text_take(&text);
}

const char *signature_file(const char *file) {
  const char *slash = strrchr(file, '/');
  return slash == NULL ? file : slash + 1;
}
