/* peer.h — a server that does what its script says: another process, so that it shares neither descriptors nor memory with
 * the client, but for what it has seen.
 *
 *   GET /row…      the row's script
 *   GET /good?N    "good N": a body that no other request has
 *   GET /secrets   which of Authorization and Cookie came with the request
 *
 * Invariants:
 *   - A pause ends by a condition: the client says go, or closes its socket. Only a dripping server looks at a clock.
 *   - A connection's thread ends when the client has closed it, or when the script has; peer_end waits for all of them: so a
 *     client that leaves a socket open does not get past it.
 *   - Of its two ports the first speaks TLS if it has a certificate, the second never.
 */
#ifndef HOSTILE_PEER_H
#define HOSTILE_PEER_H

#include "certificate.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct text {
  const char *bytes;
  size_t size;
};
#define TEXT(literal)                                                                                                  \
  { literal, sizeof(literal) - 1 }
/* In a script's text: address and port of the connection's own port, and of the other one. */
#define HERE  "\x01"
#define THERE "\x02"

enum peer_end {
  PEER_KEEPS = 0, /* and reads the next request */
  PEER_FINISHES,  /* FIN, after a close_notify */
  PEER_CUTS,      /* FIN without one */
  PEER_RESETS,    /* RST, also of what it has not read */
  PEER_STALLS,    /* until the client closes */
  PEER_DRIPS,     /* says .again a byte at a time, for ever */
  PEER_FLOODS,    /* says .again as fast as it can, for ever */
};

enum peer_handshake { PEER_SHAKES = 0, PEER_STALLS_IN_HANDSHAKE, PEER_RESETS_IN_HANDSHAKE, PEER_SPEAKS_PLAIN };

struct line;

struct script {
  struct text says;
  struct text later; /* when the client says go; then done is posted */
  struct text again;
  enum peer_end end;
  bool early;                       /* answers before it has read the request's body */
  bool (*serve)(struct line *line); /* instead of all that; true: it reads the next request */
  enum peer_handshake handshake;
};

/* Shared with the client. */
struct peer_seen {
  atomic_uint connections;
  atomic_uint requests; /* whole heads, of any path */
  atomic_uint rows;     /* of /row */
  atomic_ullong sent;   /* bytes */
  atomic_bool poisoned; /* a canary: /good gives the wrong answer */
  sem_t go;
  sem_t done;
};

struct peer {
  struct peer_seen *seen;
  const struct script *script;
  const struct certificate *certificate; /* NULL: no TLS */
  uint16_t ports[2];
  int listeners[2];
  int control[2]; /* closed by the client's process: the end */
  pid_t process;
};

void peer_begin(struct peer *peer, const struct script *script, const struct certificate *certificate);
/* The client has closed all: true when the peer ended well. */
bool peer_end(struct peer *peer);

/* ---- for scripts ------------------------------------------------------------------------------------------------ */

/* A connection, and the request that was read last. */
struct line {
  struct peer *peer;
  int fd;
  unsigned port; /* 0 or 1 */
  struct ssl_st *tls;
  unsigned row; /* how manieth request of /row this is, of all connections */
  size_t head_size;
  size_t read_size; /* head, and what has come of the body */
  char head[16384];
};

/* False: the client is gone. Both in one piece if they are short; HERE and THERE are replaced in what is said. */
bool line_say(struct line *line, const char *bytes, size_t size);
bool line_send(struct line *line, const char *bytes, size_t size);
bool line_has(const struct line *line, const char *field);
void line_await_go(struct line *line);
bool line_read_body(struct line *line);
/* Closes it at once. */
void line_close(struct line *line);
/* Ends the connection, whatever follows. */
void line_end(struct line *line, enum peer_end end);

#endif
