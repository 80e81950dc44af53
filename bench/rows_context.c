/* bench/rows_context.c — a context with many children, cancelled at once.
 *
 * An operation is one child cancelled. Making the children, asking each for its done channel (so that there is one to
 * close) and freeing them is outside the time; afterwards every child must be found done, by its channel and by its
 * error.
 */
#include "row.h"

#include <errno.h>
#include <stdlib.h>

enum { CHILDREN = 10000 };

struct family {
  weir_context *background, *parent;
  size_t count; /* children made */
  weir_context *children[CHILDREN];
};

static void family_free(struct family *family) {
  for (size_t i = 0; i < family->count; i++) {
    weir_context_unref(family->children[i]);
  }
  if (family->parent != NULL) {
    weir_context_unref(family->parent);
  }
  if (family->background != NULL) {
    weir_context_unref(family->background);
  }
}

static int family_make(struct family *family, size_t size) {
  family->count = 0;
  family->parent = NULL;
  family->background = weir_context_background();
  if (family->background == NULL) {
    return -ENOMEM;
  }
  family->parent = weir_context_with_cancel(family->background);
  while (family->parent != NULL && family->count < size) {
    weir_context *child = weir_context_with_cancel(family->parent);
    if (child == NULL) {
      break;
    }
    family->children[family->count++] = child;
    if (weir_context_done(child) == NULL) {
      break;
    }
  }
  return family->count == size ? 0 : -ENOMEM;
}

static int64_t family_done(const struct family *family) {
  int64_t done = 0;
  for (size_t i = 0; i < family->count; i++) {
    weir_context *child = family->children[i];
    done += weir_chan_try_recv(weir_context_done(child), NULL) == -EPIPE && weir_context_error(child) == -ECANCELED;
  }
  return done;
}

static int cancel_family(struct family *family, size_t size, struct row_result *result) {
  int error = family_make(family, size);
  if (error == 0) {
    int64_t begun = row_clock();
    weir_context_cancel(family->parent);
    result->ns += row_clock() - begun;
    result->count += family_done(family);
  }
  family_free(family);
  return error;
}

static int cancel(struct row_run *run) {
  struct family *family = calloc(1, sizeof *family);
  if (family == NULL) {
    return -ENOMEM;
  }
  struct row_result warm = {.ns = 0};
  int error = cancel_family(family, CHILDREN, &warm);
  row_heap_start(run);
  for (int64_t left = run->n; left > 0 && error == 0; left -= CHILDREN) {
    error = cancel_family(family, (size_t)(left < CHILDREN ? left : CHILDREN), run->result);
  }
  row_heap_stop(run);
  free(family);
  return error;
}

void rows_context(struct row_list *list) {
  row_list_add(list, &(struct row){.program = cancel, .step = CHILDREN}, "context/cancel/children:%d", CHILDREN);
}
