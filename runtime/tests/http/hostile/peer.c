/* peer.c — see peer.h. An accept loop, and a thread a connection. */
#include "peer.h"

#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum { CONNECTIONS_MOST = 256, DRIP_NS = 5 * 1000 * 1000 };

/* ---- bytes ------------------------------------------------------------------------------------------------------ */

static ssize_t receive(struct line *line, char *buffer, size_t size) {
  if (line->tls != NULL)
    return SSL_read(line->tls, buffer, (int)size);
  ssize_t got;
  do
    got = read(line->fd, buffer, size);
  while (got < 0 && errno == EINTR);
  return got;
}

bool line_send(struct line *line, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t sent = line->tls != NULL ? SSL_write(line->tls, bytes, (int)size) : write(line->fd, bytes, size);
    if (sent < 0 && line->tls == NULL && errno == EINTR)
      continue;
    if (sent <= 0)
      return false;
    atomic_fetch_add(&line->peer->seen->sent, (unsigned long long)sent);
    bytes += sent;
    size -= (size_t)sent;
  }
  return true;
}

bool line_say(struct line *line, const char *bytes, size_t size) {
  char piece[16384];
  size_t used = 0;
  for (size_t i = 0; i < size; i++) {
    if (used + 32 > sizeof piece) {
      if (!line_send(line, piece, used))
        return false;
      used = 0;
    }
    bool here = bytes[i] == HERE[0];
    if (here || bytes[i] == THERE[0])
      used += (size_t)snprintf(piece + used, 32, "127.0.0.1:%u", line->peer->ports[here ? line->port : !line->port]);
    else
      piece[used++] = bytes[i];
  }
  return line_send(line, piece, used);
}

static void read_to_end(struct line *line) {
  char rest[4096];
  while (read(line->fd, rest, sizeof rest) > 0)
    continue;
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

static bool read_head(struct line *line) {
  size_t size = 0;
  for (;;) {
    if (size == sizeof line->head - 1)
      return false;
    ssize_t got = receive(line, line->head + size, sizeof line->head - 1 - size);
    if (got <= 0)
      return false;
    size += (size_t)got;
    line->head[size] = '\0';
    const char *end = strstr(line->head, "\r\n\r\n");
    if (end != NULL) {
      line->head_size = (size_t)(end + 4 - line->head);
      line->read_size = size;
      return true;
    }
  }
}

static const char *field_of(const struct line *line, const char *name) {
  size_t length = strlen(name);
  for (const char *at = line->head; (at = strstr(at, "\r\n")) != NULL && at < line->head + line->head_size;) {
    at += 2;
    if (strncasecmp(at, name, length) == 0 && at[length] == ':')
      return at + length + 1;
  }
  return NULL;
}

bool line_has(const struct line *line, const char *name) {
  return field_of(line, name) != NULL;
}

/* Only of a known length: no row's good answer follows a chunked request. */
bool line_read_body(struct line *line) {
  const char *length = field_of(line, "Content-Length");
  size_t left = length == NULL ? 0 : strtoul(length, NULL, 10);
  size_t here = line->read_size - line->head_size;
  left -= here < left ? here : left;
  line->read_size = line->head_size;
  char piece[4096];
  while (left > 0) {
    ssize_t got = receive(line, piece, left < sizeof piece ? left : sizeof piece);
    if (got <= 0)
      return false;
    left -= (size_t)got;
  }
  return true;
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

void line_await_go(struct line *line) {
  while (sem_wait(&line->peer->seen->go) != 0)
    continue;
}

static bool answer(struct line *line, const char *body) {
  char text[256];
  snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
  return line_send(line, text, strlen(text));
}

static bool answer_good(struct line *line) {
  char body[64];
  unsigned long number = strtoul(line->head + strlen("GET /good?"), NULL, 10);
  snprintf(body, sizeof body, "good %lu", number + atomic_load(&line->peer->seen->poisoned));
  return answer(line, body);
}

static bool answer_secrets(struct line *line) {
  bool authorization = line_has(line, "Authorization");
  bool cookie = line_has(line, "Cookie");
  return answer(line, authorization && cookie ? "both" : authorization ? "authorization" : cookie ? "cookie" : "none");
}

static void drip(struct line *line, const struct text *text) {
  const struct timespec pause = {.tv_nsec = DRIP_NS};
  for (size_t i = 0; line_send(line, text->bytes + i % text->size, 1); i++)
    nanosleep(&pause, NULL);
}

static void flood(struct line *line, const struct text *text) {
  char piece[16384];
  size_t used = 0;
  for (; used + text->size <= sizeof piece; used += text->size)
    memcpy(piece + used, text->bytes, text->size);
  while (line_send(line, piece, used))
    continue;
}

void line_close(struct line *line) {
  if (line->fd >= 0)
    close(line->fd);
  line->fd = -1;
}

void line_end(struct line *line, enum peer_end end) {
  const struct text *again = &line->peer->script->again;
  if (end == PEER_RESETS) {
    setsockopt(line->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    return;
  }
  if (end == PEER_DRIPS)
    drip(line, again);
  if (end == PEER_FLOODS)
    flood(line, again);
  if (end == PEER_FINISHES && line->tls != NULL)
    SSL_shutdown(line->tls);
  if (end == PEER_FINISHES || end == PEER_CUTS)
    shutdown(line->fd, SHUT_WR);
  read_to_end(line);
}

/* False: the connection has ended. */
static bool follow_script(struct line *line) {
  const struct script *script = line->peer->script;
  line->row = atomic_fetch_add(&line->peer->seen->rows, 1) + 1;
  if (!script->early && !line_read_body(line))
    return false;
  if (script->serve != NULL)
    return script->serve(line);
  if (!line_say(line, script->says.bytes, script->says.size))
    return false;
  if (script->later.size != 0) {
    line_await_go(line);
    if (!line_say(line, script->later.bytes, script->later.size))
      return false;
    sem_post(&line->peer->seen->done);
  }
  if (script->end != PEER_KEEPS)
    line_end(line, script->end);
  return script->end == PEER_KEEPS;
}

static void serve_requests(struct line *line) {
  bool goes_on = true;
  while (goes_on && read_head(line)) {
    atomic_fetch_add(&line->peer->seen->requests, 1);
    const char *path = strchr(line->head, ' ') + 1;
    if (strncmp(path, "/good", 5) == 0)
      goes_on = line_read_body(line) && answer_good(line);
    else if (strncmp(path, "/secrets", 8) == 0)
      goes_on = line_read_body(line) && answer_secrets(line);
    else
      goes_on = follow_script(line);
  }
}

/* ---- connections ------------------------------------------------------------------------------------------------ */

static void serve_tls(struct line *line) {
  char hello[4096];
  switch (line->peer->script->handshake) {
  case PEER_STALLS_IN_HANDSHAKE:
    read_to_end(line);
    return;
  case PEER_RESETS_IN_HANDSHAKE:
    if (read(line->fd, hello, sizeof hello) > 0)
      line_end(line, PEER_RESETS);
    return;
  case PEER_SPEAKS_PLAIN:
    if (read(line->fd, hello, sizeof hello) > 0 && answer(line, "plain"))
      read_to_end(line);
    return;
  case PEER_SHAKES:
    break;
  }
  line->tls = SSL_new(line->peer->certificate->context);
  SSL_set_fd(line->tls, line->fd);
  if (SSL_accept(line->tls) == 1)
    serve_requests(line);
  SSL_free(line->tls);
}

static void *serve_connection(void *arg) {
  struct line *line = arg;
  int one = 1;
  setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (line->port == 0 && line->peer->certificate != NULL)
    serve_tls(line);
  else
    serve_requests(line);
  line_close(line);
  free(line);
  return NULL;
}

static pthread_t accept_one(struct peer *peer, unsigned port) {
  struct line *line = calloc(1, sizeof *line);
  pthread_t thread;
  CHECK(line != NULL);
  line->peer = peer;
  line->port = port;
  line->fd = accept(peer->listeners[port], NULL, NULL);
  CHECK(line->fd >= 0);
  atomic_fetch_add(&peer->seen->connections, 1);
  CHECK(pthread_create(&thread, NULL, serve_connection, line) == 0);
  return thread;
}

static void peer_main(struct peer *peer) {
  pthread_t threads[CONNECTIONS_MOST];
  size_t count = 0;
  for (;;) {
    struct pollfd look[] = {{peer->listeners[0], POLLIN, 0}, {peer->listeners[1], POLLIN, 0}, {peer->control[0], 0, 0}};
    if (poll(look, 3, -1) < 0)
      continue;
    for (unsigned port = 0; port < 2; port++)
      if (look[port].revents != 0) {
        CHECK(count < CONNECTIONS_MOST);
        threads[count++] = accept_one(peer, port);
      }
    if (look[0].revents == 0 && look[1].revents == 0 && look[2].revents != 0)
      break; /* all that were made are accepted */
  }
  for (size_t i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
}

/* ---- the process ------------------------------------------------------------------------------------------------ */

static int listen_somewhere(uint16_t *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(fd >= 0);
  CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(listen(fd, CONNECTIONS_MOST) == 0);
  CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
  *port = ntohs(address.sin_port);
  return fd;
}

void peer_begin(struct peer *peer, const struct script *script, const struct certificate *certificate) {
  *peer = (struct peer){.script = script, .certificate = certificate};
  peer->seen = mmap(NULL, sizeof *peer->seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(peer->seen != MAP_FAILED);
  CHECK(sem_init(&peer->seen->go, 1, 0) == 0 && sem_init(&peer->seen->done, 1, 0) == 0);
  for (unsigned port = 0; port < 2; port++)
    peer->listeners[port] = listen_somewhere(&peer->ports[port]);
  CHECK(pipe(peer->control) == 0);
  peer->process = fork();
  CHECK(peer->process >= 0);
  if (peer->process == 0) {
    close(peer->control[1]);
    signal(SIGPIPE, SIG_IGN);
    peer_main(peer);
    _exit(0);
  }
  close(peer->control[0]);
  close(peer->listeners[0]);
  close(peer->listeners[1]);
}

bool peer_end(struct peer *peer) {
  int status;
  close(peer->control[1]);
  return waitpid(peer->process, &status, 0) == peer->process && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
