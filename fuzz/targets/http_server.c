/* http_server.c — see http_server.h. */
#include "http_server.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

struct servers servers;

/* A connection's end. */
struct peer {
  int fd;
  const struct script *script; /* NULL: fair */
  bool clean;
  bool left;        /* by the client */
  uint64_t spoiled; /* the moment at which it had said something unasked; 0: it has not */
  bool swallowed;   /* or libcurl has thrown it away, as it does with what comes together with a last chunk */
  size_t input_used, input_size;
  char input[2048];
};

struct request {
  uint32_t number; /* REQUESTS: not one of ours */
  bool head;
  bool takes_gzip;
  bool complete;
};

static const struct exchange fair = {.status = 200, .framing = BY_LENGTH, .size = 5, .pieces = 1};

int64_t draw_time(void) {
  static const int64_t times[] = {
      0, WEIR_MILLISECOND, 40 * WEIR_MILLISECOND, 900 * WEIR_MILLISECOND, 3 * WEIR_SECOND, 70 * WEIR_SECOND};
  return times[weir_draw(sizeof times / sizeof times[0])];
}

uint32_t draw_size(void) {
  static const uint32_t sizes[] = {5, 0, 1, 100, 3000, 16384, 20000, 70000};
  return sizes[weir_draw(sizeof sizes / sizeof sizes[0])];
}

/* ---- what a hostile one says --------------------------------------------------------------------------------------- */

/* A gzip stream of ten bytes. */
#define GZIP_HEAD "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
#define GZIP_DATA "\x4b\x4c\x4c\x4c\x4c\x4c\x4c\x4c\x4c\x4c\x04\x00"
#define GZIP_TAIL "\x4c\x11\x0b\x4c\x0a\x00\x00\x00"

#define FRAGMENT(text)                                                                                                 \
  { text, sizeof text - 1 }
static const struct fragment {
  const char *text;
  size_t size;
} fragments[] = {
    FRAGMENT("HTTP/1.1 200 OK\r\n"),
    FRAGMENT("\r\n"),
    FRAGMENT("Content-Length: 5\r\n"),
    FRAGMENT("hello"),
    FRAGMENT("Transfer-Encoding: chunked\r\n"),
    FRAGMENT("5\r\nhello\r\n"),
    FRAGMENT("0\r\n"),
    FRAGMENT("0\r\n\r\n"),
    FRAGMENT("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"),
    FRAGMENT("Content-Length: 6\r\n"),
    FRAGMENT("Content-Length: 0\r\n"),
    FRAGMENT("Content-Length: 99999999999999999999999\r\n"),
    FRAGMENT("Content-Length: -1\r\n"),
    FRAGMENT("Content-Length: 1000000\r\n"),
    FRAGMENT("HTTP/1.1 100 Continue\r\n\r\n"),
    FRAGMENT("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    FRAGMENT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
    FRAGMENT("HTTP/1.1 204 No Content\r\n"),
    FRAGMENT("HTTP/1.1 304 Not Modified\r\n"),
    FRAGMENT("HTTP/1.1 302 Found\r\n"),
    FRAGMENT("HTTP/1.1 307 Temporary Redirect\r\n"),
    FRAGMENT("HTTP/1.1 417 Expectation Failed\r\n"),
    FRAGMENT("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\n"),
    FRAGMENT("HTTP/1.1 407 Proxy Authentication Required\r\n"),
    FRAGMENT("HTTP/1.1 413 Too Large\r\n"),
    FRAGMENT("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/5\r\n"),
    FRAGMENT("HTTP/1.0 200 OK\r\n"),
    FRAGMENT("HTTP/0.9 200 OK\r\n"),
    FRAGMENT("HTTP/2 200 OK\r\n"),
    FRAGMENT("HTTP/1.1 99999 OK\r\n"),
    FRAGMENT("Location: /999\r\n"),
    FRAGMENT("Location: http://127.0.0.1:81/\r\n"),
    FRAGMENT("Location: http://example.test/?x\r\n"),
    FRAGMENT("Location: file:///etc/passwd\r\n"),
    FRAGMENT("Location: ftp://127.0.0.1/\r\n"),
    FRAGMENT("Location: http://[\r\n"),
    FRAGMENT("Location:\r\n"),
    FRAGMENT("Content-Encoding: gzip\r\n"),
    FRAGMENT("Content-Encoding: deflate\r\n"),
    FRAGMENT("Content-Encoding: br\r\n"),
    FRAGMENT(GZIP_HEAD),
    FRAGMENT(GZIP_DATA),
    FRAGMENT(GZIP_TAIL),
    FRAGMENT("1e\r\n" GZIP_HEAD GZIP_DATA GZIP_TAIL "\r\n"),
    FRAGMENT("Connection: close\r\n"),
    FRAGMENT("Connection: keep-alive\r\n"),
    FRAGMENT("Set-Cookie: a=b\r\n"),
    FRAGMENT("Trailer: x\r\n"),
    FRAGMENT(" folded\r\n"),
    FRAGMENT("no colon\r\n"),
    FRAGMENT(": no name\r\n"),
    FRAGMENT("x: \0\r\n"),
    FRAGMENT("x: y"),
    FRAGMENT("fffffffff;x=y\r\n"),
    FRAGMENT("5;x"),
    FRAGMENT("z\r\n"),
    FRAGMENT("Alt-Svc: h2=\":443\"\r\nStrict-Transport-Security: max-age=9\r\n"),
    FRAGMENT("Retry-After: 5\r\n"),
};

enum { FRAGMENTS = sizeof fragments / sizeof fragments[0] };
enum step_kind { ENDS, SAYS, SAYS_RAW, SAYS_OFTEN, PAUSES, LISTENS, SHUTS, KINDS };

static const uint8_t kinds[] = {ENDS, SAYS,     SAYS,       SAYS,   SAYS,    SAYS,  SAYS,
                                SAYS, SAYS_RAW, SAYS_OFTEN, PAUSES, LISTENS, SHUTS, SAYS};

/* ---- drawing ------------------------------------------------------------------------------------------------------- */

static void draw_hostile(struct exchange *exchange) {
  exchange->hasty = weir_draw(8) == 7;
  for (int i = 0; i < STEPS; i++) {
    struct step *step = &exchange->steps[i];
    step->kind = kinds[weir_draw(sizeof kinds)];
    if (step->kind == ENDS)
      break;
    step->argument = (uint8_t)weir_draw(step->kind == SAYS || step->kind == SAYS_OFTEN ? FRAGMENTS : 256);
    for (size_t raw = 0; step->kind == SAYS_RAW && raw < sizeof step->raw; raw++)
      step->raw[raw] = (uint8_t)weir_draw(256);
  }
}

static void draw_fair(struct exchange *exchange) {
  static const int statuses[] = {200, 404, 500, 302};
  exchange->framing = (enum framing)weir_draw(4);
  exchange->status = exchange->framing == EMPTY ? (weir_draw(2) == 0 ? 204 : 304) : statuses[weir_draw(4)];
  exchange->redirects = exchange->status == 302;
  exchange->size = exchange->framing == EMPTY ? 0 : draw_size();
  exchange->pieces = 1 + weir_draw(32);
  exchange->compressed = exchange->pieces % 4 == 0; /* not worth a draw */
  exchange->pause = draw_time();
  exchange->informational = weir_draw(6);
  exchange->afterwards = (enum afterwards)weir_draw(4);
}

void servers_prepare(void) {
  memset(&servers, 0, sizeof servers);
  for (int i = 0; i < SCRIPTS; i++) {
    static const int refusals[] = {0, 0, 0, 0, 0, 0, -ECONNREFUSED, -EMFILE};
    struct script *script = &servers.scripts[i];
    script->refusal = refusals[weir_draw(sizeof refusals / sizeof refusals[0])];
    for (int j = 0; j < EXCHANGES; j++) {
      script->exchanges[j].hostile = weir_draw(2) == 1;
      if (script->exchanges[j].hostile)
        draw_hostile(&script->exchanges[j]);
      else
        draw_fair(&script->exchanges[j]);
    }
  }
}

/* ---- bytes --------------------------------------------------------------------------------------------------------- */

static int64_t patience(void) {
  return weir_now() + 5 * WEIR_SECOND;
}

/* False: the client is gone, or takes nothing any more. */
static bool put(struct peer *peer, const char *bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(peer->fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      if (weir_poll(peer->fd, POLLOUT, patience()) < 0)
        return false;
      continue;
    }
    if (sent < 0)
      return false;
    bytes += sent;
    size -= (size_t)sent;
  }
  return true;
}

/* The next byte of input; -1: no more. */
static int take(struct peer *peer) {
  while (peer->input_used == peer->input_size) {
    const ssize_t got = recv(peer->fd, peer->input, sizeof peer->input, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
      peer->left = true;
      return -1;
    }
    peer->input_used = 0;
    peer->input_size = got < 0 ? 0 : (size_t)got;
    if (got < 0 && weir_poll(peer->fd, POLLIN, patience()) < 0)
      return -1;
  }
  return (unsigned char)peer->input[peer->input_used++];
}

/* A line without its end, cut to what has room. */
static bool take_line(struct peer *peer, char *line, size_t size) {
  size_t length = 0;
  for (int byte; (byte = take(peer)) != '\n';) {
    if (byte < 0)
      return false;
    if (byte != '\r' && length < size - 1)
      line[length++] = (char)byte;
  }
  line[length] = '\0';
  return true;
}

/* ---- requests ------------------------------------------------------------------------------------------------------ */

static bool take_body(struct peer *peer, uint32_t number, uint32_t size, uint32_t *before) {
  for (uint32_t i = 0; i < size; i++) {
    const int byte = take(peer);
    if (byte < 0)
      return false;
    weir_model(number >= REQUESTS || (char)byte == body_byte(number, *before));
    ++*before;
  }
  return true;
}

static bool take_chunks(struct peer *peer, uint32_t number) {
  char line[64];
  uint32_t before = 0;
  for (unsigned size = 1; size != 0;) {
    if (!take_line(peer, line, sizeof line) || sscanf(line, "%x", &size) != 1 ||
        !take_body(peer, number, size, &before) || !take_line(peer, line, sizeof line))
      return false;
  }
  return true;
}

static void note_arrival(struct peer *peer, uint32_t number, const struct exchange *exchange) {
  if (number >= REQUESTS)
    return;
  struct note *note = &servers.notes[number];
  if (peer->spoiled != 0) {
    const bool race = note->begun < peer->spoiled; /* else what was said unasked was there to be seen */
    weir_model(race || peer->swallowed);
    peer->clean &= !race; /* it may have been taken for an answer */
    peer->spoiled = 0;
  }
  note->times++;
  note->last = exchange;
  note->clean = peer->clean;
}

static struct request take_request(struct peer *peer, const struct exchange *exchange) {
  struct request request = {.number = REQUESTS};
  char line[256], method[16];
  unsigned number, again, length = 0;
  bool chunked = false;
  if (!take_line(peer, line, sizeof line))
    return request;
  if (sscanf(line, "%15s /%u-%u ", method, &number, &again) == 3 && number == again && number < REQUESTS)
    request.number = number;
  request.head = strncmp(line, "HEAD ", 5) == 0;
  note_arrival(peer, request.number, exchange);
  for (;;) {
    if (!take_line(peer, line, sizeof line))
      return request;
    if (line[0] == '\0')
      break;
    sscanf(line, "Content-Length: %u", &length);
    request.takes_gzip |= strcasecmp(line, "Accept-Encoding: gzip, deflate") == 0;
    chunked |= strcasecmp(line, "Transfer-Encoding: chunked") == 0;
  }
  uint32_t before = 0;
  request.complete = chunked ? take_chunks(peer, request.number) : take_body(peer, request.number, length, &before);
  return request;
}

/* ---- answers ------------------------------------------------------------------------------------------------------- */

struct answer {
  char *bytes;
  size_t size, capacity;
};

static void add(struct answer *answer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  answer->size += (size_t)vsnprintf(answer->bytes + answer->size, answer->capacity - answer->size, format, arguments);
  va_end(arguments);
}

/* The body as it is sent; the caller's. */
static struct answer payload_of(const struct exchange *exchange, const struct request *request, bool compressed) {
  struct answer payload = {.capacity = exchange->size + 1024};
  char *plain = malloc(exchange->size + 1);
  payload.bytes = malloc(payload.capacity);
  weir_assert(plain != NULL && payload.bytes != NULL);
  for (uint32_t i = 0; i < exchange->size; i++)
    plain[i] = body_byte(request->number, i);
  if (!compressed) {
    payload.size = exchange->size;
    memcpy(payload.bytes, plain, payload.size);
    free(plain);
    return payload;
  }
  z_stream stream = {.next_in = (Bytef *)plain,
                     .avail_in = exchange->size,
                     .next_out = (Bytef *)payload.bytes,
                     .avail_out = (uInt)payload.capacity};
  weir_assert(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  weir_assert(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  payload.size = stream.total_out;
  deflateEnd(&stream);
  free(plain);
  return payload;
}

static void add_bytes(struct answer *answer, const char *bytes, size_t size) {
  weir_assert(size <= answer->capacity - answer->size);
  memcpy(answer->bytes + answer->size, bytes, size);
  answer->size += size;
}

static void add_body(struct answer *answer, const struct exchange *exchange, const struct answer *payload) {
  if (exchange->framing != BY_CHUNKS) {
    add_bytes(answer, payload->bytes, payload->size);
    return;
  }
  const size_t chunk = payload->size / 8 + 1;
  for (size_t at = 0; at < payload->size; at += chunk) {
    const size_t size = payload->size - at < chunk ? payload->size - at : chunk;
    add(answer, "%zx\r\n", size);
    add_bytes(answer, payload->bytes + at, size);
    add(answer, "\r\n");
  }
  add(answer, "0\r\n\r\n");
}

static struct answer answer_of(const struct exchange *exchange, const struct request *request) {
  const bool compressed = exchange->compressed && request->takes_gzip && exchange->framing != EMPTY;
  struct answer payload = payload_of(exchange, request, compressed);
  struct answer answer = {.capacity = payload.capacity + 4096};
  answer.bytes = malloc(answer.capacity);
  weir_assert(answer.bytes != NULL);
  for (uint32_t i = 0; i < exchange->informational; i++)
    add(&answer, "HTTP/1.1 103 Early Hints\r\nLink: </%u>\r\n\r\n", i);
  add(&answer, "HTTP/1.1 %d Fair\r\nX-Request: %u\r\n", exchange->status, request->number);
  if (exchange->redirects)
    add(&answer, "Location: /%u-%u\r\n", request->number, request->number);
  if (exchange->afterwards == SAYS_CLOSE || exchange->framing == BY_CLOSE)
    add(&answer, "Connection: close\r\n");
  if (compressed)
    add(&answer, "Content-Encoding: gzip\r\n");
  if (exchange->framing == BY_LENGTH)
    add(&answer, "Content-Length: %zu\r\n\r\n", payload.size);
  else if (exchange->framing == BY_CHUNKS)
    add(&answer, "Transfer-Encoding: chunked\r\n\r\n");
  else
    add(&answer, "\r\n");
  if (!request->head && exchange->framing != EMPTY)
    add_body(&answer, exchange, &payload);
  free(payload.bytes);
  return answer;
}

static bool put_answer(struct peer *peer, const struct exchange *exchange, const struct answer *answer) {
  const size_t piece = answer->size / exchange->pieces + 1;
  for (size_t at = 0; at < answer->size; at += piece) {
    if (at != 0 && exchange->pause != 0)
      weir_sleep(exchange->pause);
    if (!put(peer, answer->bytes + at, answer->size - at < piece ? answer->size - at : piece))
      return false;
  }
  return true;
}

static bool speak_unasked(struct peer *peer, int64_t pause, bool chunked) {
  static const char words[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
  weir_sleep(pause);
  servers.blame++;
  if (!put(peer, words, sizeof words - 1))
    return false;
  peer->spoiled = moment();
  peer->swallowed = chunked;
  return true;
}

/* True: the connection goes on. */
static bool answer_fairly(struct peer *peer, const struct exchange *exchange) {
  const struct request request = take_request(peer, exchange);
  if (!request.complete) {
    servers.blame += !peer->left;
    return false;
  }
  if (exchange->redirects && request.number < REQUESTS)
    servers.notes[request.number].redirects++;
  const struct answer answer = answer_of(exchange, &request);
  const bool all = put_answer(peer, exchange, &answer);
  free(answer.bytes);
  if (!all || exchange->afterwards == SAYS_CLOSE || exchange->framing == BY_CLOSE)
    return false;
  if (exchange->afterwards == CLOSES) {
    servers.blame++;
    return false;
  }
  return exchange->afterwards != SPEAKS || speak_unasked(peer, exchange->pause, exchange->framing == BY_CHUNKS);
}

static bool take_step(struct peer *peer, const struct step *step) {
  const struct fragment *fragment = &fragments[step->argument % FRAGMENTS];
  switch ((enum step_kind)step->kind) {
  case SAYS:
    return put(peer, fragment->text, fragment->size);
  case SAYS_RAW:
    return put(peer, (const char *)step->raw, 1 + step->argument % sizeof step->raw);
  case SAYS_OFTEN:
    for (int i = 0; i < 200; i++)
      if (!put(peer, fragment->text, fragment->size))
        return false;
    return true;
  case PAUSES:
    return weir_sleep((int64_t)step->argument * step->argument * WEIR_MILLISECOND) == 0;
  case LISTENS:
    return take(peer) >= 0;
  case SHUTS:
    return shutdown(peer->fd, SHUT_WR) == 0;
  case ENDS:
  case KINDS:
    break;
  }
  return false;
}

static bool be_hostile(struct peer *peer, const struct exchange *exchange) {
  servers.blame++;
  peer->clean = false;
  if (!exchange->hasty && !take_request(peer, exchange).complete)
    return false;
  for (int i = 0; i < STEPS && exchange->steps[i].kind != ENDS; i++)
    if (!take_step(peer, &exchange->steps[i]))
      return false;
  return true;
}

/* ---- connections --------------------------------------------------------------------------------------------------- */

static void serve(void *arg) {
  struct peer *peer = arg;
  bool goes_on = true;
  for (int i = 0; goes_on && (i < EXCHANGES || peer->script == NULL); i++) {
    const struct exchange *exchange = peer->script == NULL ? &fair : &peer->script->exchanges[i];
    goes_on = exchange->hostile ? be_hostile(peer, exchange) : answer_fairly(peer, exchange);
  }
  if (goes_on)
    servers.blame++; /* it closes unasked */
  weir_poll_forget(peer->fd);
  close(peer->fd);
  free(peer);
  weir_waitgroup_done(&servers.serving);
}

int servers_open(void *context, const struct sockaddr *address, socklen_t length) {
  const uint32_t number = servers.connections++;
  const struct script *script = &servers.scripts[number % SCRIPTS];
  (void)context, (void)address, (void)length;
  if (servers.reformed || number >= CONNECTIONS)
    script = NULL;
  if (script != NULL && script->refusal != 0) {
    servers.blame++;
    return script->refusal;
  }
  int fds[2];
  struct peer *peer = calloc(1, sizeof *peer);
  if (peer == NULL)
    return -ENOMEM;
  const int error = weir_sim_socketpair(fds);
  if (error != 0) {
    free(peer);
    return error;
  }
  *peer = (struct peer){.fd = fds[1], .script = script, .clean = true};
  weir_waitgroup_add(&servers.serving, 1);
  weir_go(serve, peer);
  return fds[0];
}
