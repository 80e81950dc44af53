/* row.h — one hostile server: what it does, what is asked of it, what must come of it, and what did.
 *
 * Of every row, whatever it expects, this must hold afterwards (play.c, judge.c):
 *   - two more requests of the same client get the answers that are theirs
 *   - no response, connection, task or byte of the books is left, and no descriptor
 *   - the client counted as many connections and requests as the server saw
 *   - the memory that it held, the most it ever had, and what it took from the server are bounded
 */
#ifndef HOSTILE_ROW_H
#define HOSTILE_ROW_H

#include "peer.h"

#include <weir/http.h>

#if defined __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum { ROWS_MOST = 160, NUMBERS = 37 };

struct play;

struct expected {
  int error;       /* 0, or of the request, or of reading the body */
  int other_error; /* as well, where the kernel decides whether libcurl sees a reset first, or room to send; 0: none */
  enum weir_http_stage stage;
  int status;
  const char *body;  /* all of it; NULL: not compared */
  unsigned kept;     /* connections, when the response is closed */
  unsigned requests; /* of /row that the server saw; 0: one */
  bool unsent;       /* none */
  unsigned repeated;
  unsigned dropped;
};

struct row {
  int number; /* in FACTS.md; 0: not there */
  const char *name;
  const char *server; /* in words */
  struct script script;
  struct weir_http_config config;
  struct weir_request request;      /* the URL: NULL, which is "/row", or with HERE and THERE in it */
  void (*steps)(struct play *play); /* NULL: play_once */
  struct expected expected;
  const char *certificate; /* its address: TLS */
  int certificate_days;    /* until it ends; 0: one */
  bool untrusted;          /* the client is not told of it */
  bool elsewhere;          /* the good requests go to the other port */
  uint64_t most_body;      /* that the client may deliver; 0: not looked at */
};

/* What came. Shared between processes. */
struct outcome {
  bool finished;
  int error;
  enum weir_http_stage stage;
  int status;
  uint64_t body_size;
  char body[64]; /* the beginning, a string */
  char message[192];
  size_t idle, open; /* connections, when the response is closed */
  unsigned requests;
  struct weir_http_counts counts; /* before the good requests */
  struct weir_http_counts all;    /* at the end */
  unsigned peer_connections, peer_requests;
  uint64_t peer_sent;
  bool peer_ended;
  bool next_answered;
  size_t responses, connections, tasks;
  int64_t bytes_left; /* of the books */
  int64_t bytes_held; /* of the allocator, before the response is closed */
  int64_t bytes_peak; /* resident */
  int fds_before, fds_after;
  char complaint[256]; /* a step's own */
};

/* One row being played, in the client's process. */
struct play {
  const struct row *row;
  struct outcome *outcome;
  struct peer peer;
  struct certificate certificate;
  struct weir_http_config config; /* the row's, completed */
  weir_http *client;
  int64_t heap_before;
};

/* What the harness itself is to do wrong. */
enum fault {
  FAULT_NONE = 0,
  FAULT_ERROR, /* expectations are spoilt */
  FAULT_STAGE,
  FAULT_STATUS,
  FAULT_BODY,
  FAULT_KEPT,
  FAULT_REQUESTS,
  FAULT_POISON, /* these happen */
  FAULT_DESCRIPTOR,
  FAULT_RESPONSE,
  FAULT_TASK,
  FAULT_MEMORY,
  FAULT_UNSEEN,
  FAULT_SWALLOW,
  FAULTS,
};
extern enum fault planted;

/* ---- play.c ----------------------------------------------------------------------------------------------------- */

/* Plays a row from its beginning to its end; outside a run. */
void play_row(const struct row *row, struct outcome *outcome, unsigned workers);

/* Sends the row's request, and reads its body to the end. */
void play_once(struct play *play);
/* The same, on a connection that is kept. */
void play_kept(struct play *play);
/* The client says go when it has the head. */
void play_go_on(struct play *play);
/* The same; then the connection is closed without anybody asking for it. */
void play_go_on_watched(struct play *play);
/* The client says go when all is over; the connection is closed without anybody asking for it. */
void play_watched(struct play *play);
/* The same, and the client cannot look before its next request. */
void play_guarded(struct play *play);
/* Afterwards a request that must bring no secrets. */
void play_secrets(struct play *play);
/* The client says go when all is over. */
void play_and_go(struct play *play);
/* The client says go when its upload is blocked. */
void play_when_blocked(struct play *play);
/* The client says go when it has begun to send, and does nothing more before the server has reset the connection. */
void play_when_sending(struct play *play);
/* The client says go with the upload's first piece, and has no other before the server has reset the connection. */
void play_upload_reset(struct play *play);

/* ---- judge.c ---------------------------------------------------------------------------------------------------- */

/* Whether all is as it must be; if not, why. */
bool judge(const struct row *row, const struct outcome *outcome, char *why, size_t size);
/* In words. */
void expected_text(const struct row *row, char *text, size_t size);
void outcome_text(const struct outcome *outcome, char *text, size_t size);

/* ---- rows ------------------------------------------------------------------------------------------------------- */

struct rows {
  const struct row *rows;
  size_t count;
};
struct rows framing_rows(void);
struct rows head_rows(void);
struct rows reuse_rows(void);
struct rows time_rows(void);
struct rows redirect_rows(void);
struct rows content_rows(void);
struct rows upload_rows(void);
struct rows tls_rows(void);

#endif
