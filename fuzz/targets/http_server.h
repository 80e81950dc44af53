/* http_server.h — scripted servers for the target http: what the other end of each connection does, drawn before
 * anything runs, so that a change of schedule does not change the scripts.
 *
 *   a fair exchange      waits for the request and answers it as the model says: status, framing, body are known
 *   a hostile exchange   a row of steps: fragments of HTTP, raw bytes, pauses, ends; what it means is not known
 *
 * Every request has a number, in its path (/3-3) and in the fair answer to it. A server notes what came of it; none waits for
 * ever: it closes its end when nothing has come for a while.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <sys/socket.h>
#include <weir/scenario.h>

enum { SCRIPTS = 4, EXCHANGES = 3, STEPS = 24, REQUESTS = 12, CONNECTIONS = 64 };

enum framing { BY_LENGTH, BY_CHUNKS, BY_CLOSE, EMPTY };
enum afterwards { STAYS, SAYS_CLOSE, CLOSES, SPEAKS };

struct step {
  uint8_t kind; /* 0: the last */
  uint8_t argument;
  uint8_t raw[4];
};

struct exchange {
  bool hostile;
  bool hasty; /* hostile, and does not wait for the request */
  int status;
  enum framing framing;
  bool redirects; /* to the same request */
  uint32_t size;
  bool compressed; /* when the client asks for that */
  uint32_t pieces; /* that the answer comes in */
  int64_t pause;   /* between them */
  uint32_t informational;
  enum afterwards afterwards;
  struct step steps[STEPS];
};

struct script {
  int refusal; /* of the connection: a negative errno */
  struct exchange exchanges[EXCHANGES];
};

/* What servers have seen of a request. */
struct note {
  uint64_t begun;              /* the moment before the call */
  uint32_t times;              /* it has arrived */
  uint32_t redirects;          /* it was answered with */
  const struct exchange *last; /* that it arrived at; NULL: none */
  bool clean;                  /* nothing hostile had been on that connection before */
};

struct servers {
  struct script scripts[SCRIPTS];
  struct note notes[REQUESTS];
  uint32_t connections;
  uint32_t blame; /* what they did that may spoil a request */
  bool reformed;  /* from now on all are fair */
  uint64_t clock; /* of moments */
  weir_waitgroup serving;
};

extern struct servers servers;

/* Draws the scripts. */
void servers_prepare(void);

static inline uint64_t moment(void) {
  return ++servers.clock;
}

int64_t draw_time(void);
uint32_t draw_size(void);

/* Byte number i of the body of request n, either way. */
static inline char body_byte(uint32_t request, uint32_t i) {
  return (char)('a' + (request * 7 + i + i / 26) % 26);
}

/* For struct weir_http_config. */
int servers_open(void *context, const struct sockaddr *address, socklen_t length);

#endif
