/* growth.h — what weir-curves and weir-growth write: live bytes over messages, and what was judged of them.
 *
 * A file holds curves, verdicts, or both. All its curves are of one load (subscribers and concurrency), no two of one
 * system, policy, mode and timeout; messages rise from point to point. A curve that failed may have no points. Text and
 * points belong to the document that the file was read into. */
#ifndef REPORTS_GROWTH_H
#define REPORTS_GROWTH_H

#include "document.h"
#include "point.h"

#define GROWTH_CURVE_LIMIT   256
#define GROWTH_POINT_LIMIT   1000 /* a curve */
#define GROWTH_VERDICT_LIMIT 1000
#define GROWTH_LINE_LIMIT    1000 /* a verdict */
#define GROWTH_AXIS_LIMIT    8    /* timeouts, and peers */

struct growth_point {
  double messages, seconds;
  double live_bytes;        /* less what was alive before the first message; may be negative */
  double before_collection; /* NaN: no collector */
  double pending, abandoned;
};

struct growth_curve {
  const char *peer; /* NULL: Weir */
  const char *version;
  enum policy policy;
  enum mode mode;
  double timeout_ns;
  const char *failure; /* NULL: none */
  struct growth_point *points;
  size_t count;
};

enum growth_word { GROWTH_FLAT, GROWTH_GROWS, GROWTH_UNSURE, GROWTH_WORD_COUNT };

/* Bytes an operation and its 95 % interval. */
struct growth_slope {
  double middle, low, high;
};

struct growth_line {
  const char *kind, *file, *reason;
  double line, first_live, last_live, first_bytes, last_bytes;
  enum growth_word word;
  struct growth_slope slope;
};

struct growth_verdict {
  const char *name, *reason;
  enum growth_word word;
  double rounds, operations, seconds;
  bool settled;
  struct growth_slope slope;
  struct growth_line *lines; /* worst first */
  size_t line_count;
};

struct growth {
  struct document document;
  struct growth_curve *curves;
  size_t curve_count;
  double subscribers, concurrency; /* of the curves */
  struct growth_verdict *verdicts;
  size_t verdict_count;
  double timeouts[GROWTH_AXIS_LIMIT]; /* of the curves, rising */
  size_t timeout_count;
  const char *peers[GROWTH_AXIS_LIMIT]; /* Go's by version, then the others by name */
  size_t peer_count;
};

bool growth_read(struct growth *growth, const char *path, struct problem *problem);

/* The same for a text of `size` bytes and a NUL behind them, from malloc; it belongs to the growth from here on. */
bool growth_take(struct growth *growth, const char *path, char *content, size_t size, struct problem *problem);

/* Good also for what could not be read. */
void growth_free(struct growth *growth);

/* NULL when there is none, or none with points. peer NULL is Weir. */
const struct growth_curve *growth_curve_of(const struct growth *growth, const char *peer, enum policy policy,
                                           enum mode mode, double timeout_ns);

/* Where a peer stands in growth.peers; -1 for Weir. */
long growth_peer_position(const struct growth *growth, const char *peer);

/* Bytes a message over the second half of the curve, where a plateau that comes late has been reached or has not; NaN
 * with fewer than three points. */
double growth_late_slope(const struct growth_curve *curve);

const char *growth_word_name(enum growth_word word);

#endif
