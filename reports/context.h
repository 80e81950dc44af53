/* context.h — the environment of the result files, field by field: every field of every file, the expected ones first
 * and shown as "not recorded" when a file lacks them. */
#ifndef REPORTS_CONTEXT_H
#define REPORTS_CONTEXT_H

#include "results.h"

struct context_field {
  const char *key;  /* owned by the results or static */
  const char *note; /* what a reader must know, or NULL */
  bool differs;     /* between the files */
};

struct context_fields {
  struct context_field *fields;
  size_t count;
};

struct context_fields context_fields_of(const struct results *results);
void context_fields_free(struct context_fields *fields);

/* One file's value as text; the caller frees. */
char *context_value(const struct source *source, const char *key);

/* Why a peer is not there ("missing: …") or its version; NULL when no file says. Owned by the results. */
const char *context_peer(const struct results *results, const char *peer);

#define CONTEXT_PEER_PREFIX "peer:"

#endif
