/* hostile.h — what the test of hostile HTTP servers writes (runtime/tests/http/hostile, --json=FILE): a row a server.
 *
 * Text belongs to the document that the file was read into. */
#ifndef REPORTS_HOSTILE_H
#define REPORTS_HOSTILE_H

#include "document.h"

#define HOSTILE_ROW_LIMIT 2000

struct hostile_row {
  const char *name, *server, *expected, *got;
  const char *stage;                   /* where the client gave up; "" when it did not */
  const char *why;                     /* what is wrong with what came; "" when nothing is */
  double number;                       /* in the list of servers that must be stood; 0: not in it */
  double bytes_held, bytes_peak, sent; /* heap before the response is closed; rise of what is resident; by the server */
  double descriptors_before, descriptors_after;
  bool ok;
};

struct hostile {
  struct document document;
  const char *libcurl;
  double workers;
  struct hostile_row *rows;
  size_t count;
};

bool hostile_read(struct hostile *hostile, const char *path, struct problem *problem);
bool hostile_take(struct hostile *hostile, const char *path, char *content, size_t size, struct problem *problem);

/* Good also for what could not be read. */
void hostile_free(struct hostile *hostile);

size_t hostile_failed(const struct hostile *hostile);

#endif
